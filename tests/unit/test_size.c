/* SPDX-License-Identifier: MIT */
/*
 * model/size: what people write parses, what is printed parses back, 0 is an error and never a default.
 */
#include "tests/lib/test.h"

#include "core/model/size.h"

static void units_are_powers_of_1024(void **state UNUSED)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"512", 512 * SIZE_MIB}, {"1", SIZE_MIB},	  {"100K", 100 * SIZE_KIB}, {"512M", 512 * SIZE_MIB},
		{"2G", 2 * SIZE_GIB},	 {"2g", 2 * SIZE_GIB},	  {"2GiB", 2 * SIZE_GIB},   {"2GB", 2 * SIZE_GIB},
		{"2gib", 2 * SIZE_GIB},	 {"64Kb", 64 * SIZE_KIB}, {"007M", 7 * SIZE_MIB},   {"8388608K", 8 * SIZE_GIB},
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err e = {0};
		uint64_t bytes = 0;

		assert_ok(size_parse("memory", good[i].text, &bytes, &e), &e);
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void malformed_sizes_are_refused(void **state UNUSED)
{
	static const char *const bad[] = {"",	  " ",	 "-1",	"+1",  "1.5G", "G",   "1T",  "1 G", "1G ",
					  "0x10", "1Gi", "1GX", "1BB", "two",  "1M1", "1iB", "1\n", "1B"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};
		uint64_t bytes = 77;

		assert_int_equal(size_parse("memory", bad[i], &bytes, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.msg, "memory"));
		assert_int_equal(bytes, 77);
	}
}

static void zero_is_an_error_of_its_own(void **state UNUSED)
{
	static const char *const zeroes[] = {"0", "0M", "0G", "000"};

	for (size_t i = 0; i < ARRAY_LEN(zeroes); i++) {
		struct err e = {0};
		uint64_t bytes;

		assert_int_equal(size_parse("work disk", zeroes[i], &bytes, &e), -1);
		assert_non_null(strstr(e.msg, "must not be 0"));
	}
}

static void overflow_is_refused(void **state UNUSED)
{
	static const char *const huge[] = {"99999999999999999999", "18446744073709551615G", "9007199254740992G",
					   "18446744073709551616K"};

	for (size_t i = 0; i < ARRAY_LEN(huge); i++) {
		struct err e = {0};
		uint64_t bytes;

		assert_err(size_parse("disk", huge[i], &bytes, &e), &e, ERR_USAGE);
	}
}

static void formatter_round_trips(void **state UNUSED)
{
	static const uint64_t values[] = {SIZE_KIB,	   1023 * SIZE_KIB, SIZE_MIB,	    1536 * SIZE_MIB,
					  SIZE_GIB,	   8 * SIZE_GIB,    128 * SIZE_GIB, SIZE_GIB + SIZE_KIB,
					  4096 * SIZE_KIB, SIZE_GIB + 4096};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct err e = {0};
		char text[SIZE_TEXT];
		uint64_t back = 0;

		assert_ok(size_parse("x", size_format(values[i], text), &back, &e), &e);
		assert_int_equal(back, values[i]);
	}
}

static void formatter_takes_the_largest_exact_unit(void **state UNUSED)
{
	char text[SIZE_TEXT];

	assert_string_equal(size_format(2 * SIZE_GIB, text), "2G");
	assert_string_equal(size_format(1536 * SIZE_MIB, text), "1536M");
	assert_string_equal(size_format(100 * SIZE_KIB, text), "100K");
	assert_string_equal(size_format(123, text), "123B");
	assert_string_equal(size_format(0, text), "0M");
}

static void human_sizes_have_few_digits(void **state UNUSED)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1B"},
		{999, "999B"},
		{1000, "1.0K"},
		{1024, "1.0K"},
		{1536, "1.5K"},
		{412 * SIZE_MIB, "412M"},
		{1000 * SIZE_MIB, "1.0G"},
		{1331 * SIZE_MIB, "1.3G"},
		{128 * SIZE_GIB, "128G"},
		{2048 * SIZE_GIB, "2.0T"},
		{10 * SIZE_GIB, "10G"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[SIZE_TEXT];

		assert_string_equal(size_human(cases[i].bytes, text), cases[i].text);
	}
}

static void human_sizes_fit_for_every_magnitude(void **state UNUSED)
{
	char text[SIZE_TEXT];

	for (uint64_t v = 1; v < UINT64_C(1) << 59; v = v * 3 + 1)
		assert_true(strlen(size_human(v, text)) <= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_powers_of_1024),    cmocka_unit_test(malformed_sizes_are_refused),
		cmocka_unit_test(zero_is_an_error_of_its_own), cmocka_unit_test(overflow_is_refused),
		cmocka_unit_test(formatter_round_trips),       cmocka_unit_test(formatter_takes_the_largest_exact_unit),
		cmocka_unit_test(human_sizes_have_few_digits), cmocka_unit_test(human_sizes_fit_for_every_magnitude),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
