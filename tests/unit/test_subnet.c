/* SPDX-License-Identifier: MIT */
/*
 * net/subnet: which networks there may be, and who gets which address.
 */
#include "tests/lib/test.h"

#include "base/mem.h"
#include "core/net/subnet.h"

#include <arpa/inet.h>

static struct subnet parsed(const char *cidr)
{
	struct subnet s;
	struct err e = {0};

	assert_ok(subnet_parse(cidr, &s, &e), &e);
	return s;
}

static void what_was_read_is_written(void **state UNUSED)
{
	static const char *const all[] = {"172.16.0.1/24", "10.255.255.254/16", "192.168.255.17/28", "172.31.255.1/24"};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct subnet s = parsed(all[i]);
		char text[SUBNET_CIDR_SIZE];
		char ip[SUBNET_IPV4_SIZE];
		subnet_format(&s, text);
		assert_string_equal(text, all[i]);
		subnet_format_gateway(&s, ip);
		assert_memory_equal(ip, all[i], strlen(ip));
		assert_int_equal(all[i][strlen(ip)], '/');
	}
}

static void others_are_refused(void **state UNUSED)
{
	static const char *const bad[] = {"",		    "/24",	     "172.16.0.1",    "172.16.0.1/",	 "172.16.0.1/15",
					  "172.16.0.1/29",  "172.16.0.1/024", "172.16.0.0/24", "172.16.0.255/24", "8.8.8.8/24",
					  "172.32.0.1/24",  "127.0.0.1/24",  "::1/24",	      "1.2.3.4.5.6.7.8/24", "10.0.0.1/2 "};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct subnet s;
		struct err e = {0};
		assert_int_equal(subnet_parse(bad[i], &s, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.hint, "192.168.0.0/16"));
	}
}

static void not_every_address_is_a_guests(void **state UNUSED)
{
	struct subnet s = parsed("172.16.0.1/24");

	assert_true(subnet_has_guest(&s, "172.16.0.2"));
	assert_true(subnet_has_guest(&s, "172.16.0.254"));
	assert_false(subnet_has_guest(&s, "172.16.0.1"));
	assert_false(subnet_has_guest(&s, "172.16.0.0"));
	assert_false(subnet_has_guest(&s, "172.16.0.255"));
	assert_false(subnet_has_guest(&s, "172.16.1.2"));
	assert_false(subnet_has_guest(&s, ""));
}

/* The first `n` addresses the network hands out, and those that are told so, are taken. */
struct taken {
	char list[16][SUBNET_IPV4_SIZE];
	int n;
};

static bool is_taken(void *arg, const char *ipv4)
{
	struct taken *t = arg;

	for (int i = 0; i < t->n; i++)
		if (strcmp(t->list[i], ipv4) == 0)
			return true;
	return false;
}

static void the_lowest_free_one_is_given(void **state UNUSED)
{
	struct subnet s = parsed("192.168.7.17/28");
	struct taken t = {0};
	char ip[SUBNET_IPV4_SIZE];
	struct err e = {0};

	/* 16 of them: the network's, the bridge's and the broadcast address are nobody's. */
	for (int i = 0; i < 13; i++) {
		char want[32];
		snprintf(want, sizeof(want), "192.168.7.%d", 18 + i);
		assert_ok(subnet_allocate(&s, is_taken, &t, ip, &e), &e);
		assert_string_equal(ip, want);
		assert_true(subnet_has_guest(&s, ip));
		strcpy(t.list[t.n++], ip);
	}
	assert_int_equal(subnet_allocate(&s, is_taken, &t, ip, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "192.168.7.17/28"));
	err_clear(&e);
	strcpy(t.list[4], "elsewhere");
	assert_ok(subnet_allocate(&s, is_taken, &t, ip, &e), &e);
	assert_string_equal(ip, "192.168.7.22");
}

static void a_bridge_may_be_anywhere_in_it(void **state UNUSED)
{
	struct subnet s = parsed("10.9.0.200/16");
	struct taken t = {0};
	char ip[SUBNET_IPV4_SIZE], cidr[SUBNET_CIDR_SIZE];
	struct err e = {0};

	assert_ok(subnet_allocate(&s, is_taken, &t, ip, &e), &e);
	assert_string_equal(ip, "10.9.0.1");
	subnet_format_guest(&s, ip, cidr);
	assert_string_equal(cidr, "10.9.0.1/16");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_written),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(not_every_address_is_a_guests),
		cmocka_unit_test(the_lowest_free_one_is_given),
		cmocka_unit_test(a_bridge_may_be_anywhere_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
