/* SPDX-License-Identifier: MIT */
/*
 * Serving one client (see serve.h).
 *
 * recvmsg(2) gets room for one byte more than the longest message there may be, so that a longer one is seen, and for more
 * descriptors than there may be, so that they are received, close-on-exec, and closed; the kernel drops what does not fit.
 */
#include "core/priv/serve.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "core/priv/claims.h"
#include "core/priv/codec.h"
#include "core/priv/ops.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

#define FDS_MAX 8

struct message {
	uint8_t data[CODEC_REQUEST_SIZE + 1];
	size_t n; /* real length, also when it was cut */
	int fds[FDS_MAX];
	int n_fds;
	bool cut; /* data or descriptors were dropped */
	struct ucred cred;
};

static void message_done(struct message *m)
{
	for (int i = 0; i < m->n_fds; i++)
		fd_close(&m->fds[i]);
	m->n_fds = 0;
}

static int not_ours(struct err *e, const char *why)
{
	err_set(e, ERR_PERM, "%s", why);
	return err_hint(e, _("banger-helper is started by banger-tui, not by hand; log_input of sudoers must be off for it."));
}

/* No name at either end: neither bound, nor connected to what was. */
static bool is_nameless(int (*ask)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct sockaddr_un sa = {0};
	socklen_t n = sizeof(sa);

	return ask(fd, (struct sockaddr *)&sa, &n) == 0 && sa.sun_family == AF_UNIX && n == sizeof(sa.sun_family);
}

static bool has_option(int fd, int name, int wanted)
{
	int value = -1;
	socklen_t n = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &n) == 0 && value == wanted;
}

/* Digits and nothing else. */
static bool names_uid(const char *text, uid_t uid)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && v == uid;
}

int serve_identify(int fd, const char *sudo_uid, const char *pkexec_uid, struct ucred *ret, struct err *e)
{
	socklen_t n = sizeof(*ret);

	if (!has_option(fd, SO_DOMAIN, AF_UNIX) || !has_option(fd, SO_TYPE, SOCK_SEQPACKET) ||
	    !has_option(fd, SO_ACCEPTCONN, 0) || !is_nameless(getsockname, fd) || !is_nameless(getpeername, fd))
		return not_ours(e, _("standard input is not one end of a socket pair"));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &n) < 0 || n != sizeof(*ret) || ret->pid <= 0 ||
	    ret->uid == (uid_t)-1)
		return not_ours(e, _("it cannot be told who made the socket pair"));
	if (ret->uid != 0 && !sudo_uid && !pkexec_uid)
		return not_ours(e, _("the socket pair is not root's, and neither sudo nor pkexec says for whom this was started"));
	/* `sudo banger-tui` passes SUDO_UID on: root made the pair. */
	if (ret->uid != 0 && ((sudo_uid && !names_uid(sudo_uid, ret->uid)) || (pkexec_uid && !names_uid(pkexec_uid, ret->uid))))
		return not_ours(e, _("the socket pair belongs to another user than this was started for"));
	return 0;
}

static void take_control(struct message *m, struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(m->cred)))
			memcpy(&m->cred, CMSG_DATA(c), sizeof(m->cred));
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		assert(n <= FDS_MAX);
		memcpy(m->fds, CMSG_DATA(c), n * sizeof(int));
		m->n_fds = (int)n;
	}
}

/* 1 with a message, 0 when the client hung up. */
static int receive(const struct serve_args *a, struct message *m, struct err *e)
{
	union {
		char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = m->data, .iov_len = sizeof(m->data)};
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
	ssize_t n;

	memset(m, 0, sizeof(*m));
	do
		n = recvmsg(a->fd, &h, MSG_CMSG_CLOEXEC | MSG_TRUNC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : err_sys(e, errno, "recvmsg");
	take_control(m, &h);
	m->n = (size_t)n;
	m->cut = (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	/* An empty message has a sender, the end has none. */
	if (n == 0 && m->cred.pid == 0 && m->n_fds == 0)
		return 0;
	return 1;
}

static int wait_for(int fd, short events, int stop_fd, int timeout_ms)
{
	struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = stop_fd, .events = POLLIN}};
	int n;

	do
		n = poll(fds, ARRAY_LEN(fds), timeout_ms);
	while (n < 0 && errno == EINTR);
	return n > 0 && fds[1].revents ? -1 : n;
}

static int send_data(const struct serve_args *a, const void *data, size_t n, struct err *e)
{
	for (;;) {
		if (send(a->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return 0; /* the next receive sees the end */
		if (errno != EAGAIN)
			return err_sys(e, errno, "send");
		if (wait_for(a->fd, POLLOUT, -1, a->send_ms) == 0)
			return err_set(e, ERR_TIMEOUT, _("the client does not read"));
	}
}

static int send_reply(const struct serve_args *a, uint32_t seq, const struct priv_reply *r, const struct err *failed,
		      struct err *e)
{
	auto_buf out = {0};

	codec_put_reply(seq, r, failed, &out);
	return send_data(a, out.data, out.len, e);
}

/* The last word before we hang up; nobody need hear it. */
static int refuse(const struct serve_args *a, struct err *e)
{
	(void)!send_reply(a, 0, &(struct priv_reply){0}, e, NULL);
	return -1;
}

/* What holds for every message, whatever it says. */
static int check_sender(const struct serve_args *a, const struct message *m, int fds, struct err *e)
{
	if (m->cred.pid != a->peer.pid || m->cred.uid != a->peer.uid)
		return err_set(e, ERR_PERM, _("helper: a message of another process than the one it serves"));
	if (m->cut || m->n_fds != fds)
		return err_set(e, ERR_PROTO, _("helper: a message of %zu bytes with %d descriptors"), m->n, m->n_fds);
	return 0;
}

static bool is_gone(void *arg)
{
	const struct serve_args *a = arg;
	struct pollfd fd = {.fd = a->fd, .events = POLLRDHUP};

	return poll(&fd, 1, 0) > 0 && fd.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

static int shake_hands(const struct serve_args *a, struct message *m, struct ops *o, struct err *e)
{
	struct codec_hello h;

	if (check_sender(a, m, 1, e) < 0 || codec_get_hello(CODEC_HANDSHAKE, m->data, m->n, &h, e) < 0)
		return -1;
	if (a->peer.uid != 0 && (h.uid != a->peer.uid || h.gid != a->peer.gid))
		return err_set(e, ERR_PERM, _("helper: what it makes for user %u cannot be somebody else's"),
			       (unsigned int)a->peer.uid);
	*o = (struct ops){.host = a->host,
			  .files = {.fd = m->fds[0], .uid = a->peer.uid},
			  .claims = -1,
			  .uid = a->peer.uid,
			  .owner = h.uid,
			  .group = h.gid,
			  .is_gone = is_gone,
			  .arg = (void *)a};
	m->fds[0] = -1;
	return beneath_check(&o->files, e);
}

/* Anew for each request: a look leaves nothing behind, and whoever removes the directory is not in our way. */
static int open_claims(const struct serve_args *a, struct ops *o, enum priv_op op, struct err *e)
{
	fd_close(&o->claims);
	return ops_only_looks(op) ? claims_find(a->run_dir, &o->claims, e) : claims_open(a->run_dir, &o->claims, e);
}

static void carry_out(const struct serve_args *a, struct ops *o, const struct codec_call *c, struct priv_reply *ret,
		      struct err *failed)
{
	struct op op;

	op_init(&op, c->timeout_ms);
	if (open_claims(a, o, c->r.op, failed) == 0)
		(void)!ops_run(&op, o, &c->r, ret, failed);
	op_done(&op);
}

/* 1 when it was carried out or refused, -1 when it is the end. */
static int answer(const struct serve_args *a, const struct message *m, struct ops *o, struct err *e)
{
	struct priv_reply reply = {0};
	struct codec_call call;
	struct err failed = {0};

	if (check_sender(a, m, 0, e) < 0)
		return refuse(a, e);
	if (codec_get_request(m->data, m->n, &call, &failed) == 0) {
		carry_out(a, o, &call, &reply, &failed);
	} else if (failed.code == ERR_PROTO) {
		*e = failed;
		return refuse(a, e);
	}
	int rc = send_reply(a, call.seq, &reply, &failed, e);
	priv_reply_done(&reply);
	return rc < 0 ? -1 : 1;
}

static int greet(const struct serve_args *a, struct err *e)
{
	uint8_t greeting[CODEC_HELLO_SIZE];

	if (setsockopt(a->fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) < 0)
		return err_sys(e, errno, "SO_PASSCRED");
	codec_put_hello(CODEC_GREETING, &(struct codec_hello){0}, greeting);
	return send_data(a, greeting, sizeof(greeting), e);
}

/* 1 when somebody is there to be served, 0 when they went. */
static int meet(const struct serve_args *a, struct ops *o, struct err *e)
{
	struct message m = {0};
	int n = wait_for(a->fd, POLLIN, a->stop_fd, a->handshake_ms);

	if (n < 0)
		return 0;
	if (n == 0)
		return err_set(e, ERR_TIMEOUT, _("the client does not speak"));
	int rc = receive(a, &m, e);
	if (rc > 0 && shake_hands(a, &m, o, e) < 0)
		rc = refuse(a, e);
	else if (rc > 0)
		rc = send_reply(a, 0, &(struct priv_reply){0}, NULL, e) < 0 ? -1 : 1;
	message_done(&m);
	return rc;
}

static int serve(const struct serve_args *a, struct ops *o, struct err *e)
{
	struct message m = {0};
	int rc;

	do {
		if (wait_for(a->fd, POLLIN, a->stop_fd, -1) < 0)
			return 0;
		rc = receive(a, &m, e);
		if (rc > 0)
			rc = answer(a, &m, o, e);
		message_done(&m);
	} while (rc > 0);
	return rc;
}

int serve_run(const struct serve_args *args, struct err *e)
{
	struct serve_args a = *args;
	struct ops o = {.files = {.fd = -1}, .claims = -1};

	a.handshake_ms = a.handshake_ms ? a.handshake_ms : SERVE_HANDSHAKE_MS;
	a.send_ms = a.send_ms ? a.send_ms : SERVE_SEND_MS;
	if (greet(&a, e) < 0)
		return -1;
	int rc = meet(&a, &o, e);
	if (rc > 0)
		rc = serve(&a, &o, e);
	fd_close(&o.files.fd);
	fd_close(&o.claims);
	return rc;
}
