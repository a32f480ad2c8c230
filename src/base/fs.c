/* SPDX-License-Identifier: MIT */
/*
 * Files and directories: what the state directory is built from.
 *
 * Replacement is write, fsync, rename, fsync of the directory: after a power cut a reader finds the old file or the
 * new one. Removal works on directory descriptors and never on joined paths, so swapping a directory for a link while
 * it runs leads nowhere.
 */
#include "base/fs.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Deeper directories are moved up to the top before they are emptied: a tree nested by a hostile hand must run out
 * of neither our descriptors nor our stack. */
#define REMOVE_DEPTH_MAX 64

static int mkdir_one(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) == 0) {
		if (chmod(path, mode) < 0)
			return err_sys(e, errno, _("set the mode of '%s'"), path);
		return 0;
	}
	int sys = errno;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return err_set(e, ERR_EXISTS, _("'%s' is in the way: not a directory"), path);
	}
	return err_sys(e, sys, _("create directory '%s'"), path);
}

int fs_mkdir_p(const char *path, mode_t mode, struct err *e)
{
	auto_free char *p = xstrdup(path);

	for (char *slash = strchr(p + (p[0] == '/'), '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir_one(p, mode, e) < 0)
			return -1;
		*slash = '/';
	}
	return mkdir_one(p, mode, e);
}

int fs_sync_dir(const char *path, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, errno, _("sync directory '%s'"), path);
	return 0;
}

static int sync_parent(const char *path, struct err *e)
{
	auto_free char *copy = xstrdup(path);

	return fs_sync_dir(dirname(copy), e);
}

static int write_synced(const char *path, const void *data, size_t n, mode_t mode, struct err *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, errno, _("create '%s'"), path);
	if (fd_write_all(fd, data, n, e) < 0)
		return err_wrap(e, "'%s'", path);
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return err_sys(e, errno, _("finish '%s'"), path);
	return 0;
}

int fs_write_atomic(const char *path, const void *data, size_t n, mode_t mode, struct err *e)
{
	char id[ID_SIZE];

	id_new(id);
	auto_free char *tmp = xasprintf("%s.tmp.%s", path, id);
	if (write_synced(tmp, data, n, mode, e) < 0 || fs_rename_sync(tmp, path, e) < 0) {
		unlink(tmp);
		return -1;
	}
	return 0;
}

int fs_read_file(const char *path, size_t max, struct buf *ret, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("open '%s'"), path);
	if (S_ISFIFO(st.st_mode))
		return err_set(e, ERR_USAGE, _("'%s' is a named pipe and no file"), path);
	return fd_read_all(fd, max, path, ret, e);
}

int fs_unlink(const char *path, struct err *e)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, errno, _("remove '%s'"), path);
	return 0;
}

int fs_rename_sync(const char *from, const char *to, struct err *e)
{
	if (rename(from, to) < 0)
		return err_sys(e, errno, _("rename '%s' to '%s'"), from, to);
	return sync_parent(to, e);
}

struct removal {
	int top; /* descriptor of the tree's root */
	dev_t dev;
	unsigned long moved; /* deep directories brought up so far: names them */
};

static int remove_entries(struct removal *r, int fd, int depth, struct err *e);

static int hoist(struct removal *r, int dirfd, const char *name, struct err *e)
{
	char to[64];

	for (;;) {
		snprintf(to, sizeof(to), ".removing.%lu", r->moved++);
		if (renameat2(dirfd, name, r->top, to, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, errno, _("move '%s' to remove it"), name);
	}
}

static int remove_subdir(struct removal *r, int dirfd, const char *name, int depth, struct err *e)
{
	struct stat st;

	if (depth >= REMOVE_DEPTH_MAX)
		return hoist(r, dirfd, name, e);
	auto_fd fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("open directory '%s'"), name);
	if (st.st_dev != r->dev)
		return err_set(e, ERR_STATE, _("'%s' is a mount point; it was left alone"), name);
	/* A read-only directory of our own would refuse to give up its entries. */
	if ((st.st_mode & S_IRWXU) != S_IRWXU && fchmod(fd, 0700) < 0)
		return err_sys(e, errno, _("unlock directory '%s'"), name);
	if (remove_entries(r, fd, depth + 1, e) < 0)
		return err_wrap(e, "%s", name);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, errno, _("remove directory '%s'"), name);
	return 0;
}

static int remove_entry(struct removal *r, int dirfd, const char *name, int depth, struct err *e)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* unlink(2) of a directory is EISDIR on Linux, EPERM by POSIX. */
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, errno, _("remove '%s'"), name);
	return remove_subdir(r, dirfd, name, depth, e);
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Empty the directory. Goes on after a failure, so that as much as possible is gone; the first error is kept. */
static int remove_entries(struct removal *r, int fd, int depth, struct err *e)
{
	auto_call(dir_close) DIR *d = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	const struct dirent *ent;
	unsigned long moved;
	int rc = 0;

	if (!d)
		return err_sys(e, errno, _("read directory"));
	do {
		moved = r->moved;
		rewinddir(d);
		while ((ent = readdir(d))) {
			struct err one = {0};
			if (is_dot(ent->d_name) || remove_entry(r, fd, ent->d_name, depth, &one) == 0)
				continue;
			if (rc == 0 && e)
				*e = one;
			rc = -1;
		}
	} while (rc == 0 && depth == 0 && moved != r->moved);
	return rc;
}

int fs_remove_tree(const char *path, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno == ENOTDIR || errno == ELOOP)
			return fs_unlink(path, e);
		return err_sys(e, errno, _("open directory '%s'"), path);
	}
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, _("look at '%s'"), path);
	struct removal r = {.top = fd, .dev = st.st_dev};
	if (remove_entries(&r, fd, 0, e) < 0)
		return err_wrap(e, _("remove '%s'"), path);
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_sys(e, errno, _("remove directory '%s'"), path);
	return 0;
}

int fs_create_sparse(const char *path, uint64_t size, mode_t mode, struct err *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, errno, _("create '%s'"), path);
	if (size > INT64_MAX || ftruncate(fd, (off_t)size) < 0 || fchmod(fd, mode) < 0) {
		int sys = size > INT64_MAX ? EFBIG : errno;
		unlink(path);
		return err_sys(e, sys, _("make '%s' %llu bytes large"), path, (unsigned long long)size);
	}
	return 0;
}

uint64_t fs_allocated(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512; /* stat(2): always units of 512 */
}

int fs_space(const char *path, uint64_t *ret_free, uint64_t *ret_total, struct err *e)
{
	struct statvfs v;

	if (statvfs(path, &v) < 0)
		return err_sys(e, errno, _("ask the file system of '%s' for its free space"), path);
	*ret_free = (uint64_t)v.f_bavail * v.f_frsize;
	*ret_total = (uint64_t)v.f_blocks * v.f_frsize;
	return 0;
}

bool fs_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}
