/* SPDX-License-Identifier: MIT */
/*
 * SSH channels: a command or a shell on a session of ssh.c.
 *
 * Output is kept in the channel (at most OUT_MAX bytes, then a size, then the end of input) and pushed by whatever call
 * comes next; so a caller never has to repeat a write exactly, as libssh2 demands. Reading is not buffered here:
 * libssh2 does it, within the window, and opens the window only as bytes are taken.
 *
 * Freeing a channel the guest has not closed takes the guest's answer. Such a channel stays on the session's list,
 * dropped, until libssh2 lets go of it or the session ends.
 */
#include "core/guest/ssh_priv.h"

#include "base/i18n.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

#define OUT_MAX ((size_t)64 << 10)
#define PACKET_MAX 32768
#define WINDOW_BULK (2u << 20)
#define WINDOW_PTY (256u << 10) /* what a flood may have under way when Ctrl-C is pressed */
#define STATUS_UNKNOWN_SIGNAL 255

static const struct {
	const char *name;
	int signo;
} signals[] = {
	{"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"BUS", SIGBUS},	 {"FPE", SIGFPE},   {"HUP", SIGHUP},
	{"ILL", SIGILL},   {"INT", SIGINT},   {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"QUIT", SIGQUIT},
	{"SEGV", SIGSEGV}, {"SYS", SIGSYS},   {"TERM", SIGTERM}, {"TRAP", SIGTRAP}, {"USR1", SIGUSR1},
	{"USR2", SIGUSR2}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
};

int ssh_signal_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].signo;
	return 0;
}

struct ssh_chan *ssh_chan_new(struct ssh *s, const struct ssh_chan_args *a)
{
	struct ssh_chan *c = xcalloc(1, sizeof(*c));
	struct ssh_chan **at = &s->chans;

	c->ssh = s;
	c->command = a->command ? xstrdup(a->command) : NULL;
	c->pty = a->pty;
	str_copy(c->term, sizeof(c->term), a->term && *a->term ? a->term : "xterm-256color");
	c->cols = a->cols;
	c->rows = a->rows;
	while (*at)
		at = &(*at)->next;
	*at = c;
	return c;
}

static void forget(struct ssh_chan *c)
{
	struct ssh_chan **at = &c->ssh->chans;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->ssh->stuck_chan == c) {
		c->ssh->stuck = CALL_NONE;
		c->ssh->stuck_chan = NULL;
	}
	buf_done(&c->out);
	free(c->command);
	free(c);
}

void ssh_chan_reap(struct ssh_chan *c)
{
	struct ssh *s = c->ssh;
	int rc = libssh2_channel_free(c->lib);

	if (rc == LIBSSH2_ERROR_EAGAIN && !s->closing && s->phase == PHASE_READY) {
		ssh_result(s, c, CALL_CLOSE, rc, "", NULL);
		return;
	}
	forget(c);
}

static void reap_dropped(struct ssh *s)
{
	struct ssh_chan *next;

	for (struct ssh_chan *c = s->chans; c && s->stuck == CALL_NONE; c = next) {
		next = c->next;
		if (c->dropped)
			ssh_chan_reap(c);
	}
}

void ssh_chan_free(struct ssh_chan *c)
{
	struct ssh *s;

	if (!c)
		return;
	s = c->ssh;
	if (s->opening == c)
		s->opening = NULL;
	if (s->stuck_chan == c) {
		s->phase = PHASE_DEAD;
		s->stuck = CALL_NONE;
	}
	c->dropped = true;
	if (!c->lib)
		forget(c);
	else if (s->closing || s->stuck == CALL_NONE)
		ssh_chan_reap(c);
}

static enum ssh_io open_channel(struct ssh_chan *c, struct err *e)
{
	struct ssh *s = c->ssh;
	enum ssh_io io;

	reap_dropped(s);
	if (s->opening && s->opening != c)
		return SSH_WANT_READ;
	s->opening = c;
	c->lib = libssh2_channel_open_ex(s->lib, "session", strlen("session"), c->pty ? WINDOW_PTY : WINDOW_BULK,
					 PACKET_MAX, NULL, 0);
	io = ssh_result(s, c, CALL_OPEN, c->lib ? 0 : libssh2_session_last_errno(s->lib), _("open an SSH channel"), e);
	if (io == SSH_DONE || io == SSH_FAILED)
		s->opening = NULL;
	if (io == SSH_DONE)
		c->phase = c->pty ? CHAN_PTY : CHAN_START;
	return io;
}

static enum ssh_io request_pty(struct ssh_chan *c, struct err *e)
{
	int rc = libssh2_channel_request_pty_ex(c->lib, c->term, (unsigned)strlen(c->term), NULL, 0, c->cols, c->rows,
						0, 0);
	enum ssh_io io = ssh_result(c->ssh, c, CALL_OPEN, rc, _("ask the guest for a terminal"), e);

	if (io == SSH_DONE)
		c->phase = CHAN_START;
	return io;
}

static enum ssh_io start_command(struct ssh_chan *c, struct err *e)
{
	const char *what = c->command ? "exec" : "shell";
	int rc = libssh2_channel_process_startup(c->lib, what, (unsigned)strlen(what), c->command,
						 c->command ? (unsigned)strlen(c->command) : 0);
	enum ssh_io io = ssh_result(c->ssh, c, CALL_OPEN, rc, _("start the command in the guest"), e);

	if (io == SSH_DONE)
		c->phase = CHAN_OPEN;
	return io;
}

enum ssh_io ssh_chan_step(struct ssh_chan *c, struct err *e)
{
	static enum ssh_io (*const run[])(struct ssh_chan *, struct err *) = {
		[CHAN_NEW] = open_channel,
		[CHAN_PTY] = request_pty,
		[CHAN_START] = start_command,
	};
	enum ssh_io io = SSH_DONE;

	if (c->ssh->phase != PHASE_READY)
		return ssh_dead(e);
	while (io == SSH_DONE && c->phase != CHAN_OPEN)
		io = ssh_may_call(c->ssh, c, CALL_OPEN) ? run[c->phase](c, e) : SSH_WANT_WRITE;
	return io;
}

static enum ssh_io push_bytes(struct ssh_chan *c, struct err *e)
{
	while (c->out.len) {
		ssize_t n = libssh2_channel_write_ex(c->lib, 0, c->out.data, c->out.len);
		enum ssh_io io = ssh_result(c->ssh, c, CALL_BYTES, n, _("send to the guest"), e);

		if (io != SSH_DONE)
			return io;
		if (n == 0)
			return SSH_WANT_READ;
		buf_consume(&c->out, (size_t)n);
	}
	return SSH_DONE;
}

/* A stuck request goes on with the size it began with; what changed meanwhile is sent after it. */
static enum ssh_io push_size(struct ssh_chan *c, struct err *e)
{
	while (c->want_size) {
		enum ssh_io io;
		int rc;

		if (c->ssh->stuck != CALL_SIZE) {
			c->try_cols = c->cols;
			c->try_rows = c->rows;
		}
		rc = libssh2_channel_request_pty_size_ex(c->lib, c->try_cols, c->try_rows, 0, 0);
		io = ssh_result(c->ssh, c, CALL_SIZE, rc, _("resize the guest's terminal"), e);
		if (io != SSH_DONE)
			return io;
		c->want_size = c->try_cols != c->cols || c->try_rows != c->rows;
	}
	return SSH_DONE;
}

static enum ssh_io push_eof(struct ssh_chan *c, struct err *e)
{
	enum ssh_io io;

	if (!c->want_eof || c->sent_eof)
		return SSH_DONE;
	io = ssh_result(c->ssh, c, CALL_EOF, libssh2_channel_send_eof(c->lib), _("send to the guest"), e);
	c->sent_eof = io == SSH_DONE;
	return io;
}

static const struct {
	enum ssh_call call;
	enum ssh_io (*run)(struct ssh_chan *c, struct err *e);
} pushes[] = {{CALL_BYTES, push_bytes}, {CALL_SIZE, push_size}, {CALL_EOF, push_eof}};

static bool has_output(const struct ssh_chan *c)
{
	return c->out.len || c->want_size || (c->want_eof && !c->sent_eof);
}

/* The push that stopped halfway goes first, whatever was added meanwhile. */
static enum ssh_io unstick(struct ssh_chan *c, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(pushes); i++)
		if (c->ssh->stuck == pushes[i].call && c->ssh->stuck_chan == c)
			return pushes[i].run(c, e);
	return ssh_may_call(c->ssh, c, CALL_NONE) ? SSH_DONE : SSH_WANT_WRITE;
}

enum ssh_io ssh_chan_flush(struct ssh_chan *c, struct err *e)
{
	enum ssh_io io;

	if (c->ssh->phase != PHASE_READY)
		return ssh_dead(e);
	if (!has_output(c) || c->phase != CHAN_OPEN)
		return SSH_DONE;
	io = unstick(c, e);
	for (size_t i = 0; io == SSH_DONE && i < ARRAY_LEN(pushes); i++)
		io = pushes[i].run(c, e);
	return io;
}

enum ssh_io ssh_chan_write(struct ssh_chan *c, const void *data, size_t n, size_t *ret_n, struct err *e)
{
	enum ssh_io io = ssh_chan_flush(c, e);
	size_t take = MIN(n, OUT_MAX - c->out.len);

	assert(n > 0 && !c->want_eof);
	if (io == SSH_FAILED || take == 0)
		return io;
	buf_add(&c->out, data, take);
	*ret_n = take;
	return ssh_chan_flush(c, e) == SSH_FAILED ? SSH_FAILED : SSH_DONE;
}

void ssh_chan_resize(struct ssh_chan *c, int cols, int rows)
{
	c->cols = cols;
	c->rows = rows;
	c->want_size = c->pty && c->phase == CHAN_OPEN;
}

void ssh_chan_send_eof(struct ssh_chan *c)
{
	c->want_eof = true;
}

size_t ssh_chan_queued(const struct ssh_chan *c)
{
	return c->out.len;
}

enum ssh_io ssh_chan_read(struct ssh_chan *c, enum ssh_stream st, void *data, size_t n, size_t *ret_n, struct err *e)
{
	enum ssh_call call = st == SSH_OUT ? CALL_READ_OUT : CALL_READ_ERR;
	enum ssh_io io;
	ssize_t got;

	*ret_n = 0;
	if (ssh_chan_flush(c, e) == SSH_FAILED)
		return SSH_FAILED;
	if (c->ended[st])
		return SSH_DONE;
	if (!ssh_may_call(c->ssh, c, call))
		return SSH_WANT_WRITE;
	got = libssh2_channel_read_ex(c->lib, st == SSH_OUT ? 0 : SSH_EXTENDED_DATA_STDERR, data, n);
	io = ssh_result(c->ssh, c, call, got, _("read from the guest"), e);
	if (io == SSH_DONE) {
		*ret_n = (size_t)got;
		c->ended[st] = got == 0;
	}
	return io;
}

bool ssh_chan_pending(struct ssh_chan *c)
{
	unsigned long queued = 0;

	if (c->phase != CHAN_OPEN || c->ssh->phase != PHASE_READY)
		return false;
	libssh2_channel_window_read_ex(c->lib, &queued, NULL);
	return queued > 0 || (libssh2_channel_eof(c->lib) == 1 && !(c->ended[SSH_OUT] && c->ended[SSH_ERR]));
}

static void take_exit(struct ssh_chan *c, struct ssh_exit *ret)
{
	char *name = NULL;

	*ret = (struct ssh_exit){.status = libssh2_channel_get_exit_status(c->lib) & 0xff};
	if (libssh2_channel_get_exit_signal(c->lib, &name, NULL, NULL, NULL, NULL, NULL) == 0 && name) {
		ret->signo = ssh_signal_number(name);
		ret->status = ret->signo ? 128 + ret->signo : STATUS_UNKNOWN_SIGNAL;
		libssh2_free(c->ssh->lib, name);
	}
}

enum ssh_io ssh_chan_finish(struct ssh_chan *c, struct ssh_exit *ret, struct err *e)
{
	enum ssh_io io;

	if (c->ssh->phase != PHASE_READY)
		return ssh_dead(e);
	if (!ssh_may_call(c->ssh, c, CALL_FINISH))
		return SSH_WANT_WRITE;
	io = ssh_result(c->ssh, c, CALL_FINISH, libssh2_channel_wait_closed(c->lib), _("wait for the command's end"),
			e);
	if (io == SSH_DONE)
		take_exit(c, ret);
	return io;
}

struct ssh *ssh_chan_ssh(struct ssh_chan *c)
{
	return c->ssh;
}

struct ssh_chan *ssh_chan_first(struct ssh *s)
{
	struct ssh_chan *c = s->chans;

	while (c && c->dropped)
		c = c->next;
	return c;
}
