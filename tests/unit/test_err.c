/* SPDX-License-Identifier: MIT */
/*
 * base/err: set once, prefixed on the way up, cut without breaking a character.
 */
#include "tests/lib/test.h"

#include "base/utf8.h"

#include <errno.h>

static void sets_code_and_message(void **state UNUSED)
{
	struct err e = {0};

	assert_false(err_is_set(&e));
	assert_int_equal(err_set(&e, ERR_STATE, "VM '%s' is not running", "web1"), -1);
	assert_true(err_is_set(&e));
	assert_int_equal(e.code, ERR_STATE);
	assert_string_equal(e.msg, "VM 'web1' is not running");
	assert_string_equal(e.hint, "");
}

static void accepts_a_caller_who_does_not_care(void **state UNUSED)
{
	struct err other = {.code = ERR_NET};

	assert_int_equal(err_set(NULL, ERR_STATE, "x"), -1);
	assert_int_equal(err_sys(NULL, EIO, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
	assert_int_equal(err_hint(NULL, "x"), -1);
	assert_int_equal(err_join(NULL, &other), -1);
	err_clear(NULL);
	assert_false(err_is_set(NULL));
}

static void maps_errno_to_codes(void **state UNUSED)
{
	static const struct {
		int sys;
		enum err_code code;
	} rows[] = {
		{ENOSPC, ERR_SPACE},	 {EDQUOT, ERR_SPACE},	  {EACCES, ERR_PERM},  {EPERM, ERR_PERM},
		{ENOENT, ERR_NOT_FOUND}, {EEXIST, ERR_EXISTS},	  {ENOMEM, ERR_NOMEM}, {ETIMEDOUT, ERR_TIMEOUT},
		{EIO, ERR_SYS},		 {ECONNREFUSED, ERR_SYS},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		err_sys(&e, rows[i].sys, "open '%s'", "f");
		assert_int_equal(e.code, rows[i].code);
		assert_int_equal(e.sys, rows[i].sys);
	}
}

static void appends_the_reason_of_the_system(void **state UNUSED)
{
	struct err e = {0};

	err_sys(&e, ENOENT, "open '%s'", "/x");
	assert_string_equal(e.msg, "open '/x': No such file or directory");
}

static void wraps_outermost_first(void **state UNUSED)
{
	struct err e = {0};

	err_set(&e, ERR_BUSY, "in use");
	assert_int_equal(err_wrap(&e, "create tap %s", "t0"), -1);
	assert_int_equal(err_wrap(&e, "start VM '%s'", "web1"), -1);
	assert_string_equal(e.msg, "start VM 'web1': create tap t0: in use");
	assert_int_equal(e.code, ERR_BUSY);
}

static void keeps_the_deepest_hint(void **state UNUSED)
{
	struct err e = {0};

	err_set(&e, ERR_MISSING, "no kvm");
	err_hint(&e, "Load %s.", "kvm_intel");
	err_hint(&e, "Ask somebody.");
	assert_string_equal(e.hint, "Load kvm_intel.");
}

static void joins_what_failed_in_undo(void **state UNUSED)
{
	struct err e = {0};
	struct err second = {0};
	struct err unset = {0};

	err_join(&e, &unset);
	assert_false(err_is_set(&e));
	err_set(&second, ERR_SYS, "second");
	err_hint(&second, "Look.");
	err_join(&e, &second);
	assert_string_equal(e.msg, "second");
	err_clear(&e);
	err_set(&e, ERR_NET, "first");
	err_join(&e, &second);
	assert_string_equal(e.msg, "first; also: second");
	assert_int_equal(e.code, ERR_NET);
	assert_string_equal(e.hint, "Look.");
}

static void cuts_long_text_between_characters(void **state UNUSED)
{
	static const char *const fills[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xa7", "x"};

	for (size_t i = 0; i < ARRAY_LEN(fills); i++) {
		for (int shift = 0; shift < 5; shift++) {
			char text[2048] = "";
			struct err e = {0};
			memset(text, 'a', (size_t)shift);
			while (strlen(text) < 1200)
				strncat(text, fills[i], sizeof(text) - strlen(text) - 1);
			err_set(&e, ERR_PROTO, "%s", text);
			assert_true(utf8_valid(e.msg, strlen(e.msg)));
			assert_in_range(strlen(e.msg), sizeof(e.msg) - 5, sizeof(e.msg) - 1);
			err_wrap(&e, "context");
			assert_true(utf8_valid(e.msg, strlen(e.msg)));
		}
	}
}

static void names_every_code(void **state UNUSED)
{
	for (int i = 0; i < ERR_CODE_COUNT; i++) {
		assert_non_null(err_code_to_string((enum err_code)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(err_code_to_string((enum err_code)i),
						err_code_to_string((enum err_code)j));
	}
	assert_string_equal(err_code_to_string(ERR_NOT_FOUND), "not_found");
	assert_string_equal(err_code_to_string((enum err_code)999), "unknown");
	assert_string_equal(err_strerror(99999), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_code_and_message),     cmocka_unit_test(accepts_a_caller_who_does_not_care),
		cmocka_unit_test(maps_errno_to_codes),	     cmocka_unit_test(appends_the_reason_of_the_system),
		cmocka_unit_test(wraps_outermost_first),     cmocka_unit_test(keeps_the_deepest_hint),
		cmocka_unit_test(joins_what_failed_in_undo), cmocka_unit_test(cuts_long_text_between_characters),
		cmocka_unit_test(names_every_code),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
