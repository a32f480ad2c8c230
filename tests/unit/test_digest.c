/* SPDX-License-Identifier: MIT */
/*
 * base/digest against the examples of FIPS 180-4, in one piece, in many, and from files.
 */
#include "tests/lib/test.h"

#include "base/digest.h"
#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <unistd.h>

static const struct {
	const char *text;
	const char *digest;
} known[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void known_answers(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		char whole[DIGEST_SIZE];
		char pieces[DIGEST_SIZE];
		struct digest d;
		digest_data(known[i].text, strlen(known[i].text), whole);
		assert_string_equal(whole, known[i].digest);
		digest_init(&d);
		for (const char *p = known[i].text; *p; p++)
			digest_add(&d, p, 1);
		digest_end(&d, pieces);
		digest_done(&d);
		assert_string_equal(pieces, known[i].digest);
	}
}

static void take_progress(void *arg, const struct op_stage *st)
{
	*(struct op_stage *)arg = *st;
}

static void files_are_read_to_their_end(void **state)
{
	const char *path = tmpdir_path(state, "million");
	char *text = xmalloc(1000000);
	struct op_stage seen = {0};
	char got[DIGEST_SIZE];
	struct err e = {0};
	uint64_t size = 0;
	struct op op;

	memset(text, 'a', 1000000);
	assert_ok(fs_write_atomic(path, text, 1000000, 0600, &e), &e);
	free(text);
	op_init(&op, -1);
	op.on_stage = take_progress;
	op.arg = &seen;
	assert_ok(digest_file(&op, path, got, &size, &e), &e);
	assert_string_equal(got, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	assert_int_equal(size, 1000000);
	assert_int_equal(seen.done, 1000000);
	assert_int_equal(seen.total, 1000000);
	op_done(&op);
}

/* A hole is as many zeros, wherever it is. */
static void holes_are_zeros(void **state)
{
	static const struct {
		off_t data, size; /* one block of data in a file of so many bytes; -1: none */
	} rows[] = {{-1, 1 << 20}, {0, 3 << 20}, {1 << 20, (3 << 20) + 7}, {(2 << 20) + 4096, (2 << 20) + 8192}, {300000, 300000 + 4096}};
	const char *path = tmpdir_path(state, "sparse");
	struct err e = {0};
	struct op op;

	op_init(&op, 60000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *whole = xcalloc(1, (size_t)rows[i].size);
		char want[DIGEST_SIZE], got[DIGEST_SIZE];
		uint64_t size = 0;

		test_write(path, "");
		assert_int_equal(truncate(path, rows[i].size), 0);
		if (rows[i].data >= 0) {
			int fd = open(path, O_WRONLY | O_CLOEXEC);

			memset(whole + rows[i].data, 'x', 4096);
			assert_int_equal(pwrite(fd, whole + rows[i].data, 4096, rows[i].data), 4096);
			close(fd);
		}
		digest_data(whole, (size_t)rows[i].size, want);
		assert_ok(digest_file(&op, path, got, &size, &e), &e);
		assert_string_equal(got, want);
		assert_int_equal(size, rows[i].size);
	}
	op_done(&op);
}

static void files_that_cannot_be_read(void **state)
{
	char got[DIGEST_SIZE];
	struct err e = {0};
	struct op op;

	op_init(&op, -1);
	assert_err(digest_file(&op, tmpdir_path(state, "none"), got, NULL, &e), &e, ERR_NOT_FOUND);
	assert_err(digest_file(&op, *state, got, NULL, &e), &e, ERR_SYS);
	test_write(tmpdir_path(state, "f"), "x");
	op_cancel(&op);
	assert_err(digest_file(&op, tmpdir_path(state, "f"), got, NULL, &e), &e, ERR_CANCELED);
	op_done(&op);
}

static void only_lower_case_digits_of_the_right_number(void **state UNUSED)
{
	char text[80];

	assert_true(digest_is_valid(known[0].digest));
	str_copy(text, sizeof(text), known[0].digest);
	text[5] = 'A';
	assert_false(digest_is_valid(text));
	text[5] = '/';
	assert_false(digest_is_valid(text));
	assert_false(digest_is_valid(""));
	assert_false(digest_is_valid(known[0].digest + 1));
	snprintf(text, sizeof(text), "%s0", known[0].digest);
	assert_false(digest_is_valid(text));
}

static void hex_and_half_built(void **state UNUSED)
{
	struct digest d = {0};
	char hex[9];

	digest_done(&d);
	digest_init(&d);
	digest_done(&d);
	assert_string_equal(digest_hex("\x00\x9f\xff\x10", 4, hex), "009fff10");
	assert_string_equal(digest_hex("", 0, hex), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test_setup_teardown(files_are_read_to_their_end, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(holes_are_zeros, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(files_that_cannot_be_read, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test(only_lower_case_digits_of_the_right_number),
		cmocka_unit_test(hex_and_half_built),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
