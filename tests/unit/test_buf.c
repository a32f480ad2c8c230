/* SPDX-License-Identifier: MIT */
/*
 * base/buf and base/mem: always a C string, ownership moves once, copies are cut and terminated.
 */
#include "tests/lib/test.h"

#include "base/buf.h"

static void is_a_string_when_zeroed(void **state UNUSED)
{
	struct buf b = {0};

	assert_string_equal(buf_cstr(&b), "");
	buf_reset(&b);
	buf_consume(&b, 0);
	char *s = buf_take(&b);
	assert_string_equal(s, "");
	free(s);
	buf_done(&b);
}

static void grows_and_stays_terminated(void **state UNUSED)
{
	auto_buf b = {0};

	for (int i = 0; i < 10000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(b.len, 10000);
	assert_int_equal(b.data[9999], 'a' + 9999 % 26);
}

static void formats_longer_than_the_room_left(void **state UNUSED)
{
	auto_buf b = {0};
	char long_text[500];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	buf_adds(&b, "<");
	buf_addf(&b, "%s|%d", long_text, 42);
	assert_int_equal(b.len, 1 + 499 + 3);
	assert_string_equal(b.data + 500, "|42");
}

static void consumes_from_the_front(void **state UNUSED)
{
	auto_buf b = {0};

	buf_add(&b, "hello\0world", 11);
	buf_consume(&b, 6);
	assert_int_equal(b.len, 5);
	assert_string_equal(buf_cstr(&b), "world");
	buf_consume(&b, 5);
	assert_string_equal(buf_cstr(&b), "");
}

static void take_leaves_an_empty_buffer(void **state UNUSED)
{
	auto_buf b = {0};

	buf_adds(&b, "mine");
	auto_free char *s = buf_take(&b);
	assert_string_equal(s, "mine");
	assert_null(b.data);
	buf_adds(&b, "next");
	assert_string_equal(buf_cstr(&b), "next");
}

static void reset_keeps_the_memory(void **state UNUSED)
{
	auto_buf b = {0};

	buf_adds(&b, "text");
	const char *data = b.data;
	buf_reset(&b);
	assert_string_equal(buf_cstr(&b), "");
	buf_adds(&b, "more");
	assert_ptr_equal(b.data, data);
}

static void copies_are_cut_and_terminated(void **state UNUSED)
{
	char to[4] = "zzz";

	assert_string_equal(str_copy(to, sizeof(to), "abcdef"), "abc");
	assert_string_equal(str_copy(to, sizeof(to), "a"), "a");
	assert_ptr_equal(str_copy(to, 0, "b"), to);
	assert_string_equal(to, "a");
	auto_free char *n = xstrndup("abcdef", 3);
	assert_string_equal(n, "abc");
	auto_free char *f = xasprintf("%s-%d", "a", 7);
	assert_string_equal(f, "a-7");
}

static void transfer_leaves_null_behind(void **state UNUSED)
{
	auto_free char *from = xstrdup("x");
	char *p = from;
	auto_free char *to = TAKE_PTR(from);

	assert_null(from);
	assert_ptr_equal(to, p);
}

static void empty_allocations_are_real(void **state UNUSED)
{
	auto_free void *a = xmalloc(0);
	auto_free void *b = xcalloc(0, 8);
	auto_free int *c = xrealloc(NULL, 4, sizeof(int));
	auto_free unsigned char *zero = xcalloc(16, 1);

	assert_non_null(a);
	assert_non_null(b);
	c[3] = 1;
	for (int i = 0; i < 16; i++)
		assert_int_equal(zero[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_string_when_zeroed),	     cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(formats_longer_than_the_room_left), cmocka_unit_test(consumes_from_the_front),
		cmocka_unit_test(take_leaves_an_empty_buffer),	     cmocka_unit_test(reset_keeps_the_memory),
		cmocka_unit_test(copies_are_cut_and_terminated),     cmocka_unit_test(transfer_leaves_null_behind),
		cmocka_unit_test(empty_allocations_are_real),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
