/* SPDX-License-Identifier: MIT */
/*
 * model/eta: what is left at a rate, in steps that do not flicker.
 */
#include "tests/lib/test.h"

#include "core/model/eta.h"

static void nothing_is_promised_where_nothing_moves(void **state UNUSED)
{
	assert_int_equal(eta_ms(10, 100, 0), -1);
	assert_int_equal(eta_ms(10, 100, -1), -1);
	assert_int_equal(eta_ms(10, -1, 5), -1);
	assert_int_equal(eta_ms(-1, 100, 5), -1);
	assert_int_equal(eta_ms(100, 100, 5), -1);
	assert_int_equal(eta_ms(10, 100, 9), 10000);
	assert_true(eta_ms(0, INT64_MAX, 1) > 0); /* no overflow */
}

static void steps_grow_with_what_is_left(void **state UNUSED)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "1s"},	       {1, "1s"},		 {2001, "3s"},		 {10000, "10s"},
		{10001, "15s"},	       {21000, "25s"},		 {58000, "1m 00s"},	 {121000, "2m 10s"},
		{599000, "10m"},       {601000, "11m"},		 {3599000, "1h 00m"},	 {3601000, "1h 10m"},
		{86400000, "1d 0h"},   {86400001, "1d 1h"},	 {8 * 86400000LL, ">7d"},
	};
	char buf[ETA_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(eta_text(rows[i].ms, buf), rows[i].text);
	assert_string_equal(eta_text(eta_ms(0, INT64_MAX, 1), buf), ">7d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_promised_where_nothing_moves),
		cmocka_unit_test(steps_grow_with_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
