/* SPDX-License-Identifier: MIT */
/*
 * Staging directories, their locks, and the one rename that makes them real.
 *
 * The lock is a file in the staging directory, taken before anything else is put there. A sweeper that finds the
 * directory between mkdir and lock takes the lock itself and removes the directory; the maker then sees ERR_BUSY, a
 * missing directory, or a lock file without a name, and starts over under another id. The lock file is the exception to
 * "lock files are never unlinked": its name dies with its directory, and ids are never used twice.
 */
#include "core/image/publish.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockfile.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STAGING_PREFIX ".staging-"
#define LOCK_NAME ".lock"
#define BEGIN_TRIES 16

static int open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd : err_sys(e, errno, _("cannot open %s"), path);
}

/* 1 when the staging directory is ours, 0 when a sweeper was faster. */
static int take_staging(struct publish *p, struct err *e)
{
	struct err mine = {0};
	struct stat st;
	auto_fd dir = open_dir(p->staging, &mine);
	auto_fd lock = dir < 0 ? -1 : lockfile_take(dir, LOCK_NAME, &mine);

	if (lock < 0) {
		if (mine.code == ERR_BUSY || mine.code == ERR_NOT_FOUND)
			return 0;
		*e = mine;
		return -1;
	}
	if (fstat(lock, &st) < 0 || st.st_nlink == 0)
		return 0;
	p->lock_fd = TAKE_FD(lock);
	return 1;
}

int publish_begin(const char *root, struct publish *p, struct err *e)
{
	assert(p->lock_fd < 0 && p->staging[0] == '\0');
	if (fs_mkdir_p(root, 0700, e) < 0)
		return -1;
	str_copy(p->root, sizeof(p->root), root);
	for (int i = 0; i < BEGIN_TRIES; i++) {
		int rc;

		id_new(p->id);
		path_join(p->staging, sizeof(p->staging), root, STAGING_PREFIX "%s", p->id);
		if (mkdir(p->staging, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			err_sys(e, errno, _("cannot create %s"), p->staging);
			p->staging[0] = '\0';
			return -1;
		}
		rc = take_staging(p, e);
		if (rc > 0)
			return 0;
		p->staging[0] = '\0';
		if (rc < 0)
			return -1;
	}
	return err_set(e, ERR_BUSY, _("cannot keep a staging directory in %s"), root);
}

static int sync_file(int dir, const char *name, struct err *e)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, _("cannot open %s"), name);
	if (fsync(fd) < 0)
		return err_sys(e, errno, _("cannot write %s to the disk"), name);
	return 0;
}

/* Published directories are flat: a directory in one would go unsynced, so it is refused. */
static int sync_files(const char *path, struct err *e)
{
	DIR *d = opendir(path);
	struct dirent *de;
	int rc = 0;

	if (!d)
		return err_sys(e, errno, _("cannot open %s"), path);
	while (rc == 0 && (de = readdir(d))) {
		struct stat st;

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			rc = err_sys(e, errno, _("cannot look at %s"), de->d_name);
		else if (!S_ISREG(st.st_mode))
			rc = err_set(e, ERR_STATE, _("%s/%s is no plain file"), path, de->d_name);
		else
			rc = sync_file(dirfd(d), de->d_name, e);
	}
	closedir(d);
	return rc;
}

static void at(const struct publish *p, enum publish_step next)
{
	if (p->at)
		p->at(next);
}

/* Everything up to the moment before the rename; may be repeated. */
static int prepare(struct publish *p, const void *manifest, size_t len, struct err *e)
{
	char path[PATHS_MAX];

	at(p, PUBLISH_SYNC_FILES);
	if (sync_files(p->staging, e) < 0)
		return -1;
	at(p, PUBLISH_MANIFEST_WRITE);
	path_join(path, sizeof(path), p->staging, "%s", PUBLISH_MANIFEST);
	if (fs_write_atomic(path, manifest, len, 0600, e) < 0)
		return -1;
	at(p, PUBLISH_SYNC_STAGING);
	return fs_sync_dir(p->staging, e);
}

/* rename(2) would replace an empty directory in silence, so the name is tried with RENAME_NOREPLACE; file systems
 * without it fall back to the plain call, where a published directory, never empty, is refused all the same. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ? rename(from, to) : -1;
}

int publish_commit(struct publish *p, const char *name, const void *manifest, size_t len, struct err *e)
{
	char to[PATHS_MAX], lock[PATHS_MAX];

	assert(p->lock_fd >= 0 && name[0] != '.' && !strchr(name, '/'));
	path_join(to, sizeof(to), p->root, "%s", name);
	if (prepare(p, manifest, len, e) < 0)
		return err_wrap(e, _("publish %s"), name);
	at(p, PUBLISH_RENAME);
	if (rename_new(p->staging, to) < 0)
		return errno == EEXIST || errno == ENOTEMPTY ? err_set(e, ERR_EXISTS, _("%s is there already"), to)
							     : err_sys(e, errno, _("cannot publish %s"), to);
	p->staging[0] = '\0';
	at(p, PUBLISH_SYNC_ROOT);
	path_join(lock, sizeof(lock), to, "%s", LOCK_NAME);
	(void)unlink(lock);
	fd_close(&p->lock_fd);
	if (fs_sync_dir(p->root, e) < 0)
		return -1;
	at(p, PUBLISH_DONE);
	return 0;
}

void publish_abort(struct publish *p)
{
	if (p->staging[0])
		(void)!fs_remove_tree(p->staging, NULL);
	p->staging[0] = '\0';
	if (p->lock_fd >= 0)
		fd_close(&p->lock_fd);
}

/* 1 when removed, 0 when its maker lives. */
static int sweep_one(const char *path, struct err *e)
{
	struct err mine = {0};
	auto_fd dir = open_dir(path, &mine);
	auto_fd lock = dir < 0 ? -1 : lockfile_take(dir, LOCK_NAME, &mine);

	if (lock >= 0)
		return fs_remove_tree(path, e) == 0 ? 1 : -1;
	if (mine.code == ERR_BUSY || mine.code == ERR_NOT_FOUND)
		return 0;
	err_join(e, &mine);
	return -1;
}

int publish_sweep(const char *root, int *ret_removed, struct err *e)
{
	DIR *d = opendir(root);
	struct dirent *de;
	int failed = 0;

	*ret_removed = 0;
	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, errno, _("cannot read %s"), root);
	while ((de = readdir(d))) {
		char path[PATHS_MAX];
		struct err mine = {0};
		int rc;

		if (strncmp(de->d_name, STAGING_PREFIX, strlen(STAGING_PREFIX)) != 0)
			continue;
		path_join(path, sizeof(path), root, "%s", de->d_name);
		rc = sweep_one(path, &mine);
		if (rc > 0)
			++*ret_removed;
		if (rc < 0) {
			failed = -1;
			err_join(e, &mine);
		}
	}
	closedir(d);
	return failed;
}
