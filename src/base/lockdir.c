/* SPDX-License-Identifier: MIT */
/*
 * Directories with a proof of life in them: see lockdir.h.
 */
#include "base/lockdir.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd : err_sys(e, errno, _("cannot open %s"), path);
}

int lockdir_make(const char *path, mode_t mode, struct err *e)
{
	struct err mine = {0};
	struct stat st;

	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? err_set(e, ERR_EXISTS, _("%s is there already"), path)
				       : err_sys(e, errno, _("cannot create %s"), path);
	auto_fd dir = open_dir(path, &mine);
	auto_fd lock = dir < 0 ? -1 : lockfile_take(dir, LOCKDIR_FILE, &mine);
	if (lock < 0 && mine.code != ERR_BUSY && mine.code != ERR_NOT_FOUND) {
		(void)rmdir(path);
		err_join(e, &mine);
		return -1;
	}
	if (lock < 0 || fstat(lock, &st) < 0 || st.st_nlink == 0)
		return err_set(e, ERR_EXISTS, _("%s was removed by another process"), path);
	if (fchmod(dir, mode) < 0)
		return err_sys(e, errno, _("cannot set the mode of %s"), path);
	return TAKE_FD(lock);
}

int lockdir_take(const char *path, struct err *e)
{
	auto_fd dir = open_dir(path, e);

	return dir < 0 ? -1 : lockfile_take(dir, LOCKDIR_FILE, e);
}
