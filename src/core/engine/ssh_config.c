/* SPDX-License-Identifier: MIT */
/*
 * The engine's part of `ssh NAME.vm`: which VMs the store has, how each is reached, and when that is written down.
 *
 * Nothing is written unasked: the file is made by an install, and from then on its being there is what keeps it up to date, by
 * whatever process has just ended a job about a VM. The store is read under the file's lock, so what is written last is what was
 * read last. A VM that has never run has no place to be reached at and no host key yet, and no block.
 */
#include "core/engine/vmjob.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/guest/keys.h"
#include "core/guest/knownhosts.h"
#include "core/guest/sshconf.h"
#include "core/guest/sshinclude.h"
#include "core/store/vms.h"

#include <pwd.h>
#include <string.h>

#define REFRESH_MS 5000

/* The VMs that can be reached, as the file lists them; rows borrow from `vms`. */
struct listing {
	struct vm *vms;
	struct sshconf_host *hosts;
	char identity[PATHS_MAX];
	struct sshconf conf;
};

static void listing_done(struct listing *l)
{
	free(l->vms);
	free(l->hosts);
}

#define auto_listing __attribute__((cleanup(listing_done))) struct listing

static int read_listing(const struct paths *paths, struct store *s, struct listing *ret, struct err *e)
{
	int n = 0;

	if (s && vms_list(s, &ret->vms, &n, e) < 0)
		return -1;
	ret->hosts = xcalloc((size_t)n + 1, sizeof(*ret->hosts));
	ret->conf = (struct sshconf){.state_dir = paths->state, .identity = ret->identity, .hosts = ret->hosts};
	for (int i = 0; i < n; i++)
		if (vm_ssh_port(&ret->vms[i]))
			ret->hosts[ret->conf.n++] = (struct sshconf_host){ret->vms[i].id, ret->vms[i].name,
									  vm_ssh_host(&ret->vms[i]), vm_ssh_port(&ret->vms[i])};
	if (paths->ssh_key[0])
		str_copy(ret->identity, sizeof(ret->identity), paths->ssh_key);
	else
		path_join(ret->identity, sizeof(ret->identity), paths->state, "ssh/" KEYS_USER_FILE);
	return 0;
}

/* Read-only, and NULL where there is none yet. */
static int open_store(const struct paths *paths, struct store **ret, struct err *e)
{
	char path[PATHS_MAX];

	path_join(path, sizeof(path), paths->state, "state.db");
	*ret = NULL;
	return fs_exists(path) ? store_open(path, STORE_RO, 5000, ret, e) : 0;
}

int ssh_config_text(const struct paths *paths, struct buf *ret, struct err *e)
{
	auto_listing l = {0};
	auto_store *store = NULL;

	if (open_store(paths, &store, e) < 0 || read_listing(paths, store, &l, e) < 0)
		return -1;
	return sshconf_format(&l.conf, ret, e);
}

/* Every pin under the alias the blocks use: lines of an older program lack it. */
static int pin_all(struct op *op, const struct paths *paths, const struct listing *l, struct err *e)
{
	for (int i = 0; i < l->conf.n; i++) {
		const struct sshconf_host *h = &l->hosts[i];
		struct knownhosts_entry en = {.vm_id = h->vm_id, .vm_name = h->name, .host = h->address, .port = h->port};
		struct err ke = {0};
		char dir[PATHS_MAX];

		if (keys_vm_host_pub(path_join(dir, sizeof(dir), paths->state, "vms/%s", h->vm_id), &en.key, &ke) < 0) {
			if (ke.code == ERR_NOT_FOUND)
				continue;
			return err_join(e, &ke);
		}
		if (knownhosts_put(op, paths->state, &en, e) < 0)
			return -1;
	}
	return 0;
}

static int write_all(struct op *op, const struct paths *paths, struct err *e)
{
	auto_listing l = {0};
	auto_store *store = NULL;

	if (open_store(paths, &store, e) < 0 || read_listing(paths, store, &l, e) < 0 || pin_all(op, paths, &l, e) < 0)
		return -1;
	return sshconf_write(paths->config, &l.conf, e);
}

/* ssh(1) does not look at HOME. */
static void other_home(const char *home, char ret[PATHS_MAX])
{
	const struct passwd *pw = getpwuid(getuid());

	if (pw && pw->pw_dir && pw->pw_dir[0] == '/' && strlen(pw->pw_dir) < PATHS_MAX / 2 && strcmp(pw->pw_dir, home) != 0)
		path_join(ret, PATHS_MAX, pw->pw_dir, ".ssh/config");
}

struct place {
	char home[PATHS_MAX];
	char ours[PATHS_MAX];
};

static int find_place(const struct paths *paths, struct place *ret, struct ssh_config_result *done, struct err *e)
{
	if (paths_home(ret->home, e) < 0)
		return -1;
	path_join(ret->ours, sizeof(ret->ours), paths->config, SSHCONF_FILE);
	if (strlen(ret->home) > PATHS_MAX / 2)
		return err_set(e, ERR_USAGE, _("the path in %s is too long"), "HOME");
	if (!done)
		return 0;
	*done = (struct ssh_config_result){0};
	path_join(done->file, sizeof(done->file), ret->home, ".ssh/config");
	other_home(ret->home, done->reads);
	return 0;
}

int ssh_config_install(struct op *op, const struct paths *paths, struct ssh_config_result *ret, struct err *e)
{
	struct place at;
	auto_fd lock = -1;
	bool had;

	if (find_place(paths, &at, ret, e) < 0 || sshconf_check_path(at.ours, e) < 0 ||
	    sshconf_lock(op, paths->config, &lock, e) < 0 || sshconf_is_kept(paths->config, paths->state, &had, e) < 0 ||
	    write_all(op, paths, e) < 0)
		return -1;
	if (sshinclude_add(op, at.home, at.ours, &ret->changed, e) == 0)
		return 0;
	if (!had)
		(void)!sshconf_remove(paths->config, NULL);
	return -1;
}

int ssh_config_uninstall(struct op *op, const struct paths *paths, struct ssh_config_result *ret, struct err *e)
{
	struct place at;
	auto_fd lock = -1;
	bool had;

	if (find_place(paths, &at, ret, e) < 0 || sshconf_lock(op, paths->config, &lock, e) < 0 ||
	    sshconf_is_kept(paths->config, paths->state, &had, e) < 0 ||
	    sshinclude_remove(op, at.home, at.ours, &ret->changed, e) < 0)
		return -1;
	ret->changed |= had;
	return had ? sshconf_remove(paths->config, e) : 0;
}

int ssh_config_look(const struct paths *paths, bool *ret_installed, struct err *e)
{
	struct place at;
	bool included, kept;

	*ret_installed = false;
	if (find_place(paths, &at, NULL, e) < 0 || sshinclude_find(at.home, at.ours, &included, e) < 0 ||
	    sshconf_is_kept(paths->config, paths->state, &kept, e) < 0)
		return -1;
	if (included && !kept)
		return err_set(e, ERR_STATE, _("~/.ssh/config includes '%s', which is not there"), at.ours);
	if (kept && !included)
		return err_set(e, ERR_STATE, _("'%s' is there, and ~/.ssh/config does not include it"), at.ours);
	*ret_installed = kept;
	return 0;
}

static int refresh(struct op *op, const struct paths *paths, struct store *s, struct err *e)
{
	auto_listing l = {0};
	auto_fd lock = -1;
	bool kept;

	if (sshconf_lock(op, paths->config, &lock, e) < 0 || sshconf_is_kept(paths->config, paths->state, &kept, e) < 0)
		return -1;
	if (!kept)
		return 0;
	if (read_listing(paths, s, &l, e) < 0)
		return -1;
	return sshconf_write(paths->config, &l.conf, e);
}

void vm_refresh_ssh_config(const struct paths *paths, struct store *s)
{
	struct err e = {0};
	struct op op;
	bool kept;

	if (sshconf_is_kept(paths->config, paths->state, &kept, NULL) < 0 || !kept)
		return;
	op_init(&op, REFRESH_MS);
	if (refresh(&op, paths, s, &e) < 0)
		log_err(&op, &e);
	op_done(&op);
}
