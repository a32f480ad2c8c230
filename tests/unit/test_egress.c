/* SPDX-License-Identifier: MIT */
/*
 * Words of an egress policy.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "core/model/egress.h"

static void good_words_round_trip(void **state UNUSED)
{
	static const char *const good[] = {
		"full",
		"none",
		"allow=192.0.2.7",
		"allow=10.1.0.0/16",
		"allow=0.0.0.0/0",
		"allow=dns",
		"allow=dns,192.0.2.7",
		"allow=10.0.0.0/8,192.168.1.0/24,192.0.2.7",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct egress g;
		struct err e = {0};
		char text[EGRESS_TEXT];
		assert_ok(egress_parse(good[i], &g, &e), &e);
		assert_string_equal(egress_format(&g, text, sizeof(text)), good[i]);
	}
}

static void other_spellings_become_canonical(void **state UNUSED)
{
	struct egress g;
	struct err e = {0};
	char text[EGRESS_TEXT];

	assert_ok(egress_parse("allow=192.0.2.7/32,dns", &g, &e), &e);
	assert_string_equal(egress_format(&g, text, sizeof(text)), "allow=dns,192.0.2.7");
	assert_int_equal(g.n, 1);
	assert_int_equal(g.ranges[0].addr, 0xc0000207);
}

static void nonsense_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"Full",
		"allow",
		"allow=",
		"allow=,",
		"allow=1.2.3",
		"allow=1.2.3.4,",
		"allow=1.2.3.4/33",
		"allow=1.2.3.4/",
		"allow=1.2.3.4/024",
		"allow=1.2.3.4.5",
		"allow=::1",
		"allow=1.2.3.4 ",
		"allow=10.0.0.1/8",
		"allow=dns,dns;",
		"none,1.2.3.4/0",
		"allow=1.2.3.4/-1",
		"allow=1.2.3.4/3x",
		"allow=01.2.3.400",
		"allow=1.2.3.4\n",
	};
	struct egress g = {.kind = EGRESS_NONE};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(egress_parse(bad[i], &g, &e), &e, ERR_USAGE);
	assert_int_equal(g.kind, EGRESS_NONE);
}

static void a_range_off_its_bounds_is_explained(void **state UNUSED)
{
	struct egress g;
	struct err e = {0};

	assert_int_equal(egress_parse("allow=10.1.2.3/16", &g, &e), -1);
	assert_string_equal(e.hint, "write 10.1.0.0/16 for the range, 10.1.2.3 for the address");
}

static void names_are_items_in_small_letters(void **state UNUSED)
{
	struct egress g;
	struct err e = {0};
	char text[EGRESS_TEXT];

	assert_ok(egress_parse("allow=Deb.Example.ORG,192.0.2.7,dns,deb.example.org,nas,_srv.x-1.9to5", &g, &e), &e);
	assert_string_equal(egress_format(&g, text, sizeof(text)),
			    "allow=dns,192.0.2.7,deb.example.org,nas,_srv.x-1.9to5");
	assert_int_equal(g.n, 1);
	assert_int_equal(g.n_names, 3);
	assert_ok(egress_parse(text, &g, &e), &e);
}

static void names_that_are_none_are_refused(void **state UNUSED)
{
	static const char label64[] = "allow=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org";
	static const char *const bad[] = {"allow=-x.org",	   "allow=x-.org",   "allow=.org",  "allow=x..org",
					  "allow=x.org.",	   "allow=x y.org",  "allow=*.org", "allow=x.org:80",
					  "allow=m\xc3\xbcll.org", "allow=x.org/24", "allow=#x",    label64};
	char longest[300] = "allow=";
	struct egress g;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_err(egress_parse(bad[i], &g, &e), &e, ERR_USAGE);
	}
	assert_int_equal(egress_parse("allow=dns,x.org:80,1.2.3.4", &g, &e), -1);
	assert_non_null(strstr(e.msg, "'x.org:80' is neither an IPv4 address, nor a range of them, nor a host name"));
	while (strlen(longest) < 6 + EGRESS_NAME_SIZE)
		strcat(longest, "ab");
	err_clear(&e);
	assert_err(egress_parse(longest, &g, &e), &e, ERR_USAGE);
}

/* What is stored, maybe by an older program, is read all the same. */
static void loopback_is_refused_whom_it_is_told(void **state UNUSED)
{
	static const char *const bad[] = {"allow=127.0.0.1", "allow=dns,127.0.0.0/8", "allow=192.0.2.7,127.1.0.0/16",
					  "allow=0.0.0.0", "allow=0.0.0.0/8"};
	static const char *const good[] = {
		"allow=0.0.0.0/0", "allow=126.0.0.0/7", "allow=128.0.0.1", "allow=1.0.0.0/8", "full", "none"};
	struct egress g;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_ok(egress_parse(bad[i], &g, &e), &e);
		assert_err(egress_check(&g, &e), &e, ERR_USAGE);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_ok(egress_parse(good[i], &g, &e), &e);
		assert_ok(egress_check(&g, &e), &e);
	}
}

static void the_longest_list_fits(void **state UNUSED)
{
	struct egress g;
	struct err e = {0};
	char list[2 * EGRESS_TEXT] = "allow=dns", text[EGRESS_TEXT];

	for (int i = 0; i < EGRESS_RANGES_MAX; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ",255.255.%d.254/31", 100 + i);
	assert_ok(egress_parse(list, &g, &e), &e);
	assert_string_equal(egress_format(&g, text, sizeof(text)), list);
	strcat(list, ",1.2.3.4");
	assert_err(egress_parse(list, &g, &e), &e, ERR_USAGE);
}

static void so_do_the_most_names(void **state UNUSED)
{
	struct egress g;
	struct err e = {0};
	char list[2 * EGRESS_TEXT] = "allow=dns", text[EGRESS_TEXT];

	for (int i = 0; i < EGRESS_RANGES_MAX - EGRESS_NAMES_MAX * EGRESS_NAME_ADDRESSES; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ",255.255.%d.254/31", 100 + i);
	for (int i = 0; i < EGRESS_NAMES_MAX; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ",%d%.62s.%.62s", i,
			 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
	assert_ok(egress_parse(list, &g, &e), &e);
	assert_string_equal(egress_format(&g, text, sizeof(text)), list);
	strcat(list, ",one.more");
	assert_err(egress_parse(list, &g, &e), &e, ERR_USAGE);
	assert_err(egress_parse("allow=a,b,c,d,e,f,g,h,i", &g, &e), &e, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_words_round_trip),
		cmocka_unit_test(other_spellings_become_canonical),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_range_off_its_bounds_is_explained),
		cmocka_unit_test(the_longest_list_fits),
		cmocka_unit_test(names_are_items_in_small_letters),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(so_do_the_most_names),
		cmocka_unit_test(loopback_is_refused_whom_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
