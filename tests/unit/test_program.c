/* SPDX-License-Identifier: MIT */
/*
 * base/program: what counts as a program, and where ours are.
 */
#include "tests/lib/test.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void only_what_can_be_executed(void **state)
{
	const char *path = tmpdir_path(state, "tool");

	test_write(path, "#!/bin/sh\n");
	assert_int_equal(chmod(path, 0600), 0);
	assert_false(program_is(path));
	assert_int_equal(chmod(path, 0700), 0);
	assert_true(program_is(path));
	assert_false(program_is(*state)); /* a directory may be searched, not run */
	assert_false(program_is(tmpdir_path(state, "none")));
}

static void the_path_but_never_the_working_directory(void **state)
{
	auto_free char *path = xasprintf("::%s", (char *)*state);
	auto_free char *before = xstrdup(getenv("PATH"));

	test_write(tmpdir_path(state, "tool"), "#!/bin/sh\n");
	assert_int_equal(chmod(tmpdir_path(state, "tool"), 0700), 0);
	assert_int_equal(chdir(*state), 0);
	setenv("PATH", "::", 1);
	assert_null(program_on_path("tool"));
	setenv("PATH", path, 1);
	auto_free char *found = program_on_path("tool");
	assert_string_equal(found, tmpdir_path(state, "tool"));
	assert_null(program_on_path("none"));
	assert_null(program_on_path(""));
	setenv("PATH", before, 1);
}

static void ours_are_beside_us(void **state UNUSED)
{
	char self[PATHS_MAX] = "", found[PATHS_MAX];

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_true(program_ours(strrchr(self, '/') + 1, PROGRAM_BESIDE_FIRST, found));
	assert_string_equal(found, self);
	assert_true(program_ours(strrchr(self, '/') + 1, PROGRAM_INSTALLED_FIRST, found));
	assert_string_equal(found, self);
	/* What is nowhere: the place looked at last is told. */
	assert_false(program_ours("banger-none", PROGRAM_BESIDE_FIRST, found));
	assert_string_equal(found, PKGLIBEXECDIR "/banger-none");
	assert_false(program_ours("banger-none", PROGRAM_INSTALLED_FIRST, found));
	assert_string_not_equal(found, PKGLIBEXECDIR "/banger-none");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_what_can_be_executed),
		T(the_path_but_never_the_working_directory),
		T(ours_are_beside_us),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
