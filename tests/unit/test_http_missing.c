/* SPDX-License-Identifier: MIT */
/*
 * A host without libcurl: built with the name of a file that is nowhere.
 */
#include "tests/lib/test.h"

#include "base/http.h"

static void says_what_is_missing(void **state UNUSED)
{
	const struct http_request q = {.method = "GET", .url = "http://localhost/"};
	struct err why = {0};
	struct op op;

	op_init(&op, 1000);
	/* The second request finds the same. */
	for (int i = 0; i < 2; i++) {
		auto_http_response r = {0};
		struct err e = {0};

		assert_int_equal(http_do(&op, &q, &r, &e), -1);
		assert_int_equal(e.code, ERR_MISSING);
		assert_non_null(strstr(e.msg, CURL_SONAME));
		assert_true(e.hint[0]);
	}
	op_done(&op);
	assert_err(http_check(&why), &why, ERR_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_is_missing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
