/* SPDX-License-Identifier: MIT */
/*
 * base/lockfile: held is held by whoever has the description, and looking takes nothing.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/lockfile.h"
#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static int dirfd;

static int setup(void **state)
{
	if (tmpdir_setup(state) < 0)
		return -1;
	dirfd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	fd_close(&dirfd);
	return tmpdir_teardown(state);
}

static bool held(const char *name)
{
	struct err e = {0};
	bool yes = false;

	assert_ok(lockfile_is_held(dirfd, name, &yes, &e), &e);
	return yes;
}

static void one_holder_at_a_time(void **state)
{
	struct err e = {0};
	struct stat st;

	assert_false(held("lock"));
	int fd = lockfile_take(dirfd, "lock", &e);
	assert_true(fd >= 0);
	assert_true(held("lock"));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(stat(tmpdir_path(state, "lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_err(lockfile_take(dirfd, "lock", &e), &e, ERR_BUSY);
	assert_true(held("lock"));
	fd_close(&fd);
	assert_false(held("lock"));
	fd = lockfile_take(dirfd, "lock", &e);
	assert_true(fd >= 0);
	fd_close(&fd);
}

static void a_removed_file_is_nobodys_lock(void **state)
{
	struct err e = {0};
	int old = open(tmpdir_path(state, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int fd = lockfile_take(dirfd, "lock", &e);

	assert_ok(lockfile_remove(dirfd, "lock", &fd, &e), &e);
	assert_int_equal(fd, -1);
	assert_int_equal(access(tmpdir_path(state, "lock"), F_OK), -1);
	/* Whoever comes now makes a new file; the old inode, which somebody may still have open, locks nothing. */
	fd = lockfile_take(dirfd, "lock", &e);
	assert_true(fd >= 0);
	assert_true(held("lock"));
	assert_err(lockfile_take(dirfd, "lock", &e), &e, ERR_BUSY);
	fd_close(&fd);
	fd_close(&old);
}

static void looking_takes_nothing(void **state UNUSED)
{
	struct err e = {0};
	auto_fd fd = lockfile_take(dirfd, "lock", &e);

	/* A classic POSIX lock would be lost by the open and close inside. */
	for (int i = 0; i < 3; i++)
		assert_true(held("lock"));
	assert_true(fd >= 0);
}

static void a_second_descriptor_of_the_description_keeps_it(void **state UNUSED)
{
	struct err e = {0};
	auto_fd first = lockfile_take(dirfd, "lock", &e);
	auto_fd second = fcntl(first, F_DUPFD_CLOEXEC, 3);

	fd_close(&first);
	assert_true(held("lock"));
	fd_close(&second);
	assert_false(held("lock"));
}

static void a_child_keeps_what_it_inherited(void **state UNUSED)
{
	const char *const argv[] = {"sleep", "1000", NULL};
	struct err e = {0};
	auto_fd lock = lockfile_take(dirfd, "lock", &e);
	const struct spawn_pass pass = {.fd = lock, .child = 3};
	struct spawn_args a = {
		.argv = argv, .pass = &pass, .n_pass = 1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	struct proc_status st;
	struct proc p;
	struct op op;

	op_init(&op, 60000);
	assert_ok(spawn_start(&a, &p, &e), &e);
	fd_close(&lock);
	assert_true(held("lock"));
	assert_err(lockfile_take(dirfd, "lock", &e), &e, ERR_BUSY);
	assert_ok(proc_signal(&p, SIGKILL, &e), &e);
	assert_ok(proc_wait(&op, &p, &st, &e), &e);
	assert_false(held("lock"));
	proc_done(&p);
	op_done(&op);
}

static void a_child_that_did_not_inherit_holds_nothing(void **state UNUSED)
{
	const char *const argv[] = {"sleep", "1000", NULL};
	struct err e = {0};
	auto_fd lock = lockfile_take(dirfd, "lock", &e);
	struct spawn_args a = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	struct proc p;
	struct op op;

	op_init(&op, 60000);
	assert_ok(spawn_start(&a, &p, &e), &e);
	fd_close(&lock);
	assert_false(held("lock"));
	proc_kill(&op, &p);
	proc_done(&p);
	op_done(&op);
}

static void let_go_and_taken_again(void **state UNUSED)
{
	struct err e = {0};
	auto_fd lock = lockfile_take(dirfd, "lock", &e);

	assert_true(held("lock"));
	assert_ok(lockfile_release(lock, &e), &e);
	assert_false(held("lock"));
	assert_ok(lockfile_retake(lock, &e), &e);
	assert_true(held("lock"));
	assert_ok(lockfile_release(lock, &e), &e);
	auto_fd other = lockfile_take(dirfd, "lock", &e);
	assert_true(other >= 0);
	assert_err(lockfile_retake(lock, &e), &e, ERR_BUSY);
}

static void links_are_refused(void **state)
{
	struct err e = {0};
	bool yes;

	test_write(tmpdir_path(state, "target"), "x");
	assert_int_equal(symlink("target", tmpdir_path(state, "link")), 0);
	assert_err(lockfile_take(dirfd, "link", &e), &e, ERR_SYS);
	assert_err(lockfile_is_held(dirfd, "link", &yes, &e), &e, ERR_SYS);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_holder_at_a_time),
		T(a_removed_file_is_nobodys_lock),
		T(looking_takes_nothing),
		T(a_second_descriptor_of_the_description_keeps_it),
		T(a_child_keeps_what_it_inherited),
		T(a_child_that_did_not_inherit_holds_nothing),
		T(let_go_and_taken_again),
		T(links_are_refused),
	};

	return cmocka_run_group_tests_name("lockfile", tests, NULL, NULL);
}
