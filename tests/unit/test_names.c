/* SPDX-License-Identifier: MIT */
/*
 * banger-names, the process: started on a table, asked over real sockets on the loopback, told of changes, ended. The network is
 * 127.0.5.1/24, every address of which is the host's own, so guests are addresses questions are sent from.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/net/dns.h"
#include "namesrv/namesrv.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define NET "127.0.5.1/24"
#define HOST "127.0.0.1"
#define BRIDGE "127.0.5.1"
#define GUEST "127.0.5.2"	/* web1, with NAT */
#define OTHER "127.0.5.3"	/* db, without */
#define WAIT_MS 10000

static uint16_t port;	  /* the server's */
static uint16_t ask_port; /* of the host's name server, which is played here */
static char *dir;

/* ---- a name server of the host's ---- */

static struct {
	int udp, tcp, stop[2];
	pthread_t thread;
	_Atomic int asked;	   /* questions seen */
	_Atomic bool lies;	   /* wrong replies before the right one */
	_Atomic bool silent;
	_Atomic size_t padding;	   /* bytes more in each reply */
} upstream;

/* A reply: the query with QR set, and padding that the other side need not understand. */
static size_t make_reply(const uint8_t *msg, size_t n, uint8_t *out, size_t size)
{
	size_t padding = upstream.padding;

	assert_true(n + padding <= size);
	memcpy(out, msg, n);
	out[2] |= 0x80;
	out[3] |= 0x80;
	memset(out + n, 'p', padding);
	return n + padding;
}

static void upstream_udp(void)
{
	uint8_t msg[512], out[8192];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(upstream.udp, msg, sizeof(msg), 0, (struct sockaddr *)&from, &len);

	if (n <= 0)
		return;
	upstream.asked++;
	if (upstream.silent)
		return;
	size_t size = make_reply(msg, (size_t)n, out, sizeof(out));
	if (upstream.lies) {
		out[0] ^= 1; /* another id */
		(void)!sendto(upstream.udp, out, size, 0, (struct sockaddr *)&from, len);
		out[0] ^= 1;
		out[13] ^= 1; /* another name */
		(void)!sendto(upstream.udp, out, size, 0, (struct sockaddr *)&from, len);
		out[13] ^= 1;
		(void)!sendto(upstream.udp, out, 7, 0, (struct sockaddr *)&from, len);
	}
	(void)!sendto(upstream.udp, out, size, 0, (struct sockaddr *)&from, len);
}

static bool read_n(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		struct pollfd w = {.fd = fd, .events = POLLIN};
		ssize_t got = poll(&w, 1, WAIT_MS) == 1 ? recv(fd, (char *)p + at, n - at, 0) : -1;
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static void upstream_tcp(void)
{
	uint8_t head[2], msg[512], out[8192 + 2];
	auto_fd fd = accept(upstream.tcp, NULL, NULL);

	if (fd < 0 || !read_n(fd, head, 2))
		return;
	size_t n = (size_t)(head[0] << 8 | head[1]);
	if (n > sizeof(msg) || !read_n(fd, msg, n))
		return;
	upstream.asked++;
	size_t size = make_reply(msg, n, out + 2, sizeof(out) - 2);
	out[0] = (uint8_t)(size >> 8);
	out[1] = (uint8_t)size;
	/* In two pieces, cut inside the length. */
	(void)!send(fd, out, 1, MSG_NOSIGNAL);
	(void)!send(fd, out + 1, size + 1, MSG_NOSIGNAL);
}

static void *upstream_main(void *arg)
{
	struct pollfd w[] = {{upstream.udp, POLLIN, 0}, {upstream.tcp, POLLIN, 0}, {upstream.stop[0], POLLIN, 0}};

	while (poll(w, 3, -1) >= 0 && !w[2].revents) {
		if (w[0].revents)
			upstream_udp();
		if (w[1].revents)
			upstream_tcp();
	}
	return arg;
}

static int bound(int type, const char *ip, uint16_t at)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(at), .sin_addr.s_addr = inet_addr(ip)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A port that neither UDP nor TCP has in use at that address, and that is given to nobody who just wants any: it is closed again before
 * the server takes it. */
static uint16_t free_port(const char *ip, int *ret_udp, int *ret_tcp)
{
	for (int i = 0; i < 100; i++) {
		uint16_t at = 0;

		id_random(&at, sizeof(at));
		at = (uint16_t)(20000 + at % 12000);
		*ret_udp = bound(SOCK_DGRAM, ip, at);
		*ret_tcp = bound(SOCK_STREAM, ip, at);
		if (*ret_udp >= 0 && *ret_tcp >= 0)
			return at;
		fd_close(ret_udp);
		fd_close(ret_tcp);
	}
	fail_msg("no free port");
	return 0;
}

/* ---- the server ---- */

static void write_table(const struct namesrv_host *hosts, int n)
{
	auto_free char *path = xasprintf("%s/" NAMESRV_TABLE, dir);
	struct err e = {0};
	auto_buf text = {0};

	namesrv_format(NET, hosts, n, &text);
	assert_ok(fs_write_atomic(path, text.data, text.len, 0600, &e), &e);
}

static const struct namesrv_host two[] = {{"web1", GUEST, true}, {"db", OTHER, false}};

static int start_code(struct err *e)
{
	auto_free char *conf = xasprintf("%s/resolv.conf", dir);
	char at[8], ask[8];
	const char *const argv[] = {NAMES_PROGRAM, dir, at, conf, ask, NULL};
	struct op op;

	snprintf(at, sizeof(at), "%u", port);
	snprintf(ask, sizeof(ask), "%u", ask_port);
	op_init(&op, WAIT_MS);
	int rc = spawn_run(&op, &(struct spawn_run_args){.argv = argv}, NULL, e);
	op_done(&op);
	return rc;
}

static bool runs(void)
{
	struct err e = {0};
	bool yes;

	assert_ok(namesrv_is_running(dir, &yes, &e), &e);
	return yes;
}

/* As namesrv_begin() and namesrv_end(), with our ports. */
static void ensure(void)
{
	struct err e = {0};

	if (!runs())
		assert_ok(start_code(&e), &e);
}

static bool within(bool (*is)(void))
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	while (!is()) {
		if (clock_mono_ms() > end)
			return false;
		usleep(2000);
	}
	return true;
}

static bool is_over(void)
{
	return !runs();
}

static int setup(void **state)
{
	int udp, tcp;

	if (tmpdir_setup(state) < 0)
		return -1;
	dir = *state;
	port = free_port(BRIDGE, &udp, &tcp);
	close(udp);
	close(tcp);
	ask_port = free_port(HOST, &upstream.udp, &upstream.tcp);
	upstream.asked = 0;
	upstream.lies = upstream.silent = false;
	upstream.padding = 0;
	if (listen(upstream.tcp, 16) < 0 || pipe(upstream.stop) < 0)
		return -1;
	test_write(tmpdir_path(state, "resolv.conf"), "# the host's\nsearch example.net\nnameserver " HOST "\noptions edns0\n");
	write_table(two, 2);
	return pthread_create(&upstream.thread, NULL, upstream_main, NULL) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	auto_free char *path = xasprintf("%s/" NAMESRV_TABLE, dir);

	unlink(path);
	bool ended = within(is_over);
	close(upstream.stop[1]);
	pthread_join(upstream.thread, NULL);
	close(upstream.stop[0]);
	close(upstream.udp);
	close(upstream.tcp);
	return tmpdir_teardown(state) < 0 || !ended ? -1 : 0;
}

/* ---- asking ---- */

static size_t make_query(const char *name, uint16_t type, bool edns, uint8_t *msg)
{
	static const uint8_t opt[] = {0, 0, DNS_OPT, 0x10, 0, 0, 0, 0, 0, 0, 0}; /* 4096 */
	struct dns_name n;
	size_t at = DNS_HEADER;

	memcpy(msg, "\x77\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", DNS_HEADER);
	assert_true(dns_name_from_text(name, &n));
	memcpy(msg + at, n.wire, n.len);
	at += n.len;
	msg[at++] = 0;
	msg[at++] = (uint8_t)type;
	msg[at++] = 0;
	msg[at++] = DNS_IN;
	if (!edns)
		return at;
	msg[11] = 1;
	memcpy(msg + at, opt, sizeof(opt));
	return at + sizeof(opt);
}

static int connected(int type, const char *from, const char *to)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(to)};
	int fd = bound(type, from, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static ssize_t receive(int fd, uint8_t *reply, size_t size, int wait_ms)
{
	struct pollfd w = {.fd = fd, .events = POLLIN};

	return poll(&w, 1, wait_ms) == 1 ? recv(fd, reply, size, 0) : -1;
}

/* The reply's length, -1 when there is none. */
static ssize_t ask_udp(const char *from, const char *to, const char *name, uint16_t type, bool edns, uint8_t reply[8192])
{
	auto_fd fd = connected(SOCK_DGRAM, from, to);
	uint8_t msg[512];
	size_t n = make_query(name, type, edns, msg);

	if (fd < 0 || send(fd, msg, n, 0) != (ssize_t)n)
		return -1;
	ssize_t got = receive(fd, reply, 8192, WAIT_MS);
	assert_true(got < 0 || memcmp(reply, "\x77\x01", 2) == 0);
	return got;
}

static ssize_t ask_tcp(int fd, const char *name, uint16_t type, uint8_t reply[8192])
{
	uint8_t msg[514];
	size_t n = make_query(name, type, false, msg + 2);

	msg[0] = 0;
	msg[1] = (uint8_t)n;
	/* In pieces, as a slow network would. */
	if (send(fd, msg, 1, 0) != 1 || send(fd, msg + 1, 10, 0) != 10 || send(fd, msg + 11, n - 9, 0) != (ssize_t)n - 9 ||
	    !read_n(fd, msg, 2))
		return -1;
	n = (size_t)(msg[0] << 8 | msg[1]);
	assert_true(n <= 8192 && read_n(fd, reply, n));
	assert_memory_equal(reply, "\x77\x01", 2);
	return (ssize_t)n;
}

static int rcode(const char *from, const char *to, const char *name, uint16_t type)
{
	uint8_t reply[8192];
	ssize_t n = ask_udp(from, to, name, type, false, reply);

	return n < DNS_HEADER ? -1 : reply[3] & 0xf;
}

/* The address in an A reply: its last four bytes. 0: none. */
static uint32_t address_of(const char *from, const char *to, const char *name)
{
	uint8_t reply[8192];
	ssize_t n = ask_udp(from, to, name, DNS_A, false, reply);
	uint32_t ip;

	if (n < DNS_HEADER + 4 || reply[7] != 1)
		return 0;
	memcpy(&ip, reply + n - 4, 4);
	return ip;
}

static void names_for_host_and_guests(void **state)
{
	uint8_t reply[8192];

	(void)state;
	ensure();
	assert_int_equal(address_of(HOST, HOST, "web1.vm"), inet_addr(GUEST));
	assert_int_equal(address_of(GUEST, BRIDGE, "db.vm"), inet_addr(OTHER));
	assert_int_equal(rcode(HOST, HOST, "nobody.vm", DNS_A), DNS_NXDOMAIN);
	assert_int_equal(rcode(HOST, HOST, "web1.vm", DNS_AAAA), DNS_NOERROR);
	assert_int_equal(rcode(OTHER, BRIDGE, "2.5.0.127.in-addr.arpa", DNS_PTR), DNS_NOERROR);
	assert_int_equal(rcode(HOST, HOST, "example.net", DNS_A), DNS_REFUSED);
	/* By TCP, twice on one connection. */
	auto_fd fd = connected(SOCK_STREAM, HOST, HOST);
	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		ssize_t n = ask_tcp(fd, "web1.vm", DNS_A, reply);
		assert_true(n > 4);
		assert_memory_equal(reply + n - 4, "\x7f\x00\x05\x02", 4);
	}
	assert_int_equal(upstream.asked, 0);
}

static bool knows_new(void)
{
	return address_of(HOST, HOST, "new.vm") == inet_addr("127.0.5.9");
}

static bool log_has_line(void)
{
	auto_free char *path = xasprintf("%s/" NAMESRV_LOG, dir);
	auto_free char *text = test_read(path);

	return strstr(text, "line 3 of the table") != NULL;
}

static void the_table_is_watched(void **state)
{
	const struct namesrv_host one = {"new", "127.0.5.9", false};

	ensure();
	write_table(&one, 1);
	assert_true(within(knows_new));
	assert_int_equal(rcode(HOST, HOST, "web1.vm", DNS_A), DNS_NXDOMAIN);
	/* One that is none leaves what was, and is told. */
	struct err e = {0};
	static const char bad[] = "banger-names 1\nnet " NET "\nwhat\n";
	assert_ok(fs_write_atomic(tmpdir_path(state, NAMESRV_TABLE), bad, strlen(bad), 0600, &e), &e);
	assert_true(within(log_has_line));
	assert_true(knows_new());
	assert_true(runs());
}

/* It ends with its table; and a table that comes back in whatever moment of its end has a server. */
static void it_ends_and_comes_back(void **state)
{
	ensure();
	for (int i = 0; i < 40; i++) {
		assert_int_equal(unlink(tmpdir_path(state, NAMESRV_TABLE)), 0);
		usleep((useconds_t)(i * 37 % 500));
		write_table(two, 2);
		ensure();
		assert_int_equal(address_of(HOST, HOST, "web1.vm"), inet_addr(GUEST));
	}
	assert_int_equal(unlink(tmpdir_path(state, NAMESRV_TABLE)), 0);
	assert_true(within(is_over));
	/* Without a table there is nothing to start for. */
	struct err e = {0};
	assert_err(start_code(&e), &e, ERR_TOOL);
	assert_false(runs());
}

static void one_at_a_time(void **state)
{
	struct err e = {0};

	ensure();
	/* A second one leaves the serving to the first. */
	assert_ok(start_code(&e), &e);
	assert_true(runs());
	assert_int_equal(address_of(HOST, HOST, "web1.vm"), inet_addr(GUEST));
	/* Another state directory's finds the port taken, and says so. */
	char *mine = dir;
	auto_free char *second = xasprintf("%s/second", dir);
	assert_ok(fs_mkdir_p(second, 0700, &e), &e);
	dir = second;
	write_table(two, 2);
	assert_int_equal(start_code(&e), -1);
	assert_non_null(strstr(e.msg, "somebody else has port"));
	dir = mine;
	(void)state;
}

static void guests_ask_others(void **state)
{
	uint8_t reply[8192];

	(void)state;
	ensure();
	assert_int_equal(rcode(GUEST, BRIDGE, "example.net", DNS_A), DNS_NOERROR);
	assert_int_equal(upstream.asked, 1);
	/* Neither who has no NAT, nor who is not known, nor the host. */
	assert_int_equal(rcode(OTHER, BRIDGE, "example.net", DNS_A), DNS_REFUSED);
	assert_int_equal(rcode("127.0.5.77", BRIDGE, "example.net", DNS_A), DNS_REFUSED);
	assert_int_equal(rcode(HOST, HOST, "example.net", DNS_A), DNS_REFUSED);
	assert_int_equal(upstream.asked, 1);
	/* What forgers send is waited past. */
	upstream.lies = true;
	assert_int_equal(rcode(GUEST, BRIDGE, "example.net", DNS_A), DNS_NOERROR);
	upstream.lies = false;
	/* Too long for plain UDP: cut, and by TCP whole; with EDNS as it is. */
	upstream.padding = 700;
	ssize_t n = ask_udp(GUEST, BRIDGE, "example.net", DNS_A, false, reply);
	assert_true(n > 0 && n <= 512);
	assert_int_equal(reply[2] & 0x02, 0x02);
	assert_true(ask_udp(GUEST, BRIDGE, "example.net", DNS_A, true, reply) > 700);
	auto_fd fd = connected(SOCK_STREAM, GUEST, BRIDGE);
	assert_true(ask_tcp(fd, "example.net", DNS_A, reply) > 700);
	upstream.padding = 5000;
	assert_true(ask_tcp(fd, "example.net", DNS_A, reply) > 5000);
	n = ask_udp(GUEST, BRIDGE, "example.net", DNS_A, true, reply);
	assert_true(n > 0 && n <= 1232);
	assert_int_equal(reply[2] & 0x02, 0x02);
}

static void nobody_to_ask(void **state)
{

	ensure();
	/* A port where nobody listens, in the way a host's changed resolv.conf would name another server. */
	test_write(tmpdir_path(state, "resolv.conf"), "nameserver 127.0.0.99\n");
	assert_int_equal(rcode(GUEST, BRIDGE, "example.net", DNS_A), DNS_SERVFAIL);
	assert_int_equal(address_of(GUEST, BRIDGE, "web1.vm"), inet_addr(GUEST));
	assert_int_equal(upstream.asked, 0);
}

static bool closes(int fd)
{
	uint8_t c;

	return receive(fd, &c, 1, WAIT_MS) == 0 || errno == ECONNRESET;
}

/* A resolver asks again: what a flood took from the socket's buffer was lost. */
static bool other_is_served(void)
{
	auto_fd fd = connected(SOCK_DGRAM, OTHER, BRIDGE);
	uint8_t msg[512], reply[8192];

	(void)!send(fd, msg, make_query("web1.vm", DNS_A, false, msg), 0);
	return receive(fd, reply, sizeof(reply), 500) > DNS_HEADER && reply[7] == 1;
}

/* What only a hostile guest sends: the server goes on, and the others are served. */
static void hostile_guests(void **state)
{
	int fds[12], closed = 0;
	uint8_t junk[8192];

	(void)state;
	ensure();
	auto_fd udp = connected(SOCK_DGRAM, GUEST, BRIDGE);
	for (size_t n = 0; n < sizeof(junk); n += 97) {
		memset(junk, (int)n, sizeof(junk));
		(void)!send(udp, junk, n, 0);
	}
	/* A length no query has. */
	auto_fd big = connected(SOCK_STREAM, GUEST, BRIDGE);
	assert_int_equal(send(big, "\xff\xff", 2, 0), 2);
	assert_true(closes(big));
	auto_fd small = connected(SOCK_STREAM, GUEST, BRIDGE);
	assert_int_equal(send(small, "\x00\x03", 2, 0), 2);
	assert_true(closes(small));
	/* More connections than one may have. */
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = connected(SOCK_STREAM, GUEST, BRIDGE);
	for (size_t i = 8; i < sizeof(fds) / sizeof(fds[0]); i++)
		closed += closes(fds[i]);
	assert_int_equal(closed, 4);
	/* More questions than one may have under way. */
	upstream.silent = true;
	for (int i = 0; i < 300; i++) {
		uint8_t msg[512];
		(void)!send(udp, msg, make_query("example.net", DNS_A, false, msg), 0);
	}
	assert_true(within(other_is_served));
	auto_fd tcp = connected(SOCK_STREAM, OTHER, BRIDGE);
	assert_true(ask_tcp(tcp, "web1.vm", DNS_A, junk) > 0);
	assert_true(upstream.asked <= 64);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
}

/* The process by its command line. */
static pid_t find_pid(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *ent;
	pid_t found = 0;

	while (!found && (ent = readdir(proc))) {
		auto_free char *path = xasprintf("/proc/%s/cmdline", ent->d_name);
		auto_buf line = {0};
		if (fs_read_file(path, 4096, &line, NULL) == 0 && line.len && strstr(line.data, "banger-names") &&
		    memmem(line.data, line.len, dir, strlen(dir)))
			found = (pid_t)strtol(ent->d_name, NULL, 10);
	}
	closedir(proc);
	return found;
}

static void rights_are_given_away(void **state)
{
	(void)state;
	ensure();
	assert_int_equal(rcode(GUEST, BRIDGE, "example.net", DNS_A), DNS_NOERROR); /* by now it is confined */
	auto_free char *path = xasprintf("/proc/%d/status", find_pid());
	auto_free char *status = test_read(path);
	assert_non_null(strstr(status, "NoNewPrivs:\t1"));
	assert_non_null(strstr(status, "CapPrm:\t0000000000000000"));
	assert_non_null(strstr(status, "CapEff:\t0000000000000000"));
	if (geteuid() == 0)
		assert_non_null(strstr(status, "CapBnd:\t0000000000000000"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_non_null(strstr(status, "Seccomp:\t2"));
#endif
}

/* Killed, it is started again by the next who needs it. */
static void killed(void **state)
{
	(void)state;
	ensure();
	assert_int_equal(kill(find_pid(), SIGKILL), 0);
	assert_true(within(is_over));
	ensure();
	assert_int_equal(address_of(HOST, HOST, "web1.vm"), inet_addr(GUEST));
}

/* As the engine starts it, at the port it has on a host. */
static void as_the_engine_does(void **state)
{
	struct namesrv_start *first, *second, *third;
	struct err e = {0};
	struct op op;

	(void)state;
	op_init(&op, WAIT_MS);
	/* Two starters that do not see each other's yet. */
	assert_ok(namesrv_begin(dir, NAMES_PROGRAM, &first, &e), &e);
	assert_ok(namesrv_begin(dir, NAMES_PROGRAM, &second, &e), &e);
	int rc = namesrv_end(&op, first, &e);
	int rc2 = namesrv_end(&op, second, rc == 0 ? &e : NULL);
	if (rc < 0 && strstr(e.msg, "somebody else has port")) {
		op_done(&op);
		skip();
	}
	assert_ok(rc, &e);
	assert_ok(rc2, &e);
	assert_true(runs());
	assert_ok(namesrv_begin(dir, NAMES_PROGRAM, &third, &e), &e);
	assert_null(third);
	assert_ok(namesrv_end(&op, third, &e), &e);
	port = NAMESRV_PORT;
	assert_int_equal(address_of(HOST, HOST, "web1.vm"), inet_addr(GUEST));
	op_done(&op);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_for_host_and_guests), T(the_table_is_watched), T(it_ends_and_comes_back), T(one_at_a_time),
		T(guests_ask_others),	      T(nobody_to_ask),	       T(hostile_guests),	  T(rights_are_given_away),
		T(killed),		      T(as_the_engine_does),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
