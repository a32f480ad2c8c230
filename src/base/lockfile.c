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

static struct flock whole_file(void)
{
	/* l_len 0 reaches to the end, wherever that is; l_pid must be 0 for the OFD commands. */
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

int lockfile_take(int dirfd, const char *name, struct err *e)
{
	auto_fd fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock fl = whole_file();

	if (fd < 0)
		return err_sys(e, errno, _("open lock file '%s'"), name);
	if (fcntl(fd, F_OFD_SETLK, &fl) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return err_set(e, ERR_BUSY, _("'%s' is held by another process"), name);
		return err_sys(e, errno, _("lock '%s'"), name);
	}
	return TAKE_FD(fd);
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
