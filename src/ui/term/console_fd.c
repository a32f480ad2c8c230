/* SPDX-License-Identifier: MIT */
/*
 * A descriptor as a console's pipe (see console_fd.h).
 *
 * A pty tells the end of its last process as EIO, a socket as end of file (or ECONNRESET when it was killed): for the
 * person it is the same.
 */
#include "ui/term/console_fd.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct fd_pipe {
	int fd;
	bool pty;
};

static enum console_io_result failed(const struct fd_pipe *p, struct err *e)
{
	if (errno == EAGAIN || errno == EINTR)
		return CONSOLE_IO_WAIT;
	if ((p->pty && errno == EIO) || errno == EPIPE || errno == ECONNRESET)
		return CONSOLE_IO_END;
	err_sys(e, errno, _("console"));
	return CONSOLE_IO_FAILED;
}

static enum console_io_result pipe_read(void *self, void *data, size_t n, size_t *ret_n, struct err *e)
{
	struct fd_pipe *p = self;
	ssize_t got = read(p->fd, data, n);

	if (got < 0)
		return failed(p, e);
	*ret_n = (size_t)got;
	return got == 0 ? CONSOLE_IO_END : CONSOLE_IO_OK;
}

static enum console_io_result pipe_write(void *self, const void *data, size_t n, size_t *ret_n, struct err *e)
{
	struct fd_pipe *p = self;
	ssize_t put = p->pty ? write(p->fd, data, n) : send(p->fd, data, n, MSG_NOSIGNAL);

	if (put < 0)
		return failed(p, e);
	*ret_n = (size_t)put;
	return put == 0 ? CONSOLE_IO_WAIT : CONSOLE_IO_OK;
}

static void pipe_resize(void *self, int cols, int rows)
{
	struct fd_pipe *p = self;
	struct winsize ws = {.ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows};

	if (p->pty)
		(void)ioctl(p->fd, TIOCSWINSZ, &ws); /* it fails when the pty is dead, which the next read tells */
}

static int pipe_fd(void *self)
{
	return ((struct fd_pipe *)self)->fd;
}

static void pipe_close(void *self)
{
	struct fd_pipe *p = self;

	fd_close(&p->fd);
	free(p);
}

static const struct console_io_ops ops = {
	.read = pipe_read,
	.write = pipe_write,
	.resize = pipe_resize,
	.fd = pipe_fd,
	.close = pipe_close,
};

static int make(int fd, bool pty, struct console_io *ret, struct err *e)
{
	if (fd_set_nonblock(fd, true, e) < 0) {
		fd_close(&fd);
		return -1;
	}

	struct fd_pipe *p = xcalloc(1, sizeof(*p));

	p->fd = fd;
	p->pty = pty;
	*ret = (struct console_io){.ops = &ops, .self = p};
	return 0;
}

int console_fd_socket(int fd, struct console_io *ret, struct err *e)
{
	return make(fd, false, ret, e);
}

int console_fd_pty(int master, struct console_io *ret, struct err *e)
{
	return make(master, true, ret, e);
}
