/* SPDX-License-Identifier: MIT */
/*
 * A D-Bus client of six methods: see resolved.h.
 *
 * We write little-endian messages and read either kind. Of a reply only its kind, what it replies to and an error's name are looked
 * at; everything has a limit before it is read, and what breaks the form ends the connection. Messages that are no reply to us
 * (the bus announces our name by a signal) are passed over.
 */
#include "core/net/resolved.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MESSAGE_MAX 65536 /* a reply to our calls is a hundred bytes */
#define FIXED 16
#define NO_AUTO_START 0x2
#define NAME_MAX_LEN 128
#define LINK_TRIES 40
#define LINK_RETRY_MS 50
#define FOREIGN_MAX 64 /* messages passed over while a reply is waited for */

#define BUS_NAME "org.freedesktop.DBus"
#define RESOLVE_NAME "org.freedesktop.resolve1"

enum message_type { METHOD_CALL = 1, METHOD_RETURN = 2, ERROR_REPLY = 3, SIGNAL = 4 };
enum field { F_PATH = 1, F_INTERFACE, F_MEMBER, F_ERROR_NAME, F_REPLY_SERIAL, F_DESTINATION, F_SENDER, F_SIGNATURE };

/* ---- writing ---- */

static void align(struct buf *b, size_t to)
{
	while (b->len % to)
		buf_addc(b, '\0');
}

static void put32(struct buf *b, uint32_t v)
{
	align(b, 4);
	for (int i = 0; i < 4; i++)
		buf_addc(b, (char)(v >> (8 * i)));
}

static void put16(struct buf *b, uint16_t v)
{
	align(b, 2);
	buf_addc(b, (char)v);
	buf_addc(b, (char)(v >> 8));
}

static void put_string(struct buf *b, const char *s)
{
	put32(b, (uint32_t)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

static void put_signature(struct buf *b, const char *s)
{
	buf_addc(b, (char)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

/* Where an array's length is written, known when it has ended: the padding to its first element does not count. */
static size_t begin_array(struct buf *b, size_t element)
{
	put32(b, 0);
	size_t at = b->len - 4;
	align(b, element);
	return at;
}

static void end_array(struct buf *b, size_t at, size_t element)
{
	size_t first = at + 4;

	while (first % element)
		first++;
	uint32_t n = (uint32_t)(b->len - first);
	for (int i = 0; i < 4; i++)
		b->data[at + (size_t)i] = (char)(n >> (8 * i));
}

static void put_field(struct buf *b, enum field f, char type, const char *value)
{
	const char signature[] = {type, '\0'};

	align(b, 8);
	buf_addc(b, (char)f);
	put_signature(b, signature);
	if (type == 'g')
		put_signature(b, value);
	else
		put_string(b, value);
}

struct call {
	const char *destination;
	const char *path;
	const char *member;
	const char *signature; /* NULL: no arguments */
	struct buf body;
};

static void call_done(struct call *c)
{
	buf_done(&c->body);
}

#define auto_call_args __attribute__((cleanup(call_done))) struct call

static void format_call(const struct call *c, uint32_t serial, struct buf *out)
{
	const char head[] = {'l', METHOD_CALL, NO_AUTO_START, 1};

	buf_add(out, head, sizeof(head));
	put32(out, (uint32_t)c->body.len);
	put32(out, serial);
	size_t fields = begin_array(out, 8);
	put_field(out, F_PATH, 'o', c->path);
	/* Each of the two services has one interface named as itself, or as its manager. */
	put_field(out, F_INTERFACE, 's', strcmp(c->destination, BUS_NAME) == 0 ? BUS_NAME : RESOLVE_NAME ".Manager");
	put_field(out, F_MEMBER, 's', c->member);
	put_field(out, F_DESTINATION, 's', c->destination);
	if (c->signature)
		put_field(out, F_SIGNATURE, 'g', c->signature);
	end_array(out, fields, 8);
	align(out, 8);
	if (c->body.len)
		buf_add(out, c->body.data, c->body.len);
}

/* ---- reading ---- */

struct reply {
	enum message_type type;
	uint32_t to; /* the call's serial */
	char error[NAME_MAX_LEN];
};

struct reader {
	const uint8_t *p;
	size_t n;
	size_t at;
	bool big;
	bool bad;
};

static uint32_t get32(struct reader *r)
{
	r->at = (r->at + 3) & ~(size_t)3;
	if (r->n < 4 || r->at > r->n - 4) {
		r->bad = true;
		return 0;
	}
	const uint8_t *p = r->p + r->at;
	r->at += 4;
	return r->big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		      : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint8_t get8(struct reader *r)
{
	if (r->at >= r->n) {
		r->bad = true;
		return 0;
	}
	return r->p[r->at++];
}

/* n bytes and a zero; borrowed. */
static const char *get_text(struct reader *r, uint32_t n)
{
	if (r->bad || n >= r->n - r->at || r->p[r->at + n] != 0) {
		r->bad = true;
		return "";
	}
	const char *s = (const char *)r->p + r->at;
	r->at += n + 1;
	return s;
}

static void read_field(struct reader *r, struct reply *ret)
{
	r->at = (r->at + 7) & ~(size_t)7;
	uint8_t field = get8(r);
	const char *type = get_text(r, get8(r));
	const char *text = "";
	uint32_t number = 0;

	if (strcmp(type, "u") == 0)
		number = get32(r);
	else if (strcmp(type, "s") == 0 || strcmp(type, "o") == 0)
		text = get_text(r, get32(r));
	else if (strcmp(type, "g") == 0)
		text = get_text(r, get8(r));
	else
		r->bad = true;
	if (field == F_REPLY_SERIAL)
		ret->to = number;
	if (field == F_ERROR_NAME)
		str_copy(ret->error, sizeof(ret->error), text);
}

static int recv_all(int fd, void *p, size_t n, struct err *e)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = recv(fd, (char *)p + at, n - at, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, ERR_NET, _("the system bus does not answer: %s"), err_strerror(errno));
		if (got == 0)
			return err_set(e, ERR_NET, _("the system bus hung up"));
		at += (size_t)got;
	}
	return 0;
}

static int broken(struct err *e)
{
	return err_set(e, ERR_PROTO, _("the system bus said what is no message"));
}

static int read_message(int fd, struct reply *ret, struct err *e)
{
	uint8_t fixed[FIXED];
	auto_buf rest = {0};

	*ret = (struct reply){0};
	if (recv_all(fd, fixed, sizeof(fixed), e) < 0)
		return -1;
	struct reader head = {.p = fixed, .n = sizeof(fixed), .at = 4, .big = fixed[0] == 'B'};
	uint32_t body = get32(&head);
	(void)get32(&head); /* its own serial */
	uint32_t fields = get32(&head);
	if ((fixed[0] != 'l' && fixed[0] != 'B') || fixed[3] != 1 || body > MESSAGE_MAX || fields > MESSAGE_MAX)
		return broken(e);
	size_t n = ((fields + 7u) & ~7u) + body;
	uint8_t *p = (uint8_t *)buf_reserve(&rest, n + 1);
	if (recv_all(fd, p, n, e) < 0)
		return -1;
	/* Aligned as in the whole message: the fixed part is a multiple of eight. */
	struct reader r = {.p = p, .n = fields, .big = head.big};
	while (r.at < r.n && !r.bad)
		read_field(&r, ret);
	if (r.bad)
		return broken(e);
	ret->type = fixed[1];
	return 0;
}

/* ---- calls ---- */

static int send_all(int fd, const void *p, size_t n, struct err *e)
{
	for (size_t at = 0; at < n;) {
		ssize_t sent = send(fd, (const char *)p + at, n - at, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return err_set(e, ERR_NET, _("the system bus does not listen: %s"), err_strerror(errno));
		at += (size_t)sent;
	}
	return 0;
}

static int exchange(struct resolved *r, const struct call *c, struct reply *ret, struct err *e)
{
	auto_buf out = {0};

	format_call(c, ++r->serial, &out);
	if (send_all(r->fd, out.data, out.len, e) < 0)
		return -1;
	for (int i = 0; i < FOREIGN_MAX; i++) {
		if (read_message(r->fd, ret, e) < 0)
			return -1;
		if (ret->to == r->serial && (ret->type == METHOD_RETURN || ret->type == ERROR_REPLY))
			return 0;
	}
	return broken(e);
}

static int refused(const struct call *c, const struct reply *reply, struct err *e)
{
	static const struct {
		const char *name;
		enum err_code code;
	} known[] = {
		{BUS_NAME ".Error.ServiceUnknown", ERR_MISSING},
		{BUS_NAME ".Error.NameHasNoOwner", ERR_MISSING},
		{BUS_NAME ".Error.UnknownMethod", ERR_MISSING},
		{BUS_NAME ".Error.AccessDenied", ERR_PERM},
		{BUS_NAME ".Error.InteractiveAuthorizationRequired", ERR_PERM},
		{RESOLVE_NAME ".NoSuchLink", ERR_NOT_FOUND},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, reply->error) != 0)
			continue;
		if (i < 2)
			return err_set(e, ERR_MISSING, _("systemd-resolved does not run"));
		return err_set(e, known[i].code, _("systemd-resolved refuses %s: %s"), c->member, reply->error);
	}
	return err_set(e, ERR_STATE, _("systemd-resolved refuses %s: %s"), c->member, reply->error[0] ? reply->error : "?");
}

/* After what is no message, or none at all, nobody knows where the next one begins. */
static int run_call(struct resolved *r, const struct call *c, struct err *e)
{
	struct reply reply;

	if (r->fd < 0)
		return err_set(e, ERR_MISSING, _("there is no system bus"));
	if (exchange(r, c, &reply, e) < 0) {
		resolved_close(r);
		return -1;
	}
	return reply.type == ERROR_REPLY ? refused(c, &reply, e) : 0;
}

static struct call manager_call(const char *member, const char *signature, int ifindex)
{
	struct call c = {.destination = RESOLVE_NAME, .path = "/org/freedesktop/resolve1", .member = member, .signature = signature};

	put32(&c.body, (uint32_t)ifindex);
	return c;
}

/* a(iayqs): family, address, port, the server's name for TLS. */
static int set_server(struct resolved *r, const struct resolved_link *l, struct err *e)
{
	auto_call_args c = manager_call("SetLinkDNSEx", "ia(iayqs)", l->ifindex);
	size_t list = begin_array(&c.body, 8);

	put32(&c.body, AF_INET);
	size_t bytes = begin_array(&c.body, 1);
	for (int i = 3; i >= 0; i--)
		buf_addc(&c.body, (char)(l->server >> (8 * i)));
	end_array(&c.body, bytes, 1);
	put16(&c.body, l->port);
	put_string(&c.body, "");
	end_array(&c.body, list, 8);
	return run_call(r, &c, e);
}

/* a(sb): domain, for routing only (it is not searched). */
static int set_domains(struct resolved *r, const struct resolved_link *l, struct err *e)
{
	auto_call_args c = manager_call("SetLinkDomains", "ia(sb)", l->ifindex);
	size_t list = begin_array(&c.body, 8);

	for (int i = 0; i < RESOLVED_DOMAINS && l->domains[i]; i++) {
		align(&c.body, 8);
		put_string(&c.body, l->domains[i]);
		put32(&c.body, 1);
	}
	end_array(&c.body, list, 8);
	return run_call(r, &c, e);
}

static int set_default_route(struct resolved *r, int ifindex, struct err *e)
{
	auto_call_args c = manager_call("SetLinkDefaultRoute", "ib", ifindex);

	put32(&c.body, 0);
	return run_call(r, &c, e);
}

/* A private zone has no signatures, and its server no TLS, whatever the rest of the host wants. */
static int set_word(struct resolved *r, int ifindex, const char *member, const char *word, struct err *e)
{
	auto_call_args c = manager_call(member, "is", ifindex);

	put_string(&c.body, word);
	return run_call(r, &c, e);
}

int resolved_set(struct op *op, struct resolved *r, const struct resolved_link *l, struct err *e)
{
	for (int tries = 1;; tries++) {
		struct err why = {0};

		if (set_server(r, l, &why) == 0)
			break;
		if (why.code != ERR_NOT_FOUND || tries == LINK_TRIES)
			return err_join(e, &why);
		if (op_sleep(op, LINK_RETRY_MS, e) < 0)
			return -1;
	}
	if (set_domains(r, l, e) < 0 || set_default_route(r, l->ifindex, e) < 0 ||
	    set_word(r, l->ifindex, "SetLinkDNSSEC", "no", e) < 0)
		return -1;
	return set_word(r, l->ifindex, "SetLinkDNSOverTLS", "no", e);
}

int resolved_revert(struct resolved *r, int ifindex, struct err *e)
{
	auto_call_args c = manager_call("RevertLink", "i", ifindex);
	struct err why = {0};

	if (run_call(r, &c, &why) == 0 || why.code == ERR_MISSING || why.code == ERR_NOT_FOUND)
		return 0;
	return err_join(e, &why);
}

/* ---- the connection ---- */

/* EXTERNAL: who we are the bus sees by the socket; the name is our uid as text, in hex. */
static int authenticate(int fd, struct err *e)
{
	char uid[16], line[128] = "", c;
	auto_buf out = {0};
	size_t n = 0;

	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	buf_addc(&out, '\0');
	buf_adds(&out, "AUTH EXTERNAL ");
	for (const char *p = uid; *p; p++)
		buf_addf(&out, "%02x", (unsigned)*p);
	buf_adds(&out, "\r\n");
	if (send_all(fd, out.data, out.len, e) < 0)
		return -1;
	do {
		if (n == sizeof(line) - 1)
			return broken(e);
		if (recv_all(fd, &c, 1, e) < 0)
			return -1;
		line[n++] = c;
	} while (c != '\n');
	if (strncmp(line, "OK ", 3) != 0)
		return err_set(e, ERR_PERM, _("the system bus does not let us in"));
	return send_all(fd, "BEGIN\r\n", 7, e);
}

int resolved_connect(const char *bus, struct resolved *ret, struct err *e)
{
	static const struct timeval wait = {.tv_sec = RESOLVED_WAIT_MS / 1000};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct call hello = {.destination = BUS_NAME, .path = "/org/freedesktop/DBus", .member = "Hello"};

	*ret = (struct resolved){.fd = -1};
	if (strlen(bus) >= sizeof(at.sun_path))
		return err_set(e, ERR_USAGE, _("'%s' is too long for a socket"), bus);
	str_copy(at.sun_path, sizeof(at.sun_path), bus);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
		return err_sys(e, errno, "socket");
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, ERR_MISSING, _("there is no system bus (%s: %s)"), bus, err_strerror(errno));
	if (authenticate(fd, e) < 0)
		return -1;
	ret->fd = TAKE_FD(fd);
	return run_call(ret, &hello, e);
}

void resolved_close(struct resolved *r)
{
	fd_close_auto(&r->fd);
}
