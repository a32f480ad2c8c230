/* SPDX-License-Identifier: MIT */
/*
 * net/nat without rights: the text of the tables and of single changes, and what is read out of libnftables' listings (as nft
 * 1.0.6 prints them).
 */
#include "tests/lib/test.h"

#include "core/net/nat_priv.h"

static const struct nat_net net = {.bridge = "br-banger", .cidr = "172.16.0.1/24"};
static const struct nat_guest guests[] = {
	{.tap = "bgr3f9c1a7be204", .mac = "02:9c:1a:7b:e2:04", .ipv4 = "172.16.0.2", .nat = true},
	{.tap = "bgr000000000003", .mac = "02:00:00:00:00:03", .ipv4 = "172.16.0.3"},
	{.tap = "bgr000000000004", .mac = "02:00:00:00:00:04", .ipv4 = "172.16.0.4", .nat = true},
};

static const char golden[] =
	"table inet banger {\n"
	"	set inside {\n"
	"		type ifname\n"
	"		elements = { \"br-banger\" }\n"
	"	}\n"
	"	set natted {\n"
	"		type ipv4_addr\n"
	"		elements = { 172.16.0.2,\n"
	"			     172.16.0.4 }\n"
	"	}\n"
	"\n"
	"	chain made_by_banger_tui {\n"
	"	}\n"
	"	chain input {\n"
	"		type filter hook input priority filter; policy accept;\n"
	"		iifname @inside jump to_host\n"
	"	}\n"
	"	chain to_host {\n"
	"		ct state established,related accept\n"
	"		ip daddr 172.16.0.1 icmp type echo-request accept\n"
	"		ip daddr 172.16.0.1 udp dport 42069 accept\n"
	"		ip daddr 172.16.0.1 tcp dport 42069 accept\n"
	"		drop\n"
	"	}\n"
	"	chain names {\n"
	"		type nat hook prerouting priority dstnat; policy accept;\n"
	"		iifname @inside ip daddr 172.16.0.1 udp dport 53 dnat ip to 172.16.0.1:42069\n"
	"		iifname @inside ip daddr 172.16.0.1 tcp dport 53 dnat ip to 172.16.0.1:42069\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter; policy accept;\n"
	"		iifname @inside oifname @inside accept\n"
	"		iifname @inside ip saddr @natted accept\n"
	"		iifname @inside drop\n"
	"		oifname @inside ip daddr @natted ct state established,related accept\n"
	"		oifname @inside drop\n"
	"	}\n"
	"	chain postrouting {\n"
	"		type nat hook postrouting priority srcnat; policy accept;\n"
	"		ip saddr @natted oifname != @inside masquerade\n"
	"	}\n"
	"}\n"
	"table bridge banger {\n"
	"	set macs {\n"
	"		type ifname . ether_addr\n"
	"		elements = { \"bgr3f9c1a7be204\" . 02:9c:1a:7b:e2:04,\n"
	"			     \"bgr000000000003\" . 02:00:00:00:00:03,\n"
	"			     \"bgr000000000004\" . 02:00:00:00:00:04 }\n"
	"	}\n"
	"	set pins {\n"
	"		type ifname . ether_addr . ipv4_addr\n"
	"		elements = { \"bgr3f9c1a7be204\" . 02:9c:1a:7b:e2:04 . 172.16.0.2,\n"
	"			     \"bgr000000000003\" . 02:00:00:00:00:03 . 172.16.0.3,\n"
	"			     \"bgr000000000004\" . 02:00:00:00:00:04 . 172.16.0.4 }\n"
	"	}\n"
	"\n"
	"	chain made_by_banger_tui {\n"
	"	}\n"
	"	chain prerouting {\n"
	"		type filter hook prerouting priority filter; policy accept;\n"
	"		iifname \"bgr*\" jump from_guest\n"
	"	}\n"
	"	chain from_guest {\n"
	"		iifname . ether saddr != @macs drop\n"
	"		ether type ip jump from_guest_ip\n"
	"		ether type arp jump from_guest_arp\n"
	"		ether type ip6 jump from_guest_ip6\n"
	"		drop\n"
	"	}\n"
	"	chain from_guest_ip {\n"
	"		iifname . ether saddr . ip saddr != @pins drop\n"
	"		udp sport 67 drop\n"
	"		accept\n"
	"	}\n"
	"	chain from_guest_arp {\n"
	"		iifname . arp saddr ether . arp saddr ip @pins accept\n"
	"		arp operation request iifname . arp saddr ether @macs arp saddr ip 0.0.0.0 accept\n"
	"		drop\n"
	"	}\n"
	"	chain from_guest_ip6 {\n"
	"		icmpv6 type { nd-router-advert, nd-redirect } drop\n"
	"		udp sport 547 drop\n"
	"		accept\n"
	"	}\n"
	"}\n";

static void writes_both_tables(void **state UNUSED)
{
	auto_buf text = {0};

	nat_format(&net, guests, 3, &text);
	assert_string_equal(buf_cstr(&text), golden);
}

static void writes_no_empty_list_of_elements(void **state UNUSED)
{
	auto_buf text = {0};

	nat_format(&net, NULL, 0, &text);
	assert_non_null(strstr(buf_cstr(&text), "\tset natted {\n\t\ttype ipv4_addr\n\t}\n"));
	assert_non_null(strstr(buf_cstr(&text), "\tset macs {\n\t\ttype ifname . ether_addr\n\t}\n"));
	buf_reset(&text);
	nat_format(&net, &guests[1], 1, &text);
	assert_non_null(strstr(buf_cstr(&text), "\tset natted {\n\t\ttype ipv4_addr\n\t}\n"));
}

static void expect_change(struct nat_state *s, const char *tap, const struct nat_guest *g, const char *want)
{
	auto_buf text = {0};

	nat_format_guest(s, tap, g, &text);
	assert_string_equal(buf_cstr(&text), want);
}

static void changes_one_guest(void **state UNUSED)
{
	struct nat_guest known[3];
	struct nat_state s = {.has_inet = true, .has_bridge = true, .guests = known, .n_guests = 3};
	struct nat_guest g = guests[0];

	memcpy(known, guests, sizeof(known));
	g.nat = false;
	expect_change(&s, g.tap, &g,
		      "add element bridge banger macs { \"bgr3f9c1a7be204\" . 02:9c:1a:7b:e2:04 }\n"
		      "add element bridge banger pins { \"bgr3f9c1a7be204\" . 02:9c:1a:7b:e2:04 . 172.16.0.2 }\n"
		      "add element inet banger natted { 172.16.0.2 }\n"
		      "delete element inet banger natted { 172.16.0.2 }\n");
	/* Another address: the old one is neither pinned nor let out any more. */
	g = guests[2];
	str_copy(g.ipv4, sizeof(g.ipv4), "172.16.0.9");
	expect_change(&s, g.tap, &g,
		      "add element bridge banger pins { \"bgr000000000004\" . 02:00:00:00:00:04 . 172.16.0.4 }\n"
		      "delete element bridge banger pins { \"bgr000000000004\" . 02:00:00:00:00:04 . 172.16.0.4 }\n"
		      "add element inet banger natted { 172.16.0.4 }\n"
		      "delete element inet banger natted { 172.16.0.4 }\n"
		      "add element bridge banger macs { \"bgr000000000004\" . 02:00:00:00:00:04 }\n"
		      "add element bridge banger pins { \"bgr000000000004\" . 02:00:00:00:00:04 . 172.16.0.9 }\n"
		      "add element inet banger natted { 172.16.0.9 }\n");
	expect_change(&s, "bgrffffffffffff", NULL, "");
}

#define RULE_OF(chain, match, of) "insert rule ip filter " chain " " match " accept comment \"banger-tui " of "\"\n"
#define GUEST_RULES(chain)                                                                                             \
	RULE_OF(chain, "oifname \"br-banger\" ip daddr 172.16.0.2", "bgr3f9c1a7be204")                                 \
	RULE_OF(chain, "iifname \"br-banger\" ip saddr 172.16.0.2", "bgr3f9c1a7be204")

static void writes_rules_iptables_can_read(void **state UNUSED)
{
	struct nat_rule rules[] = {{7, NAT_DOOR_DOCKER, "br-banger"},
				   {9, NAT_DOOR_DOCKER, "bgr3f9c1a7be204"},
				   {8, NAT_DOOR_INPUT, "br-banger"}};
	struct nat_state s = {.is_wanted = {[NAT_DOOR_DOCKER] = true}, .rules = rules, .n_rules = 3};
	auto_buf text = {0};

	nat_format_forget(&s, "bgr3f9c1a7be204", &text);
	nat_format_open_guest(&s, "br-banger", &guests[0], &text);
	nat_format_open_guest(&s, "br-banger", &guests[1], &text); /* no NAT, no rule */
	assert_string_equal(buf_cstr(&text),
			    "delete rule ip filter DOCKER-USER handle 9\n" GUEST_RULES("DOCKER-USER"));
	assert_null(strstr(buf_cstr(&text), "ct "));
	buf_reset(&text);
	nat_format_forget(&s, NULL, &text);
	assert_string_equal(buf_cstr(&text), "delete rule ip filter DOCKER-USER handle 7\n"
					     "delete rule ip filter DOCKER-USER handle 9\n"
					     "delete rule ip filter INPUT handle 8\n");
}

static void opens_what_is_closed_and_no_more(void **state UNUSED)
{
	struct nat_state s = {0};
	auto_buf text = {0};

	nat_format_open_bridge(&s, &net, &text);
	nat_format_open_guest(&s, "br-banger", &guests[0], &text);
	assert_string_equal(buf_cstr(&text), "");
	s.is_wanted[NAT_DOOR_FORWARD] = s.is_wanted[NAT_DOOR_INPUT] = true;
	nat_format_open_bridge(&s, &net, &text);
	nat_format_open_guest(&s, "br-banger", &guests[0], &text);
	assert_string_equal(buf_cstr(&text),
			    RULE_OF("FORWARD", "iifname \"br-banger\" oifname \"br-banger\"", "br-banger")
				    RULE_OF("INPUT", "iifname \"br-banger\" ip daddr 172.16.0.1", "br-banger")
					    GUEST_RULES("FORWARD"));
}

static void lets_nothing_else_into_the_text(void **state UNUSED)
{
	static const struct nat_guest bad[] = {
		{.tap = "eth0", .mac = "02:00:00:00:00:03", .ipv4 = "172.16.0.3"},
		{.tap = "bgr", .mac = "02:00:00:00:00:03", .ipv4 = "172.16.0.3"},
		{.tap = "bgr0\"; flush", .mac = "02:00:00:00:00:03", .ipv4 = "172.16.0.3"},
		{.tap = "bgr000000000003", .mac = "02:00:00:00:00", .ipv4 = "172.16.0.3"},
		{.tap = "bgr000000000003", .mac = "02-00-00-00-00-03", .ipv4 = "172.16.0.3"},
		{.tap = "bgr000000000003", .mac = "02:AB:00:00:00:03", .ipv4 = "172.16.0.3"},
		{.tap = "bgr000000000003", .mac = "02:00:00:00:00:03", .ipv4 = "172.16.0.0/16"},
		{.tap = "bgr000000000003", .mac = "02:00:00:00:00:03", .ipv4 = ""},
	};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(nat_check_guest(&bad[i], &e), &e, ERR_USAGE);
	assert_ok(nat_check_guest(&guests[0], &e), &e);
	assert_ok(nat_check_net(&net, &e), &e);
	assert_err(nat_check_net(&(struct nat_net){"br\" }", "172.16.0.1/24"}, &e), &e, ERR_USAGE);
	assert_err(nat_check_net(&(struct nat_net){"", "172.16.0.1/24"}, &e), &e, ERR_USAGE);
	assert_err(nat_check_net(&(struct nat_net){"br-banger", "0.0.0.0 accept #/24"}, &e), &e, ERR_USAGE);
}

/* ---- what is read back ---- */

#define META                                                                                                           \
	"{\"metainfo\": {\"version\": \"1.0.6\", \"release_name\": \"Lester Gooch #5\", \"json_schema_version\": 1}}"

static struct json *parse(const char *text)
{
	struct err e = {0};
	struct json *j = json_parse(text, strlen(text), "test", &e);

	assert_non_null(j);
	return j;
}

#define MARK "{\"chain\": {\"family\": \"inet\", \"table\": \"banger\", \"name\": \"made_by_banger_tui\", \"handle\": 9}}"

static void reads_guests_back(void **state UNUSED)
{
	struct json *inet = parse(
		"{\"nftables\": [" META ", " MARK
		", {\"set\": {\"family\": \"inet\", \"name\": \"inside\", \"table\": \"banger\", \"type\": \"ifname\", "
		"\"handle\": 1, \"elem\": [\"br-banger\"]}}"
		", {\"set\": {\"family\": \"inet\", \"name\": \"natted\", \"table\": \"banger\", \"type\": "
		"\"ipv4_addr\", \"handle\": 2, \"elem\": [\"172.16.0.2\", \"172.16.0.77\", {\"prefix\": {}}]}}]}");
	struct json *bridge =
		parse("{\"nftables\": [" META ", " MARK
		      ", {\"set\": {\"family\": \"bridge\", \"name\": \"macs\", \"table\": \"banger\"}}"
		      ", {\"set\": {\"family\": \"bridge\", \"name\": \"pins\", \"table\": \"banger\", \"type\": "
		      "[\"ifname\", \"ether_addr\", \"ipv4_addr\"], \"handle\": 7, \"elem\": ["
		      "{\"concat\": [\"bgr3f9c1a7be204\", \"02:9c:1a:7b:e2:04\", \"172.16.0.2\"]}, "
		      "{\"concat\": [\"bgr000000000003\", \"02:00:00:00:00:03\", \"172.16.0.3\"]}, "
		      "{\"concat\": [\"bgr000000000005\", \"02:00:00:00:00:05\"]}, "
		      "{\"concat\": [\"a name beyond all measure\", \"02:00:00:00:00:05\", \"172.16.0.5\"]}, 5]}}]}");
	struct nat_state s = {0};

	nat_read_inet(inet, &s);
	nat_read_bridge(bridge, &s);
	assert_true(s.owns_inet && s.owns_bridge && s.has_inet && s.has_bridge);
	assert_false(s.is_whole); /* its rules are gone */
	assert_string_equal(s.inside, "br-banger");
	assert_int_equal(s.n_guests, 2);
	assert_string_equal(s.guests[0].tap, guests[0].tap);
	assert_string_equal(s.guests[0].mac, guests[0].mac);
	assert_string_equal(s.guests[0].ipv4, guests[0].ipv4);
	assert_true(s.guests[0].nat);
	assert_false(nat_state_find(&s, "bgr000000000003")->nat);
	assert_null(nat_state_find(&s, "bgr000000000005"));
	nat_state_done(&s);
	json_free(inet);
	json_free(bridge);
}

/* By the chain that says so. Sets of the same names make it not ours. */
static void knows_whose_a_table_is(void **state UNUSED)
{
	struct json *empty = parse("{\"nftables\": [" META ", {\"table\": {\"family\": \"inet\", \"name\": \"banger\"}}]}");
	struct json *theirs = parse("{\"nftables\": [" META ", {\"set\": {\"name\": \"inside\", \"elem\": [\"eth0\"]}}, "
				    "{\"set\": {\"name\": \"natted\", \"elem\": [\"172.16.0.2\"]}}]}");
	struct nat_state s = {0};

	nat_read_inet(empty, &s);
	assert_true(s.owns_inet);
	assert_false(s.has_inet || s.is_whole || s.foreign[0]);
	nat_read_bridge(empty, &s);
	assert_true(s.owns_bridge);
	assert_int_equal(s.n_guests, 0);
	nat_state_done(&s);
	nat_read_inet(theirs, &s);
	assert_false(s.owns_inet || s.has_inet || s.is_whole);
	assert_string_equal(s.foreign, "inet banger");
	assert_string_equal(s.inside, "");
	assert_int_equal(s.n_natted, 0);
	nat_state_done(&s);
	nat_read_bridge(theirs, &s);
	assert_string_equal(s.foreign, "bridge banger");
	nat_state_done(&s);
	json_free(empty);
	json_free(theirs);
}

static void finds_its_own_rules_by_their_comment(void **state UNUSED)
{
#define RULE "{\"rule\": {\"family\": \"ip\", \"table\": \"filter\", \"chain\": "
	struct json *list = parse(
		"{\"nftables\": [" META
		", {\"chain\": {\"family\": \"ip\", \"table\": \"filter\", \"name\": \"DOCKER-USER\", "
		"\"handle\": 1}}, " RULE "\"DOCKER-USER\", \"handle\": 6, \"comment\": \"banger-tui bgr3f9c1a7be204\", "
		"\"expr\": []}}, " RULE
		"\"DOCKER-USER\", \"handle\": 5, \"comment\": \"banger-tuition\", \"expr\": []}}, " RULE
		"\"DOCKER-USER\", \"handle\": 2, \"expr\": [{\"return\": null}]}}, " RULE
		"\"FORWARD\", \"handle\": 8, \"comment\": \"banger-tui br-banger\", \"expr\": []}}]}");
	struct nat_state s = {0};

	nat_read_rules(list, NAT_DOOR_DOCKER, &s);
	assert_int_equal(s.n_rules, 1);
	assert_int_equal(s.rules[0].handle, 6);
	assert_string_equal(s.rules[0].of, "bgr3f9c1a7be204");
	nat_read_rules(list, NAT_DOOR_FORWARD, &s);
	assert_int_equal(s.n_rules, 2);
	assert_int_equal(s.rules[1].handle, 8);
	assert_int_equal(s.rules[1].door, NAT_DOOR_FORWARD);
	nat_state_done(&s);
	json_free(list);
}

static bool closes(const char *policy, const char *exprs)
{
	auto_buf text = {0};
	struct json *j;

	buf_addf(&text,
		 "{\"nftables\": [" META ", {\"chain\": {\"family\": \"ip\", \"table\": \"filter\", \"name\": \"FORWARD\", "
		 "\"policy\": \"%s\"}}, " RULE "\"FORWARD\", \"handle\": 4, \"expr\": [%s]}}]}",
		 policy, exprs);
	j = parse(buf_cstr(&text));
	bool ret = nat_read_closes(j);
	json_free(j);
	return ret;
}

static void knows_a_closed_chain(void **state UNUSED)
{
#define COUNTER "{\"counter\": {\"packets\": 0, \"bytes\": 0}}, "
#define FROM "{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": \"iifname\"}}, \"right\": \"virbr0\"}}, "
	assert_true(closes("drop", COUNTER "{\"accept\": null}"));
	assert_true(closes("accept", "{\"drop\": null}"));
	assert_true(closes("accept", COUNTER "{\"reject\": {\"type\": \"icmp\", \"expr\": \"port-unreachable\"}}"));
	assert_true(closes("accept", COUNTER "{\"xt\": {\"type\": \"target\", \"name\": \"REJECT\"}}"));
	assert_false(closes("accept", COUNTER "{\"accept\": null}"));
	assert_false(closes("accept", FROM COUNTER "{\"drop\": null}"));
	assert_false(closes("accept", "{\"xt\": {\"type\": \"match\", \"name\": \"conntrack\"}}, " COUNTER "{\"drop\": null}"));
	assert_false(closes("accept", COUNTER "{\"xt\": {\"type\": \"target\", \"name\": \"LOG\"}}"));
	assert_false(closes("accept", ""));
}

/* ---- what is in the way ---- */

#define HOOK_CHAIN(hook, family, table, name, policy)                                                                  \
	"{\"chain\": {\"family\": \"" family "\", \"table\": \"" table "\", \"name\": \"" name                         \
	"\", \"handle\": 3, \"type\": \"filter\", \"hook\": \"" hook "\", \"prio\": 0, \"policy\": \"" policy "\"}}"
#define BASE_CHAIN(...) HOOK_CHAIN("forward", __VA_ARGS__)
#define LIST(...) "{\"nftables\": [" META ", " __VA_ARGS__ "]}"

/* NULL: nobody is suspected. */
static void expect_suspect(const char *list, enum nat_obstacle want, const char *fix)
{
	struct json *j = parse(list);
	struct nat_suspect s[4];
	char got[400];
	int n = nat_look_chains(j, s, 4);

	json_free(j);
	assert_int_equal(n > 0, fix != NULL);
	if (!fix)
		return;
	assert_int_equal(s[0].what, want);
	nat_look_fix(s, n, "br-banger", got, sizeof(got));
	assert_string_equal(got, fix);
}

static void knows_who_drops(void **state UNUSED)
{
	expect_suspect(LIST(BASE_CHAIN("inet", "firewalld", "filter_FORWARD", "accept")), NAT_FIREWALLD,
		       "firewall-cmd --permanent --zone=trusted --add-interface=br-banger && firewall-cmd --reload");
	expect_suspect(LIST(BASE_CHAIN("inet", "mine", "fwd", "drop")), NAT_OTHER_DROP,
		       "nft 'insert rule inet mine fwd iifname \"br-banger\" accept; "
		       "insert rule inet mine fwd oifname \"br-banger\" accept'");
	/* Of one table all of it, of another nothing. */
	expect_suspect(LIST(HOOK_CHAIN("input", "inet", "mine", "in", "drop") ", " BASE_CHAIN(
			       "ip", "other", "fwd", "drop") ", " BASE_CHAIN("inet", "mine", "fwd", "drop")),
		       NAT_OTHER_DROP,
		       "nft 'insert rule inet mine in iifname \"br-banger\" accept; "
		       "insert rule inet mine fwd iifname \"br-banger\" accept; "
		       "insert rule inet mine fwd oifname \"br-banger\" accept'");
	/* Its rules will tell. */
	expect_suspect(LIST(BASE_CHAIN("inet", "mine", "fwd", "accept")), NAT_CLEAR, "");
	/* Opened by us: another protocol; another hook; our own. */
	expect_suspect(LIST(BASE_CHAIN("ip", "filter", "FORWARD", "drop") ", " HOOK_CHAIN("input", "ip", "filter", "INPUT", "drop")),
		       NAT_CLEAR, NULL);
	expect_suspect(LIST(BASE_CHAIN("ip6", "filter", "FORWARD", "drop") ", " HOOK_CHAIN(
			       "output", "ip", "filter", "OUTPUT", "drop") ", " BASE_CHAIN("inet", "banger", "forward", "drop")),
		       NAT_CLEAR, NULL);
	expect_suspect(LIST("7, {\"chain\": 1}"), NAT_CLEAR, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_both_tables),
		cmocka_unit_test(writes_no_empty_list_of_elements),
		cmocka_unit_test(changes_one_guest),
		cmocka_unit_test(writes_rules_iptables_can_read),
		cmocka_unit_test(opens_what_is_closed_and_no_more),
		cmocka_unit_test(lets_nothing_else_into_the_text),
		cmocka_unit_test(reads_guests_back), cmocka_unit_test(knows_whose_a_table_is),
		cmocka_unit_test(finds_its_own_rules_by_their_comment),
		cmocka_unit_test(knows_a_closed_chain),
		cmocka_unit_test(knows_who_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
