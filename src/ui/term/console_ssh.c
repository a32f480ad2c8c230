/* SPDX-License-Identifier: MIT */
/*
 * The SSH session as a console's pipe (see console_ssh.h): a translation of the sans-I/O driver's answers, and the exit
 * status as the reason of the end.
 */
#include "ui/term/console_ssh.h"

#include "base/i18n.h"

#include <assert.h>
#include <stdio.h>

struct ssh_pipe {
	struct ssh *ssh;
	struct ssh_chan *chan;
	bool ended; /* the guest closed its output: only the exit status is missing */
	bool has_exit;
	struct ssh_exit exit;
};

/* clang-format off */
static enum console_io_result result(enum ssh_io io)
{
	switch (io) {
	case SSH_DONE: return CONSOLE_IO_OK;
	case SSH_WANT_READ:
	case SSH_WANT_WRITE: return CONSOLE_IO_WAIT;
	case SSH_FAILED: break;
	}
	return CONSOLE_IO_FAILED;
}
/* clang-format on */

static enum console_io_result pipe_step(void *self, struct err *e)
{
	struct ssh_pipe *p = self;
	enum ssh_io io = ssh_step(p->ssh, e);

	return result(io == SSH_DONE ? ssh_chan_step(p->chan, e) : io);
}

static enum console_io_result pipe_finish(struct ssh_pipe *p, struct err *e)
{
	enum ssh_io io = ssh_chan_finish(p->chan, &p->exit, e);

	p->has_exit = io == SSH_DONE;
	return io == SSH_DONE ? CONSOLE_IO_END : result(io);
}

static enum console_io_result pipe_read(void *self, void *data, size_t n, size_t *ret_n, struct err *e)
{
	struct ssh_pipe *p = self;

	if (p->ended)
		return pipe_finish(p, e);

	enum ssh_io io = ssh_chan_read(p->chan, SSH_OUT, data, n, ret_n, e);

	if (io == SSH_DONE && *ret_n == 0) {
		p->ended = true;
		return pipe_finish(p, e);
	}
	return result(io);
}

static enum console_io_result pipe_write(void *self, const void *data, size_t n, size_t *ret_n, struct err *e)
{
	struct ssh_pipe *p = self;

	return p->ended ? CONSOLE_IO_WAIT : result(ssh_chan_write(p->chan, data, n, ret_n, e));
}

static void pipe_resize(void *self, int cols, int rows)
{
	struct ssh_pipe *p = self;
	struct err e = {0};

	ssh_chan_resize(p->chan, cols, rows);
	/* What does not go out now goes with the next turn, which also meets the failure again. */
	(void)!ssh_chan_flush(p->chan, &e);
}

static int pipe_fd(void *self)
{
	return ssh_fd(((struct ssh_pipe *)self)->ssh);
}

static short pipe_events(void *self)
{
	return ssh_events(((struct ssh_pipe *)self)->ssh);
}

static bool pipe_pending(void *self)
{
	return ssh_chan_pending(((struct ssh_pipe *)self)->chan);
}

static void pipe_why(void *self, char *ret, size_t size)
{
	struct ssh_pipe *p = self;

	if (p->has_exit && p->exit.signo)
		snprintf(ret, size, _("ended by signal %d"), p->exit.signo);
	else if (p->has_exit)
		snprintf(ret, size, _("exit status %d"), p->exit.status);
}

static void pipe_close(void *self)
{
	struct ssh_pipe *p = self;

	ssh_free(p->ssh);
	free(p);
}

static const struct console_io_ops ops = {
	.step = pipe_step,
	.read = pipe_read,
	.write = pipe_write,
	.resize = pipe_resize,
	.fd = pipe_fd,
	.events = pipe_events,
	.pending = pipe_pending,
	.why = pipe_why,
	.close = pipe_close,
};

struct console_io console_ssh_io(struct ssh *ssh, struct ssh_chan *chan)
{
	struct ssh_pipe *p = xcalloc(1, sizeof(*p));

	p->ssh = ssh;
	p->chan = chan ? chan : ssh_chan_first(ssh);
	assert(p->chan);
	return (struct console_io){.ops = &ops, .self = p};
}
