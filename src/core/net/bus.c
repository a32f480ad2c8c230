/* SPDX-License-Identifier: MIT */
/*
 * See bus.h.
 */
#include "core/net/bus.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX 65536 /* a reply to our calls is a hundred bytes */
#define FIXED 16
#define NO_AUTO_START 0x2
#define FOREIGN_MAX 64 /* messages passed over while a reply is waited for */

#define BUS_NAME "org.freedesktop.DBus"

enum message_type { METHOD_CALL = 1, METHOD_RETURN = 2, ERROR_REPLY = 3, SIGNAL = 4 };
enum field { F_PATH = 1, F_INTERFACE, F_MEMBER, F_ERROR_NAME, F_REPLY_SERIAL, F_DESTINATION, F_SENDER, F_SIGNATURE };

/* ---- writing ---- */

void bus_align(struct buf *b, size_t to)
{
	while (b->len % to)
		buf_addc(b, '\0');
}

void bus_put32(struct buf *b, uint32_t v)
{
	bus_align(b, 4);
	for (int i = 0; i < 4; i++)
		buf_addc(b, (char)(v >> (8 * i)));
}

void bus_put16(struct buf *b, uint16_t v)
{
	bus_align(b, 2);
	buf_addc(b, (char)v);
	buf_addc(b, (char)(v >> 8));
}

void bus_put_string(struct buf *b, const char *s)
{
	bus_put32(b, (uint32_t)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

static void put_signature(struct buf *b, const char *s)
{
	buf_addc(b, (char)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

size_t bus_begin_array(struct buf *b, size_t element)
{
	bus_put32(b, 0);
	size_t at = b->len - 4;
	bus_align(b, element);
	return at;
}

void bus_end_array(struct buf *b, size_t at, size_t element)
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

	bus_align(b, 8);
	buf_addc(b, (char)f);
	put_signature(b, signature);
	if (type == 'g')
		put_signature(b, value);
	else
		bus_put_string(b, value);
}

void bus_call_done(struct bus_call *c)
{
	buf_done(&c->body);
}

static void format_call(const struct bus_call *c, uint32_t serial, struct buf *out)
{
	const char head[] = {'l', METHOD_CALL, NO_AUTO_START, 1};

	buf_add(out, head, sizeof(head));
	bus_put32(out, (uint32_t)c->body.len);
	bus_put32(out, serial);
	size_t fields = bus_begin_array(out, 8);
	put_field(out, F_PATH, 'o', c->path);
	put_field(out, F_INTERFACE, 's', c->interface);
	put_field(out, F_MEMBER, 's', c->member);
	put_field(out, F_DESTINATION, 's', c->destination);
	if (c->signature)
		put_field(out, F_SIGNATURE, 'g', c->signature);
	bus_end_array(out, fields, 8);
	bus_align(out, 8);
	if (c->body.len)
		buf_add(out, c->body.data, c->body.len);
}

/* ---- reading ---- */

struct message {
	enum message_type type;
	uint32_t to; /* the call's serial */
	bool has_text;
	struct bus_reply says;
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

static void read_field(struct reader *r, struct message *ret)
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
		str_copy(ret->says.error, sizeof(ret->says.error), text);
	if (field == F_SIGNATURE)
		ret->has_text = text[0] == 's';
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

static int read_message(int fd, struct message *ret, struct err *e)
{
	uint8_t fixed[FIXED];
	auto_buf rest = {0};

	*ret = (struct message){0};
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
	if (ret->has_text && !r.bad) {
		struct reader b = {.p = p + (n - body), .n = body, .big = head.big};
		str_copy(ret->says.text, sizeof(ret->says.text), get_text(&b, get32(&b)));
		r.bad = b.bad;
	}
	if (r.bad)
		return broken(e);
	ret->type = fixed[1];
	ret->says.is_error = ret->type == ERROR_REPLY;
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

/* Both ways: a bus that does not listen is no better than one that does not speak. */
static int set_wait(int fd, int ms, struct err *e)
{
	const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
		return err_sys(e, errno, "setsockopt");
	return 0;
}

static int exchange(struct bus *b, const struct bus_call *c, struct bus_reply *ret, struct err *e)
{
	auto_buf out = {0};
	struct message m;

	format_call(c, ++b->serial, &out);
	if (set_wait(b->fd, c->wait_ms ? c->wait_ms : BUS_WAIT_MS, e) < 0 || send_all(b->fd, out.data, out.len, e) < 0)
		return -1;
	for (int i = 0; i < FOREIGN_MAX; i++) {
		if (read_message(b->fd, &m, e) < 0)
			return -1;
		if (m.to != b->serial || (m.type != METHOD_RETURN && m.type != ERROR_REPLY))
			continue;
		*ret = m.says;
		return 0;
	}
	return broken(e);
}

/* After what is no message, or none at all, nobody knows where the next one begins. */
int bus_run(struct bus *b, const struct bus_call *c, struct bus_reply *ret, struct err *e)
{
	*ret = (struct bus_reply){0};
	if (b->fd < 0)
		return err_set(e, ERR_MISSING, _("there is no system bus"));
	if (exchange(b, c, ret, e) == 0)
		return 0;
	bus_close(b);
	return -1;
}

int bus_refused(const struct bus_call *c, const struct bus_reply *r, struct err *e)
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
	};
	enum err_code code = ERR_STATE;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, r->error) != 0)
			continue;
		if (i < 2)
			return err_set(e, ERR_MISSING, _("%s does not run"), c->service);
		code = known[i].code;
	}
	return err_set(e, code, _("%s refuses %s: %s"), c->service, c->member, r->error[0] ? r->error : "?");
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

int bus_connect(const char *path, struct bus *ret, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const struct bus_call hello = {.service = "D-Bus",
				       .destination = BUS_NAME,
				       .path = "/org/freedesktop/DBus",
				       .interface = BUS_NAME,
				       .member = "Hello"};
	struct bus_reply reply;

	*ret = (struct bus){.fd = -1};
	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, ERR_USAGE, _("'%s' is too long for a socket"), path);
	str_copy(at.sun_path, sizeof(at.sun_path), path);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, errno, "socket");
	if (set_wait(fd, BUS_WAIT_MS, e) < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, ERR_MISSING, _("there is no system bus (%s: %s)"), path, err_strerror(errno));
	if (authenticate(fd, e) < 0)
		return -1;
	ret->fd = TAKE_FD(fd);
	if (bus_run(ret, &hello, &reply, e) < 0)
		return -1;
	return reply.is_error ? bus_refused(&hello, &reply, e) : 0;
}

void bus_close(struct bus *b)
{
	fd_close_auto(&b->fd);
}
