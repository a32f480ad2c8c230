/* SPDX-License-Identifier: MIT */
/*
 * Whole reads and writes on descriptors of ours.
 *
 * close(2) is never retried: on Linux the number is free again even after EINTR, and a second close could hit a
 * descriptor that another thread has just opened.
 */
#include "base/fd.h"

#include "base/i18n.h"

#include <errno.h>
#include <fcntl.h>

#define READ_CHUNK 65536

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_write_all(int fd, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n > 0) {
		ssize_t w = write(fd, p, n);
		if (w < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, errno, _("write"));
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int fd_read_all(int fd, size_t max, const char *what, struct buf *ret, struct err *e)
{
	size_t total = 0;

	for (;;) {
		/* One byte past the limit tells "just fits" from "too long". */
		size_t want = MIN(max - total, (size_t)READ_CHUNK - 1) + 1;
		ssize_t r = read(fd, buf_reserve(ret, want), want);
		if (r < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, errno, _("read %s"), what);
		}
		if (r == 0)
			break;
		if ((size_t)r > max - total)
			return err_set(e, ERR_PROTO, _("%s is larger than %zu bytes"), what, max);
		ret->len += (size_t)r;
		total += (size_t)r;
	}
	*buf_reserve(ret, 0) = '\0';
	return 0;
}

static int set_flag(int fd, int get, int set, int flag, bool on, struct err *e)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return err_sys(e, errno, "fcntl");
	flags = on ? flags | flag : flags & ~flag;
	if (fcntl(fd, set, flags) < 0)
		return err_sys(e, errno, "fcntl");
	return 0;
}

int fd_set_nonblock(int fd, bool on, struct err *e)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on, e);
}

int fd_set_cloexec(int fd, bool on, struct err *e)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on, e);
}

int fd_pipe(int ret_fds[2], struct err *e)
{
	if (pipe2(ret_fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe2");
	return 0;
}
