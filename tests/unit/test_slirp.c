/* SPDX-License-Identifier: MIT */
/*
 * net/slirp and net/addr: ports kept from everybody but the VMM, and addresses as text.
 */
#include "tests/lib/netns.h"

#include "base/fd.h"
#include "core/net/addr.h"
#include "core/net/slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int bind_loopback(uint16_t port, bool reuse)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 1) < 0)
		return -1;
	return TAKE_FD(fd);
}

static void keeps_a_port_from_others_but_not_from_the_vmm(void **state UNUSED)
{
	struct err e = {0};
	uint16_t port;
	int fd;

	assert_ok(slirp_reserve(0, NULL, NULL, &port, &fd, &e), &e);
	assert_in_range(port, SLIRP_PORT_MIN, SLIRP_PORT_MAX);
	assert_int_equal(bind_loopback(port, false), -1);
	/* QEMU's forwarder sets SO_REUSEADDR before it binds. */
	auto_fd vmm = bind_loopback(port, true);
	assert_true(vmm >= 0);
	fd_close(&fd);
	fd_close(&vmm);
}

static void refuses_a_port_in_use(void **state UNUSED)
{
	struct err e = {0};
	uint16_t port;
	uint16_t same;
	int fd;
	int other;

	assert_ok(slirp_reserve(0, NULL, NULL, &port, &fd, &e), &e);
	assert_err(slirp_reserve(port, NULL, NULL, &same, &other, &e), &e, ERR_BUSY);
	fd_close(&fd);
	assert_ok(slirp_reserve(port, NULL, NULL, &same, &fd, &e), &e);
	assert_int_equal(same, port);
	fd_close(&fd);
	auto_fd listener = bind_loopback(port, true);
	assert_err(slirp_reserve(port, NULL, NULL, &same, &other, &e), &e, ERR_BUSY);
}

/* A connection that the port's last owner ended first waits out its time: the machine gets its port back all the same. */
static void gets_a_port_back_that_waits_out(void **state UNUSED)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct err e = {0};
	uint16_t port, same;
	char byte;
	int fd;

	assert_ok(slirp_reserve(0, NULL, NULL, &port, &fd, &e), &e);
	auto_fd listener = bind_loopback(port, true);
	fd_close(&fd);
	sa.sin_port = htons(port);
	auto_fd client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&sa, sizeof(sa)), 0);
	auto_fd served = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	fd_close(&served);
	assert_int_equal(read(client, &byte, 1), 0);
	fd_close(&client);
	fd_close(&listener);
	assert_int_equal(bind_loopback(port, false), -1); /* so it waits */
	assert_ok(slirp_reserve(port, NULL, NULL, &same, &fd, &e), &e);
	assert_int_equal(same, port);
	fd_close(&fd);
}

/* Every port but one is another VM's. */
static bool all_but(void *arg, uint16_t port)
{
	return port != *(uint16_t *)arg;
}

static bool all(void *arg UNUSED, uint16_t port UNUSED)
{
	return true;
}

static void respects_ports_of_other_vms(void **state UNUSED)
{
	struct err e = {0};
	uint16_t only;
	uint16_t got;
	int fd;

	assert_ok(slirp_reserve(0, NULL, NULL, &only, &fd, &e), &e);
	fd_close(&fd);
	assert_ok(slirp_reserve(0, all_but, &only, &got, &fd, &e), &e);
	assert_int_equal(got, only);
	fd_close(&fd);
	assert_err(slirp_reserve(0, all, NULL, &got, &fd, &e), &e, ERR_BUSY);
	assert_err(slirp_reserve(only, all, NULL, &got, &fd, &e), &e, ERR_BUSY);
}

/* Two processes that want any of the same two ports: each gets one, the third none. */
static bool only_two(void *arg, uint16_t port)
{
	uint16_t first = *(uint16_t *)arg;

	return port != first && port != (first == SLIRP_PORT_MAX ? SLIRP_PORT_MIN : first + 1);
}

static void keeps_processes_apart(void **state UNUSED)
{
	struct err e = {0};
	uint16_t first = 28123;
	uint16_t mine;
	int to_parent[2];
	int to_child[2];
	int fd;
	int other;

	assert_ok(fd_pipe(to_parent, &e), &e);
	assert_ok(fd_pipe(to_child, &e), &e);
	pid_t pid = fork();
	if (pid == 0) {
		uint16_t port = 0;
		if (slirp_reserve(0, only_two, &first, &port, &fd, &e) < 0 || write(to_parent[1], &port, 2) != 2)
			_exit(1);
		close(to_child[1]);
		_exit(read(to_child[0], &port, 1) == 0 ? 0 : 1);
	}
	uint16_t theirs;
	assert_int_equal(read(to_parent[0], &theirs, 2), 2);
	assert_ok(slirp_reserve(0, only_two, &first, &mine, &fd, &e), &e);
	assert_int_not_equal(mine, theirs);
	assert_err(slirp_reserve(0, only_two, &first, &mine, &other, &e), &e, ERR_BUSY);
	for (int i = 0; i < 2; i++) {
		fd_close(&to_child[1 - i]);
		fd_close(&to_parent[i]);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd_close(&fd);
}

static void makes_a_mac_of_an_id(void **state UNUSED)
{
	char mac[ADDR_MAC_SIZE];

	addr_mac_from_id("0123456789ab", mac);
	assert_string_equal(mac, "02:23:45:67:89:ab");
}

static void knows_ipv4(void **state UNUSED)
{
	assert_true(addr_is_ipv4("10.0.2.15"));
	assert_true(addr_is_ipv4("0.0.0.0"));
	assert_false(addr_is_ipv4("10.0.2"));
	assert_false(addr_is_ipv4("10.0.2.15-:22,x"));
	assert_false(addr_is_ipv4("::1"));
	assert_false(addr_is_ipv4(""));
	assert_true(addr_is_loopback("127.0.0.2"));
	assert_false(addr_is_loopback("128.0.0.1"));
	assert_false(addr_is_loopback("localhost"));
}

/* In a network of the test's own, and without rights there: whom this host lets have which port is not the test's to say. */
static int look_at_privileged_ports(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	struct err e = {0};
	auto_fd fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);

	if (write(fd, "81", 2) != 2)
		return 2;
	if (slirp_check_port(80, &e) < 0) /* root of this network */
		return 3;
	if (syscall(SYS_capset, &head, none) < 0)
		return 4;
	if (slirp_check_port(81, &e) < 0)
		return 5;
	if (slirp_check_port(80, &e) == 0 || e.code != ERR_PERM)
		return 6;
	if (!strstr(e.msg, "port 80 is a privileged port") || !strstr(e.msg, "below 81"))
		return 7;
	return strstr(e.hint, "from 81 on") && strstr(e.hint, "ip_unprivileged_port_start=80") ? 0 : 8;
}

static void knows_ports_that_are_roots(void **state UNUSED)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(netns_enter() ? 77 : look_at_privileged_ports());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_a_port_from_others_but_not_from_the_vmm),
		cmocka_unit_test(refuses_a_port_in_use),
		cmocka_unit_test(gets_a_port_back_that_waits_out),
		cmocka_unit_test(respects_ports_of_other_vms),
		cmocka_unit_test(keeps_processes_apart),
		cmocka_unit_test(makes_a_mac_of_an_id),
		cmocka_unit_test(knows_ipv4),
		cmocka_unit_test(knows_ports_that_are_roots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
