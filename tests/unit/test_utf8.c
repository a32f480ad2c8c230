/* SPDX-License-Identifier: MIT */
/*
 * base/utf8: malformed bytes never get through, widths are ours, nothing reaches the terminal uncleaned.
 */
#include "tests/lib/test.h"

#include "base/utf8.h"

static void every_code_point_survives(void **state UNUSED)
{
	for (uint32_t cp = 1; cp <= 0x110000; cp++) {
		char text[4];
		uint32_t back;
		int n = utf8_encode(cp, text);
		bool valid = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
		if (!valid) {
			assert_int_equal(n, 0);
			continue;
		}
		if (utf8_decode(text, (size_t)n, &back) != n || back != cp || !utf8_valid(text, (size_t)n))
			fail_msg("U+%04X", cp);
		/* Cut anywhere it is malformed. */
		for (int cut = 1; cut < n; cut++)
			if (utf8_decode(text, (size_t)cut, &back) != 1 || back != 0xfffd)
				fail_msg("U+%04X cut to %d", cp, cut);
	}
}

static void malformed_bytes_cost_one_byte(void **state UNUSED)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc3(",
		"\xe2\x82(",
	};
	uint32_t cp;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &cp), 1);
		assert_int_equal(cp, 0xfffd);
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	}
	assert_int_equal(utf8_decode("", 0, &cp), 0);
	assert_true(utf8_valid("", 0));
}

static void widths_are_those_of_the_standard(void **state UNUSED)
{
	static const struct {
		uint32_t cp;
		int width;
	} rows[] = {
		{'a', 1},     {0x7f, -1},   {0x1b, -1},	  {0x9b, -1},	{0xa0, 1},    {0xad, 1},     {0xe9, 1},
		{0x300, 0},   {0x36f, 0},   {0x370, 1},	  {0x200b, 0},	{0x200d, 0},  {0x202e, 0},   {0x20ac, 1},
		{0x2500, 1},  {0x2588, 1},  {0x28ff, 1},  {0x1100, 2},	{0x1160, 0},  {0x3042, 2},   {0x4e2d, 2},
		{0xac00, 2},  {0xd7a3, 2},  {0xfe0f, 0},  {0xff21, 2},	{0xff61, 1},  {0xfffd, 1},   {0x1f427, 2},
		{0x1f600, 2}, {0x1f3fb, 2}, {0x20000, 2}, {0x3fffd, 2}, {0xe0100, 0}, {0x10ffff, 1}, {0x231a, 2},
		{0x3000, 2},  {0x303f, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (utf8_width(rows[i].cp) != rows[i].width)
			fail_msg("U+%04X is %d wide, not %d", rows[i].cp, utf8_width(rows[i].cp), rows[i].width);
}

static void fits_whole_characters(void **state UNUSED)
{
	static const char text[] = "a\xe4\xb8\xad"
				   "e\xcc\x81z"; /* 1 + 2 + 1 with an accent + 1 */
	int cells;

	assert_int_equal(utf8_str_width(text), 5);
	assert_int_equal(utf8_str_width("a\nb"), 2);
	assert_int_equal(utf8_fit(text, 0, &cells), 0);
	assert_int_equal(utf8_fit(text, 1, &cells), 1);
	assert_int_equal(cells, 1);
	assert_int_equal(utf8_fit(text, 2, &cells), 1);
	assert_int_equal(cells, 1);
	assert_int_equal(utf8_fit(text, 3, &cells), 4);
	assert_int_equal(cells, 3);
	/* The accent belongs to the letter that still fits. */
	assert_int_equal(utf8_fit(text, 4, &cells), 7);
	assert_int_equal(utf8_fit(text, 100, NULL), 8);
}

static void fits_whole_words(void **state UNUSED)
{
	assert_int_equal(utf8_fit_words("", 5), 0);
	assert_int_equal(utf8_fit_words("one two", 7), 7);
	assert_int_equal(utf8_fit_words("one two", 6), 3);
	assert_int_equal(utf8_fit_words("one two", 3), 3); /* the blank is the next row's to skip */
	assert_int_equal(utf8_fit_words("longer than that", 4), 4);
	/* Never nothing, and never a part of a character. */
	assert_int_equal(utf8_fit_words("日本", 1), 3);
}

static void cleaned(const char *from, size_t n, bool lines, const char *want)
{
	auto_buf out = {0};

	utf8_clean(&out, from, n, lines);
	assert_string_equal(buf_cstr(&out), want);
}

#define R "\xef\xbf\xbd"

static void cleaning_leaves_no_control(void **state UNUSED)
{
	cleaned("a\tb\nc\r", 6, false, "a b c" R);
	cleaned("a\nb", 3, true, "a\nb");
	cleaned("\x1b]0;x\x07", 6, true, R "]0;x" R);
	cleaned("x\0y", 3, false, "x" R "y");
	cleaned("\x7f\xc2\x9b", 3, false, R R);
	cleaned("\xe2\x80\xaegpj.exe", 10, false, R "gpj.exe");
	cleaned("\xe2\x81\xa6\xe2\x80\xa8", 6, true, R R);
	cleaned("\xff\xe4\xb8\xad", 4, false, R "\xe4\xb8\xad");
}

static void cleaned_text_is_always_valid(void **state UNUSED)
{
	uint32_t seed = 1;

	for (int round = 0; round < 2000; round++) {
		auto_buf out = {0};
		char noise[64];
		for (size_t i = 0; i < sizeof(noise); i++) {
			seed = seed * 1664525 + 1013904223;
			noise[i] = (char)(seed >> 24);
		}
		utf8_clean(&out, noise, sizeof(noise), false);
		assert_true(utf8_valid(out.data, out.len));
		for (size_t i = 0; i < out.len; i++)
			assert_true((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
	}
}

static void test_tail(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(utf8_tail("app:1", 5, buf, sizeof(buf)), "app:1");
	assert_string_equal(utf8_tail("ghcr.io/lib/app:1", 8, buf, sizeof(buf)), "…b/app:1");
	assert_string_equal(utf8_tail("日本語", 4, buf, sizeof(buf)), "…語");
	assert_string_equal(utf8_tail("app", 1, buf, sizeof(buf)), "…");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail),
		cmocka_unit_test(every_code_point_survives),	    cmocka_unit_test(malformed_bytes_cost_one_byte),
		cmocka_unit_test(widths_are_those_of_the_standard), cmocka_unit_test(fits_whole_characters), cmocka_unit_test(fits_whole_words),
		cmocka_unit_test(cleaning_leaves_no_control),	    cmocka_unit_test(cleaned_text_is_always_valid),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
