/* SPDX-License-Identifier: MIT */
/*
 * base/path: which variable wins, what is refused, and the private runtime directory.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "base/fs.h"
#include "base/path.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const variables[] = {
	"BANGER_CONFIG_DIR", "BANGER_STATE_DIR", "BANGER_CACHE_DIR", "BANGER_RUNTIME_DIR",
	"XDG_CONFIG_HOME",   "XDG_STATE_HOME",	 "XDG_CACHE_HOME",   "XDG_RUNTIME_DIR",
};

static int setup(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	setenv("HOME", "/home/u", 1);
	return tmpdir_setup(state);
}

static void defaults_hang_below_home(void **state UNUSED)
{
	struct err e = {0};
	struct paths p;
	char runtime[64];

	assert_ok(paths_resolve(&p, &e), &e);
	assert_string_equal(p.config, "/home/u/.config/banger");
	assert_string_equal(p.state, "/home/u/.local/state/banger");
	assert_string_equal(p.cache, "/home/u/.cache/banger");
	snprintf(runtime, sizeof(runtime), "/tmp/banger-runtime-%u", (unsigned int)geteuid());
	assert_string_equal(p.runtime, runtime);
}

static void xdg_variables_win_over_home(void **state)
{
	struct err e = {0};
	struct paths p;
	char runtime[PATHS_MAX];

	snprintf(runtime, sizeof(runtime), "%s/banger", tmpdir_path(state, "user"));
	assert_int_equal(mkdir(tmpdir_path(state, "user"), 0700), 0);
	setenv("XDG_STATE_HOME", "/s", 1);
	setenv("XDG_RUNTIME_DIR", tmpdir_path(state, "user"), 1);
	setenv("XDG_CACHE_HOME", "", 1);
	assert_ok(paths_resolve(&p, &e), &e);
	assert_null(paths_passed_over());
	assert_string_equal(p.state, "/s/banger");
	assert_string_equal(p.runtime, runtime);
	assert_string_equal(p.cache, "/home/u/.cache/banger");
}

/* Also: nothing there, no directory, and (as root, where nobody is another) somebody else's. */
static void a_runtime_directory_that_is_not_ours_is_passed_over(void **state)
{
	const char *dir = tmpdir_path(state, "user"), *file = tmpdir_path(state, "file"), *lent = tmpdir_path(state, "lent");
	const char *const bad[] = {tmpdir_path(state, "missing"), file, dir, lent};
	struct err e = {0};
	struct paths p;
	char runtime[64];

	assert_int_equal(mkdir(dir, 0700) | chmod(dir, 0777), 0);
	assert_int_equal(mkdir(lent, 0700), 0);
	test_write(file, "");
	snprintf(runtime, sizeof(runtime), "/tmp/banger-runtime-%u", (unsigned int)geteuid());
	for (size_t i = 0; i < ARRAY_LEN(bad) - (geteuid() != 0 || chown(lent, 65534, 65534) < 0); i++) {
		setenv("XDG_RUNTIME_DIR", bad[i], 1);
		assert_ok(paths_resolve(&p, &e), &e);
		assert_string_equal(p.runtime, runtime);
		assert_string_equal(paths_passed_over(), bad[i]);
	}
	setenv("BANGER_RUNTIME_DIR", "/run/mine", 1);
	assert_null(paths_passed_over());
}

static void our_variables_win_over_all(void **state UNUSED)
{
	struct err e = {0};
	struct paths p;

	setenv("XDG_STATE_HOME", "/s", 1);
	setenv("BANGER_STATE_DIR", "/mine", 1);
	setenv("BANGER_RUNTIME_DIR", "/run/mine", 1);
	assert_ok(paths_resolve(&p, &e), &e);
	assert_string_equal(p.state, "/mine");
	assert_string_equal(p.runtime, "/run/mine");
}

static void relative_and_endless_paths_are_refused(void **state UNUSED)
{
	char long_path[PATHS_MAX + 10];
	struct err e = {0};
	struct paths p;

	setenv("XDG_CONFIG_HOME", "here", 1);
	assert_int_equal(paths_resolve(&p, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.msg, "XDG_CONFIG_HOME"));
	assert_non_null(strstr(e.hint, "XDG_CONFIG_HOME"));
	err_clear(&e);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	setenv("XDG_CONFIG_HOME", long_path, 1);
	assert_err(paths_resolve(&p, &e), &e, ERR_USAGE);
}

static void without_home_the_passwd_entry_counts(void **state UNUSED)
{
	const struct passwd *pw = getpwuid(getuid());
	struct err e = {0};
	struct paths p;

	unsetenv("HOME");
	if (!pw || pw->pw_dir[0] != '/')
		skip();
	assert_ok(paths_resolve(&p, &e), &e);
	assert_int_equal(strncmp(p.state, pw->pw_dir, strlen(pw->pw_dir)), 0);
}

static void use_tmpdir(void **state, struct paths *p)
{
	struct err e = {0};

	setenv("BANGER_CONFIG_DIR", tmpdir_path(state, "c/onfig"), 1);
	setenv("BANGER_STATE_DIR", tmpdir_path(state, "s/tate"), 1);
	setenv("BANGER_CACHE_DIR", tmpdir_path(state, "cache"), 1);
	setenv("BANGER_RUNTIME_DIR", tmpdir_path(state, "run"), 1);
	assert_ok(paths_resolve(p, &e), &e);
}

static void makes_private_directories(void **state)
{
	struct err e = {0};
	struct paths p;
	struct stat st;

	use_tmpdir(state, &p);
	assert_ok(paths_make(&p, &e), &e);
	assert_ok(paths_make(&p, &e), &e);
	const char *const made[] = {p.config, p.state, p.cache, p.runtime};
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		assert_int_equal(stat(made[i], &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
	}
}

static void runtime_must_be_private(void **state)
{
	struct err e = {0};
	struct paths p;

	use_tmpdir(state, &p);
	assert_ok(paths_make(&p, &e), &e);
	assert_int_equal(chmod(p.runtime, 0755), 0);
	assert_int_equal(paths_make(&p, &e), -1);
	assert_int_equal(e.code, ERR_PERM);
	assert_non_null(strstr(e.msg, p.runtime));
	err_clear(&e);
	assert_int_equal(rmdir(p.runtime), 0);
	assert_int_equal(symlink("cache", p.runtime), 0);
	assert_err(paths_make(&p, &e), &e, ERR_PERM);
	assert_ok(fs_unlink(p.runtime, &e), &e);
	if (geteuid() == 0) {
		assert_int_equal(mkdir(p.runtime, 0700), 0);
		assert_int_equal(chown(p.runtime, 12345, 12345), 0);
		assert_err(paths_make(&p, &e), &e, ERR_PERM);
	}
}

static void joins_into_a_fixed_array(void **state UNUSED)
{
	char b[32];

	assert_string_equal(path_join(b, sizeof(b), "/a", "vms/%s/%d", "id", 7), "/a/vms/id/7");
	assert_string_equal(path_join(b, 6, "/a", "%s", "bc"), "/a/bc");
}

static void paths_are_tidied(void **state UNUSED)
{
	static const char *const rows[][2] = {
		{"/", "/"},		  {"//", "/"},		 {"/..", "/"},	       {"/../..", "/"},	   {"/.", "/"},
		{"/a", "/a"},		  {"/a/", "/a"},	 {"//a//b//", "/a/b"}, {"/a/./b", "/a/b"}, {"/a/../b", "/b"},
		{"/a/b/../../..", "/"},	  {"/a/..b/...", "/a/..b/..."}, {"/.a/.", "/.a"},     {"/a/b/..", "/a"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char b[64];

		str_copy(b, sizeof(b), rows[i][0]);
		assert_string_equal(path_tidy(b), rows[i][1]);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(defaults_hang_below_home),
		T(xdg_variables_win_over_home),
		T(a_runtime_directory_that_is_not_ours_is_passed_over),
		T(our_variables_win_over_all),
		T(relative_and_endless_paths_are_refused),
		T(without_home_the_passwd_entry_counts),
		T(makes_private_directories),
		T(runtime_must_be_private),
		T(joins_into_a_fixed_array),
		T(paths_are_tidied),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
