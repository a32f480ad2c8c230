/* SPDX-License-Identifier: MIT */
/*
 * A command in the guest: three streams between descriptors of ours and one SSH channel.
 *
 * One loop moves whatever can move. Each direction has one bounded buffer and is read only while it has room, so a
 * slow reader slows the other end down and nothing grows; since no direction ever waits for another, both may be
 * full at once without a deadlock. The guest's stream is not read while its buffer is full, which keeps the channel's
 * window shut: that is the flow control.
 *
 * Our descriptors keep their flags: O_NONBLOCK would be seen by everybody who shares a terminal. poll(2) promises
 * PIPE_BUF bytes of room in a pipe, so no write is larger than that.
 */
#include "core/guest/exec.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "wire/kit.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 32768
#define COMMAND_MAX 32000 /* one SSH packet; libssh2 sends no request in two */
#define TAIL_MAX 4096
#define WORDS_MAX 200

struct sink {
	int fd; /* -1: thrown away, or collected */
	enum ssh_stream stream;
	struct buf kept; /* read from the guest, not yet written */
	bool ended;
	struct buf *collect; /* may be NULL */
	size_t collect_max;
	bool tail_only; /* past the limit: keep the newest, else it is an error */
};

struct run {
	struct op *op;
	const struct exec_args *a;
	struct ssh_chan *chan;
	struct sink out, err;
	struct buf in; /* read from in_fd, not yet accepted by the channel */
	bool in_ended;
	bool broken; /* nobody reads our output any more */
	bool moved;  /* something happened in this turn: do not sleep */
};

enum { SLOT_SSH, SLOT_IN, SLOT_OUT, SLOT_ERR, SLOT_RESIZE, SLOTS };

void exec_quote(const char *const *argv, struct buf *out)
{
	for (int i = 0; argv[i]; i++) {
		buf_adds(out, i ? " '" : "'");
		for (const char *p = argv[i]; *p; p++) {
			if (*p == '\'')
				buf_adds(out, "'\\''");
			else
				buf_addc(out, *p);
		}
		buf_addc(out, '\'');
	}
}

/* Without a descriptor nothing is kept back: what came is collected or dropped at once. */
static int settle(struct sink *k, struct err *e)
{
	struct buf *to = k->collect;

	if (k->fd >= 0)
		return 0;
	if (to)
		buf_add(to, k->kept.data, k->kept.len);
	buf_reset(&k->kept);
	if (!to || to->len <= k->collect_max)
		return 0;
	if (!k->tail_only)
		return err_set(e, ERR_PROTO, _("the guest's answer is longer than %zu bytes"), k->collect_max);
	buf_consume(to, to->len - k->collect_max);
	return 0;
}

static int pull_sink(struct run *r, struct sink *k, struct err *e)
{
	while (!k->ended && k->kept.len < CHUNK) {
		size_t n = 0;
		char *at = buf_reserve(&k->kept, CHUNK);
		enum ssh_io io = ssh_chan_read(r->chan, k->stream, at, CHUNK, &n, e);

		if (io == SSH_FAILED)
			return -1;
		if (io != SSH_DONE)
			return 0;
		k->ended = n == 0;
		k->kept.len += n;
		r->moved = true;
		if (n && settle(k, e) < 0)
			return -1;
	}
	return 0;
}

static int drain_sink(struct run *r, struct sink *k, short revents, struct err *e)
{
	ssize_t n;

	if (!revents || !k->kept.len)
		return 0;
	n = write(k->fd, k->kept.data, MIN(k->kept.len, (size_t)PIPE_BUF));
	if (n >= 0) {
		buf_consume(&k->kept, (size_t)n);
		r->moved = true;
		return 0;
	}
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (errno != EPIPE)
		return err_sys(e, errno, _("write the command's output"));
	r->broken = true;
	return 0;
}

static int fill_input(struct run *r, short revents, struct err *e)
{
	ssize_t n;

	if (!revents)
		return 0;
	n = read(r->a->in_fd, buf_reserve(&r->in, CHUNK), CHUNK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != EIO) /* EIO: our terminal is gone, which is an end like any other */
		return err_sys(e, errno, _("read the command's input"));
	if (n > 0)
		r->in.len += (size_t)n;
	r->in_ended = n <= 0;
	r->moved = true;
	return 0;
}

static int push_input(struct run *r, struct err *e)
{
	enum ssh_io io = SSH_DONE;

	while (io == SSH_DONE && r->in.len) {
		size_t n = 0;

		io = ssh_chan_write(r->chan, r->in.data, r->in.len, &n, e);
		buf_consume(&r->in, n);
		r->moved = r->moved || n;
	}
	if (io != SSH_FAILED && r->in_ended && !r->in.len)
		ssh_chan_send_eof(r->chan);
	if (io != SSH_FAILED)
		io = ssh_chan_flush(r->chan, e);
	return io == SSH_FAILED ? -1 : 0;
}

static void resize(struct run *r, short revents)
{
	int cols = r->a->cols, rows = r->a->rows;

	if (!revents)
		return;
	r->a->on_resize(r->a->arg, &cols, &rows);
	ssh_chan_resize(r->chan, cols, rows);
	r->moved = true;
}

static int wait_turn(struct run *r, struct pollfd fds[SLOTS], struct err *e)
{
	bool full = r->out.kept.len >= CHUNK || r->err.kept.len >= CHUNK;
	bool again = r->moved || (!full && ssh_chan_pending(r->chan));
	struct ssh *s = ssh_chan_ssh(r->chan);
	bool want_in = !r->in_ended && !r->in.len;

	fds[SLOT_SSH] = (struct pollfd){.fd = ssh_fd(s), .events = ssh_events(s)};
	fds[SLOT_IN] = (struct pollfd){.fd = want_in ? r->a->in_fd : -1, .events = POLLIN};
	fds[SLOT_OUT] = (struct pollfd){.fd = r->out.kept.len ? r->out.fd : -1, .events = POLLOUT};
	fds[SLOT_ERR] = (struct pollfd){.fd = r->err.kept.len ? r->err.fd : -1, .events = POLLOUT};
	fds[SLOT_RESIZE] = (struct pollfd){.fd = r->a->on_resize ? r->a->resize_fd : -1, .events = POLLIN};
	/* While a full sink holds the guest back its bytes must not wake us over and over; but input that waits for
	 * the guest's window still needs the news of it (a write takes in what the socket has). */
	if (full && (fds[SLOT_SSH].events & POLLOUT || !(r->in.len || ssh_chan_queued(r->chan))))
		fds[SLOT_SSH].events &= POLLOUT;
	r->moved = false;
	return op_poll(r->op, fds, SLOTS, again ? 0 : -1, e) < 0 ? -1 : 0;
}

static bool is_over(const struct run *r)
{
	return r->broken || (r->out.ended && r->err.ended && !r->out.kept.len && !r->err.kept.len);
}

static int pump(struct run *r, struct err *e)
{
	struct pollfd fds[SLOTS] = {0};

	while (!is_over(r)) {
		if (push_input(r, e) < 0 || pull_sink(r, &r->out, e) < 0 || pull_sink(r, &r->err, e) < 0)
			return -1;
		if (is_over(r))
			break;
		if (wait_turn(r, fds, e) < 0)
			return -1;
		resize(r, fds[SLOT_RESIZE].revents);
		if (fill_input(r, fds[SLOT_IN].revents, e) < 0 ||
		    drain_sink(r, &r->out, fds[SLOT_OUT].revents, e) < 0 ||
		    drain_sink(r, &r->err, fds[SLOT_ERR].revents, e) < 0)
			return -1;
	}
	return 0;
}

static int finish(struct run *r, int *ret_status, struct err *e)
{
	struct ssh *s = ssh_chan_ssh(r->chan);
	struct ssh_exit ex = {0};
	enum ssh_io io;

	if (r->broken) {
		*ret_status = 128 + SIGPIPE;
		return 0;
	}
	while ((io = ssh_chan_finish(r->chan, &ex, e)) != SSH_DONE) {
		struct pollfd p = {.fd = ssh_fd(s), .events = ssh_events(s)};

		if (io == SSH_FAILED || op_poll(r->op, &p, 1, -1, e) < 0)
			return -1;
	}
	*ret_status = ex.status;
	return 0;
}

/* The login shell runs these itself; a quote would hand them to the image's (wire/kit.h). */
static bool is_for_kit(const char *const *argv)
{
	if (strcmp(argv[0], WIRE_KIT_PROGRAM) != 0)
		return false;
	for (int i = 1; argv[i]; i++)
		if (!*argv[i] || argv[i][strspn(argv[i], WIRE_KIT_CHARS)])
			return false;
	return true;
}

static void make_command(const char *const *argv, struct buf *out)
{
	if (!is_for_kit(argv)) {
		exec_quote(argv, out);
		return;
	}
	for (int i = 0; argv[i]; i++)
		buf_addf(out, "%s%s", i ? " " : "", argv[i]);
}

static int open_run(struct run *r, struct ssh *s, struct err *e)
{
	auto_buf command = {0};
	struct ssh_chan_args ca = {.pty = r->a->pty, .term = r->a->term, .cols = r->a->cols, .rows = r->a->rows};

	if (r->a->argv) {
		make_command(r->a->argv, &command);
		ca.command = buf_cstr(&command);
	}
	if (command.len > COMMAND_MAX)
		return err_set(e, ERR_USAGE, _("the command is too long: %zu bytes, at most %d"), command.len,
			       COMMAND_MAX);
	return ssh_open(r->op, s, &ca, &r->chan, e);
}

static int run_all(struct run *r, struct ssh *s, int *ret_status, struct err *e)
{
	int rc = open_run(r, s, e);

	if (rc == 0)
		rc = pump(r, e);
	if (rc == 0)
		rc = finish(r, ret_status, e);
	ssh_chan_free(r->chan);
	buf_done(&r->in);
	buf_done(&r->out.kept);
	buf_done(&r->err.kept);
	return rc;
}

int exec_run(struct op *op, struct ssh *s, const struct exec_args *a, int *ret_status, struct err *e)
{
	struct run r = {
		.op = op,
		.a = a,
		.out = {.fd = a->out_fd, .stream = SSH_OUT},
		.err = {.fd = a->err_fd, .stream = SSH_ERR},
		.in_ended = a->in_fd < 0,
	};

	return run_all(&r, s, ret_status, e);
}

/* The last line of what a command said on stderr, fit to be shown. */
static void last_words(const struct buf *text, struct buf *out)
{
	const char *s = buf_cstr(text);
	size_t n = text->len, start;

	while (n && (s[n - 1] == '\n' || s[n - 1] == '\r' || s[n - 1] == ' '))
		n--;
	start = n;
	while (start && s[start - 1] != '\n' && n - start < WORDS_MAX)
		start--;
	utf8_clean(out, s + start, n - start, false);
}

static int failed_in_guest(const char *const *argv, int status, const struct buf *words, struct err *e)
{
	auto_buf said = {0};

	last_words(words, &said);
	return err_set(e, ERR_TOOL, _("%s failed in the guest (exit %d)%s%s"), argv[0], status, said.len ? ": " : "",
		       buf_cstr(&said));
}

int exec_capture(struct op *op, struct ssh *s, const char *const *argv, const void *input, size_t input_len, size_t max,
		 struct buf *ret_out, struct err *e)
{
	auto_buf words = {0};
	struct exec_args a = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .resize_fd = -1};
	struct run r = {
		.op = op,
		.a = &a,
		.out = {.fd = -1, .stream = SSH_OUT, .collect = ret_out, .collect_max = ret_out->len + max},
		.err = {.fd = -1, .stream = SSH_ERR, .collect = &words, .collect_max = TAIL_MAX, .tail_only = true},
		.in_ended = true,
	};
	int status;

	if (input_len)
		buf_add(&r.in, input, input_len);
	if (run_all(&r, s, &status, e) != 0)
		return -1;
	return status == 0 ? 0 : failed_in_guest(argv, status, &words, e);
}

int exec_stream(struct op *op, struct ssh *s, const char *const *argv, int out_fd, struct buf *ret_said, struct err *e)
{
	auto_buf words = {0};
	struct exec_args a = {.argv = argv, .in_fd = -1, .out_fd = out_fd, .err_fd = -1, .resize_fd = -1};
	struct run r = {
		.op = op,
		.a = &a,
		.out = {.fd = out_fd, .stream = SSH_OUT},
		.err = {.fd = -1, .stream = SSH_ERR, .collect = &words, .collect_max = TAIL_MAX, .tail_only = true},
		.in_ended = true,
	};
	int status;

	if (run_all(&r, s, &status, e) != 0)
		return -1;
	utf8_clean(ret_said, words.data, words.len, true);
	if (r.broken)
		return err_set(e, ERR_CANCELED, _("nobody reads what %s writes any more"), argv[0]);
	return status == 0 ? 0 : failed_in_guest(argv, status, &words, e);
}
