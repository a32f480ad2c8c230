/* SPDX-License-Identifier: MIT */
/*
 * net/resolve: getent's answers, and the real one about the name every host knows.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "base/mem.h"
#include "core/net/resolve.h"

#include <stdlib.h>
#include <sys/stat.h>

static void each_address_comes_once_and_in_order(void **state UNUSED)
{
	uint32_t addrs[3] = {0};

	assert_int_equal(
		resolve_parse("192.0.2.7       STREAM example.org\n192.0.2.7       DGRAM  \n192.0.2.7       RAW    \n"
			      "198.51.100.2    STREAM \n198.51.100.2    DGRAM  \n",
			      3, addrs),
		2);
	assert_int_equal(addrs[0], 0xc0000207);
	assert_int_equal(addrs[1], 0xc6336402);
}

static void no_more_than_there_is_room_for(void **state UNUSED)
{
	uint32_t addrs[2] = {0, 42};

	assert_int_equal(resolve_parse("192.0.2.1 STREAM\n192.0.2.2 STREAM\n", 1, addrs), 1);
	assert_int_equal(addrs[1], 42);
}

static void what_is_no_address_is_passed_over(void **state UNUSED)
{
	uint32_t addrs[2];

	assert_int_equal(resolve_parse("", 2, addrs), 0);
	assert_int_equal(
		resolve_parse("\n\n ::1 STREAM\n2001:db8::1 STREAM x\n192.0.2 STREAM\n192.0.2.1.1 DGRAM\nnonsense", 2,
			      addrs),
		0);
	assert_int_equal(resolve_parse("a longer first word than any address 192.0.2.1\n192.0.2.9", 2, addrs), 1);
	assert_int_equal(addrs[0], 0xc0000209);
}

static void the_host_answers(void **state UNUSED)
{
	struct err e = {0};
	uint32_t addrs[4];
	struct op op;
	int n = 0;

	op_init(&op, -1);
	assert_ok(resolve_ipv4(&op, "localhost", 4, addrs, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(addrs[0], 0x7f000001);
	op_done(&op);
}

/* A getent of the test's own: what it answers does not hang on the host's network. */
static void a_name_without_an_address_is_named(void **state)
{
	auto_free char *old = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	char path[4096];
	struct err e = {0};
	uint32_t addrs[4];
	struct op op;
	int n = 7;

	tmpdir_put(state, "getent", "#!/bin/sh\n[ \"$1\" = ahostsv4 ] || exit 1\nexit 2\n");
	assert_int_equal(chmod(tmpdir_path(state, "getent"), 0755), 0);
	snprintf(path, sizeof(path), "%s:%s", (const char *)*state, old);
	setenv("PATH", path, 1);
	op_init(&op, -1);
	assert_int_equal(resolve_ipv4(&op, "nobody.invalid", 4, addrs, &n, &e), -1);
	assert_int_equal(e.code, ERR_NET);
	setenv("PATH", old, 1);
	assert_int_equal(n, 0);
	assert_string_equal(e.msg, "host name 'nobody.invalid': this host knows no IPv4 address of it");
	op_done(&op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_comes_once_and_in_order),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(what_is_no_address_is_passed_over),
		cmocka_unit_test(the_host_answers),
		cmocka_unit_test_setup_teardown(a_name_without_an_address_is_named, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
