/* SPDX-License-Identifier: MIT */
/*
 * Words of published ports.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "core/model/published.h"

static void good_words_round_trip(void **state UNUSED)
{
	static const char *const good[] = {"none", "8080:80", "1:65535,65535:1", "8080:80,8443:443,2222:22"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct published p;
		struct err e = {0};
		char text[PUBLISHED_TEXT];
		assert_ok(published_parse(good[i], &p, &e), &e);
		assert_string_equal(published_format(&p, text, sizeof(text)), good[i]);
	}
}

static void nonsense_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",	   "80",      ":80",	    "80:",	   "0:80",	 "80:0",	  "65536:80",	 "80:99999",	 "80:80:80",
		"80:80,",  ",80:80",  "80:80,,1:1", "a:80",	   "80:80/udp",	 "127.0.0.1:80:80", "80:80 ",	 "-1:80",	 "none,80:80",
		"000080:80", "80:80,80:81",
	};
	struct published p = {.n = 7};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(published_parse(bad[i], &p, &e), &e, ERR_USAGE);
	assert_int_equal(p.n, 7);
	assert_int_equal(published_parse("80:80,90;90", &p, &e), -1);
	assert_string_equal(e.msg, "publish: '90;90' is no pair of ports");
}

static void more_are_added_up_to_the_limit(void **state UNUSED)
{
	struct published p = {0}, one;
	struct err e = {0};
	char text[PUBLISHED_TEXT];

	for (int i = 0; i < PUBLISHED_MAX; i++) {
		snprintf(text, sizeof(text), "%d:55555", 50000 + i);
		assert_ok(published_parse(text, &one, &e), &e);
		assert_ok(published_add(&p, &one, &e), &e);
	}
	assert_int_equal(strlen(published_format(&p, text, sizeof(text))), PUBLISHED_MAX * 12 - 1);
	assert_ok(published_parse("1:1", &one, &e), &e);
	assert_err(published_add(&p, &one, &e), &e, ERR_USAGE);
	assert_ok(published_parse("50003:1", &one, &e), &e);
	assert_err(published_add(&p, &one, &e), &e, ERR_USAGE);
	assert_int_equal(p.n, PUBLISHED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_words_round_trip),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(more_are_added_up_to_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
