/* SPDX-License-Identifier: MIT */
/*
 * SSH sessions: TCP, key exchange, host key check, login. Channels are in ssh_chan.c.
 *
 * The session is a row of phases, each run by one function of a table until it would wait; ssh_step() goes through
 * them. libssh2 reads and writes through two callbacks of ours: they note when the guest was last heard and whether
 * the socket was cut, which libssh2's own error codes do not tell apart from a guest that speaks wrongly, and after
 * ssh_free() has begun they never wait.
 *
 * Host key: only ssh-ed25519 is offered to the server, and the key that signed the exchange is compared with the
 * pinned one before the user name is sent. Login signs through keys_sign(): libssh2 never sees the secret.
 */
#include "core/guest/ssh_priv.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#define LOGIN_TIMEOUT_MS 30000
#define FREE_TRIES 64
#define TURN_MAX ((size_t)256 << 10)  /* received in one call of ours: no guest can keep the thread */
#define LOGIN_MAX ((size_t)256 << 10) /* received until logged in; a real one takes about 4 KiB */

static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

static void lib_start(void)
{
	if (libssh2_init(0) != 0)
		abort();
}

static ssize_t on_recv(libssh2_socket_t fd, void *data, size_t n, int flags, void **abstract)
{
	struct ssh *s = *abstract;
	ssize_t got;

	if (s->closing)
		return 0;
	s->flood = s->flood || (s->phase < PHASE_READY && s->login_left == 0);
	if (s->flood)
		return -EPROTO;
	n = MIN(n, s->phase < PHASE_READY ? MIN(s->turn_left, s->login_left) : s->turn_left);
	if (n == 0)
		return -EAGAIN;
	got = recv(fd, data, n, flags);
	if (got > 0) {
		s->heard_ms = clock_mono_ms();
		s->asked_ms = 0;
		s->turn_left -= (size_t)got;
		s->login_left -= MIN((size_t)got, s->login_left);
		return got;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	s->cut = true;
	return got < 0 ? -errno : 0;
}

static ssize_t on_send(libssh2_socket_t fd, const void *data, size_t n, int flags, void **abstract)
{
	struct ssh *s = *abstract;
	ssize_t put;

	put = send(fd, data, n, flags | MSG_NOSIGNAL);
	if (put >= 0)
		return put;
	if (errno == EAGAIN || errno == EINTR)
		return s->closing ? -EPIPE : -EAGAIN;
	s->cut = true;
	return -errno;
}

/* libssh2 takes its callbacks as void pointers. */
static void set_callbacks(LIBSSH2_SESSION *lib)
{
	union {
		ssize_t (*recv)(libssh2_socket_t, void *, size_t, int, void **);
		ssize_t (*send)(libssh2_socket_t, const void *, size_t, int, void **);
		void *ptr;
	} fn;

	fn.recv = on_recv;
	libssh2_session_callback_set(lib, LIBSSH2_CALLBACK_RECV, fn.ptr);
	fn.send = on_send;
	libssh2_session_callback_set(lib, LIBSSH2_CALLBACK_SEND, fn.ptr);
}

struct ssh *ssh_new(const struct ssh_args *a)
{
	struct ssh *s = xcalloc(1, sizeof(*s));

	pthread_once(&lib_once, lib_start);
	s->fd = -1;
	s->port = a->port;
	str_copy(s->host, sizeof(s->host), a->host ? a->host : "127.0.0.1");
	str_copy(s->user, sizeof(s->user), a->user ? a->user : "root");
	s->host_key = a->host_key;
	s->key = a->key;
	keys_pub_blob(&s->key.pub, s->key_blob);
	s->login_timeout_ms = a->login_timeout_ms > 0 ? a->login_timeout_ms : LOGIN_TIMEOUT_MS;
	return s;
}

void ssh_free(struct ssh *s)
{
	int tries = FREE_TRIES;

	if (!s)
		return;
	s->closing = true;
	while (s->chans)
		ssh_chan_free(s->chans);
	if (s->lib) {
		if (s->phase == PHASE_READY && s->stuck == CALL_NONE)
			(void)libssh2_session_disconnect(s->lib, "closed");
		while (libssh2_session_free(s->lib) == LIBSSH2_ERROR_EAGAIN && tries-- > 0)
			;
	}
	fd_close(&s->fd);
	keys_wipe(&s->key);
	free(s);
}

enum ssh_io ssh_dead(struct err *e)
{
	err_set(e, ERR_NET, _("the SSH connection is closed"));
	return SSH_FAILED;
}

static enum ssh_io fail(struct ssh *s)
{
	s->phase = PHASE_DEAD;
	s->stuck = CALL_NONE;
	return SSH_FAILED;
}

bool ssh_may_call(struct ssh *s, const struct ssh_chan *c, enum ssh_call call)
{
	s->turn_left = TURN_MAX;
	if (s->stuck == CALL_CLOSE)
		ssh_chan_reap(s->stuck_chan);
	return s->stuck == CALL_NONE || (s->stuck == call && s->stuck_chan == c);
}

static enum err_code code_of(const struct ssh *s, ssize_t rc)
{
	if (s->flood)
		return ERR_PROTO;
	if (s->cut)
		return ERR_NET;
	switch (rc) {
	case LIBSSH2_ERROR_SOCKET_SEND:
	case LIBSSH2_ERROR_SOCKET_RECV:
	case LIBSSH2_ERROR_SOCKET_DISCONNECT:
		return ERR_NET;
	case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
	case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
		return ERR_AUTH;
	case LIBSSH2_ERROR_ALLOC:
		return ERR_NOMEM;
	default:
		return ERR_PROTO;
	}
}

enum ssh_io ssh_result(struct ssh *s, struct ssh_chan *c, enum ssh_call call, ssize_t rc, const char *doing,
		       struct err *e)
{
	enum err_code code;
	char *text = NULL;

	if (rc == LIBSSH2_ERROR_EAGAIN) {
		bool out = libssh2_session_block_directions(s->lib) & LIBSSH2_SESSION_BLOCK_OUTBOUND;

		s->stuck = out ? call : CALL_NONE;
		s->stuck_chan = out ? c : NULL;
		return out ? SSH_WANT_WRITE : SSH_WANT_READ;
	}
	s->stuck = CALL_NONE;
	if (rc >= 0)
		return SSH_DONE;
	code = code_of(s, rc);
	libssh2_session_last_error(s->lib, &text, NULL, 0);
	if (code == ERR_NET)
		err_set(e, code, _("%s: the connection was lost"), doing);
	else
		err_set(e, code, "%s: %s", doing, text && *text ? text : _("SSH error"));
	return fail(s);
}

static socklen_t make_addr(const struct ssh *s, struct sockaddr_storage *ss)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, s->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)s->port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, s->host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)s->port);
		return sizeof(*v6);
	}
	return 0;
}

static enum ssh_io connect_failed(struct ssh *s, int sys, struct err *e)
{
	err_set(e, ERR_NET, _("connect to %s port %d: %s"), s->host, s->port, err_strerror(sys));
	if (e)
		e->sys = sys;
	return fail(s);
}

static enum ssh_io begin_tcp(struct ssh *s, struct err *e)
{
	struct sockaddr_storage ss;
	socklen_t len = make_addr(s, &ss);
	int on = 1;

	if (!len) {
		err_set(e, ERR_USAGE, _("'%s' is not a literal address"), s->host);
		return fail(s);
	}
	s->login_by_ms = clock_mono_ms() + s->login_timeout_ms;
	s->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return connect_failed(s, errno, e);
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	s->phase = PHASE_TCP;
	if (connect(s->fd, (struct sockaddr *)&ss, len) < 0 && errno != EINPROGRESS && errno != EINTR)
		return connect_failed(s, errno, e);
	return SSH_DONE;
}

static enum ssh_io begin_session(struct ssh *s, struct err *e)
{
	s->lib = libssh2_session_init_ex(NULL, NULL, NULL, s);
	if (!s->lib) {
		err_set(e, ERR_NOMEM, _("libssh2 cannot make a session"));
		return fail(s);
	}
	libssh2_session_set_blocking(s->lib, 0);
	set_callbacks(s->lib);
	if (libssh2_session_method_pref(s->lib, LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519") < 0) {
		err_set(e, ERR_MISSING, _("this libssh2 cannot check ed25519 host keys"));
		return fail(s);
	}
	s->heard_ms = clock_mono_ms();
	s->login_left = LOGIN_MAX;
	s->phase = PHASE_KEX;
	return SSH_DONE;
}

static enum ssh_io finish_tcp(struct ssh *s, struct err *e)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int sys = 0;

	if (poll(&p, 1, 0) <= 0)
		return SSH_WANT_WRITE;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
		sys = errno;
	if (sys)
		return connect_failed(s, sys, e);
	return begin_session(s, e);
}

static enum ssh_io check_host_key(struct ssh *s, struct err *e)
{
	auto_buf seen = {0}, want = {0};
	struct keys_pub key;
	size_t n = 0;
	int type;
	const char *blob = libssh2_session_hostkey(s->lib, &n, &type);

	if (!blob || keys_pub_from_blob(blob, n, &key, NULL) < 0) {
		err_set(e, ERR_AUTH, _("the server at %s port %d has no ed25519 host key"), s->host, s->port);
		return fail(s);
	}
	if (keys_pub_equal(&key, &s->host_key))
		return SSH_DONE;
	keys_fingerprint(&key, &seen);
	keys_fingerprint(&s->host_key, &want);
	err_set(e, ERR_AUTH, _("the host key of the server at %s port %d is not this VM's: it has %s, expected %s"),
		s->host, s->port, buf_cstr(&seen), buf_cstr(&want));
	err_hint(e, _("Another program may be listening on this port; restart the VM to get a new one."));
	return fail(s);
}

static enum ssh_io exchange_keys(struct ssh *s, struct err *e)
{
	enum ssh_io io =
		ssh_result(s, NULL, CALL_NONE, libssh2_session_handshake(s->lib, s->fd), _("SSH key exchange"), e);

	if (io == SSH_DONE)
		io = check_host_key(s, e);
	if (io == SSH_DONE)
		s->phase = PHASE_LOGIN;
	return io;
}

/* libssh2 frees *sig with the session's allocator, which is malloc's. */
static int on_sign(LIBSSH2_SESSION *lib, unsigned char **sig, size_t *sig_len, const unsigned char *data, size_t n,
		   void **abstract)
{
	struct ssh *s = *abstract;

	(void)lib;
	*sig = malloc(KEYS_SIG_LEN);
	*sig_len = KEYS_SIG_LEN;
	return *sig && keys_sign(&s->key, data, n, *sig, NULL) == 0 ? 0 : -1;
}

static enum ssh_io log_in(struct ssh *s, struct err *e)
{
	void *self = s;
	int rc = libssh2_userauth_publickey(s->lib, s->user, s->key_blob, KEYS_BLOB_LEN, on_sign, &self);
	enum ssh_io io = ssh_result(s, NULL, CALL_NONE, rc, _("SSH login"), e);

	if (io == SSH_DONE)
		s->phase = PHASE_READY;
	if (io == SSH_FAILED && e && e->code == ERR_AUTH)
		err_hint(e, _("The guest does not know this login key; restart the VM to hand it the present one."));
	return io;
}

enum ssh_io ssh_step(struct ssh *s, struct err *e)
{
	static enum ssh_io (*const run[])(struct ssh *, struct err *) = {
		[PHASE_NEW] = begin_tcp,
		[PHASE_TCP] = finish_tcp,
		[PHASE_KEX] = exchange_keys,
		[PHASE_LOGIN] = log_in,
	};
	enum ssh_io io = SSH_DONE;

	s->turn_left = TURN_MAX;
	while (io == SSH_DONE && s->phase < PHASE_READY)
		io = run[s->phase](s, e);
	if (io == SSH_DONE && s->phase == PHASE_DEAD)
		return ssh_dead(e);
	if ((io == SSH_WANT_READ || io == SSH_WANT_WRITE) && ssh_left_ms(s) == 0) {
		err_set(e, ERR_TIMEOUT, _("the SSH server at %s port %d did not answer in time"), s->host, s->port);
		return fail(s);
	}
	return io;
}

int ssh_fd(const struct ssh *s)
{
	return s->fd;
}

short ssh_events(const struct ssh *s)
{
	if (s->phase == PHASE_TCP)
		return POLLOUT;
	if (s->phase < PHASE_READY && s->lib)
		return libssh2_session_block_directions(s->lib) & LIBSSH2_SESSION_BLOCK_OUTBOUND ? POLLOUT : POLLIN;
	return s->stuck == CALL_NONE ? POLLIN : POLLIN | POLLOUT;
}

int ssh_left_ms(const struct ssh *s)
{
	int64_t left;

	if (s->phase == PHASE_READY || s->phase == PHASE_NEW)
		return -1;
	left = s->login_by_ms - clock_mono_ms();
	return (int)MAX(0, MIN(left, INT_MAX));
}

int64_t ssh_idle_ms(const struct ssh *s)
{
	return s->heard_ms ? clock_mono_ms() - s->heard_ms : 0;
}

enum ssh_io ssh_keepalive(struct ssh *s, int interval_ms, struct err *e)
{
	struct pollfd room = {.fd = s->fd, .events = POLLOUT};
	int next;
	enum ssh_io io;

	if (s->phase != PHASE_READY)
		return ssh_dead(e);
	if (s->asked_ms || ssh_idle_ms(s) < interval_ms)
		return SSH_DONE;
	/* libssh2_keepalive_send() hides EAGAIN and would leave half a packet behind: only with room in the socket. */
	if (!ssh_may_call(s, NULL, CALL_KEEPALIVE) || poll(&room, 1, 0) <= 0)
		return SSH_WANT_WRITE;
	libssh2_keepalive_config(s->lib, 1, 2);
	io = ssh_result(s, NULL, CALL_KEEPALIVE, libssh2_keepalive_send(s->lib, &next), _("SSH keepalive"), e);
	if (io == SSH_DONE)
		s->asked_ms = clock_mono_ms();
	return io;
}

static int wait_io(struct op *op, struct ssh *s, struct err *e)
{
	struct pollfd p = {.fd = ssh_fd(s), .events = ssh_events(s)};

	return op_poll(op, &p, 1, ssh_left_ms(s), e);
}

int ssh_connect(struct op *op, const struct ssh_args *a, struct ssh **ret, struct err *e)
{
	auto_ssh s = ssh_new(a);
	enum ssh_io io = SSH_WANT_READ;

	while (io != SSH_DONE) {
		io = ssh_step(s, e);
		if (io == SSH_FAILED || (io != SSH_DONE && wait_io(op, s, e) < 0))
			return -1;
	}
	*ret = TAKE_PTR(s);
	return 0;
}

int ssh_open(struct op *op, struct ssh *s, const struct ssh_chan_args *a, struct ssh_chan **ret, struct err *e)
{
	struct ssh_chan *c = ssh_chan_new(s, a);
	enum ssh_io io = SSH_WANT_READ;

	while (io != SSH_DONE) {
		io = ssh_chan_step(c, e);
		if (io == SSH_FAILED || (io != SSH_DONE && wait_io(op, s, e) < 0)) {
			ssh_chan_free(c);
			return -1;
		}
	}
	*ret = c;
	return 0;
}
