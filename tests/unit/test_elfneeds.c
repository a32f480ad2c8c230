/* SPDX-License-Identifier: MIT */
/*
 * ELF headers: what a linker makes is understood, and no bytes whatever make the reader leave the file.
 */
#include "tests/lib/fakeelf.h"
#include "tests/lib/test.h"

#include "base/fs.h"
#include "core/image/elfneeds.h"

static struct err e;
static struct elfneeds needs;

static void test_program(void **state)
{
	static const char *const libs[] = {"libz.so.1", "libc.so.6", NULL};
	auto_buf elf = {0};

	(void)state;
	fakeelf_make(&elf, "/lib64/ld-linux-x86-64.so.2", libs);
	assert_ok(elfneeds_read(elf.data, elf.len, "x", &needs, &e), &e);
	assert_string_equal(needs.interp, "/lib64/ld-linux-x86-64.so.2");
	assert_int_equal(needs.n_needed, 2);
	assert_string_equal(needs.needed[0], "libz.so.1");
	assert_string_equal(needs.needed[1], "libc.so.6");
}

static void test_static(void **state)
{
	auto_buf elf = {0};

	(void)state;
	fakeelf_make(&elf, NULL, NULL);
	assert_ok(elfneeds_read(elf.data, elf.len, "x", &needs, &e), &e);
	assert_string_equal(needs.interp, "");
	assert_int_equal(needs.n_needed, 0);
}

/* This very program: made by the real linker, and it needs the C library. */
static void test_self(void **state)
{
	auto_buf self = {0};
	bool libc = false;

	(void)state;
	assert_ok(fs_read_file("/proc/self/exe", (size_t)256 << 20, &self, &e), &e);
	assert_ok(elfneeds_read(self.data, self.len, "self", &needs, &e), &e);
	for (int i = 0; i < needs.n_needed; i++)
		libc |= strncmp(needs.needed[i], "libc.", 5) == 0;
	assert_true(libc);
}

static void test_refusals(void **state)
{
	static const char *const slash[] = {"../evil.so", NULL};
	auto_buf elf = {0}, text = {0};

	(void)state;
	assert_err(elfneeds_read("", 0, "x", &needs, &e), &e, ERR_PROTO);
	buf_adds(&text, "#!/bin/sh\necho this is longer than a header of sixty-four bytes, by some margin\n");
	assert_err(elfneeds_read(text.data, text.len, "x", &needs, &e), &e, ERR_PROTO);
	fakeelf_make(&elf, NULL, slash);
	assert_err(elfneeds_read(elf.data, elf.len, "x", &needs, &e), &e, ERR_PROTO);
	elf.data[EI_CLASS] = ELFCLASS32;
	assert_err(elfneeds_read(elf.data, elf.len, "x", &needs, &e), &e, ERR_PROTO);
}

/* Every prefix, and every byte turned into extremes. The copy is exactly as large as what the reader is told, so that a
 * checked build sees every step outside. */
static void test_damage(void **state)
{
	static const char *const libs[] = {"liba.so", NULL};
	static const unsigned char extremes[] = {0x00, 0x7f, 0x80, 0xff};
	auto_buf elf = {0};

	(void)state;
	fakeelf_make(&elf, "/ld.so", libs);
	for (size_t n = 0; n < elf.len; n++) {
		auto_free char *copy = xmalloc(n + !n);

		memcpy(copy, elf.data, n);
		(void)!elfneeds_read(copy, n, "x", &needs, NULL);
	}
	for (size_t i = 0; i < elf.len; i++) {
		auto_free char *copy = xmalloc(elf.len);

		for (size_t k = 0; k < ARRAY_LEN(extremes); k++) {
			memcpy(copy, elf.data, elf.len);
			copy[i] = (char)extremes[k];
			(void)!elfneeds_read(copy, elf.len, "x", &needs, NULL);
			assert_in_range(needs.n_needed, 0, ELFNEEDS_MAX);
		}
	}
}

static void test_module(void **state)
{
	auto_buf whole = fakeelf_module("6.1.0-9-test", "code"), silent = fakeelf_module(NULL, "code"), program = {0};
	char release[32];

	(void)state;
	assert_ok(elfneeds_module(whole.data, whole.len, "x", release, sizeof(release), &e), &e);
	assert_string_equal(release, "6.1.0-9-test");
	assert_err(elfneeds_module(whole.data, whole.len, "x", release, 12, &e), &e, ERR_PROTO);
	assert_err(elfneeds_module(silent.data, silent.len, "x", release, sizeof(release), &e), &e, ERR_PROTO);
	for (size_t n = 0; n < whole.len; n++) {
		auto_free char *copy = xmalloc(n + !n);

		memcpy(copy, whole.data, n);
		assert_err(elfneeds_module(copy, n, "x", release, sizeof(release), &e), &e, ERR_PROTO);
	}
	for (size_t i = 0; i < whole.len; i++) {
		char was = whole.data[i];

		whole.data[i] = (char)0xff;
		(void)!elfneeds_module(whole.data, whole.len, "x", release, sizeof(release), NULL);
		whole.data[i] = was;
	}
	fakeelf_make(&program, "/ld.so", NULL);
	assert_err(elfneeds_module(program.data, program.len, "x", release, sizeof(release), &e), &e, ERR_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program),	 cmocka_unit_test(test_static), cmocka_unit_test(test_self),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_damage), cmocka_unit_test(test_module),
	};

	return cmocka_run_group_tests_name("elfneeds", tests, NULL, NULL);
}
