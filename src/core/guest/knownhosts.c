/* SPDX-License-Identifier: MIT */
/*
 * The known_hosts file for other programs: read all, drop what no longer holds, add one line, replace the file.
 *
 * A line is ours when its last word is "banger:VMID". When a port is given to a new VM, whatever other line of ours
 * still pins that address and port goes too, so an external ssh never meets a stale pin; a line of a person's own
 * stays, even then. Writers of several processes queue on a lock file, which is never removed.
 */
#include "core/guest/knownhosts.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "base/path.h"
#include "core/guest/sshconf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX (4u << 20)
#define LOCK_NAME "known_hosts.lock"
#define MARK "banger:"

void knownhosts_format(const struct knownhosts_entry *en, struct buf *out)
{
	auto_buf mark = {0};

	buf_addf(&mark, MARK "%s", en->vm_id);
	buf_addf(out, "[%s]:%d,[%s" SSHCONF_SUFFIX "]:%d," SSHCONF_ALIAS "%s ", en->host, en->port, en->vm_name, en->port, en->vm_id);
	keys_pub_format(&en->key, buf_cstr(&mark), out);
	buf_addc(out, '\n');
}

/* The id after the mark of a line of n bytes, NULL when it is not ours. */
static const char *owner_of(const char *line, size_t n, size_t *ret_len)
{
	size_t at = n;

	while (at && line[at - 1] != ' ')
		at--;
	if (n - at <= strlen(MARK) || strncmp(line + at, MARK, strlen(MARK)) != 0)
		return NULL;
	*ret_len = n - at - strlen(MARK);
	return line + at + strlen(MARK);
}

/* Is `host` one of the comma-separated patterns the line begins with? */
static bool names_host(const char *line, size_t n, const char *host)
{
	size_t want = strlen(host);
	const char *end = memchr(line, ' ', n);
	const char *at = line;

	while (end && at < end) {
		size_t len = strcspn(at, ", ");

		if (len == want && strncmp(at, host, want) == 0)
			return true;
		at += len + 1;
	}
	return false;
}

/* Copy the lines that stay. `host` (may be NULL) is the "[address]:port" that gets a new owner. */
static void keep_lines(const struct buf *old, const char *vm_id, const char *host, struct buf *out)
{
	const char *line = buf_cstr(old);

	while (*line) {
		size_t n = strcspn(line, "\n");
		size_t id_len = 0;
		const char *id = owner_of(line, n, &id_len);
		bool same_vm = id && id_len == strlen(vm_id) && strncmp(id, vm_id, id_len) == 0;

		if (!same_vm && !(id && host && names_host(line, n, host))) {
			buf_add(out, line, n);
			buf_addc(out, '\n');
		}
		line += n + (line[n] == '\n');
	}
}

static int take_lock(struct op *op, const char *dir, struct err *e)
{
	auto_fd dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return err_sys(e, errno, "%s", dir);
	return lockfile_wait(op, dirfd, LOCK_NAME, e);
}

static int read_file(const char *path, struct buf *ret, struct err *e)
{
	struct err why = {0};

	if (fs_read_file(path, FILE_MAX, ret, &why) == 0 || why.code == ERR_NOT_FOUND)
		return 0;
	return err_join(e, &why);
}

/* `en` NULL: only remove. */
static int update(struct op *op, const char *state_dir, const char *vm_id, const struct knownhosts_entry *en,
		  struct err *e)
{
	auto_buf old = {0}, new = {0}, host = {0};
	char dir[PATHS_MAX], path[PATHS_MAX];

	path_join(dir, sizeof(dir), state_dir, "ssh");
	path_join(path, sizeof(path), dir, KNOWNHOSTS_FILE);
	if (!en && !fs_exists(path))
		return 0;
	if (fs_mkdir_p(dir, 0700, e) < 0)
		return -1;
	auto_fd lock = take_lock(op, dir, e);
	if (lock < 0 || read_file(path, &old, e) < 0)
		return -1;
	if (en)
		buf_addf(&host, "[%s]:%d", en->host, en->port);
	keep_lines(&old, vm_id, en ? buf_cstr(&host) : NULL, &new);
	if (en)
		knownhosts_format(en, &new);
	if (strcmp(buf_cstr(&old), buf_cstr(&new)) == 0)
		return 0;
	return fs_write_atomic(path, buf_cstr(&new), new.len, 0600, e);
}

int knownhosts_put(struct op *op, const char *state_dir, const struct knownhosts_entry *en, struct err *e)
{
	return update(op, state_dir, en->vm_id, en, e);
}

int knownhosts_remove(struct op *op, const char *state_dir, const char *vm_id, struct err *e)
{
	return update(op, state_dir, vm_id, NULL, e);
}
