/* SPDX-License-Identifier: MIT */
/*
 * The client's side of the helper (priv_start, priv_call, priv_stop of priv.h).
 *
 * Calls take turns by a token, an eventfd that holds 1 while nobody is calling: waiting for it is waiting in op_poll(), so a
 * queued call can be cancelled. A call that was given up leaves its reply behind; the next one knows it by its number and drops
 * it.
 *
 * The helper's end of the pair is held by nobody of ours after the start, and our end by nobody else: when either side ends,
 * the other sees it at once.
 */
#include "core/priv/priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/spawn.h"
#include "base/utf8.h"
#include "core/priv/codec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define STOP_MS 5000
#define WORDS_MAX 4096

struct priv {
	int sock;
	int token;
	int words; /* what whoever starts the helper says on standard error; -1 when a person reads it */
	uint32_t seq;
	struct proc proc;
};

/* ---- messages ---- */

static int lost(struct err *e)
{
	err_set(e, ERR_NET, _("the helper has ended"));
	return err_hint(e, _("Start it again."));
}

/* A message, or 0 when the other side is gone. */
static int receive(struct op *op, int sock, uint8_t *data, size_t size, size_t *ret_n, struct err *e)
{
	for (;;) {
		struct pollfd fd = {.fd = sock, .events = POLLIN};
		if (op_poll(op, &fd, 1, -1, e) < 0)
			return -1;
		ssize_t n = recv(sock, data, size, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0 && errno != ECONNRESET)
			return err_sys(e, errno, _("hear from the helper"));
		*ret_n = n < 0 ? 0 : (size_t)n;
		return 0;
	}
}

static int send_message(struct op *op, int sock, struct msghdr *h, struct err *e)
{
	for (;;) {
		struct pollfd fd = {.fd = sock, .events = POLLOUT};
		if (op_poll(op, &fd, 1, -1, e) < 0)
			return -1;
		if (sendmsg(sock, h, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == EPIPE || errno == ECONNRESET)
			return lost(e);
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, errno, _("speak to the helper"));
	}
}

static int send_data(struct op *op, int sock, void *data, size_t n, struct err *e)
{
	struct iovec iov = {.iov_base = data, .iov_len = n};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	return send_message(op, sock, &h, e);
}

static int send_with_fd(struct op *op, int sock, void *data, size_t n, int fd, struct err *e)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = data, .iov_len = n};
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return send_message(op, sock, &h, e);
}

/* The reply with that number. The helper's last word (0) answers whatever was asked. */
static int hear_reply(struct op *op, struct priv *p, uint32_t want, struct priv_reply *ret, struct err *e)
{
	auto_free uint8_t *data = xmalloc(CODEC_MESSAGE_MAX);

	for (;;) {
		struct err failed;
		uint32_t seq;
		size_t n;
		if (receive(op, p->sock, data, CODEC_MESSAGE_MAX, &n, e) < 0)
			return -1;
		if (n == 0)
			return lost(e);
		if (codec_get_reply(data, n, &seq, ret, &failed, e) < 0)
			return -1;
		if (seq == want || seq == 0) {
			if (!err_is_set(&failed))
				return 0;
			priv_reply_done(ret);
			return err_join(e, &failed);
		}
		priv_reply_done(ret);
	}
}

/* ---- starting ---- */

/* The last line that sudo, pkexec or a helper that would not serve has said. */
static void last_words(struct priv *p, struct buf *out)
{
	char text[WORDS_MAX];
	ssize_t n = p->words < 0 ? 0 : read(p->words, text, sizeof(text));

	while (n > 0 && text[n - 1] == '\n')
		n--;
	const char *line = n > 0 ? memrchr(text, '\n', (size_t)n) : NULL;
	const char *from = line ? line + 1 : text;
	if (n > 0)
		utf8_clean(out, from, (size_t)(text + n - from), false);
}

/* It ended before it greeted. */
static int not_started(struct priv *p, const struct priv_outlook *o, struct err *e)
{
	auto_buf words = {0};

	last_words(p, &words);
	if (words.len)
		err_set(e, ERR_PERM, _("it did not start: %s"), buf_cstr(&words));
	else
		err_set(e, ERR_PERM, _("it did not start"));
	if (o->way == PRIV_WAY_ROOT)
		return -1;
	return err_hint(e, _("Ask for it where a password can be typed, or let sudo start %s without one."), o->helper);
}

static int check_outlook(const struct priv_outlook *o, bool interactive, struct err *e)
{
	if (o->way == PRIV_WAY_NONE) {
		err_set(e, ERR_MISSING, "%s", o->why);
		return err_hint(e, o->helper[0] ? _("Install sudo, or use what needs no rights.")
						: _("Run 'make install' as root, or use what needs no rights."));
	}
	if (interactive || o->way == PRIV_WAY_ROOT)
		return 0;
	if (o->asks) {
		err_set(e, ERR_PERM, _("the helper cannot be started without asking: %s"), o->why);
		return err_hint(e, o->trusted ? _("Ask for it where a password can be typed.")
					      : _("Install it as root, in directories only root can write in."));
	}
	return 0;
}

/* stderr: a person's screen, or a pipe of ours. */
static int spawn_helper(struct priv *p, const struct priv_outlook *o, bool interactive, int theirs, struct err *e)
{
	const char *const root[] = {o->helper, NULL};
	const char *const quiet[] = {"sudo", "-n", "--", o->helper, NULL};
	const char *const asking[] = {"sudo", "--", o->helper, NULL};
	const char *const pkexec[] = {"pkexec", o->helper, NULL};
	bool asks = interactive && o->way != PRIV_WAY_ROOT;
	struct spawn_args a = {.stdin_fd = theirs, .stdout_fd = -1, .stderr_fd = STDERR_FILENO, .same_group = asks};
	auto_fd words = -1;
	int fds[2];

	a.argv = o->way == PRIV_WAY_ROOT ? root : o->way == PRIV_WAY_PKEXEC ? pkexec : interactive ? asking : quiet;
	if (!asks) {
		if (fd_pipe(fds, e) < 0)
			return -1;
		p->words = fds[0];
		words = fds[1];
		a.stderr_fd = words;
		if (fd_set_nonblock(p->words, true, e) < 0)
			return -1;
	}
	return spawn_start(&a, &p->proc, e);
}

static int shake_hands(struct op *op, struct priv *p, const struct priv_start_args *a, const struct priv_outlook *o,
		       struct err *e)
{
	struct codec_hello mine = {.uid = geteuid() == 0 ? a->owner : geteuid(),
				   .gid = geteuid() == 0 ? a->group : getegid()};
	uint8_t data[CODEC_REPLY_SIZE];
	struct codec_hello theirs;
	struct priv_reply reply;
	size_t n;
	auto_fd dir = open(a->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(e, errno, _("open '%s'"), a->state_dir);
	if (receive(op, p->sock, data, sizeof(data), &n, e) < 0)
		return -1;
	if (n == 0)
		return not_started(p, o, e);
	if (codec_get_hello(CODEC_GREETING, data, n, &theirs, e) < 0)
		return -1;
	codec_put_hello(CODEC_HANDSHAKE, &mine, data);
	if (send_with_fd(op, p->sock, data, CODEC_HELLO_SIZE, dir, e) < 0)
		return -1;
	return hear_reply(op, p, 0, &reply, e);
}

int priv_start(struct op *op, const struct priv_start_args *a, struct priv **ret, struct err *e)
{
	struct priv_outlook o;
	int fds[2];

	priv_look(a->helper, &o);
	if (check_outlook(&o, a->interactive, e) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(e, errno, "socketpair");
	struct priv *p = xcalloc(1, sizeof(*p));
	*p = (struct priv){.sock = fds[0], .words = -1, .proc = {.pidfd = -1}};
	p->token = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = p->token < 0 ? err_sys(e, errno, "eventfd") : spawn_helper(p, &o, a->interactive, fds[1], e);
	/* Ours must go before we listen: while we hold it the end would never come. */
	fd_close(&fds[1]);
	if (rc < 0 || shake_hands(op, p, a, &o, e) < 0) {
		priv_stop(p);
		return err_wrap(e, _("start the helper"));
	}
	*ret = p;
	return 0;
}

void priv_stop(struct priv *p)
{
	struct proc_status status;
	struct op op;

	if (!p)
		return;
	fd_close(&p->sock);
	if (p->proc.pid > 0) {
		op_init(&op, STOP_MS);
		(void)!proc_wait(&op, &p->proc, &status, NULL);
		op_done(&op);
	}
	proc_done(&p->proc);
	fd_close(&p->words);
	fd_close(&p->token);
	free(p);
}

/* ---- calling ---- */

static int take_turn(struct op *op, struct priv *p, struct err *e)
{
	uint64_t one;

	for (;;) {
		struct pollfd fd = {.fd = p->token, .events = POLLIN};
		if (op_poll(op, &fd, 1, -1, e) < 0)
			return err_wrap(e, _("wait for the helper"));
		/* Another waiter may have been faster. */
		if (read(p->token, &one, sizeof(one)) == sizeof(one))
			return 0;
	}
}

static void end_turn(struct priv *p)
{
	static const uint64_t one = 1;
	ssize_t n UNUSED = write(p->token, &one, sizeof(one));

	assert(n == sizeof(one));
}

static int call(struct op *op, struct priv *p, const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	struct codec_call c = {.r = *r};
	uint8_t wire[CODEC_REQUEST_SIZE];

	/* 0 is the helper's own. */
	if (++p->seq == 0)
		p->seq = 1;
	c.seq = p->seq;
	c.timeout_ms = (uint32_t)MAX(1, MIN(op_left_ms(op), PRIV_CALL_MAX_MS));
	codec_put_request(&c, wire);
	if (send_data(op, p->sock, wire, sizeof(wire), e) < 0)
		return -1;
	return hear_reply(op, p, c.seq, ret, e);
}

int priv_call(struct op *op, struct priv *p, const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	*ret = (struct priv_reply){0};
	if (take_turn(op, p, e) < 0)
		return -1;
	int rc = call(op, p, r, ret, e);
	end_turn(p);
	return rc;
}
