/* SPDX-License-Identifier: MIT */
/*
 * net/bus, net/resolved and net/firewalld against a bus that is played here: what is said, byte by byte, and what is made of every
 * answer, wrong ones too.
 */
#include "base/buf.h"
#include "base/fd.h"
#include "core/net/firewalld.h"
#include "core/net/resolved.h"
#include "tests/lib/test.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CALLS_MAX 64

/* The bus: a listening socket, and what it answers each call of resolve1's with. */
static struct {
	char path[128];
	int listener;
	pthread_t thread;
	const char *greeting;	 /* after AUTH */
	const char *errors[CALLS_MAX]; /* the n-th call's error; NULL: it is done */
	const char *texts[CALLS_MAX];  /* the n-th reply's string; NULL: it has no argument */
	const char *raw;	 /* instead of the first answer, these bytes */
	size_t raw_len;
	bool big;		 /* answers come big-endian */
	bool chatter;		 /* signals and replies to others in between */
	bool silent;
	char said[CALLS_MAX][24]; /* members called */
	int n;
	struct buf last;	 /* the last call, whole */
	char auth[64];
} bus;

static void put32(struct buf *b, uint32_t v)
{
	while (b->len % 4)
		buf_addc(b, 0);
	for (int i = 0; i < 4; i++)
		buf_addc(b, (char)(v >> (bus.big ? 24 - 8 * i : 8 * i)));
}

static void put_message(struct buf *b, int type, uint32_t serial, const char *error, const char *text)
{
	struct buf f = {0};
	const char head[] = {bus.big ? 'B' : 'l', (char)type, 1, 1};

	buf_add(&f, "\5\1u\0", 4);
	put32(&f, serial);
	if (error) {
		while (f.len % 8)
			buf_addc(&f, 0);
		buf_add(&f, "\4\1s\0", 4);
		put32(&f, (uint32_t)strlen(error));
		buf_add(&f, error, strlen(error) + 1);
	}
	if (text) {
		while (f.len % 8)
			buf_addc(&f, 0);
		buf_add(&f, "\10\1g\0\1s\0", 7);
	}
	buf_add(b, head, 4);
	put32(b, text ? (uint32_t)strlen(text) + 5 : 0);
	put32(b, 77);
	put32(b, (uint32_t)f.len);
	buf_add(b, f.data, f.len);
	while (b->len % 8)
		buf_addc(b, 0);
	if (text) {
		put32(b, (uint32_t)strlen(text));
		buf_add(b, text, strlen(text) + 1);
	}
	buf_done(&f);
}

static bool read_n(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = recv(fd, (char *)p + at, n - at, 0);
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static uint32_t get32(const char *p)
{
	const uint8_t *u = (const uint8_t *)p;

	return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static bool read_call(int fd)
{
	char head[16];

	if (!read_n(fd, head, sizeof(head)))
		return false;
	buf_reset(&bus.last);
	buf_add(&bus.last, head, sizeof(head));
	size_t rest = ((get32(bus.last.data + 12) + 7) & ~7u) + get32(bus.last.data + 4);
	if (!read_n(fd, buf_reserve(&bus.last, rest), rest))
		return false;
	bus.last.len += rest;
	return true;
}

/* "\3\1s\0" length member */
static const char *member(void)
{
	const char *at = memmem(bus.last.data, bus.last.len, "\3\1s\0", 4);

	return at ? at + 8 : "";
}

static void say(int fd, int type, uint32_t to, const char *error, const char *text)
{
	auto_buf out = {0};

	put_message(&out, type, to, error, text);
	(void)!send(fd, out.data, out.len, MSG_NOSIGNAL);
}

static void answer(int fd, const char *error, const char *text)
{
	uint32_t to = get32(bus.last.data + 8);

	if (bus.chatter) {
		say(fd, 4, to, NULL, "no reply"); /* a signal that bears our number */
		say(fd, 2, 4711, NULL, NULL);	  /* somebody else's */
	}
	say(fd, error ? 3 : 2, to, error, text);
}

static void serve(int fd)
{
	char c;
	size_t n = 0;

	while (n < sizeof(bus.auth) - 1 && read_n(fd, &c, 1) && c != '\n')
		bus.auth[n++] = c ? c : '0';
	(void)!send(fd, bus.greeting, strlen(bus.greeting), MSG_NOSIGNAL);
	char begin[7];
	if (!read_n(fd, begin, sizeof(begin)) || memcmp(begin, "BEGIN\r\n", 7) != 0)
		return;
	while (bus.n < CALLS_MAX && read_call(fd)) {
		if (strcmp(member(), "Hello") == 0) {
			answer(fd, NULL, ":1.7");
			continue;
		}
		snprintf(bus.said[bus.n], sizeof(bus.said[0]), "%s", member());
		int i = bus.n++;
		if (bus.silent)
			continue;
		if (bus.raw)
			(void)!send(fd, bus.raw, bus.raw_len, MSG_NOSIGNAL);
		else
			answer(fd, bus.errors[i], bus.texts[i]);
	}
}

static void *bus_main(void *arg)
{
	auto_fd fd = accept(bus.listener, NULL, NULL);

	if (fd >= 0)
		serve(fd);
	return arg;
}

static int setup(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (tmpdir_setup(state) < 0)
		return -1;
	memset(&bus, 0, sizeof(bus));
	bus.greeting = "OK 0123456789abcdef0123456789abcdef\r\n";
	snprintf(bus.path, sizeof(bus.path), "%s", tmpdir_path(state, "bus"));
	memcpy(at.sun_path, bus.path, strlen(bus.path) + 1);
	bus.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(bus.listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(bus.listener, 1) < 0)
		return -1;
	return pthread_create(&bus.thread, NULL, bus_main, NULL);
}

static int teardown(void **state)
{
	shutdown(bus.listener, SHUT_RDWR);
	pthread_join(bus.thread, NULL);
	close(bus.listener);
	buf_done(&bus.last);
	return tmpdir_teardown(state);
}

static const struct resolved_link web = {.ifindex = 5, .server = 0x7f000001, .port = 42069, .domains = {"vm", "0.16.172.in-addr.arpa"}};

static struct bus connected(void)
{
	struct bus r;
	struct err e = {0};

	assert_ok(bus_connect(bus.path, &r, &e), &e);
	return r;
}

static int set(struct bus *r, struct err *e)
{
	struct op op;

	op_init(&op, 20000);
	int rc = resolved_set(&op, r, &web, e);
	op_done(&op);
	return rc;
}

static void a_link_is_set(void **state)
{
	struct bus r = connected();
	struct err e = {0};

	(void)state;
	assert_ok(set(&r, &e), &e);
	assert_ok(resolved_revert(&r, 5, &e), &e);
	bus_close(&r);
	pthread_join(bus.thread, NULL);
	assert_int_equal(pthread_create(&bus.thread, NULL, bus_main, NULL), 0);
	assert_int_equal(bus.n, 6);
	assert_string_equal(bus.said[0], "SetLinkDNSEx");
	assert_string_equal(bus.said[1], "SetLinkDomains");
	assert_string_equal(bus.said[2], "SetLinkDefaultRoute");
	assert_string_equal(bus.said[3], "SetLinkDNSSEC");
	assert_string_equal(bus.said[4], "SetLinkDNSOverTLS");
	assert_string_equal(bus.said[5], "RevertLink");
	char want[64];
	int n = snprintf(want, sizeof(want), "0AUTH EXTERNAL ");
	char uid[16];
	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	for (char *p = uid; *p; p++)
		n += snprintf(want + n, sizeof(want) - (size_t)n, "%02x", (unsigned)*p);
	snprintf(want + n, sizeof(want) - (size_t)n, "\r");
	assert_string_equal(bus.auth, want);
}

/* The call that says most, as the specification has it. */
static void on_the_wire(void **state)
{
	static const char args[] = "\x05\0\0\0\x15\0\0\0" /* link; bytes of the list */
				   "\x02\0\0\0\x04\0\0\0\x7f\0\0\x01\x55\xa4\0\0\0\0\0\0";
	static const char fields[] = "\x01\x01o\0\x19\0\0\0/org/freedesktop/resolve1\0\0\0\0\0\0\0"
				     "\x02\x01s\0\x20\0\0\0org.freedesktop.resolve1.Manager\0\0\0\0\0\0\0\0"
				     "\x03\x01s\0\x0c\0\0\0SetLinkDNSEx\0\0\0\0"
				     "\x06\x01s\0\x18\0\0\0org.freedesktop.resolve1\0\0\0\0\0\0\0\0"
				     "\x08\x01g\0\x09ia(iayqs)";
	struct bus r = connected();
	struct err e = {0};

	(void)state;
	bus.errors[0] = "org.example.Stop";
	assert_err(set(&r, &e), &e, ERR_STATE);
	bus_close(&r);
	pthread_join(bus.thread, NULL);
	assert_int_equal(pthread_create(&bus.thread, NULL, bus_main, NULL), 0);
	assert_memory_equal(bus.last.data, "l\1\2\1\x1d\0\0\0\2\0\0\0", 12); /* no start of a service; the body's length; the second call */
	size_t n = get32(bus.last.data + 12), body = get32(bus.last.data + 4);
	assert_int_equal(bus.last.len, 16 + ((n + 7) & ~7u) + body);
	assert_int_equal(n, sizeof(fields) - 1 + 1);
	assert_memory_equal(bus.last.data + 16, fields, sizeof(fields) - 1);
	assert_int_equal(body, sizeof(args));
	assert_memory_equal(bus.last.data + bus.last.len - body, args, sizeof(args));
}

static void either_byte_order_and_chatter(void **state)
{
	struct bus r = connected();
	struct err e = {0};

	(void)state;
	bus.big = bus.chatter = true;
	assert_ok(set(&r, &e), &e);
	bus_close(&r);
}

/* The kernel was faster than the news of the link. */
static void a_link_that_is_news(void **state)
{
	struct bus r = connected();
	struct err e = {0};

	(void)state;
	bus.errors[0] = bus.errors[1] = "org.freedesktop.resolve1.NoSuchLink";
	assert_ok(set(&r, &e), &e);
	bus_close(&r);
	assert_int_equal(bus.n, 7);
}

static void refusals(void **state)
{
	static const struct {
		const char *error;
		enum err_code code;
	} all[] = {
		{"org.freedesktop.DBus.Error.ServiceUnknown", ERR_MISSING},
		{"org.freedesktop.DBus.Error.NameHasNoOwner", ERR_MISSING},
		{"org.freedesktop.DBus.Error.UnknownMethod", ERR_MISSING},
		{"org.freedesktop.DBus.Error.AccessDenied", ERR_PERM},
		{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", ERR_PERM},
		{"org.freedesktop.resolve1.LinkBusy", ERR_STATE},
		{"", ERR_STATE},
	};
	struct bus r = connected();
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		bus.errors[i] = all[i].error;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_err(set(&r, &e), &e, all[i].code);
	/* Nothing to take back is fine. */
	for (int i = 0; i < 3; i++)
		bus.errors[ARRAY_LEN(all) + (size_t)i] = i < 2 ? all[i].error : "org.freedesktop.resolve1.NoSuchLink";
	for (int i = 0; i < 3; i++)
		assert_ok(resolved_revert(&r, 5, &e), &e);
	bus_close(&r);
}

static void no_bus(void **state)
{
	struct bus r;
	struct err e = {0};

	assert_err(bus_connect(tmpdir_path(state, "nothing"), &r, &e), &e, ERR_MISSING);
	assert_int_equal(r.fd, -1);
	assert_err(set(&r, &e), &e, ERR_MISSING);
	assert_ok(resolved_revert(&r, 5, &e), &e);
}

static void not_let_in(void **state)
{
	struct bus r;
	struct err e = {0};

	(void)state;
	bus.greeting = "REJECTED EXTERNAL\r\n";
	assert_err(bus_connect(bus.path, &r, &e), &e, ERR_PERM);
	assert_int_equal(r.fd, -1);
}

/* What is no message, or none in time, ends the connection: the next call says so at once. */
static void broken_answers(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum err_code code;
	} all[] = {
#define RAW(s, code) {s, sizeof(s) - 1, code}
		RAW("x\2\1\1\0\0\0\0\1\0\0\0\0\0\0\0", ERR_PROTO),
		RAW("l\2\1\2\0\0\0\0\1\0\0\0\0\0\0\0", ERR_PROTO),
		RAW("l\2\1\1\xff\xff\xff\xff\1\0\0\0\0\0\0\0", ERR_PROTO),
		RAW("l\2\1\1\0\0\0\0\1\0\0\0\xff\xff\xff\x7f", ERR_PROTO),
		RAW("l\2\1\1\0\0\0\0\1\0\0\0\x08\0\0\0\5\1u\0\0\0\0", ERR_NET), /* cut, and nothing more comes */
		RAW("l\2\1\1\0\0\0\0\1\0\0\0\x08\0\0\0\5\1z\0\0\0\0\0", ERR_PROTO),
		RAW("l\2\1\1\0\0\0\0\1\0\0\0\x08\0\0\0\4\1s\0\xff\0\0\0", ERR_PROTO),
		RAW("l\2\1\1\0\0\0\0\1\0\0\0\x04\0\0\0\5\xffu\0\0\0\0\0", ERR_PROTO),
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct err e = {0};
		if (i > 0) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		struct bus r = connected();
		bus.raw = all[i].bytes;
		bus.raw_len = all[i].n;
		assert_err(set(&r, &e), &e, all[i].code);
		assert_int_equal(r.fd, -1);
		assert_err(set(&r, &e), &e, ERR_MISSING);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* ---- firewalld ---- */

#define EXCEPTION "org.fedoraproject.FirewallD1.Exception"

static void an_interface_is_trusted(void **state)
{
	struct bus b = connected();
	struct err e = {0};
	bool is_settled;

	(void)state;
	bus.chatter = true;
	bus.texts[0] = ""; /* in no zone */
	bus.texts[1] = "trusted";
	bus.texts[2] = "libvirt";
	bus.texts[3] = "trusted";
	assert_ok(firewalld_is_settled(&b, "br-banger", &is_settled, &e), &e);
	assert_false(is_settled);
	assert_ok(firewalld_trust(&b, "br-banger", &e), &e);
	/* The whole call: whom, and with what. */
	assert_non_null(memmem(bus.last.data, bus.last.len, "\2\1s\0\x21\0\0\0org.fedoraproject.FirewallD1.zone", 42));
	assert_non_null(memmem(bus.last.data, bus.last.len, "\7\0\0\0trusted\0\x09\0\0\0br-banger", 26));
	assert_ok(firewalld_is_settled(&b, "br-banger", &is_settled, &e), &e);
	assert_true(is_settled);
	assert_ok(firewalld_forget(&b, "br-banger", &e), &e);
	assert_string_equal(bus.said[0], "getZoneOfInterface");
	assert_string_equal(bus.said[1], "addInterface");
	assert_string_equal(bus.said[3], "removeInterface");
	bus_close(&b);
}

static void somebody_else_decided(void **state)
{
	static const char *const fine[] = {"ZONE_ALREADY_SET: 'br-banger' already bound to 'trusted'", "ZONE_CONFLICT: 'br-banger' in 'home'"};
	static const char *const gone[] = {"UNKNOWN_INTERFACE: 'br-banger' is not in any zone", "ZONE_CONFLICT: 'br-banger' in 'home'"};
	struct bus b = connected();
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 5; i++)
		bus.errors[i] = EXCEPTION;
	for (int i = 0; i < 2; i++) {
		bus.texts[2 * i] = fine[i];
		bus.texts[2 * i + 1] = gone[i];
	}
	bus.texts[4] = "INVALID_INTERFACE: \033[31mno";
	for (int i = 0; i < 2; i++) {
		assert_ok(firewalld_trust(&b, "br-banger", &e), &e);
		assert_ok(firewalld_forget(&b, "br-banger", &e), &e);
	}
	assert_int_equal(firewalld_trust(&b, "br-banger", &e), -1);
	assert_int_equal(e.code, ERR_STATE);
	assert_non_null(strstr(e.msg, "INVALID_INTERFACE"));
	assert_null(strchr(e.msg, '\033'));
	bus_close(&b);
}

static void no_firewalld(void **state)
{
	struct bus b = connected();
	struct bus none = {.fd = -1};
	struct err e = {0};
	bool is_settled = false;

	(void)state;
	for (int i = 0; i < 3; i++)
		bus.errors[i] = "org.freedesktop.DBus.Error.ServiceUnknown";
	bus.errors[3] = bus.errors[4] = "org.freedesktop.DBus.Error.AccessDenied";
	assert_ok(firewalld_is_settled(&b, "br-banger", &is_settled, &e), &e);
	assert_true(is_settled);
	assert_int_equal(firewalld_trust(&b, "br-banger", &e), -1);
	assert_int_equal(e.code, ERR_MISSING);
	assert_string_equal(e.msg, "firewalld does not run");
	err_clear(&e);
	assert_ok(firewalld_forget(&b, "br-banger", &e), &e);
	assert_err(firewalld_is_settled(&b, "br-banger", &is_settled, &e), &e, ERR_PERM);
	assert_err(firewalld_forget(&b, "br-banger", &e), &e, ERR_PERM);
	bus_close(&b);
	assert_ok(firewalld_is_settled(&none, "br-banger", &is_settled, &e), &e);
	assert_true(is_settled);
	assert_err(firewalld_trust(&none, "br-banger", &e), &e, ERR_MISSING);
	assert_ok(firewalld_forget(&none, "br-banger", &e), &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_link_is_set), T(on_the_wire), T(either_byte_order_and_chatter), T(a_link_that_is_news),
		T(refusals),	  T(no_bus),	  T(not_let_in),		    T(broken_answers),
		T(an_interface_is_trusted), T(somebody_else_decided), T(no_firewalld),
	};

	return cmocka_run_group_tests_name("resolved", tests, NULL, NULL);
}
