/* SPDX-License-Identifier: MIT */
/*
 * base/spawn: what reaches a child, what comes back, and that nothing of it survives a cancelled op.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

static struct op op;

static int op_setup(void **state UNUSED)
{
	op_init(&op, 60000);
	return 0;
}

static int op_teardown(void **state UNUSED)
{
	op_done(&op);
	return 0;
}

/* Run /bin/sh -c script; the scripts are ours and hold no data. */
static int run_sh(const char *script, struct spawn_run_args *a, struct buf *out, struct err *e)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	a->argv = argv;
	return spawn_run(&op, a, out, e);
}

static void captures_output_and_feeds_input(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};

	assert_ok(run_sh("cat; echo end", &(struct spawn_run_args){.input = "hello ", .input_len = 6}, &out, &e), &e);
	assert_string_equal(buf_cstr(&out), "hello end\n");
}

static void input_nobody_reads_is_fine(void **state UNUSED)
{
	size_t n = 1 << 20;
	char *much = calloc(1, n);
	struct err e = {0};

	assert_ok(run_sh("exit 0", &(struct spawn_run_args){.input = much, .input_len = n}, NULL, &e), &e);
	free(much);
}

static void without_input_stdin_is_empty(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};

	assert_ok(run_sh("cat; readlink /proc/self/fd/0", &(struct spawn_run_args){0}, &out, &e), &e);
	assert_string_equal(buf_cstr(&out), "/dev/null\n");
}

static void failure_tells_the_last_words(void **state UNUSED)
{
	struct err e = {0};

	assert_int_equal(
		run_sh("echo first >&2; printf 'no \\033[31mroom' >&2; exit 3", &(struct spawn_run_args){0}, NULL, &e),
		-1);
	assert_int_equal(e.code, ERR_TOOL);
	assert_string_equal(e.msg, "sh failed (exit 3): no \xef\xbf\xbd[31mroom");
	err_clear(&e);
	assert_int_equal(run_sh("kill -9 $$", &(struct spawn_run_args){0}, NULL, &e), -1);
	assert_int_equal(e.code, ERR_TOOL);
	assert_non_null(strstr(e.msg, "signal 9"));
}

static void missing_program_has_a_hint(void **state UNUSED)
{
	const char *const bare[] = {"no-such-tool-anywhere", NULL};
	const char *const path[] = {"/no/such/tool", NULL};
	const char *const dir[] = {"/etc", NULL};
	struct err e = {0};

	assert_int_equal(spawn_run(&op, &(struct spawn_run_args){.argv = bare}, NULL, &e), -1);
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.msg, "no-such-tool-anywhere"));
	assert_true(e.hint[0] != '\0');
	err_clear(&e);
	assert_err(spawn_run(&op, &(struct spawn_run_args){.argv = path}, NULL, &e), &e, ERR_MISSING);
	assert_err(spawn_run(&op, &(struct spawn_run_args){.argv = dir}, NULL, &e), &e, ERR_MISSING);
}

static void missing_directory_is_not_a_missing_program(void **state UNUSED)
{
	struct err e = {0};

	assert_err(run_sh("exit 0", &(struct spawn_run_args){.cwd = "/no/such/dir"}, NULL, &e), &e, ERR_NOT_FOUND);
}

static void environment_is_ours_plus_overrides(void **state UNUSED)
{
	const char *const env[] = {"BANGER_A=new", "BANGER_B=b", NULL};
	auto_buf out = {0};
	struct err e = {0};

	setenv("BANGER_A", "old", 1);
	setenv("BANGER_AA", "kept", 1);
	assert_ok(run_sh("pwd; env | grep ^BANGER_A= ; echo $BANGER_AA $BANGER_B",
			 &(struct spawn_run_args){.env = env, .cwd = "/"}, &out, &e),
		  &e);
	assert_string_equal(buf_cstr(&out), "/\nBANGER_A=new\nkept b\n");
}

static void only_passed_descriptors_reach_the_child(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};
	/* One leaks on purpose: not close-on-exec. */
	auto_fd leak = fcntl(STDIN_FILENO, F_DUPFD, 100);
	auto_fd a = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	auto_fd b = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	/* Targets that are each other's sources: a naive dup2 in order would lose one. */
	const struct spawn_pass pass[] = {{.fd = a, .child = b}, {.fd = b, .child = a}, {.fd = a, .child = 20}};

	assert_true(leak >= 100);
	assert_true(a > 2 && b > 2 && a < 20 && b < 20);
	assert_ok(run_sh("for f in /proc/self/fd/*; do echo \"${f##*/} $(readlink /proc/$$/fd/${f##*/})\"; done",
			 &(struct spawn_run_args){.pass = pass, .n_pass = 3}, &out, &e),
		  &e);
	for (int fd = 3; fd < 120; fd++) {
		char line[64];
		const char *want = fd == b || fd == 20 ? "/etc/passwd" : fd == a ? "/dev/zero" : NULL;
		snprintf(line, sizeof(line), "\n%d %s", fd, want ? want : "/");
		if (want)
			assert_non_null(strstr(buf_cstr(&out), line));
		else
			assert_null(strstr(buf_cstr(&out), line));
	}
}

static void signals_are_reset_in_the_child(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};
	sigset_t block;
	sigset_t old;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &block, &old);
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int rc = run_sh("grep -E '^Sig(Blk|Ign)' /proc/self/status", &(struct spawn_run_args){0}, &out, &e);
	signal(SIGPIPE, before);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_ok(rc, &e);
	assert_non_null(strstr(buf_cstr(&out), "SigBlk:\t0000000000000000\n"));
	const char *ignored = strstr(buf_cstr(&out), "SigIgn:\t");
	assert_non_null(ignored);
	/* 32 and 33 belong to libc, which does not let anybody change them. */
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & ~0x180000000ULL, 0);
}

static void output_beyond_the_cap_ends_the_tool(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};

	assert_ok(run_sh("printf 12345", &(struct spawn_run_args){.max_output = 5}, &out, &e), &e);
	buf_reset(&out);
	assert_err(run_sh("yes", &(struct spawn_run_args){.max_output = 100000}, &out, &e), &e, ERR_PROTO);
	assert_true(out.len <= 100000);
}

struct lines {
	int n;
	size_t longest;
	char last[64];
};

static void take_line(void *arg, const char *line)
{
	struct lines *l = arg;

	l->n++;
	l->longest = MAX(l->longest, strlen(line));
	str_copy(l->last, sizeof(l->last), line);
}

static void stderr_comes_in_lines_of_limited_length(void **state UNUSED)
{
	struct lines l = {0};
	struct err e = {0};

	assert_ok(run_sh("printf 'a\\n\\nb\\rc\\r\\n' >&2; head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; "
			 "printf 'tail' >&2",
			 &(struct spawn_run_args){.on_line = take_line, .arg = &l}, NULL, &e),
		  &e);
	assert_int_equal(l.n, 5);
	assert_int_equal(l.longest, SPAWN_LINE_MAX);
	assert_string_equal(l.last, "tail");
}

static void stdout_can_go_to_a_descriptor(void **state)
{
	const char *path = tmpdir_path(state, "out");
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	auto_buf out = {0};
	struct err e = {0};

	assert_ok(run_sh("echo there", &(struct spawn_run_args){.stdout_fd = fd}, &out, &e), &e);
	auto_free char *text = test_read(path);
	assert_string_equal(text, "there\n");
	assert_int_equal(out.len, 0);
}

static void a_daemon_left_behind_does_not_hold_us(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};

	assert_ok(run_sh("sleep 1000 & echo $!", &(struct spawn_run_args){0}, &out, &e), &e);
	pid_t pid = (pid_t)strtol(buf_cstr(&out), NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void cancel_after_first_line(void *arg UNUSED, const char *line UNUSED)
{
	op_cancel(&op);
}

static void cancel_ends_the_whole_group(void **state)
{
	const char *pid_file = tmpdir_path(state, "pid");
	char script[5000];
	struct err e = {0};

	/* The leader dies of SIGTERM at once; its child ignores it and must be killed all the same. */
	snprintf(script, sizeof(script), "(trap '' TERM; sh -c 'echo $$ >%s; echo up >&2; exec sleep 1000') & wait",
		 pid_file);
	assert_err(run_sh(script, &(struct spawn_run_args){.on_line = cancel_after_first_line}, NULL, &e), &e,
		   ERR_CANCELED);
	auto_free char *text = test_read(pid_file);
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	assert_true(pid > 1);
	/* An orphan: reaped by init whenever it likes, so only its life is asked about. */
	struct proc p;
	if (proc_open(pid, proc_start_time(pid), &p, NULL) == 0) {
		struct pollfd fd = {.fd = p.pidfd, .events = POLLIN};
		assert_int_equal(poll(&fd, 1, 30000), 1);
		proc_done(&p);
	}
}

static void deadline_ends_a_stubborn_child(void **state UNUSED)
{
	const char *const argv[] = {"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done", NULL};
	struct spawn_args a = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	struct proc_status st;
	struct err e = {0};
	struct proc p;

	assert_ok(spawn_start(&a, &p, &e), &e);
	int64_t old = op_limit(&op, 30);
	assert_err(proc_wait(&op, &p, &st, &e), &e, ERR_TIMEOUT);
	op_restore(&op, old);
	assert_false(proc_is_alive(p.pid, p.start_time));
	proc_done(&p);
}

/* Else a question on our terminal would stop the child that asks it. */
static int bear_three_looks(void *arg, pid_t pid, struct err *e)
{
	int *looks = arg;

	assert_true(proc_start_time(pid) > 0);
	return ++*looks < 3 ? 0 : err_set(e, ERR_STATE, "seen enough");
}

static void a_watch_ends_the_tool(void **state UNUSED)
{
	struct err e = {0};
	int looks = 0;

	struct spawn_run_args a = {.watch = bear_three_looks, .watch_ms = 1, .arg = &looks};
	assert_int_equal(run_sh("exec sleep 1000", &a, NULL, &e), -1);
	assert_int_equal(e.code, ERR_STATE);
	assert_non_null(strstr(e.msg, "seen enough"));
	assert_int_equal(looks, 3);
}

static void may_stay_in_our_group(void **state UNUSED)
{
	const char *const argv[] = {"sleep", "1000", NULL};
	struct spawn_args a = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .same_group = true};
	struct err e = {0};
	struct proc p;

	assert_ok(spawn_start(&a, &p, &e), &e);
	assert_int_equal(getpgid(p.pid), getpgrp());
	proc_kill(NULL, &p);
	assert_false(proc_is_alive(p.pid, p.start_time));
	proc_done(&p);
}

static void identity_is_pid_and_start_time(void **state UNUSED)
{
	const char *const argv[] = {"sleep", "1000", NULL};
	struct spawn_args a = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .new_session = true};
	struct proc_status st;
	struct err e = {0};
	struct proc p;
	struct proc again;

	assert_ok(spawn_start(&a, &p, &e), &e);
	assert_int_equal(getsid(p.pid), p.pid);
	assert_true(p.start_time > 0);
	assert_true(proc_is_alive(p.pid, p.start_time));
	assert_false(proc_is_alive(p.pid, p.start_time + 1));
	assert_err(proc_open(p.pid, p.start_time + 1, &again, &e), &e, ERR_NOT_FOUND);
	assert_ok(proc_open(p.pid, p.start_time, &again, &e), &e);
	assert_ok(proc_signal(&again, SIGKILL, &e), &e);
	assert_ok(proc_wait(&op, &p, &st, &e), &e);
	assert_false(st.exited);
	assert_int_equal(st.signo, SIGKILL);
	assert_false(proc_is_alive(p.pid, p.start_time));
	assert_ok(proc_signal(&again, SIGKILL, &e), &e);
	proc_done(&again);
	pid_t gone = p.pid;
	uint64_t start = p.start_time;
	proc_done(&p);
	assert_err(proc_open(gone, start, &p, &e), &e, ERR_NOT_FOUND);
	assert_int_equal(proc_start_time(0), 0);
	assert_true(proc_is_alive(getpid(), proc_start_time(getpid())));
}

static void cancelled_op_starts_nothing(void **state)
{
	const char *path = tmpdir_path(state, "made");
	const char *const argv[] = {"touch", path, NULL};
	struct err e = {0};

	op_cancel(&op);
	assert_err(spawn_run(&op, &(struct spawn_run_args){.argv = argv}, NULL, &e), &e, ERR_CANCELED);
	assert_int_equal(access(path, F_OK), -1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, op_setup, op_teardown)

static int both_setup(void **state)
{
	return op_setup(NULL) < 0 ? -1 : tmpdir_setup(state);
}

static int both_teardown(void **state)
{
	op_teardown(NULL);
	return tmpdir_teardown(state);
}

#define T_DIR(fn) cmocka_unit_test_setup_teardown(fn, both_setup, both_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(captures_output_and_feeds_input),
		T(input_nobody_reads_is_fine),
		T(without_input_stdin_is_empty),
		T(failure_tells_the_last_words),
		T(missing_program_has_a_hint),
		T(missing_directory_is_not_a_missing_program),
		T(environment_is_ours_plus_overrides),
		T(only_passed_descriptors_reach_the_child),
		T(signals_are_reset_in_the_child),
		T(output_beyond_the_cap_ends_the_tool),
		T(stderr_comes_in_lines_of_limited_length),
		T_DIR(stdout_can_go_to_a_descriptor),
		T(a_daemon_left_behind_does_not_hold_us),
		T_DIR(cancel_ends_the_whole_group),
		T(deadline_ends_a_stubborn_child),
		T(a_watch_ends_the_tool),
		T(may_stay_in_our_group),
		T(identity_is_pid_and_start_time),
		T_DIR(cancelled_op_starts_nothing),
	};

	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
