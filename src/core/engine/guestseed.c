/* SPDX-License-Identifier: MIT */
/*
 * See guestseed.h.
 */
#include "core/engine/guestseed.h"

#include "base/log.h"
#include "core/engine/netmode.h"
#include "core/guest/seed.h"
#include "core/image/oci.h"

#include <string.h>
#include <time.h>

#define ALONE_S 120 /* of a machine that only the kit runs in: should who started it die, it does not stay like that */

/* What seed_args borrows from. */
struct told {
	struct netmode_guest guest;
	struct buf hosts;
	const char *dns[SEED_DNS_MAX + 1];
	struct oci_config image;
	struct keys_pair user;
	struct seed_git git;
	char *zone;
};

static void told_done(struct told *t)
{
	buf_done(&t->hosts);
	oci_config_done(&t->image);
	keys_wipe(&t->user);
	seed_git_done(&t->git);
	free(t->zone);
}

static void seed_warning(void *arg, const char *msg)
{
	log_warn(arg, "%s", msg);
}

/* What every start tells its guest; the keys and what is looked up are filled in by the caller. */
static struct seed_args args_of(struct op *op, struct vmjob *j, const char *modules_uuid, struct told *t)
{
	const struct vm *vm = &j->vm;
	const struct settings *conf = &j->eng->settings;

	netmode_of(vm)->guest(j, &t->guest);
	for (int i = 0; i < t->guest.dns.n; i++)
		t->dns[i] = t->guest.dns.server[i];
	egress_pins_format(&j->pins, &j->reach, &t->hosts);
	return (struct seed_args){
		.vm_id = vm->id,
		.boot_id = vm->boot_id,
		.hostname = vm->name,
		.overlay = vm->cfg.disk == DISK_OVERLAY,
		.rootfs_uuid = vm->rootfs_uuid,
		.upper_uuid = vm->cfg.disk == DISK_OVERLAY ? vm->upper_uuid : NULL,
		.work_uuid = vm->work_uuid,
		.modules_uuid = modules_uuid[0] ? modules_uuid : NULL,
		.net_address = t->guest.address,
		.net_gateway = t->guest.gateway,
		.dns = t->dns,
		.hosts = buf_cstr(&t->hosts),
		.idle_stop_s = j->no_init ? ALONE_S : conf->auto_stop_s,
		.no_init = j->no_init,
		.files = conf->files,
		.n_files = conf->n_files,
		.time_s = time(NULL),
		.on_warning = seed_warning,
		.arg = op,
	};
}

/* What the login itself says is not the image's to say. */
static bool is_ours(const char *line)
{
	static const char *const ours[] = {"HOME=", "USER=", "LOGNAME=", "SHELL=", "TERM="};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strncmp(line, ours[i], strlen(ours[i])) == 0)
			return true;
	return false;
}

static void drop_ours(struct oci_words *env)
{
	size_t n = 0;

	for (size_t i = 0; i < env->n; i++) {
		if (is_ours(env->word[i]))
			free(env->word[i]);
		else
			env->word[n++] = env->word[i];
	}
	if (env->word)
		env->word[n] = NULL;
	env->n = n;
}

/* Environment and directory as the image wants them. What cannot be read of it stops no machine. */
static void take_image(struct op *op, const struct vmjob *j, struct told *t, struct seed_args *a)
{
	char dir[PATHS_MAX];
	struct err e = {0};

	path_join(dir, sizeof(dir), j->eng->paths.state, "images/%s", j->vm.image_id);
	if (oci_image_config(dir, &t->image, &e) < 0)
		log_err(op, &e);
	drop_ours(&t->image.env);
	a->env = (const char *const *)t->image.env.word;
	if (t->image.workdir && strcmp(t->image.workdir, "/") != 0)
		a->workdir = t->image.workdir;
}

int guestseed_write(struct op *op, struct vmjob *j, const char *modules_uuid, struct err *e)
{
	auto_call(told_done) struct told t = {0};
	struct seed_args a = args_of(op, j, modules_uuid, &t);
	char path[PATHS_MAX];
	int rc;

	t.zone = seed_host_timezone("");
	rc = keys_vm_host(j->dir, &a.host_key, e);
	if (rc == 0)
		rc = vm_user_key(&j->eng->paths, &t.user, e);
	if (rc == 0)
		rc = seed_host_git(op, &t.git, e);
	take_image(op, j, &t, &a);
	a.user_key = t.user.pub;
	a.timezone = t.zone;
	a.git_name = t.git.name;
	a.git_email = t.git.email;
	if (rc == 0)
		rc = seed_write(op, &a, path_join(path, sizeof(path), j->dir, "seed.img"), e);
	keys_wipe(&a.host_key);
	return rc;
}
