/* SPDX-License-Identifier: MIT */
/*
 * A private network (core/net/privnet*, netns, nat_egress, banger-netns) with the real slirp4netns. The test is the guest: it
 * holds the tap. Its own network plays the host's, and what there is to reach are addresses of its loopback interface.
 *
 * That something is not let through is shown without waiting: after it goes something that is, and that arrives first.
 */
#include "tests/lib/frames.h"
#include "tests/lib/netns.h"

#include "base/fd.h"
#include "core/net/link.h"
#include "core/net/nat_priv.h"
#include "core/net/privnet_priv.h"
#include "core/net/slirp.h"

#include <libgen.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#define MAC "02:00:00:00:00:07"
#define ONE "192.0.2.7"	  /* somebody to reach */
#define OTHER "192.0.2.8" /* and somebody else */
#define PORT 9000
#define ARRIVES_MS 10000
#define ANYBODY "ff:ff:ff:ff:ff:ff" /* libslirp takes what is for the gateway and for all */

static char program[PATH_MAX + 32];

struct bed {
	struct op op;
	char api[108];
	struct egress egress;
	struct privnet_forward forwards[4];
	struct privnet_args args;
	struct privnet net;
	int world; /* gets what the guest sends to PORT, wherever it is for */
};

static int listen_udp(const char *addr, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(addr)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	const char *tmp = getenv("TMPDIR");

	op_init(&b->op, 60000);
	snprintf(b->api, sizeof(b->api), "%s/privnet-test-%d", tmp ? tmp : "/tmp", (int)getpid());
	b->args = (struct privnet_args){.program = program, .api = b->api, .mac = MAC, .egress = &b->egress, .forwards = b->forwards};
	b->net = (struct privnet)PRIVNET_INIT;
	b->world = listen_udp("0.0.0.0", PORT);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	privnet_down(&b->net);
	close(b->world);
	unlink(b->api);
	op_done(&b->op);
	free(b);
	return 0;
}

static void up(struct bed *b, const char *egress)
{
	struct err e = {0};

	assert_ok(egress_parse(egress, &b->egress, &e), &e);
	assert_ok(privnet_up(&b->op, &b->args, &b->net, &e), &e);
}

/* ---- the guest ---- */

static void say(const struct bed *b, struct frame f)
{
	unsigned char packet[VNET_HDR + sizeof(f.data)] = {0};

	memcpy(packet + VNET_HDR, f.data, f.n);
	assert_int_equal(write(b->net.tap, packet, VNET_HDR + f.n), VNET_HDR + f.n);
}

static struct frame datagram(const char *to, uint16_t from_port, uint16_t to_port, const char *text)
{
	struct flow w = {.mac_from = MAC, .mac_to = ANYBODY, .from = SLIRP_GUEST, .to = to, .port_from = from_port, .port_to = to_port};

	return udp(&w, text);
}

static void tell(const struct bed *b, const char *to, const char *text)
{
	static uint16_t from = 40000;

	say(b, datagram(to, from++, PORT, text));
}

/* A packet of TCP with these flags, that acknowledges `ack`. */
static struct frame segment(const char *to, uint16_t from_port, uint16_t to_port, uint8_t flags, uint32_t ack)
{
	struct frame f = ether(MAC, ANYBODY, ETHERTYPE_IP);
	struct tcphdr t = {.source = htons(from_port), .dest = htons(to_port), .seq = htonl(1), .ack_seq = htonl(ack), .doff = 5};
	struct {
		in_addr_t from, to;
		uint16_t proto, n;
		struct tcphdr t;
	} whole = {inet_addr(SLIRP_GUEST), inet_addr(to), htons(IPPROTO_TCP), htons(sizeof(t)), t};

	whole.t.th_flags = flags;
	whole.t.check = checksum(&whole, sizeof(whole));
	add_ip(&f, SLIRP_GUEST, to, IPPROTO_TCP, sizeof(t));
	add(&f, &whole.t, sizeof(t));
	return f;
}

/* The next packet for the guest of that protocol; what libslirp asks about the guest's address is answered on the way. */
static bool hear(const struct bed *b, int proto, struct frame *ret)
{
	unsigned char packet[2048];

	for (;;) {
		struct pollfd p = {.fd = b->net.tap, .events = POLLIN};
		if (poll(&p, 1, ARRIVES_MS) <= 0)
			return false;
		ssize_t n = read(p.fd, packet, sizeof(packet));
		if (n < VNET_HDR + 34)
			continue;
		ret->n = MIN((size_t)n - VNET_HDR, sizeof(ret->data));
		memcpy(ret->data, packet + VNET_HDR, ret->n);
		if (ret->data[12] == 8 && ret->data[13] == 6)
			say(b, arp(MAC, MAC, SLIRP_GUEST, SLIRP_GATEWAY, 2));
		else if (ret->data[12] == 8 && ret->data[13] == 0 && ret->data[23] == proto)
			return true;
	}
}

/* Take the next attempt to connect (SYN), and refuse it (RST, ACK). */
static void refuse(const struct bed *b, struct frame *ret)
{
	struct tcphdr t;

	assert_true(hear(b, IPPROTO_TCP, ret));
	memcpy(&t, ret->data + 34, sizeof(t));
	assert_int_equal(t.th_flags & (TH_SYN | TH_ACK), TH_SYN);
	say(b, segment(SLIRP_GATEWAY, ntohs(t.dest), ntohs(t.source), TH_RST | TH_ACK, ntohl(t.seq) + 1));
}

/* ---- the world ---- */

static const char *first_at(int fd)
{
	static char text[64];
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, ARRIVES_MS) <= 0)
		return "nothing";
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void assert_ended(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char c;

	assert_int_equal(poll(&p, 1, ARRIVES_MS), 1);
	assert_true(recv(fd, &c, 1, 0) <= 0);
}

/* ---- tests ---- */

static void full_reaches_everybody_but_the_hosts_loopback(void **state)
{
	struct bed *b = *state;

	up(b, "full");
	tell(b, "127.0.0.1", "loopback");
	tell(b, "127.1.2.3", "loopback");
	tell(b, "0.0.0.0", "loopback");
	tell(b, SLIRP_GATEWAY, "gateway");
	tell(b, ONE, "one");
	assert_string_equal(first_at(b->world), "one");
	tell(b, OTHER, "other");
	assert_string_equal(first_at(b->world), "other");
}

static void none_reaches_nobody(void **state)
{
	struct bed *b = *state;
	auto_fd resolver = listen_udp("127.0.0.1", 53);
	struct frame f;

	b->forwards[0] = (struct privnet_forward){"127.0.0.1", PORT + 1, 1022};
	b->args.n_forwards = 1;
	up(b, "none");
	tell(b, ONE, "one");
	tell(b, SLIRP_GATEWAY, "gateway");
	say(b, datagram(SLIRP_DNS, 40000, 53, "question"));
	/* What a published port is answered with does get through, and comes after all that. */
	auto_fd conn = connect_to(PORT + 1);
	refuse(b, &f);
	assert_ended(conn);
	assert_int_equal(recv(b->world, &f, sizeof(f), MSG_DONTWAIT), -1);
	assert_int_equal(recv(resolver, &f, sizeof(f), MSG_DONTWAIT), -1);
}

static void a_list_reaches_what_is_on_it_alone(void **state)
{
	struct bed *b = *state;

	up(b, "allow=" ONE);
	tell(b, OTHER, "other");
	tell(b, "127.0.0.1", "loopback");
	tell(b, SLIRP_GATEWAY, "gateway");
	tell(b, ONE, "one");
	assert_string_equal(first_at(b->world), "one");
}

static void a_list_of_all_is_not_the_hosts_loopback(void **state)
{
	struct bed *b = *state;

	up(b, "allow=0.0.0.0/0");
	tell(b, "127.0.0.1", "loopback");
	tell(b, "0.1.2.3", "loopback");
	tell(b, OTHER, "other");
	assert_string_equal(first_at(b->world), "other");
}

static void nobody_speaks_in_anothers_name(void **state)
{
	struct bed *b = *state;
	struct flow ip = {.mac_from = MAC, .mac_to = ANYBODY, .from = "10.0.2.77", .to = ONE, .port_from = 4, .port_to = PORT};
	struct flow mac = {.mac_from = "02:00:00:00:00:08", .mac_to = ANYBODY, .from = SLIRP_GUEST, .to = ONE, .port_from = 5, .port_to = PORT};
	struct frame v6 = ether(MAC, ANYBODY, ETHERTYPE_IPV6);

	up(b, "full");
	say(b, udp(&ip, "ip"));
	say(b, udp(&mac, "mac"));
	say(b, arp(MAC, MAC, "10.0.2.77", SLIRP_GATEWAY, 1));
	add(&v6, "\x60", 1);
	v6.n = 100;
	say(b, v6);
	tell(b, ONE, "own");
	assert_string_equal(first_at(b->world), "own");
}

static void a_published_port_leads_in(void **state)
{
	static const char *const policies[] = {"full", "none", "allow=" ONE};
	struct bed *b = *state;

	b->forwards[0] = (struct privnet_forward){"127.0.0.1", PORT + 2, 1022};
	b->args.n_forwards = 1;
	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		struct frame f;
		struct in_addr from;
		up(b, policies[i]);
		auto_fd conn = connect_to(PORT + 2);
		refuse(b, &f);
		memcpy(&from, f.data + 26, 4);
		assert_string_equal(inet_ntoa(from), SLIRP_GATEWAY);
		assert_int_equal(f.data[36] << 8 | f.data[37], 1022);
		assert_ended(conn);
		privnet_down(&b->net);
	}
}

static void nobody_connects_to_the_gateway(void **state)
{
	struct bed *b = *state;
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_ANY)};
	auto_fd listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listener, 8), 0);
	up(b, "full");
	say(b, segment(SLIRP_GATEWAY, 4001, PORT, TH_SYN, 0));
	say(b, segment("127.0.0.1", 4002, PORT, TH_SYN, 0));
	say(b, segment("0.0.0.0", 4003, PORT, TH_SYN, 0));
	say(b, segment(ONE, 4004, PORT, TH_SYN, 0));
	struct pollfd p = {.fd = listener, .events = POLLIN};
	assert_int_equal(poll(&p, 1, ARRIVES_MS), 1);
	auto_fd conn = accept(listener, NULL, NULL);
	struct sockaddr_in at;
	socklen_t size = sizeof(at);
	assert_int_equal(getsockname(conn, (struct sockaddr *)&at, &size), 0);
	assert_string_equal(inet_ntoa(at.sin_addr), ONE);
	assert_int_equal(accept(listener, NULL, NULL), -1);
}

static void a_taken_port_is_told(void **state)
{
	struct bed *b = *state;
	struct err e = {0};
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(PORT + 3), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	auto_fd taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(taken, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(taken, 1), 0);
	b->forwards[0] = (struct privnet_forward){"127.0.0.1", PORT + 3, 7};
	b->args.n_forwards = 1;
	assert_err(privnet_up(&b->op, &b->args, &b->net, &e), &e, ERR_BUSY);
	assert_int_equal(b->net.tap, -1);
	assert_int_equal(b->net.slirp.pidfd, -1);
}

static void it_comes_back_when_slirp4netns_dies(void **state)
{
	struct bed *b = *state;
	struct err e = {0};

	b->forwards[0] = (struct privnet_forward){"127.0.0.1", PORT + 4, 1022};
	b->args.n_forwards = 1;
	up(b, "allow=" ONE);
	kill(b->net.slirp.pid, SIGKILL);
	struct pollfd p = {.fd = b->net.slirp.pidfd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, ARRIVES_MS), 1);
	assert_ok(privnet_reconnect(&b->op, &b->args, &b->net, &e), &e);
	tell(b, OTHER, "other");
	tell(b, ONE, "one");
	assert_string_equal(first_at(b->world), "one");
	auto_fd conn = connect_to(PORT + 4);
	struct frame f;
	assert_true(hear(b, IPPROTO_TCP, &f));
}

static void it_ends_with_whoever_held_its_life(void **state)
{
	struct bed *b = *state;

	up(b, "full");
	auto_fd copy = dup(b->net.life);
	fd_close(&b->net.life);
	struct pollfd p = {.fd = b->net.slirp.pidfd, .events = POLLIN};
	tell(b, ONE, "still there");
	assert_string_equal(first_at(b->world), "still there");
	assert_int_equal(poll(&p, 1, 0), 0);
	fd_close(&copy);
	assert_int_equal(poll(&p, 1, ARRIVES_MS), 1);
}

static void what_it_needs_is_named(void **state)
{
	struct bed *b = *state;
	struct err e = {0};

	b->args.slirp = "slirp4netns-that-is-not";
	assert_int_equal(privnet_up(&b->op, &b->args, &b->net, &e), -1);
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.hint, "apt install slirp4netns"));
	err_clear(&e);
	b->args.slirp = "/bin/true";
	assert_err(privnet_up(&b->op, &b->args, &b->net, &e), &e, ERR_TOOL);
	b->args.slirp = NULL;
	b->args.program = "/nonexistent/" PRIVNET_PROGRAM;
	assert_err(privnet_up(&b->op, &b->args, &b->net, &e), &e, ERR_MISSING);
}

/* Who is executed inside sees the private network, and has no right to change it. */
static void entering_gives_no_rights(void **state)
{
	struct bed *b = *state;
	const char *const look[] = {program, PRIVNET_ENTER, "ip", "-o", "link", "show", PRIVNET_TAP, NULL};
	const char *const change[] = {program, PRIVNET_ENTER, "ip", "link", "set", PRIVNET_TAP, "down", NULL};
	const char *const become[] = {program, PRIVNET_ENTER, "unshare", "--user", "--map-root-user", "nft", "list", "ruleset", NULL};
	struct err e = {0};

	up(b, "full");
	const struct spawn_pass pass[] = {{b->net.user, PRIVNET_FD_USER}, {b->net.net, PRIVNET_FD_NET}};
	assert_ok(spawn_run(&b->op, &(struct spawn_run_args){.argv = look, .pass = pass, .n_pass = 2}, NULL, &e), &e);
	assert_err(spawn_run(&b->op, &(struct spawn_run_args){.argv = change, .pass = pass, .n_pass = 2}, NULL, &e), &e, ERR_TOOL);
	assert_err(spawn_run(&b->op, &(struct spawn_run_args){.argv = become, .pass = pass, .n_pass = 2}, NULL, &e), &e, ERR_TOOL);
}

static int cannot(const char *why)
{
	fprintf(stderr, "skipped: %s\n", why);
	return 77;
}

/* Once without a word about what is tested: where the host has no means, there is nothing to say. */
static const char *lacks(void)
{
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return "/dev/net/tun";
	if (!netns_ip_works("link add private1 type bridge"))
		return "no bridges in this kernel";
	netns_ip("link delete private1");
	if (nat_run("add table bridge probe\ndelete table bridge probe\n", NULL) < 0)
		return "no nftables for bridges in this kernel";
	struct op op;
	struct slirp4netns s;
	op_init(&op, 10000);
	int rc = slirp4netns_probe(&op, NULL, &s, NULL);
	op_done(&op);
	return rc < 0 ? "no slirp4netns" : NULL;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(full_reaches_everybody_but_the_hosts_loopback),
		T(none_reaches_nobody),
		T(a_list_reaches_what_is_on_it_alone),
		T(a_list_of_all_is_not_the_hosts_loopback),
		T(nobody_speaks_in_anothers_name),
		T(a_published_port_leads_in),
		T(nobody_connects_to_the_gateway),
		T(a_taken_port_is_told),
		T(it_comes_back_when_slirp4netns_dies),
		T(it_ends_with_whoever_held_its_life),
		T(what_it_needs_is_named),
		T(entering_gives_no_rights),
	};
	char self[PATH_MAX] = "";
	const char *why = netns_enter();

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		return EXIT_FAILURE;
	snprintf(program, sizeof(program), "%s/../../" PRIVNET_PROGRAM, dirname(self));
	if (!why)
		why = lacks();
	if (why)
		return cannot(why);
	netns_ip("address add " ONE "/32 dev lo");
	netns_ip("address add " OTHER "/32 dev lo");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
