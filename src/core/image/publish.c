/* SPDX-License-Identifier: MIT */
/*
 * Staging directories, their locks, and the one rename that makes them real.
 *
 * A staging directory is one of base/lockdir.h: locked before anything else is put there. When a sweeper was faster, the
 * maker starts over under another id.
 */
#include "core/image/publish.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockdir.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STAGING_PREFIX ".staging-"
#define BEGIN_TRIES 16

int publish_begin(const char *root, struct publish *p, struct err *e)
{
	assert(p->lock_fd < 0 && p->staging[0] == '\0');
	if (fs_mkdir_p(root, 0700, e) < 0)
		return -1;
	str_copy(p->root, sizeof(p->root), root);
	for (int i = 0; i < BEGIN_TRIES; i++) {
		struct err mine = {0};

		id_new(p->id);
		path_join(p->staging, sizeof(p->staging), root, STAGING_PREFIX "%s", p->id);
		p->lock_fd = lockdir_make(p->staging, 0700, &mine);
		if (p->lock_fd >= 0)
			return 0;
		p->staging[0] = '\0';
		if (mine.code != ERR_EXISTS) {
			err_join(e, &mine);
			return -1;
		}
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
	path_join(lock, sizeof(lock), to, "%s", LOCKDIR_FILE);
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
	auto_fd lock = lockdir_take(path, &mine);

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
