/* SPDX-License-Identifier: MIT */
/*
 * Shared by the unit tests: cmocka with the headers it wants, a temporary directory, and checks on struct err.
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

/*
 * Fixture: a fresh directory 0700 below $TMPDIR (or /tmp) as *state, a char *; the teardown removes the whole tree.
 *	cmocka_unit_test_setup_teardown(test_x, tmpdir_setup, tmpdir_teardown)
 */
int tmpdir_setup(void **state);
int tmpdir_teardown(void **state);

/* "<dir>/<name>" in one of four static buffers, used in turn. */
const char *tmpdir_path(void **state, const char *name);
/* A file there, and the directories above it. */
void tmpdir_put(void **state, const char *name, const char *content);

/* Write a file of that content, 0600; fails the test when it cannot. */
void test_write(const char *path, const char *content);
/* The content of a small file, to be freed by the caller; fails the test when it cannot be read. */
char *test_read(const char *path);

/* The call succeeded; prints the message when it did not. */
#define assert_ok(call, e)                                                                                             \
	do {                                                                                                           \
		int assert_ok_rc_ = (call);                                                                            \
		if (assert_ok_rc_ < 0)                                                                                 \
			fail_msg("%s: %s", #call, (e)->msg);                                                           \
		assert_int_equal((e)->code, ERR_NONE);                                                                 \
	} while (0)

/* The call failed with that code; clears the error for the next call. */
#define assert_err(call, e, want)                                                                                      \
	do {                                                                                                           \
		int assert_err_rc_ = (call);                                                                           \
		assert_int_equal(assert_err_rc_, -1);                                                                  \
		assert_string_equal(err_code_to_string((e)->code), err_code_to_string(want));                          \
		err_clear(e);                                                                                          \
	} while (0)

#endif
