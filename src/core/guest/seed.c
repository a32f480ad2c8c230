/* SPDX-License-Identifier: MIT */
/*
 * The seed disk: one table of members, written as a tar into a new file that replaces the old one.
 *
 * The config member comes first, as the guest recognises the disk by it. No value of it may have a line break: a name
 * with one in it would otherwise add keys of its own. The disk is padded because a VMM may refuse a drive that is no whole
 * number of blocks.
 */
#include "core/guest/seed_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/path.h"
#include "wire/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PAD 4096

static bool is_one_line(const char *s)
{
	return !s || !s[strcspn(s, "\r\n")];
}

static void put(struct buf *out, const char *key, const char *value)
{
	if (value)
		buf_addf(out, "%s=%s\n", key, value);
}

static void put_int(struct buf *out, const char *key, int64_t value)
{
	buf_addf(out, "%s=%" PRId64 "\n", key, value);
}

static void make_config(const struct seed_args *a, struct buf *out)
{
	put_int(out, WIRE_KEY_VERSION, WIRE_SEED_VERSION);
	put(out, WIRE_KEY_VM_ID, a->vm_id);
	put(out, WIRE_KEY_BOOT_ID, a->boot_id);
	put(out, WIRE_KEY_HOSTNAME, a->hostname);
	put(out, WIRE_KEY_ROOT_MODE, a->overlay ? WIRE_ROOT_OVERLAY : WIRE_ROOT_COPY);
	put(out, WIRE_KEY_ROOTFS_UUID, a->rootfs_uuid);
	put(out, WIRE_KEY_UPPER_UUID, a->overlay ? a->upper_uuid : NULL);
	put(out, WIRE_KEY_WORK_UUID, a->work_uuid);
	put(out, WIRE_KEY_MODULES_UUID, a->modules_uuid);
	put(out, WIRE_KEY_NET_MODE, a->net_address ? WIRE_NET_STATIC : WIRE_NET_NONE);
	put(out, WIRE_KEY_NET_ADDRESS, a->net_address);
	put(out, WIRE_KEY_NET_GATEWAY, a->net_address ? a->net_gateway : NULL);
	put(out, WIRE_KEY_NET_MAC, a->net_address ? a->net_mac : NULL);
	put_int(out, WIRE_KEY_SSH_PORT, a->ssh_port ? a->ssh_port : WIRE_SSH_PORT);
	put(out, WIRE_KEY_POWER, a->power_reboot ? WIRE_POWER_REBOOT : WIRE_POWER_POWEROFF);
	put_int(out, WIRE_KEY_IDLE_STOP_S, a->idle_stop_s);
	put(out, WIRE_KEY_TIMEZONE, a->timezone);
	put_int(out, WIRE_KEY_TIME, a->time_s);
	put(out, WIRE_KEY_INIT, a->no_init ? WIRE_INIT_NONE : NULL);
}

static void make_hosts(const struct seed_args *a, struct buf *out)
{
	buf_addf(out, "127.0.0.1\tlocalhost\n127.0.1.1\t%s.vm %s\n", a->hostname, a->hostname);
	buf_adds(out, "::1\tlocalhost ip6-localhost ip6-loopback\n");
	if (a->hosts)
		buf_adds(out, a->hosts);
}

static void make_resolv_conf(const struct seed_args *a, struct buf *out)
{
	for (int i = 0; a->dns && a->dns[i]; i++)
		buf_addf(out, "nameserver %s\n", a->dns[i]);
}

static void make_authorized_keys(const struct seed_args *a, struct buf *out)
{
	keys_pub_format(&a->user_key, "banger-tui", out);
	buf_addc(out, '\n');
}

static void make_dropbear_key(const struct seed_args *a, struct buf *out)
{
	keys_format_dropbear(&a->host_key, out);
}

static void make_host_key(const struct seed_args *a, struct buf *out)
{
	keys_format_openssh(&a->host_key, a->hostname, out);
}

static void make_host_key_pub(const struct seed_args *a, struct buf *out)
{
	keys_pub_format(&a->host_key.pub, a->hostname, out);
	buf_addc(out, '\n');
}

/* git-config(1), "Syntax": inside double quotes only these two are special. */
static void put_git(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	buf_addf(out, "\t%s = \"", key);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *value);
	}
	buf_adds(out, "\"\n");
}

static void make_gitconfig(const struct seed_args *a, struct buf *out)
{
	if (!a->git_name && !a->git_email)
		return;
	buf_adds(out, "[user]\n");
	put_git(out, "name", a->git_name);
	put_git(out, "email", a->git_email);
}

static void make_env(const struct seed_args *a, struct buf *out)
{
	for (int i = 0; a->env && a->env[i]; i++) {
		for (const char *s = a->env[i]; *s; s++) {
			buf_addc(out, *s);
			if (*s == '\n')
				buf_addc(out, WIRE_ENV_GOES_ON);
		}
		buf_addc(out, '\n');
	}
}

static void make_workdir(const struct seed_args *a, struct buf *out)
{
	if (a->workdir)
		buf_adds(out, a->workdir);
}

static const struct member {
	const char *name;
	void (*make)(const struct seed_args *a, struct buf *out);
	bool optional; /* left out when empty */
} members[] = {
	{WIRE_SEED_CONFIG, make_config, false},
	{WIRE_SEED_HOSTS, make_hosts, false},
	{WIRE_SEED_RESOLV_CONF, make_resolv_conf, false},
	{WIRE_SEED_AUTHORIZED_KEYS, make_authorized_keys, false},
	{WIRE_SEED_DROPBEAR_KEY, make_dropbear_key, false},
	{WIRE_SEED_SSH_HOST_KEY, make_host_key, false},
	{WIRE_SEED_SSH_HOST_KEY_PUB, make_host_key_pub, false},
	{WIRE_SEED_GITCONFIG, make_gitconfig, true},
	{WIRE_SEED_ENV, make_env, true},
	{WIRE_SEED_WORKDIR, make_workdir, true},
};

/* The image's environment may have line breaks in its values; these may not. */
static int check_args(const struct seed_args *a, struct err *e)
{
	const char *const values[] = {a->vm_id,	    a->boot_id,	     a->hostname,    a->rootfs_uuid, a->upper_uuid,
				      a->work_uuid, a->modules_uuid, a->net_address, a->net_gateway, a->net_mac,
				      a->timezone,  a->git_name,     a->git_email,   a->workdir};

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (!is_one_line(values[i]))
			return err_set(e, ERR_USAGE, _("a value for the guest has a line break in it"));
	for (int i = 0; a->dns && a->dns[i]; i++)
		if (!is_one_line(a->dns[i]))
			return err_set(e, ERR_USAGE, _("a name server's address has a line break in it"));
	for (int i = 0; i < a->n_files; i++)
		if (seed_file_check(&a->files[i], e) < 0)
			return -1;
	return 0;
}

static int add_members(const struct seed_args *a, struct tar_writer *w, struct err *e)
{
	const struct tar_meta meta = {.mode = 0600, .mtime = a->time_s};

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		auto_buf text = {0};
		int rc = 0;

		members[i].make(a, &text);
		if (text.len || !members[i].optional)
			rc = tar_writer_file(w, members[i].name, &meta, buf_cstr(&text), text.len, e);
		if (text.data)
			explicit_bzero(text.data, text.cap);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static void free_writer(struct tar_writer **w)
{
	tar_writer_free(*w);
}

static int write_disk(struct op *op, const struct seed_args *a, int fd, struct err *e)
{
	auto_call(free_writer) struct tar_writer *w = tar_writer_new_fd(fd);
	struct stat st;

	if (fchmod(fd, 0600) < 0)
		return err_sys(e, errno, "fchmod");
	if (add_members(a, w, e) < 0 || seed_files_add(op, a, w, e) < 0 || tar_writer_finish(w, e) < 0)
		return -1;
	if (fstat(fd, &st) < 0 || ftruncate(fd, (st.st_size + PAD - 1) / PAD * PAD) < 0)
		return err_sys(e, errno, _("pad the seed disk"));
	return 0;
}

/* Not synced: the seed is made anew at every start, so after a crash of the host nobody reads this one. */
int seed_write(struct op *op, const struct seed_args *a, const char *path, struct err *e)
{
	auto_free char *temp = xasprintf("%s.XXXXXX", path);
	int rc;

	if (check_args(a, e) < 0)
		return err_wrap(e, _("write the seed disk"));
	auto_fd fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, _("write the seed disk: %s"), temp);
	rc = write_disk(op, a, fd, e);
	if (rc == 0 && rename(temp, path) < 0)
		rc = err_sys(e, errno, "%s", path);
	if (rc == 0)
		return 0;
	unlink(temp);
	return err_wrap(e, _("write the seed disk"));
}
