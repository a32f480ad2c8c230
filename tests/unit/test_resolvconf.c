/* SPDX-License-Identifier: MIT */
/*
 * net/resolvconf: a network that holds a name server of the host's is told, and no other.
 */
#include "tests/lib/test.h"

#include "core/net/resolvconf.h"

static const char *find_in(const char *text)
{
	static char server[SUBNET_IPV4_SIZE];
	struct subnet net;
	struct err e = {0};

	assert_ok(subnet_parse("10.20.0.1/16", &net, &e), &e);
	return resolvconf_find_in(text, &net, server) ? server : "";
}

static void servers_in_it_are_found(void **state UNUSED)
{
	assert_string_equal(find_in(""), "");
	assert_string_equal(find_in("nameserver 10.20.30.53\n"), "10.20.30.53");
	assert_string_equal(find_in("# x\nsearch a b\nnameserver 192.168.1.1\nnameserver\t10.20.0.2 # second\n"), "10.20.0.2");
	assert_string_equal(find_in("nameserver 10.20.30.53;x"), "10.20.30.53");
	assert_string_equal(find_in("nameserver 10.21.0.1\nnameserver ::1\nnameserver 10.20.30.530000000000000000\n"), "");
	assert_string_equal(find_in("nameserver10.20.30.53\n nameserver 10.20.30.53\nnameserver\n\n"), "");
	/* The bridge's own: names are asked of it by hand. */
	assert_string_equal(find_in("nameserver 10.20.0.1\n"), "");
}

static void the_hosts_files_are_read(void **state)
{
	struct err e = {0};

	assert_ok(resolvconf_check(*state, "10.20.0.1/16", &e), &e);
	tmpdir_put(state, "etc/resolv.conf", "nameserver 127.0.0.53\n");
	assert_ok(resolvconf_check(*state, "10.20.0.1/16", &e), &e);
	tmpdir_put(state, "run/systemd/resolve/resolv.conf", "nameserver 10.20.30.53\n");
	assert_ok(resolvconf_check(*state, "10.21.0.1/16", &e), &e);
	assert_int_equal(resolvconf_check(*state, "10.20.0.1/16", &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	assert_string_equal(e.msg, "the network 10.20.0.1/16 holds 10.20.30.53, a name server of this host");
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(servers_in_it_are_found), T(the_hosts_files_are_read)};

	return cmocka_run_group_tests_name("resolvconf", tests, NULL, NULL);
}
