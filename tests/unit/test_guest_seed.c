/* SPDX-License-Identifier: MIT */
/*
 * Unpacking the seed: small members into one directory, files beneath /root, nothing anywhere else.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bootkit/run.h"
#include "bootkit/seed.h"
#include "tarmake.h"

struct fixture {
	int tar, quiet;
	char device[64], dir[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->tar = tarmake_open();
	snprintf(f->device, sizeof(f->device), "/proc/self/fd/%d", f->tar);
	strcpy(f->dir, "/tmp/test-seed-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	/* What is said about bad members would only disturb the log of the tests. */
	f->quiet = dup(STDERR_FILENO);
	assert_true(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO) >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	const char *const argv[] = {"/bin/rm", "-rf", f->dir, NULL};

	dup2(f->quiet, STDERR_FILENO);
	close(f->quiet);
	close(f->tar);
	assert_int_equal(run_wait(argv), 0);
	free(f);
	return 0;
}

static void assert_file(const struct fixture *f, const char *name, unsigned mode, const char *content)
{
	char path[128];
	struct stat st;
	char *text;

	assert_int_equal(path_join(path, sizeof(path), f->dir, name), 0);
	text = file_read(path, 1 << 20, NULL);
	assert_non_null(text);
	assert_string_equal(text, content);
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void small_members_are_unpacked(void **state)
{
	struct fixture *f = *state;
	char path[128];

	tarmake_add(f->tar, "banger-seed/config", '0', 0644, NULL, "version=1\n", 10);
	tarmake_add(f->tar, "banger-seed/hosts", '0', 0644, NULL, "x\n", 2);
	tarmake_add(f->tar, "banger-seed/files/a", '0', 0644, NULL, "y\n", 2);
	tarmake_add(f->tar, "foreign", '0', 0644, NULL, "z\n", 2);
	tarmake_end(f->tar);
	assert_int_equal(seed_unpack(f->device, f->dir), 0);
	assert_file(f, "config", 0600, "version=1\n");
	assert_file(f, "hosts", 0600, "x\n");
	assert_int_equal(path_join(path, sizeof(path), f->dir, "a"), 0);
	assert_false(file_exists(path));
	assert_int_equal(path_join(path, sizeof(path), f->dir, "foreign"), 0);
	assert_false(file_exists(path));
}

static void members_outside_are_refused(void **state)
{
	struct fixture *f = *state;

	tarmake_add(f->tar, "banger-seed/../../escape", '0', 0644, NULL, "x", 1);
	tarmake_end(f->tar);
	assert_int_equal(seed_unpack(f->device, f->dir), -1);
}

static void config_is_read_from_the_directory(void **state)
{
	struct fixture *f = *state;
	struct config config;

	assert_int_equal(seed_config(f->dir, &config), -1);
	tarmake_add(f->tar, "banger-seed/config", '0', 0644, NULL, "nonsense", 8);
	tarmake_end(f->tar);
	assert_int_equal(seed_unpack(f->device, f->dir), 0);
	assert_int_equal(seed_config(f->dir, &config), -1);
}

static void files_go_beneath_home_with_their_modes(void **state)
{
	struct fixture *f = *state;
	char path[128], target[64] = "";
	struct stat st;

	tarmake_add(f->tar, "banger-seed/config", '0', 0644, NULL, "v", 1);
	tarmake_add(f->tar, "banger-seed/files/.ssh/", '5', 0700, NULL, NULL, 0);
	tarmake_add(f->tar, "banger-seed/files/.ssh/id", '0', 0600, NULL, "key", 3);
	tarmake_add(f->tar, "banger-seed/files/deep/er/f", '0', 0444, NULL, "f", 1);
	tarmake_add(f->tar, "banger-seed/files/deep/er/f", '0', 0755, NULL, "again", 5);
	tarmake_add(f->tar, "banger-seed/files/link", '2', 0777, "deep/er/f", NULL, 0);
	tarmake_add(f->tar, "banger-seed/files/../bad", '0', 0600, NULL, "bad", 3);
	tarmake_add(f->tar, "banger-seed/files/fifo", '6', 0600, NULL, NULL, 0);
	tarmake_end(f->tar);
	assert_int_equal(seed_copy_files(f->device, f->dir), 0);
	assert_file(f, ".ssh/id", 0600, "key");
	assert_file(f, "deep/er/f", 0755, "again");
	assert_int_equal(path_join(path, sizeof(path), f->dir, ".ssh"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(path_join(path, sizeof(path), f->dir, "deep/er/f"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(path_join(path, sizeof(path), f->dir, "link"), 0);
	assert_int_equal(readlink(path, target, sizeof(target) - 1), 9);
	assert_string_equal(target, "deep/er/f");
	assert_false(file_exists("/tmp/bad"));
}

/* Returns what seed_make_workdir() does for <f->dir>/<rest>, whose path is left in `path`. */
static int make_workdir(const struct fixture *f, const char *rest, char *path, size_t size)
{
	char member[128];

	assert_int_equal(path_join(path, size, f->dir, rest), 0);
	assert_int_equal(path_join(member, sizeof(member), f->dir, "workdir"), 0);
	assert_int_equal(file_put(member, 0600, path), 0);
	return seed_make_workdir(f->dir);
}

static void the_working_directory_is_made(void **state)
{
	struct fixture *f = *state;
	const mode_t mask = umask(022);
	char path[128];
	struct stat st;

	assert_int_equal(seed_make_workdir(f->dir), 0); /* none is said */
	assert_int_equal(make_workdir(f, "srv/app", path, sizeof(path)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0755);
	/* One that is there stays as it is, also behind a link. */
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(make_workdir(f, "srv/app", path, sizeof(path)), 0);
	assert_int_equal(make_workdir(f, "link", path, sizeof(path)), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("srv/app", path), 0);
	assert_int_equal(make_workdir(f, "link", path, sizeof(path)), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	umask(mask);
}

static void a_working_directory_that_is_none_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char path[128], below[128], member[128];

	assert_int_equal(path_join(path, sizeof(path), f->dir, "passwd"), 0);
	assert_int_equal(file_put(path, 0644, "root\n"), 0);
	assert_int_equal(make_workdir(f, "passwd", path, sizeof(path)), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(make_workdir(f, "passwd/below", below, sizeof(below)), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_file(f, "passwd", 0644, "root\n");
	assert_int_equal(path_join(member, sizeof(member), f->dir, "workdir"), 0);
	assert_int_equal(file_put(member, 0600, "relative"), 0);
	assert_int_equal(seed_make_workdir(f->dir), -1);
	assert_false(file_exists("relative"));
}

static void paths_are_judged(void **state)
{
	static const char *const good[] = {"a", ".config/x", "a/b/", "..a", "a..b/c"};
	static const char *const bad[] = {"", "/a", "..", "a/..", "a/../b", ".", "a/./b", "a//b", "a\nb", "a\x7f"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!seed_path_is_safe(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (seed_path_is_safe(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(small_members_are_unpacked, setup, teardown),
		cmocka_unit_test_setup_teardown(members_outside_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(config_is_read_from_the_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(files_go_beneath_home_with_their_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(the_working_directory_is_made, setup, teardown),
		cmocka_unit_test_setup_teardown(a_working_directory_that_is_none_is_left_alone, setup, teardown),
		cmocka_unit_test(paths_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
