/* SPDX-License-Identifier: MIT */
/*
 * What bridged guests may reach (core/net/nat*) against a real kernel, in a network of the test's own: the test is the guests
 * (it holds their taps), and the world outside (it holds the far end of the uplink). Frames go in at one place and are looked
 * for at another.
 *
 * That something is dropped is shown without waiting: after it comes something that is not, and that arrives first.
 */
#include "tests/lib/frames.h"
#include "tests/lib/netns.h"

#include "core/net/link.h"
#include "core/net/nat.h"
#include "core/net/nat_priv.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CIDR "172.30.0.1/24"
#define BRIDGE_IP "172.30.0.1"
#define BRIDGE_MAC "06:62:67:72:00:01"
#define OUT_IP "192.0.2.1" /* the host's, on its uplink */
#define OUT_MAC "06:00:00:00:00:02"
#define ROUTER_MAC "06:00:00:00:00:03"
#define WORLD "198.51.100.7"
#define ARRIVES_MS 10000

struct guest {
	struct nat_guest g;
	int fd; /* its tap */
};

static const struct nat_net net = {.bridge = LINK_BRIDGE, .cidr = CIDR};
static struct guest a, b;
static int world; /* the far end of the uplink */

static void send_from(const struct guest *g, struct frame f)
{
	unsigned char packet[VNET_HDR + sizeof(f.data)] = {0};

	memcpy(packet + VNET_HDR, f.data, f.n);
	assert_int_equal(write(g->fd, packet, VNET_HDR + f.n), VNET_HDR + f.n);
}

/* The next frame at that place within a while; false when there is none. `skip` bytes stand before it. */
static bool next_frame(int fd, size_t skip, struct frame *ret)
{
	unsigned char packet[2048];
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, ARRIVES_MS) <= 0)
		return false;
	ssize_t n = read(fd, packet, sizeof(packet));
	assert_true(n > (ssize_t)skip);
	ret->n = MIN((size_t)n - skip, sizeof(ret->data));
	memcpy(ret->data, packet + skip, ret->n);
	return true;
}

/* The first UDP packet with a text of ours that comes: its text. `ret` (may be NULL) is the frame. */
static const char *first_text(int fd, size_t skip, struct frame *ret)
{
	static char text[64];
	struct frame f;

	while (next_frame(fd, skip, &f)) {
		const unsigned char *says = f.data + 14 + sizeof(struct iphdr) + sizeof(struct udphdr);
		if (f.n <= 42 || f.data[12] != 8 || f.data[13] != 0 || f.data[23] != IPPROTO_UDP || memcmp(says, "t:", 2) != 0)
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)(f.n - 42), says);
		if (ret)
			*ret = f;
		return text;
	}
	return "nothing";
}

#define assert_arrives(g, want) assert_string_equal(first_text((g)->fd, VNET_HDR, NULL), want)
#define assert_goes_out(want, f) assert_string_equal(first_text(world, 0, f), want)

static const char *ip_at(const struct frame *f, size_t offset)
{
	static char text[INET_ADDRSTRLEN];

	return inet_ntop(AF_INET, f->data + 14 + offset, text, sizeof(text));
}

/* ---- the network ---- */

static void open_guest(struct guest *g, const char *id, const char *ipv4)
{
	struct link_tap t = {.name = g->g.tap, .bridge = LINK_BRIDGE, .owner = 0, .group = (gid_t)-1};
	struct err e = {0};

	memset(g, 0, sizeof(*g));
	link_tap_name(id, g->g.tap);
	addr_mac_from_id(id, g->g.mac);
	snprintf(g->g.ipv4, sizeof(g->g.ipv4), "%s", ipv4);
	assert_ok(link_tap_up(&t, &e), &e);
	assert_ok(link_tap_open(g->g.tap, &g->fd, &e), &e);
	/* Nobody answers ARP for it. */
	netns_ip("neighbour replace %s lladdr %s dev %s nud permanent", ipv4, g->g.mac, LINK_BRIDGE);
}

static void set_guest(struct guest *g, bool nat)
{
	struct err e = {0};

	g->g.nat = nat;
	assert_ok(nat_guest_set(&g->g, &e), &e);
}

static int open_world(void)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex("out1")};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void send_from_world(struct frame f)
{
	assert_int_equal(write(world, f.data, f.n), f.n);
}

static int setup(void **state UNUSED)
{
	struct err e = {0};

	netns_ip("link add out0 address " OUT_MAC " type veth peer name out1 address " ROUTER_MAC);
	netns_ip("link set out0 up");
	netns_ip("link set out1 up");
	netns_ip("address add " OUT_IP "/24 dev out0");
	netns_ip("route add default via 192.0.2.2 dev out0");
	netns_ip("neighbour replace 192.0.2.2 lladdr " ROUTER_MAC " dev out0 nud permanent");
	assert_ok(link_bridge_up(LINK_BRIDGE, CIDR, &e), &e);
	assert_ok(link_forward(LINK_BRIDGE, true, NULL, &e), &e);
	assert_ok(link_forward("out0", true, NULL, &e), &e);
	assert_ok(nat_up(&net, &e), &e);
	open_guest(&a, "aaaaaaaaaaaa", "172.30.0.2");
	open_guest(&b, "bbbbbbbbbbbb", "172.30.0.3");
	set_guest(&a, false);
	set_guest(&b, false);
	world = open_world();
	return 0;
}

static int teardown(void **state UNUSED)
{
	struct err e = {0};

	close(a.fd);
	close(b.fd);
	close(world);
	assert_ok(nat_down(&e), &e);
	assert_ok(nat_run("flush ruleset\n", &e), &e);
	netns_ip("link delete out0");
	assert_ok(link_tap_down(a.g.tap, &e), &e);
	assert_ok(link_tap_down(b.g.tap, &e), &e);
	assert_ok(link_bridge_down(LINK_BRIDGE, &e), &e);
	return 0;
}

static struct flow a_to_b(void)
{
	return (struct flow){a.g.mac, b.g.mac, a.g.ipv4, b.g.ipv4, 1000, 2000};
}

static struct flow a_to_world(void)
{
	return (struct flow){a.g.mac, BRIDGE_MAC, a.g.ipv4, WORLD, 1000, 2000};
}

/* ---- what a guest may say ---- */

static void guests_reach_one_another(void **state UNUSED)
{
	struct flow w = a_to_b();

	send_from(&a, udp(&w, "t:hello"));
	assert_arrives(&b, "t:hello");
	send_from(&b, arp(b.g.mac, b.g.mac, b.g.ipv4, a.g.ipv4, 1));
	send_from(&b, udp(&(struct flow){b.g.mac, a.g.mac, b.g.ipv4, a.g.ipv4, 1, 2}, "t:back"));
	assert_arrives(&a, "t:back");
}

static void nobody_speaks_in_anothers_name(void **state UNUSED)
{
	struct flow w = a_to_b(), lie = w;
	struct frame tagged;

	lie.mac_from = "02:00:00:00:00:99";
	send_from(&a, udp(&lie, "t:another MAC"));
	lie = w;
	lie.from = "172.30.0.99";
	send_from(&a, udp(&lie, "t:another address"));
	lie.from = BRIDGE_IP;
	send_from(&a, udp(&lie, "t:the gateway's address"));
	lie = w;
	lie.port_from = 67;
	send_from(&a, udp(&lie, "t:a DHCP server"));
	/* A VLAN tag in front of it. */
	tagged = udp(&w, "t:tagged");
	memmove(tagged.data + 16, tagged.data + 12, tagged.n - 12);
	memcpy(tagged.data + 12, "\x81\x00\x00\x05", 4);
	tagged.n += 4;
	send_from(&a, tagged);
	send_from(&a, udp(&w, "t:the truth"));
	assert_arrives(&b, "t:the truth");
}

/* The next ARP frame at b: whose address does it tell? */
static const char *first_arp(void)
{
	struct frame f;

	while (next_frame(b.fd, VNET_HDR, &f))
		if (f.n >= 42 && f.data[12] == 8 && f.data[13] == 6)
			return ip_at(&f, 14);
	return "nothing";
}

static void nobody_gives_away_anothers_address(void **state UNUSED)
{
	send_from(&a, arp(a.g.mac, a.g.mac, BRIDGE_IP, b.g.ipv4, 2));
	send_from(&a, arp(a.g.mac, a.g.mac, b.g.ipv4, b.g.ipv4, 2));
	send_from(&a, arp(a.g.mac, b.g.mac, a.g.ipv4, b.g.ipv4, 2));
	send_from(&a, arp(a.g.mac, a.g.mac, a.g.ipv4, b.g.ipv4, 1));
	assert_string_equal(first_arp(), a.g.ipv4);
	/* Is it free? */
	send_from(&a, arp(a.g.mac, a.g.mac, "0.0.0.0", a.g.ipv4, 1));
	assert_string_equal(first_arp(), "0.0.0.0");
}

/* An ICMPv6 message of that type, to all nodes. */
static struct frame icmp6(const char *mac, int type)
{
	static const unsigned char from[16] = {0xfe, 0x80, [15] = 1}, to[16] = {0xff, 2, [15] = 1};
	struct frame f = ether(mac, "33:33:00:00:00:01", ETHERTYPE_IPV6);
	unsigned char head[8] = {0x60, 0, 0, 0, 0, 16, IPPROTO_ICMPV6, 255};
	unsigned char body[16] = {(unsigned char)type};

	add(&f, head, sizeof(head));
	add(&f, from, 16);
	add(&f, to, 16);
	add(&f, body, sizeof(body));
	return f;
}

static void nobody_plays_the_router(void **state UNUSED)
{
	struct frame f;

	send_from(&a, icmp6(a.g.mac, 134));
	send_from(&a, icmp6(a.g.mac, 137));
	send_from(&a, icmp6(a.g.mac, 135));
	do
		assert_true(next_frame(b.fd, VNET_HDR, &f));
	while (f.data[12] != 0x86);
	assert_int_equal(f.data[14 + 40], 135);
}

static void who_is_not_pinned_is_mute(void **state UNUSED)
{
	struct flow w = a_to_b();
	struct err e = {0};

	assert_ok(nat_guest_remove(a.g.tap, &e), &e);
	send_from(&a, udp(&w, "t:from nobody"));
	set_guest(&a, false);
	send_from(&a, udp(&w, "t:from a"));
	assert_arrives(&b, "t:from a");
	/* Another address of its own: the old one is no more. */
	w.from = "172.30.0.2";
	snprintf(a.g.ipv4, sizeof(a.g.ipv4), "172.30.0.22");
	set_guest(&a, false);
	send_from(&a, udp(&w, "t:as before"));
	w.from = a.g.ipv4;
	send_from(&a, udp(&w, "t:as 22"));
	assert_arrives(&b, "t:as 22");
}

/* ---- the host ---- */

static int listen_udp(const char *ip, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(ip)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static bool is_quiet(int fd)
{
	char text[64];

	return recv(fd, text, sizeof(text), MSG_DONTWAIT) < 0;
}

static const char *heard_from(int fd, struct sockaddr_in *ret)
{
	static char text[64];
	struct pollfd p = {.fd = fd, .events = POLLIN};
	socklen_t len = sizeof(*ret);

	ssize_t n = poll(&p, 1, ARRIVES_MS) > 0 ? recvfrom(fd, text, sizeof(text) - 1, 0, (struct sockaddr *)ret, &len) : 0;
	text[MAX(n, 0)] = '\0';
	return text;
}

static const char *heard(int fd)
{
	struct sockaddr_in from;

	return heard_from(fd, &from);
}

static void of_the_host_they_reach_the_name_server_alone(void **state UNUSED)
{
	struct flow w = a_to_world();
	struct sockaddr_in from = {0};
	int names = listen_udp(BRIDGE_IP, NAT_NAMES_PORT), other = listen_udp(BRIDGE_IP, 9999), any = listen_udp(OUT_IP, NAT_NAMES_PORT);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1000), .sin_addr.s_addr = inet_addr(a.g.ipv4)};

	set_guest(&a, true);
	w.to = BRIDGE_IP;
	w.port_to = 9999;
	send_from(&a, udp(&w, "t:a service"));
	w.to = OUT_IP;
	w.port_to = 53;
	send_from(&a, udp(&w, "t:by another address"));
	w.port_to = NAT_NAMES_PORT;
	send_from(&a, udp(&w, "t:by another address"));
	/* Port 53 is where it is asked, and where its answer comes from. */
	w.to = BRIDGE_IP;
	w.port_to = 53;
	send_from(&a, udp(&w, "t:who is it"));
	assert_string_equal(heard_from(names, &from), "t:who is it");
	assert_int_equal(sendto(names, "t:it is", 7, 0, (struct sockaddr *)&from, sizeof(from)), 7);
	assert_arrives(&a, "t:it is");
	assert_true(is_quiet(other));
	assert_true(is_quiet(any));
	/* The host speaks first: then there is an answer. */
	assert_int_equal(sendto(other, "t:from the host", 15, 0, (struct sockaddr *)&to, sizeof(to)), 15);
	assert_arrives(&a, "t:from the host");
	w.port_to = 9999;
	send_from(&a, udp(&w, "t:an answer"));
	assert_string_equal(heard(other), "t:an answer");
	close(names);
	close(other);
	close(any);
}

static void the_host_answers_a_ping(void **state UNUSED)
{
	struct frame f = ether(a.g.mac, BRIDGE_MAC, ETHERTYPE_IP), got;
	unsigned char echo[8] = {8, 0, 0, 0, 0, 1, 0, 1};
	uint16_t sum = checksum(echo, sizeof(echo));

	memcpy(echo + 2, &sum, 2);
	add_ip(&f, a.g.ipv4, BRIDGE_IP, IPPROTO_ICMP, sizeof(echo));
	add(&f, echo, sizeof(echo));
	send_from(&a, f);
	do
		assert_true(next_frame(a.fd, VNET_HDR, &got));
	while (got.data[12] != 8 || got.data[13] != 0 || got.data[23] != IPPROTO_ICMP);
	assert_int_equal(got.data[14 + 20], 0); /* echo reply */
}

/* ---- the world ---- */

/* The answer to a packet that came out there. */
static struct frame answer(const struct frame *f, const char *text)
{
	struct flow w = {.mac_from = ROUTER_MAC, .mac_to = OUT_MAC, .from = WORLD, .to = OUT_IP, .port_from = 2000};

	w.port_to = (uint16_t)(f->data[34] << 8 | f->data[35]);
	return udp(&w, text);
}

static void the_world_is_reached_with_nat_alone(void **state UNUSED)
{
	struct flow w = a_to_world();
	struct frame f;

	send_from(&a, udp(&w, "t:without"));
	set_guest(&a, true);
	send_from(&a, udp(&w, "t:with"));
	assert_goes_out("t:with", &f);
	assert_string_equal(ip_at(&f, 12), OUT_IP);
	send_from_world(answer(&f, "t:answer"));
	assert_arrives(&a, "t:answer");
	/* The other guest has none. */
	w.mac_from = b.g.mac;
	w.from = b.g.ipv4;
	send_from(&b, udp(&w, "t:b without"));
	w = a_to_world();
	send_from(&a, udp(&w, "t:again"));
	assert_goes_out("t:again", NULL);
}

static void with_the_switch_its_connections_end(void **state UNUSED)
{
	struct flow w = a_to_world(), near = {b.g.mac, a.g.mac, b.g.ipv4, a.g.ipv4, 1, 2};
	struct frame f;

	set_guest(&a, true);
	send_from(&a, udp(&w, "t:first"));
	assert_goes_out("t:first", &f);
	set_guest(&a, false);
	send_from_world(answer(&f, "t:too late"));
	send_from(&b, udp(&near, "t:from b"));
	assert_arrives(&a, "t:from b");
	send_from(&a, udp(&w, "t:off"));
	set_guest(&a, true);
	send_from(&a, udp(&w, "t:on again"));
	assert_goes_out("t:on again", &f);
	send_from_world(answer(&f, "t:and back"));
	assert_arrives(&a, "t:and back");
}

static void the_world_does_not_reach_in(void **state UNUSED)
{
	struct flow w = {ROUTER_MAC, OUT_MAC, WORLD, a.g.ipv4, 2000, 1000}, out = a_to_world();
	struct frame f;

	set_guest(&a, true);
	send_from_world(udp(&w, "t:unasked"));
	send_from(&a, udp(&out, "t:asks"));
	assert_goes_out("t:asks", &f);
	send_from_world(answer(&f, "t:asked"));
	assert_arrives(&a, "t:asked");
}

/* ---- the tables ---- */

static void they_tell_what_is_on(void **state UNUSED)
{
	struct nat_guest *list, twin = a.g;
	struct err e = {0};
	struct nat_health is;
	int n;

	set_guest(&b, true);
	assert_ok(nat_up(&net, &e), &e); /* the rules anew, the guests as they are */
	assert_ok(nat_guests(&list, &n, &e), &e);
	assert_int_equal(n, 2);
	for (int i = 0; i < n; i++) {
		const struct guest *g = strcmp(list[i].tap, a.g.tap) == 0 ? &a : &b;
		assert_string_equal(list[i].tap, g->g.tap);
		assert_string_equal(list[i].mac, g->g.mac);
		assert_string_equal(list[i].ipv4, g->g.ipv4);
		assert_int_equal(list[i].nat, g->g.nat);
	}
	free(list);
	link_tap_name("cccccccccccc", twin.tap);
	assert_err(nat_guest_set(&twin, &e), &e, ERR_EXISTS);
	assert_ok(nat_guest_remove(a.g.tap, &e), &e);
	assert_ok(nat_guest_remove(a.g.tap, &e), &e);
	assert_ok(nat_guest_set(&twin, &e), &e);
	assert_ok(nat_health(&is, &e), &e);
	assert_true(is.is_there && is.is_whole);
	assert_ok(nat_down(&e), &e);
	assert_ok(nat_down(&e), &e);
	assert_ok(nat_health(&is, &e), &e);
	assert_false(is.is_there || is.is_whole);
	assert_ok(nat_guests(&list, &n, &e), &e);
	assert_int_equal(n, 0);
	free(list);
	assert_err(nat_guest_set(&a.g, &e), &e, ERR_STATE);
	assert_ok(nat_guest_remove(a.g.tap, &e), &e);
	snprintf(twin.ipv4, sizeof(twin.ipv4), "no address");
	assert_err(nat_guest_set(&twin, &e), &e, ERR_USAGE);
}

/* ---- the neighbours ---- */

static void ruleset(const char *text)
{
	struct err e = {0};

	assert_ok(nat_run(text, &e), &e);
}

static struct nat_obstacles look(void)
{
	struct nat_obstacles o;
	struct err e = {0};

	assert_ok(nat_look(LINK_BRIDGE, &o, &e), &e);
	return o;
}

static char *ip_filter(void)
{
	struct buf text = {0};
	struct err e = {0};

	assert_ok(nat_list("list table ip filter", &text, NULL, &e), &e);
	return buf_take(&text);
}

static void assert_ip_filter(char *before)
{
	auto_free char *now = ip_filter();

	assert_string_equal(now, before);
	free(before);
}

static void assert_round_trip(const char *out, const char *back)
{
	struct flow w = a_to_world();
	struct frame f;

	send_from(&a, udp(&w, out));
	assert_goes_out(out, &f);
	send_from_world(answer(&f, back));
	assert_arrives(&a, back);
}

/* A question to the host's name server, answered. */
static void assert_is_heard(void)
{
	struct flow w = a_to_world();
	struct sockaddr_in from = {0};
	int names = listen_udp(BRIDGE_IP, NAT_NAMES_PORT);

	w.to = BRIDGE_IP;
	w.port_to = 53;
	send_from(&a, udp(&w, "t:who is it"));
	assert_string_equal(heard_from(names, &from), "t:who is it");
	close(names);
}

/* Somebody closes the host: then it is as open for guests as without, and afterwards as closed as before. */
static void assert_opened(const char *rules)
{
	struct err e = {0};
	char *before;

	ruleset(rules);
	before = ip_filter();
	assert_int_equal(look().what, NAT_CLEAR);
	set_guest(&a, true);
	assert_ok(nat_up(&net, &e), &e);
	assert_round_trip("t:through", "t:and back");
	assert_is_heard();
	set_guest(&a, false);
	send_from(&a, udp(&(struct flow){a.g.mac, BRIDGE_MAC, a.g.ipv4, WORLD, 1, 2}, "t:off"));
	/* The other guest had no NAT at any time. */
	send_from(&b, udp(&(struct flow){b.g.mac, BRIDGE_MAC, b.g.ipv4, WORLD, 1, 2}, "t:without"));
	set_guest(&a, true);
	assert_round_trip("t:on", "t:back");
	/* In order once more, and once only. */
	assert_ok(nat_up(&net, &e), &e);
	assert_round_trip("t:again", "t:back again");
	assert_ok(nat_down(&e), &e);
	assert_ip_filter(before);
}

#define DOCKER                                                                                                         \
	"table ip filter {\n"                                                                                          \
	"	chain DOCKER-USER { return\n }\n"                                                              \
	"	chain DOCKER-FORWARD { oifname \"docker0\" drop\n }\n"                                                 \
	"	chain FORWARD { type filter hook forward priority filter; policy drop;\n"                              \
	"		jump DOCKER-USER\n jump DOCKER-FORWARD\n }\n"                                  \
	"}\n"

static void docker_lets_us_through(void **state UNUSED)
{
	assert_opened(DOCKER);
}

static void so_does_a_drop_policy_without_docker_user(void **state UNUSED)
{
	assert_opened("table ip filter {\n"
		      "	chain FORWARD { type filter hook forward priority filter; policy drop;\n"
		      "		iifname \"virbr0\" accept\n }\n"
		      "}\n");
}

/* ufw, as it stands; and what Red Hat's iptables service ends with. */
static void so_does_who_closes_the_host_to_all(void **state UNUSED)
{
	assert_opened("table ip filter {\n"
		      "	chain ufw-user-forward { }\n"
		      "	chain ufw-user-input { }\n"
		      "	chain INPUT { type filter hook input priority filter; policy drop;\n"
		      "		ct state established,related accept\n jump ufw-user-input\n }\n"
		      "	chain FORWARD { type filter hook forward priority filter; policy drop; jump ufw-user-forward\n }\n"
		      "}\n");
	teardown(NULL);
	setup(NULL);
	assert_opened("table ip filter {\n"
		      "	chain INPUT { type filter hook input priority filter; policy accept;\n"
		      "		ct state established,related accept\n reject\n }\n"
		      "	chain FORWARD { type filter hook forward priority filter; policy accept; reject\n }\n"
		      "}\n");
}

/* Docker comes while guests run, and its chains are flushed: the next start of any guest mends both. */
static void who_comes_later_is_seen_at_the_next_start(void **state UNUSED)
{
	struct err e = {0};
	char *before;

	set_guest(&a, true);
	assert_round_trip("t:before", "t:back");
	ruleset(DOCKER);
	assert_ok(nat_up(&net, &e), &e);
	assert_round_trip("t:with docker", "t:back");
	ruleset("flush chain ip filter DOCKER-USER\nadd rule ip filter DOCKER-USER return\n");
	before = ip_filter();
	assert_ok(nat_up(&net, &e), &e);
	assert_round_trip("t:with docker anew", "t:back");
	assert_ok(nat_guest_remove(a.g.tap, &e), &e);
	assert_ok(nat_guest_remove(b.g.tap, &e), &e);
	assert_ok(nat_down(&e), &e);
	assert_ip_filter(before);
}

static struct nat_health health(void)
{
	struct nat_health ret;
	struct err e = {0};

	assert_ok(nat_health(&ret, &e), &e);
	return ret;
}

/* As a restart of nftables.service does it, or somebody who tries something: it is seen, and made again. */
static void what_is_missing_of_ours_is_seen_and_made_again(void **state UNUSED)
{
	static const char *const losses[] = {"flush ruleset\n", "flush table inet banger\n", "flush chain bridge banger from_guest_ip\n",
					     "delete table bridge banger\n", "flush set inet banger inside\n",
					     "delete table inet banger\nadd table inet banger\n"};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(losses); i++) {
		assert_true(health().is_whole);
		ruleset(losses[i]);
		if (health().is_whole)
			fail_msg("nobody misses: %s", losses[i]);
		assert_int_equal(health().is_there, i > 0);
		assert_ok(nat_up(&net, &e), &e);
		set_guest(&a, true);
		assert_round_trip("t:again", "t:back");
	}
}

/* Of a name that ours have: left as it is, and said. */
static void a_table_of_somebody_elses_is_left_alone(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(nat_down(&e), &e);
	ruleset("table inet banger {\n set inside { type ifname; elements = { \"eth7\" }\n }\n"
		" set natted { type ipv4_addr; }\n chain c { counter; }\n}\n");
	assert_false(health().is_there || health().is_whole);
	assert_string_equal(health().foreign, "inet banger");
	assert_err(nat_up(&net, &e), &e, ERR_EXISTS);
	assert_err(nat_guest_set(&a.g, &e), &e, ERR_STATE);
	assert_ok(nat_guest_remove(a.g.tap, &e), &e);
	assert_ok(nat_down(&e), &e);
	assert_string_equal(health().foreign, "inet banger");
	/* An empty one is nobody's. */
	ruleset("delete table inet banger\nadd table inet banger\n");
	assert_true(health().is_there);
	assert_string_equal(health().foreign, "");
	assert_ok(nat_down(&e), &e);
	assert_false(health().is_there);
}

static void who_drops_is_named(void **state UNUSED)
{
	struct flow w = a_to_world();
	struct nat_obstacles o;
	char nft[400];

	assert_int_equal(look().what, NAT_CLEAR);
	ruleset("table inet firewalld { chain filter_FORWARD { type filter hook forward priority 10; reject; }\n }\n");
	o = look();
	assert_int_equal(o.what, NAT_FIREWALLD);
	assert_string_equal(o.where, "inet firewalld filter_FORWARD");
	ruleset("delete table inet firewalld\n"
		"table inet mine {\n"
		"	chain in { type filter hook input priority 0; reject\n }\n"
		"	chain through { type filter hook forward priority 0; policy drop; }\n"
		"	chain out { type filter hook output priority 0; policy drop; accept\n }\n"
		"}\n");
	o = look();
	assert_int_equal(o.what, NAT_OTHER_DROP);
	assert_string_equal(o.where, "inet mine in");
	/* What it says helps does help: nft 'COMMANDS'. */
	set_guest(&a, true);
	send_from(&a, udp(&w, "t:swallowed"));
	assert_int_equal(sscanf(o.fix, "nft '%399[^']'", nft), 1);
	ruleset(nft);
	assert_int_equal(look().what, NAT_CLEAR);
	assert_round_trip("t:passed", "t:back");
	assert_is_heard();
}

static int cannot(const char *why)
{
	printf("%s\n", why);
	return 77;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guests_reach_one_another),
		T(nobody_speaks_in_anothers_name),
		T(nobody_gives_away_anothers_address),
		T(nobody_plays_the_router),
		T(who_is_not_pinned_is_mute),
		T(of_the_host_they_reach_the_name_server_alone),
		T(the_host_answers_a_ping),
		T(the_world_is_reached_with_nat_alone),
		T(with_the_switch_its_connections_end),
		T(the_world_does_not_reach_in),
		T(they_tell_what_is_on),
		T(docker_lets_us_through),
		T(so_does_a_drop_policy_without_docker_user),
		T(so_does_who_closes_the_host_to_all),
		T(who_comes_later_is_seen_at_the_next_start),
		T(what_is_missing_of_ours_is_seen_and_made_again),
		T(a_table_of_somebody_elses_is_left_alone),
		T(who_drops_is_named),
	};
	const char *why = netns_enter();
	struct err e = {0};

	if (why)
		return cannot(why);
	if (!netns_ip_works("link add " LINK_BRIDGE " type bridge") || !netns_ip_works("link add out0 type veth peer name out1"))
		return cannot("no bridges or no veth in this kernel");
	netns_ip("link delete " LINK_BRIDGE);
	netns_ip("link delete out0");
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return cannot("no /dev/net/tun");
	if (nat_up(&net, &e) < 0 || nat_down(&e) < 0)
		return cannot(e.msg);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
