/* SPDX-License-Identifier: MIT */
/*
 * The Host blocks: see sshconf.h. ssh(1) takes the first value it meets, and our Include stands at the top of the person's
 * file; so every setting a "Host *" of theirs could break (a jump host), or hand to a hostile guest (agent, display), is said
 * here. What is typed on ssh's command line still wins.
 */
#include "core/guest/sshconf.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "base/path.h"
#include "core/guest/knownhosts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX (4u << 20)
#define LOCK_NAME SSHCONF_FILE ".lock"
#define HEAD "# banger-tui: the machines of "

int sshconf_check_path(const char *path, struct err *e)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (*p >= 0x20 && *p != 0x7f && !strchr("\"'\\%$*?[]{}~", *p))
			continue;
		err_set(e, ERR_USAGE, _("'%.256s' cannot stand in an ssh_config: it has a character that means something there"), path);
		return err_hint(e, _("use directories with plain names"));
	}
	return 0;
}

static void format_host(const struct sshconf *c, const struct sshconf_host *h, struct buf *out)
{
	buf_addf(out, "\nHost %s" SSHCONF_SUFFIX "\n", h->name);
	buf_addf(out, "    HostName %s\n    Port %d\n    User root\n", h->address, h->port);
	buf_addf(out, "    IdentityFile \"%s\"\n    IdentitiesOnly yes\n", c->identity);
	buf_addf(out, "    HostKeyAlias " SSHCONF_ALIAS "%s\n    HostKeyAlgorithms ssh-ed25519\n", h->vm_id);
	buf_addf(out, "    UserKnownHostsFile \"%s/ssh/" KNOWNHOSTS_FILE "\"\n", c->state_dir);
	buf_adds(out, "    GlobalKnownHostsFile /dev/null\n    StrictHostKeyChecking yes\n    CheckHostIP no\n"
		      "    UpdateHostKeys no\n    PreferredAuthentications publickey\n    ProxyCommand none\n"
		      "    ForwardAgent no\n    ForwardX11 no\n");
}

int sshconf_format(const struct sshconf *c, struct buf *out, struct err *e)
{
	if (sshconf_check_path(c->state_dir, e) < 0 || sshconf_check_path(c->identity, e) < 0)
		return -1;
	buf_addf(out, HEAD "%s\n", c->state_dir);
	buf_adds(out, "# Written by banger-tui; changes are lost. `banger-tui ssh-config --uninstall` removes it.\n");
	for (int i = 0; i < c->n; i++)
		format_host(c, &c->hosts[i], out);
	return 0;
}

int sshconf_lock(struct op *op, const char *config_dir, int *ret_fd, struct err *e)
{
	if (fs_mkdir_p(config_dir, 0700, e) < 0)
		return -1;
	auto_fd dir = open(config_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, errno, "%s", config_dir);
	*ret_fd = lockfile_wait(op, dir, LOCK_NAME, e);
	return *ret_fd < 0 ? -1 : 0;
}

/* No file at all is empty text and false. */
static int read_old(const char *path, struct buf *ret, bool *ret_there, struct err *e)
{
	struct err why = {0};

	*ret_there = fs_read_file(path, FILE_MAX, ret, &why) == 0;
	if (*ret_there || why.code == ERR_NOT_FOUND)
		return 0;
	return err_join(e, &why);
}

int sshconf_is_kept(const char *config_dir, const char *state_dir, bool *ret, struct err *e)
{
	auto_buf old = {0}, head = {0};
	char path[PATHS_MAX];

	*ret = false;
	path_join(path, sizeof(path), config_dir, SSHCONF_FILE);
	if (read_old(path, &old, ret, e) < 0)
		return -1;
	buf_addf(&head, HEAD "%s\n", state_dir);
	if (!*ret || strncmp(buf_cstr(&old), head.data, head.len) == 0)
		return 0;
	*ret = false;
	if (strncmp(buf_cstr(&old), HEAD, strlen(HEAD)) != 0) {
		err_set(e, ERR_EXISTS, _("'%s' was not made by banger-tui"), path);
		return err_hint(e, _("move it away"));
	}
	err_set(e, ERR_EXISTS, _("'%s' lists the machines of another state directory, %.*s"), path,
		(int)strcspn(old.data + strlen(HEAD), "\n"), old.data + strlen(HEAD));
	return err_hint(e, _("give this one a BANGER_CONFIG_DIR of its own, or remove that file"));
}

int sshconf_write(const char *config_dir, const struct sshconf *c, struct err *e)
{
	auto_buf old = {0}, new = {0};
	char path[PATHS_MAX];
	bool there;

	path_join(path, sizeof(path), config_dir, SSHCONF_FILE);
	if (sshconf_format(c, &new, e) < 0 || read_old(path, &old, &there, e) < 0)
		return -1;
	if (there && old.len == new.len && memcmp(old.data, new.data, new.len) == 0)
		return 0;
	return fs_write_atomic(path, new.data, new.len, 0600, e);
}

int sshconf_remove(const char *config_dir, struct err *e)
{
	char path[PATHS_MAX];

	return fs_unlink(path_join(path, sizeof(path), config_dir, SSHCONF_FILE), e);
}
