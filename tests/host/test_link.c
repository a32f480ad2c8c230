/* SPDX-License-Identifier: MIT */
/*
 * Bridge and taps (core/net/link*) against a real kernel, in a network of the test's own. What was made is looked at by
 * iproute2; what is in the way is made by it.
 */
#include "tests/lib/netns.h"

#include "base/fd.h"
#include "core/net/link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CIDR "172.30.0.1/24"
#define ID "0123456789ab"
#define OWNER 54321 /* nobody has it: iproute2 would say the name */

static char tap[LINK_NAME_SIZE];

static int setup(void **state UNUSED)
{
	link_tap_name(ID, tap);
	return 0;
}

/* Whatever a test has made: the next begins with a loopback interface. */
static int teardown(void **state UNUSED)
{
	static const char *const all[] = {LINK_BRIDGE, "bgr" ID, "other0", "other1"};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		(void)netns_ip_works("link delete %s", all[i]);
	return 0;
}

static bool exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

static void assert_shown(const char *name, const char *what)
{
	const char *text = netns_ip("-d link show %s", name);

	if (!strstr(text, what))
		fail_msg("%s has no '%s': %s", name, what, text);
}

static void bridge_up(void)
{
	struct err e = {0};

	assert_ok(link_bridge_up(LINK_BRIDGE, CIDR, &e), &e);
}

static struct link_tap a_tap(const char *bridge)
{
	return (struct link_tap){.name = tap, .bridge = bridge, .owner = OWNER, .group = (gid_t)-1};
}

static void tap_up(const char *bridge)
{
	struct link_tap t = a_tap(bridge);
	struct err e = {0};

	assert_ok(link_tap_up(&t, &e), &e);
}

/* ---- the bridge ---- */

static void assert_bridge(const char *cidr)
{
	assert_shown(LINK_BRIDGE, "stp_state 0 ");
	assert_shown(LINK_BRIDGE, "forward_delay 0 ");
	assert_shown(LINK_BRIDGE, "link/ether 06:62:67:72:00:01");
	assert_shown(LINK_BRIDGE, "alias " LINK_ALIAS);
	assert_shown(LINK_BRIDGE, ",UP");
	const char *text = netns_ip("-4 -o address show dev %s", LINK_BRIDGE);
	assert_non_null(strstr(text, cidr));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* and no other */
	assert_string_equal(netns_sysctl("ipv6/conf/%s/disable_ipv6", LINK_BRIDGE), "1");
	assert_string_equal(netns_sysctl("ipv6/conf/%s/accept_ra", LINK_BRIDGE), "0");
	assert_string_equal(netns_ip("-6 address show dev %s", LINK_BRIDGE), "");
}

static void a_bridge_is_made_and_goes(void **state UNUSED)
{
	struct err e = {0};

	bridge_up();
	assert_bridge(CIDR);
	bridge_up();
	assert_bridge(CIDR);
	assert_ok(link_bridge_down(LINK_BRIDGE, &e), &e);
	assert_false(exists(LINK_BRIDGE));
	assert_ok(link_bridge_down(LINK_BRIDGE, &e), &e);
}

/* With spanning tree on, the kernel takes no forward delay of 0. */
static void what_somebody_did_to_it_is_put_right(void **state UNUSED)
{
	bridge_up();
	netns_ip("link set %s type bridge stp_state 1", LINK_BRIDGE);
	netns_ip("link set %s type bridge forward_delay 400", LINK_BRIDGE);
	netns_ip("address add 172.30.9.9/24 dev %s", LINK_BRIDGE);
	netns_ip("link set %s down", LINK_BRIDGE);
	bridge_up();
	assert_bridge(CIDR);
}

static void its_address_can_change(void **state UNUSED)
{
	struct err e = {0};

	bridge_up();
	assert_ok(link_bridge_up(LINK_BRIDGE, "10.213.7.1/20", &e), &e);
	assert_bridge("10.213.7.1/20");
}

static void somebody_elses_is_left_alone(void **state UNUSED)
{
	struct err e = {0};
	struct link_tap t = a_tap(LINK_BRIDGE);

	netns_ip("link add %s type bridge", LINK_BRIDGE);
	assert_err(link_bridge_up(LINK_BRIDGE, CIDR, &e), &e, ERR_EXISTS);
	assert_err(link_bridge_down(LINK_BRIDGE, &e), &e, ERR_EXISTS);
	assert_err(link_tap_up(&t, &e), &e, ERR_EXISTS);
	assert_true(exists(LINK_BRIDGE));
	assert_false(exists(tap));
	assert_string_equal(netns_ip("-4 address show dev %s", LINK_BRIDGE), "");
	netns_ip("tuntap add dev %s mode tap", tap);
	t.bridge = NULL;
	assert_err(link_tap_up(&t, &e), &e, ERR_EXISTS);
	assert_err(link_tap_down(tap, &e), &e, ERR_EXISTS);
	assert_true(exists(tap));
}

static void a_network_of_the_host_is_not_overlapped(void **state UNUSED)
{
	char dev[LINK_NAME_SIZE], range[LINK_CIDR_SIZE], proposal[LINK_CIDR_SIZE];
	struct err e = {0};
	bool taken;

	netns_ip("link add other0 type veth peer name other1");
	netns_ip("link set other0 up");
	netns_ip("address add 172.30.5.1/16 dev other0");
	assert_int_equal(link_bridge_up(LINK_BRIDGE, CIDR, &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	assert_non_null(strstr(e.msg, "other0"));
	assert_non_null(strstr(e.hint, "172.16.0.1/24"));
	err_clear(&e);
	assert_false(exists(LINK_BRIDGE));
	assert_ok(link_conflict(CIDR, NULL, &taken, dev, range, &e), &e);
	assert_true(taken);
	assert_string_equal(range, "172.30.0.0/16");
	assert_ok(link_conflict(CIDR, "other0", &taken, dev, range, &e), &e);
	assert_false(taken);
	/* What a VPN keeps in a table of its own counts, too; its halves of a default route do not. */
	netns_ip("route add 172.16.0.0/15 dev other0 table 4242");
	netns_ip("route add 0.0.0.0/1 dev other0 table 4242");
	assert_ok(link_propose(proposal, &e), &e);
	assert_string_equal(proposal, "172.18.0.1/24");
}

/* More than the kernel says at once; and a route with two ways is both's. */
static void many_routes_are_all_read(void **state UNUSED)
{
	char dev[LINK_NAME_SIZE], range[LINK_CIDR_SIZE], path[] = "/tmp/test_link.XXXXXX";
	struct err e = {0};
	bool taken;
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	netns_ip("link add other0 type veth peer name other1");
	netns_ip("link set other0 up");
	netns_ip("link set other1 up");
	for (int i = 0; i < 2000; i++)
		fprintf(f, "route add 10.%d.%d.0/24 dev other0\n", i / 250, i % 250);
	fprintf(f, "route add 192.168.7.0/24 nexthop dev other0 nexthop dev other1\n");
	fclose(f);
	netns_ip("-batch %s", path);
	unlink(path);
	assert_ok(link_conflict("10.7.249.1/24", NULL, &taken, dev, range, &e), &e);
	assert_true(taken);
	assert_string_equal(range, "10.7.249.0/24");
	assert_ok(link_conflict("10.8.0.1/24", NULL, &taken, dev, range, &e), &e);
	assert_false(taken);
	assert_ok(link_conflict("192.168.7.1/24", "other0", &taken, dev, range, &e), &e);
	assert_true(taken);
	assert_string_equal(dev, "other1");
	assert_err(link_check_free("10.0.3.1/24", NULL, &e), &e, ERR_BUSY);
	assert_ok(link_check_free("172.16.0.1/24", NULL, &e), &e);
}

static void forwarding_is_of_one_interface(void **state UNUSED)
{
	struct err e = {0};
	bool was = true;

	bridge_up();
	assert_ok(link_forward(LINK_BRIDGE, true, &was, &e), &e);
	assert_false(was);
	assert_string_equal(netns_sysctl("ipv4/conf/%s/forwarding", LINK_BRIDGE), "1");
	assert_string_equal(netns_sysctl("ipv4/conf/lo/forwarding"), "0");
	assert_string_equal(netns_sysctl("ipv4/ip_forward"), "0");
	assert_ok(link_forward(LINK_BRIDGE, true, &was, &e), &e);
	assert_true(was);
	assert_ok(link_forward(LINK_BRIDGE, false, NULL, &e), &e);
	assert_string_equal(netns_sysctl("ipv4/conf/%s/forwarding", LINK_BRIDGE), "0");
	assert_err(link_forward("gone0", true, NULL, &e), &e, ERR_NOT_FOUND);
	assert_err(link_forward("all", true, NULL, &e), &e, ERR_USAGE);
}

static void the_way_out_is_known(void **state UNUSED)
{
	char names[4][LINK_NAME_SIZE];
	struct err e = {0};
	int n;

	assert_ok(link_uplinks(names, 4, &n, &e), &e);
	assert_int_equal(n, 0);
	netns_ip("link add other0 type veth peer name other1");
	netns_ip("link set other0 up");
	netns_ip("link set other1 up");
	netns_ip("address add 192.0.2.1/25 dev other0");
	netns_ip("address add 192.0.2.129/25 dev other1");
	netns_ip("route add default via 192.0.2.2 dev other0 metric 100");
	netns_ip("route add default via 192.0.2.130 dev other1 metric 50");
	assert_ok(link_uplinks(names, 4, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "other1");
	assert_string_equal(names[1], "other0");
	/* As a VPN does it: two halves win over the whole. */
	netns_ip("route add 128.0.0.0/1 dev other0");
	assert_ok(link_uplinks(names, 1, &n, &e), &e);
	assert_string_equal(names[0], "other0");
}

/* ---- taps ---- */

static void a_tap_is_made_and_goes(void **state UNUSED)
{
	struct err e = {0};
	int fd;

	bridge_up();
	tap_up(LINK_BRIDGE);
	assert_shown(tap, "tun type tap pi off vnet_hdr on persist on user 54321 ");
	assert_null(strstr(netns_ip("-d link show %s", tap), " group 5"));
	assert_shown(tap, "alias " LINK_ALIAS);
	assert_shown(tap, "master " LINK_BRIDGE);
	assert_ok(link_tap_open(tap, &fd, &e), &e);
	assert_shown(tap, "state forwarding ");
	close(fd);
	assert_string_equal(netns_sysctl("ipv6/conf/%s/disable_ipv6", tap), "1");
	assert_err(link_bridge_down(LINK_BRIDGE, &e), &e, ERR_BUSY);
	assert_ok(link_tap_down(tap, &e), &e);
	assert_false(exists(tap));
	assert_ok(link_tap_down(tap, &e), &e);
	assert_ok(link_bridge_down(LINK_BRIDGE, &e), &e);
}

static void a_tap_is_adjusted(void **state UNUSED)
{
	struct link_tap t = a_tap(NULL);
	struct err e = {0};

	assert_ok(link_tap_up(&t, &e), &e);
	bridge_up();
	t.bridge = LINK_BRIDGE;
	t.owner = OWNER + 1;
	t.group = OWNER + 2;
	assert_ok(link_tap_up(&t, &e), &e);
	assert_shown(tap, "user 54322 group 54323 ");
	assert_shown(tap, "master " LINK_BRIDGE);
	netns_ip("link set %s nomaster down", tap);
	assert_ok(link_tap_up(&t, &e), &e);
	assert_shown(tap, "master " LINK_BRIDGE);
	assert_shown(tap, ",UP");
	t.bridge = "gone0";
	assert_err(link_tap_up(&t, &e), &e, ERR_NOT_FOUND);
}

/* link_tap_open() as that user and group, in a child: the code of its error. */
static enum err_code open_as(uid_t uid, gid_t gid)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = {0};
		int fd;
		if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(255);
		_exit(link_tap_open(tap, &fd, &e) == 0 ? ERR_NONE : (int)e.code);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (enum err_code)WEXITSTATUS(status);
}

static bool users_may_open_tun(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(setresuid(OWNER, OWNER, OWNER) < 0 || open("/dev/net/tun", O_RDWR | O_CLOEXEC) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static void its_owner_may_open_it(void **state UNUSED)
{
	if (!users_may_open_tun()) {
		print_message("here /dev/net/tun is root's alone\n");
		skip();
	}
	tap_up(NULL);
	assert_int_equal(open_as(OWNER, OWNER), ERR_NONE);
	assert_int_equal(open_as(OWNER, OWNER + 7), ERR_NONE); /* no group was asked for */
	assert_int_equal(open_as(OWNER + 1, OWNER), ERR_PERM);
}

static void one_holds_it(void **state UNUSED)
{
	struct err e = {0};
	int fd;
	int second;

	assert_err(link_tap_open(tap, &fd, &e), &e, ERR_NOT_FOUND);
	assert_false(exists(tap));
	tap_up(NULL);
	assert_ok(link_tap_open(tap, &fd, &e), &e);
	assert_err(link_tap_open(tap, &second, &e), &e, ERR_BUSY);
	tap_up(NULL); /* adjusting goes on under it */
	close(fd);
	assert_true(exists(tap));
	assert_ok(link_tap_open(tap, &fd, &e), &e);
	assert_ok(link_tap_down(tap, &e), &e);
	assert_false(exists(tap));
	close(fd);
	assert_err(link_tap_open("no/name", &fd, &e), &e, ERR_USAGE);
}

/* A broadcast frame goes in by a tap: the bridge's other tap has it, and the counters say so. */
static void what_goes_by_is_counted(void **state UNUSED)
{
	struct {
		char vnet[10];
		unsigned char frame[60];
	} packet = {.frame = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5}};
	struct link_counters c;
	struct err e = {0};
	int fd;

	bridge_up();
	tap_up(LINK_BRIDGE);
	assert_ok(link_tap_open(tap, &fd, &e), &e);
	assert_int_equal(write(fd, &packet, sizeof(packet)), sizeof(packet));
	assert_ok(link_counters(tap, &c, &e), &e);
	assert_int_equal(c.tx_packets, 1);
	assert_int_equal(c.tx_bytes, sizeof(packet.frame));
	assert_err(link_counters("gone0", &c, &e), &e, ERR_NOT_FOUND);
	close(fd);
}

static void ours_are_listed(void **state UNUSED)
{
	struct link_info *list;
	struct err e = {0};
	int n;

	netns_ip("link add other0 type veth peer name other1");
	assert_ok(link_list(&list, &n, &e), &e);
	assert_int_equal(n, 0);
	free(list);
	bridge_up();
	tap_up(LINK_BRIDGE);
	assert_ok(link_list(&list, &n, &e), &e);
	assert_int_equal(n, 2);
	int b = list[0].is_bridge ? 0 : 1;
	assert_string_equal(list[b].name, LINK_BRIDGE);
	assert_true(list[b].is_bridge && list[b].up);
	assert_string_equal(list[1 - b].name, tap);
	assert_string_equal(list[1 - b].master, LINK_BRIDGE);
	assert_true(!list[1 - b].is_bridge && list[1 - b].up);
	free(list);
}

static void nothing_without_the_right(void **state UNUSED)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = {0};
		if (setresuid(OWNER, OWNER, OWNER) < 0)
			_exit(255);
		_exit(link_bridge_up(LINK_BRIDGE, CIDR, &e) < 0 && e.code == ERR_PERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(exists(LINK_BRIDGE));
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
		T(a_bridge_is_made_and_goes),
		T(what_somebody_did_to_it_is_put_right),
		T(its_address_can_change),
		T(somebody_elses_is_left_alone),
		T(a_network_of_the_host_is_not_overlapped),
		T(many_routes_are_all_read),
		T(forwarding_is_of_one_interface),
		T(the_way_out_is_known),
		T(a_tap_is_made_and_goes),
		T(a_tap_is_adjusted),
		T(its_owner_may_open_it),
		T(one_holds_it),
		T(what_goes_by_is_counted),
		T(ours_are_listed),
		T(nothing_without_the_right),
	};
	const char *why = netns_enter();

	if (why)
		return cannot(why);
	if (!netns_ip_works("link add " LINK_BRIDGE " type bridge"))
		return cannot("no bridges in this kernel");
	netns_ip("link delete " LINK_BRIDGE);
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return cannot("no /dev/net/tun");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
