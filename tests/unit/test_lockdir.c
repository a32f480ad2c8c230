/* SPDX-License-Identifier: MIT */
/*
 * base/lockdir: a directory is its maker's while that lives, and anybody's afterwards.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/lockdir.h"

#include <sys/stat.h>
#include <unistd.h>

static struct err e;

static void nobody_takes_what_its_maker_holds(void **state)
{
	const char *path = tmpdir_path(state, "dir");
	struct stat st;
	mode_t old = umask(077);
	int fd = lockdir_make(path, 0755, &e);

	umask(old);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_err(lockdir_take(path, &e), &e, ERR_BUSY);
	fd_close(&fd);
	fd = lockdir_take(path, &e);
	assert_true(fd >= 0);
	assert_err(lockdir_take(path, &e), &e, ERR_BUSY);
	fd_close(&fd);
}

static void a_name_that_is_taken_is_told_apart(void **state)
{
	assert_ok(fs_mkdir_p(tmpdir_path(state, "dir"), 0700, &e), &e);
	assert_err(lockdir_make(tmpdir_path(state, "dir"), 0700, &e), &e, ERR_EXISTS);
	assert_err(lockdir_make(tmpdir_path(state, "none/dir"), 0700, &e), &e, ERR_NOT_FOUND);
	assert_err(lockdir_take(tmpdir_path(state, "none"), &e), &e, ERR_NOT_FOUND);
}

/* Caught between mkdir and lock: there is no lock file yet. */
static void what_has_no_lock_file_can_be_taken(void **state)
{
	int fd;

	assert_ok(fs_mkdir_p(tmpdir_path(state, "dir"), 0700, &e), &e);
	fd = lockdir_take(tmpdir_path(state, "dir"), &e);
	assert_true(fd >= 0);
	fd_close(&fd);
}

static void a_link_is_not_followed(void **state)
{
	assert_ok(fs_mkdir_p(tmpdir_path(state, "dir"), 0700, &e), &e);
	assert_int_equal(symlink("dir", tmpdir_path(state, "link")), 0);
	assert_int_equal(lockdir_take(tmpdir_path(state, "link"), &e), -1);
	err_clear(&e);
	assert_false(fs_exists(tmpdir_path(state, "dir/" LOCKDIR_FILE)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_takes_what_its_maker_holds),
		T(a_name_that_is_taken_is_told_apart),
		T(what_has_no_lock_file_can_be_taken),
		T(a_link_is_not_followed),
	};

	return cmocka_run_group_tests_name("lockdir", tests, NULL, NULL);
}
