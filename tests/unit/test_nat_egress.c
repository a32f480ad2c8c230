/* SPDX-License-Identifier: MIT */
/*
 * What a private guest may send, as text; and what a host is told that keeps users from having namespaces.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "base/buf.h"
#include "core/net/nat_egress.h"
#include "core/net/netns.h"

#include <sys/stat.h>

static struct nat_egress guest(const char *policy)
{
	struct nat_egress g = {.tap = "guest0",
			       .uplink = "uplink0",
			       .mac = "02:00:00:00:00:07",
			       .guest = "10.0.2.15",
			       .gateway = "10.0.2.2",
			       .dns = "10.0.2.3"};
	struct err e = {0};

	assert_ok(egress_parse(policy, &g.policy, &e), &e);
	return g;
}

#define BEGIN                                                                                                          \
	"table bridge banger {\n"                                                                                      \
	"	chain forward {\n"                                                                                      \
	"		type filter hook forward priority filter; policy drop;\n"                                        \
	"		iifname \"guest0\" oifname \"uplink0\" jump from_guest\n"                                         \
	"		iifname \"uplink0\" oifname \"guest0\" ether type { ip, arp } accept\n"                           \
	"	}\n"                                                                                                    \
	"	chain from_guest {\n"                                                                                   \
	"		ether saddr != 02:00:00:00:00:07 drop\n"                                                         \
	"		ether type arp arp saddr ether 02:00:00:00:00:07 arp saddr ip { 0.0.0.0, 10.0.2.15 } accept\n"   \
	"		ether type ip ip saddr 10.0.2.15 jump from_guest_ip\n"                                            \
	"	}\n"                                                                                                    \
	"	chain from_guest_ip {\n"                                                                                \
	"		ip daddr { 0.0.0.0/8, 127.0.0.0/8 } drop\n"
#define END                                                                                                            \
	"	}\n"                                                                                                    \
	"}\n"

static void rules_say_the_policy(void **state UNUSED)
{
	static const struct {
		const char *policy, *rules;
	} cases[] = {
		{"full", BEGIN "		accept\n" END},
		{"none", BEGIN "		ip daddr 10.0.2.2 tcp flags & (syn | ack) != syn accept\n" END},
		{"allow=dns,192.0.2.7,10.1.0.0/16", BEGIN "		ip daddr 10.0.2.2 tcp flags & (syn | ack) != syn accept\n"
							  "		ip daddr 10.0.2.3 udp dport 53 accept\n"
							  "		ip daddr 10.0.2.3 tcp dport 53 accept\n"
							  "		ip daddr 192.0.2.7 accept\n"
							  "		ip daddr 10.1.0.0/16 accept\n" END},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct nat_egress g = guest(cases[i].policy);
		auto_buf out = {0};
		nat_egress_format(&g, &out);
		assert_string_equal(buf_cstr(&out), cases[i].rules);
	}
}

static void nothing_odd_gets_into_a_rule(void **state UNUSED)
{
	struct nat_egress g = guest("full");
	struct err e = {0};

	g.mac = "02:00:00:00:00:07 accept";
	assert_err(nat_egress_set(&g, &e), &e, ERR_USAGE);
	g = guest("full");
	g.guest = "10.0.2.15 accept";
	assert_err(nat_egress_set(&g, &e), &e, ERR_USAGE);
	g = guest("full");
	g.tap = "a\" accept";
	assert_err(nat_egress_set(&g, &e), &e, ERR_USAGE);
}

static void the_setting_that_forbids_is_named(void **state)
{
	char ret[160];

	assert_false(netns_mend(*state, ret, sizeof(ret)));
	mkdir(tmpdir_path(state, "kernel"), 0700);
	mkdir(tmpdir_path(state, "user"), 0700);
	test_write(tmpdir_path(state, "kernel/apparmor_restrict_unprivileged_userns"), "1\n");
	assert_true(netns_mend(*state, ret, sizeof(ret)));
	assert_string_equal(ret, "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
	test_write(tmpdir_path(state, "user/max_user_namespaces"), "0\n");
	assert_true(netns_mend(*state, ret, sizeof(ret)));
	assert_string_equal(ret, "sudo sysctl -w user.max_user_namespaces=15000");
	test_write(tmpdir_path(state, "kernel/unprivileged_userns_clone"), "0\n");
	assert_true(netns_mend(*state, ret, sizeof(ret)));
	assert_string_equal(ret, "sudo sysctl -w kernel.unprivileged_userns_clone=1");
	test_write(tmpdir_path(state, "kernel/unprivileged_userns_clone"), "1\n");
	test_write(tmpdir_path(state, "user/max_user_namespaces"), "96365\n");
	test_write(tmpdir_path(state, "kernel/apparmor_restrict_unprivileged_userns"), "0\n");
	assert_false(netns_mend(*state, ret, sizeof(ret)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_say_the_policy),
		cmocka_unit_test(nothing_odd_gets_into_a_rule),
		cmocka_unit_test_setup_teardown(the_setting_that_forbids_is_named, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
