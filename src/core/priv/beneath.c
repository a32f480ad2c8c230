/* SPDX-License-Identifier: MIT */
/*
 * openat2(2) with the user's eyes (see beneath.h).
 *
 * While the file-system uid is not 0 the kernel takes the file capabilities away as well (capabilities(7), "Effect of user ID
 * changes"); it gives them back with uid 0. The descriptor of a pinned file is opened through /proc/self/fd: the same inode
 * whatever its name has become since.
 */
#include "core/priv/beneath.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Become `uid` for file systems. setfsuid(2) reports no failure: asking again does. */
static int become(uid_t uid, struct err *e)
{
	setfsuid(uid);
	if ((uid_t)setfsuid((uid_t)-1) != uid)
		return err_set(e, ERR_PERM, _("open files as user %u: not permitted"), (unsigned int)uid);
	return 0;
}

static int pin(const struct beneath *b, const char *path, int flags, struct err *e)
{
	struct open_how how = {.flags = (uint64_t)(O_PATH | O_CLOEXEC | O_NOFOLLOW | flags),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, b->fd, path, &how, sizeof(how));

	if (fd >= 0)
		return fd;
	if (errno == ELOOP || errno == EXDEV || errno == ENOTDIR)
		return err_set(e, ERR_PERM, _("'%s' is reached by a link, or is no directory"), path);
	return err_sys(e, errno, _("open '%s'"), path);
}

static int look(int fd, const char *path, struct stat *st, struct err *e)
{
	return fstat(fd, st) < 0 ? err_sys(e, errno, _("look at '%s'"), path) : 0;
}

int beneath_check(const struct beneath *b, struct err *e)
{
	struct stat st;

	if (look(b->fd, _("state directory"), &st, e) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != b->uid || st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, ERR_PERM, _("the state directory is not a directory of user %u that only they may write in"),
			       (unsigned int)b->uid);
	return 0;
}

static int check_dir(const struct beneath *b, const char *path, struct err *e)
{
	auto_fd fd = pin(b, path, O_DIRECTORY, e);
	struct stat st;

	if (fd < 0 || look(fd, path, &st, e) < 0)
		return -1;
	if (st.st_uid != b->uid)
		return err_set(e, ERR_PERM, _("'%s' belongs to another user"), path);
	return 0;
}

static int open_file(const struct beneath *b, const char *path, bool writable, int *ret_fd, struct stat *st, struct err *e)
{
	auto_fd fd = pin(b, path, 0, e);
	char self[32];

	if (fd < 0 || look(fd, path, st, e) < 0)
		return -1;
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_PERM, _("'%s' is no regular file"), path);
	if (st->st_uid != b->uid)
		return err_set(e, ERR_PERM, _("'%s' belongs to another user"), path);
	if (st->st_nlink != 1)
		return err_set(e, ERR_PERM, _("'%s' has another name as well"), path);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	*ret_fd = open(self, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return *ret_fd < 0 ? err_sys(e, errno, _("open '%s'"), path) : 0;
}

/* Coming back cannot fail: uid 0 is the process's own. */
static void come_back(uid_t before)
{
	setfsuid(before);
}

int beneath_check_dir(const struct beneath *b, const char *path, struct err *e)
{
	uid_t before = (uid_t)setfsuid((uid_t)-1);
	int rc = become(b->uid, e) < 0 ? -1 : check_dir(b, path, e);

	come_back(before);
	return rc;
}

int beneath_open(const struct beneath *b, const char *path, bool writable, int *ret_fd, uint64_t *ret_size, struct err *e)
{
	uid_t before = (uid_t)setfsuid((uid_t)-1);
	struct stat st = {0};
	int rc = become(b->uid, e) < 0 ? -1 : open_file(b, path, writable, ret_fd, &st, e);

	come_back(before);
	*ret_size = (uint64_t)st.st_size;
	return rc;
}
