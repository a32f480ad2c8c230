/* SPDX-License-Identifier: MIT */
/*
 * image/scratch: what a live process uses stays, what a dead one left goes, and with it the tool that outlived it.
 */
#include "tests/lib/test.h"

#include "base/fs.h"
#include "core/image/scratch.h"

#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err e;
static struct op op;

static int setup(void **state)
{
	op_init(&op, 30000);
	return tmpdir_setup(state);
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static int sweep(const char *root)
{
	int n = -1;

	assert_ok(scratch_sweep(&op, root, &n, &e), &e);
	return n;
}

static void what_is_in_use_stays(void **state)
{
	struct scratch s = SCRATCH_INIT;
	struct stat st;

	assert_ok(scratch_begin(*state, 0755, &s, &e), &e);
	assert_int_equal(stat(s.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_false(scratch_is_left(*state));
	assert_int_equal(sweep(*state), 0);
	assert_true(fs_exists(s.dir));
	scratch_end(&op, &s);
	scratch_end(&op, &s);
	assert_int_equal(rmdir(*state), 0);
	assert_ok(fs_mkdir_p(*state, 0700, &e), &e);
}

/* A process that dies while its tool writes. Returns the tool. */
static struct proc die_at_work(const char *root)
{
	int told[2];
	struct proc tool = {0};
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		static const char *const argv[] = {"sleep", "1000", NULL};
		struct spawn_args a = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
		struct scratch s = SCRATCH_INIT;
		char path[PATH_MAX];

		if (scratch_begin(root, 0700, &s, NULL) < 0 || spawn_start(&a, &tool, NULL) < 0 ||
		    scratch_set_tool(&s, &tool, NULL) < 0)
			_exit(1);
		snprintf(path, sizeof(path), "%s/tree/deep", s.dir);
		if (fs_mkdir_p(path, 0700, NULL) < 0 || write(told[1], &tool, sizeof(tool)) != sizeof(tool))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &tool, sizeof(tool)), sizeof(tool));
	close(told[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return tool;
}

static void what_a_dead_process_left_goes_with_its_tool(void **state)
{
	struct proc tool = die_at_work(*state);

	assert_true(proc_is_alive(tool.pid, tool.start_time));
	assert_true(scratch_is_left(*state));
	assert_int_equal(sweep(*state), 1);
	assert_false(proc_is_alive(tool.pid, tool.start_time));
	assert_false(scratch_is_left(*state));
	assert_int_equal(sweep(*state), 0);
}

/* A process number that came around again is not the tool. */
static void a_stranger_is_not_killed(void **state)
{
	auto_free char *text = xasprintf("%d %llu\n", (int)getpid(), 1ULL);

	assert_ok(fs_mkdir_p(tmpdir_path(state, "banger-0123456789ab"), 0700, &e), &e);
	test_write(tmpdir_path(state, "banger-0123456789ab/.tool"), text);
	assert_int_equal(sweep(*state), 1);
}

static void what_is_not_ours_stays(void **state)
{
	assert_ok(fs_mkdir_p(tmpdir_path(state, "banger-runtime-0"), 0700, &e), &e);
	assert_ok(fs_mkdir_p(tmpdir_path(state, "precious"), 0700, &e), &e);
	assert_int_equal(symlink("precious", tmpdir_path(state, "banger-0123456789ab")), 0);
	test_write(tmpdir_path(state, "banger-0123456789ac"), "a file");
	assert_false(scratch_is_left(*state));
	assert_int_equal(sweep(*state), 0);
	assert_true(fs_exists(tmpdir_path(state, "precious")));
	assert_true(fs_exists(tmpdir_path(state, "banger-runtime-0")));
	assert_true(fs_exists(tmpdir_path(state, "banger-0123456789ac")));
}

static void an_op_that_ended_sweeps_nothing(void **state)
{
	int n;

	assert_ok(fs_mkdir_p(tmpdir_path(state, "banger-0123456789ab"), 0700, &e), &e);
	op_cancel(&op);
	assert_err(scratch_sweep(&op, *state, &n, &e), &e, ERR_CANCELED);
	assert_true(scratch_is_left(*state));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_in_use_stays),
		T(what_a_dead_process_left_goes_with_its_tool),
		T(a_stranger_is_not_killed),
		T(what_is_not_ours_stays),
		T(an_op_that_ended_sweeps_nothing),
	};

	return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
