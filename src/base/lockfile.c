/* SPDX-License-Identifier: MIT */
/*
 * Open-file-description locks over whole files (fcntl_locking(2)).
 *
 * Classic POSIX locks are unusable here: closing any descriptor of the file drops them, and a look-up by a library in
 * the same process is enough to do it.
 */
#include "base/lockfile.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_MS 10

static struct flock whole_file(void)
{
	/* l_len 0 reaches to the end, wherever that is; l_pid must be 0 for the OFD commands. */
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

int lockfile_take(int dirfd, const char *name, struct err *e)
{
	auto_fd fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock fl = whole_file();
	struct stat st;

	if (fd < 0)
		return err_sys(e, errno, _("open lock file '%s'"), name);
	if (fcntl(fd, F_OFD_SETLK, &fl) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return err_set(e, ERR_BUSY, _("'%s' is held by another process"), name);
		return err_sys(e, errno, _("lock '%s'"), name);
	}
	/* Its last holder unlinked it after we had opened it: the next one to come will make another file. */
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, _("look at lock file '%s'"), name);
	if (st.st_nlink == 0)
		return err_set(e, ERR_BUSY, _("'%s' is being removed by another process"), name);
	return TAKE_FD(fd);
}

int lockfile_wait(struct op *op, int dirfd, const char *name, struct err *e)
{
	for (;;) {
		struct err busy = {0};
		int fd = lockfile_take(dirfd, name, &busy);

		if (fd >= 0)
			return fd;
		if (busy.code != ERR_BUSY)
			return err_join(e, &busy);
		if (op_sleep(op, RETRY_MS, e) < 0)
			return err_wrap(e, _("wait for %s"), name);
	}
}

int lockfile_remove(int dirfd, const char *name, int *fd, struct err *e)
{
	int rc = unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? err_sys(e, errno, _("remove lock file '%s'"), name) : 0;

	fd_close(fd);
	return rc;
}

int lockfile_is_held(int dirfd, const char *name, bool *ret, struct err *e)
{
	auto_fd fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct flock fl = whole_file();

	if (fd < 0) {
		if (errno != ENOENT)
			return err_sys(e, errno, _("open lock file '%s'"), name);
		*ret = false;
		return 0;
	}
	if (fcntl(fd, F_OFD_GETLK, &fl) < 0)
		return err_sys(e, errno, _("ask for the lock on '%s'"), name);
	*ret = fl.l_type != F_UNLCK;
	return 0;
}

int lockfile_release(int fd, struct err *e)
{
	struct flock fl = whole_file();

	fl.l_type = F_UNLCK;
	return fcntl(fd, F_OFD_SETLK, &fl) < 0 ? err_sys(e, errno, _("let go of a lock")) : 0;
}

int lockfile_retake(int fd, struct err *e)
{
	struct flock fl = whole_file();

	if (fcntl(fd, F_OFD_SETLK, &fl) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_set(e, ERR_BUSY, _("the lock is held by another process"));
	return err_sys(e, errno, _("take a lock again"));
}
