/* SPDX-License-Identifier: MIT */
/*
 * Keys between processes: see keylocks.h. Key names are checked names and ids behind a fixed prefix, so they are safe as file names,
 * but for the slashes of an image's reference: '+' stands for them, which no name has.
 */
#include "core/engine/keylocks.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

static int open_locks(const struct paths *p, struct err *e)
{
	char dir[PATHS_MAX];
	int fd;

	path_join(dir, sizeof(dir), p->state, "locks");
	if (fs_mkdir_p(dir, 0700, e) < 0)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_sys(e, errno, _("open %s"), dir) : fd;
}

static const char *file_name(const char *key, char buf[NAME_MAX + 1])
{
	assert(strlen(key) <= NAME_MAX && !strchr(key, '+'));
	str_copy(buf, NAME_MAX + 1, key);
	for (char *c = buf; *c; c++)
		if (*c == '/')
			*c = '+';
	return buf;
}

int keylocks_take(const struct paths *p, const char *const *keys, int n, int *ret_fds, struct err *e)
{
	auto_fd dir = open_locks(p, e);
	char name[NAME_MAX + 1];

	assert(n > 0);
	if (dir < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		/* Sorted and each once: two processes can never wait for each other crosswise. */
		assert(keys[i][0] && (i == 0 || strcmp(keys[i - 1], keys[i]) < 0));
		ret_fds[i] = lockfile_take(dir, file_name(keys[i], name), e);
		if (ret_fds[i] >= 0)
			continue;
		while (i-- > 0)
			fd_close(&ret_fds[i]);
		return -1;
	}
	return 0;
}

int keylocks_is_held(const struct paths *p, const char *key, bool *ret, struct err *e)
{
	auto_fd dir = open_locks(p, e);
	char name[NAME_MAX + 1];

	return dir < 0 ? -1 : lockfile_is_held(dir, file_name(key, name), ret, e);
}

int keylocks_remove(const struct paths *p, const char *key, int *fd, struct err *e)
{
	auto_fd dir = open_locks(p, e);
	char name[NAME_MAX + 1];

	if (dir >= 0)
		return lockfile_remove(dir, file_name(key, name), fd, e);
	fd_close(fd);
	return -1;
}
