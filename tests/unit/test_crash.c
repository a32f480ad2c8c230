/* SPDX-License-Identifier: MIT */
/*
 * base/crash: the test runs itself as a child that crashes in a chosen way, and looks at what is left behind.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/crash.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOG_FD 3

static void restore(void *arg)
{
	ssize_t n = write(LOG_FD, arg, strlen(arg));

	if (n < 0)
		_exit(99);
}

static void restore_badly(void *arg)
{
	restore(arg);
	raise(SIGSEGV);
}

static int __attribute__((noinline)) overflow_stack(int depth)
{
	volatile char page[4096];

	page[0] = (char)depth;
	return depth == INT32_MAX ? 0 : overflow_stack(depth + 1) + page[0];
}

static int crash_like(const char *how)
{
	static char wrong[] = "wrong\n";
	static char right[] = "restored\n";
	struct err e = {0};
	const struct rlimit no_core = {0};

	setrlimit(RLIMIT_CORE, &no_core);
	if (crash_install(LOG_FD, &e) < 0)
		return 98;
	crash_set_restore(restore, wrong);
	crash_set_restore(strcmp(how, "twice") == 0 ? restore_badly : restore, right);
	if (strcmp(how, "words") == 0)
		crash_set_words("it crashed\n");
	if (strcmp(how, "none") == 0)
		crash_set_restore(NULL, NULL);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "overflow") == 0)
		return overflow_stack(0);
	raise(SIGSEGV);
	return 97;
}

/* Runs this program with `how`; returns its last status and what it wrote on LOG_FD. */
static struct proc_status crash(void **state, const char *how, char **ret_text)
{
	const char *path = tmpdir_path(state, "log");
	auto_fd log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *const argv[] = {"/proc/self/exe", how, NULL};
	const struct spawn_pass pass = {.fd = log, .child = LOG_FD};
	struct spawn_args a = {
		.argv = argv, .pass = &pass, .n_pass = 1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = log};
	struct proc_status st;
	struct err e = {0};
	struct proc p;
	struct op op;

	op_init(&op, 60000);
	assert_ok(spawn_start(&a, &p, &e), &e);
	assert_ok(proc_wait(&op, &p, &st, &e), &e);
	proc_done(&p);
	op_done(&op);
	*ret_text = test_read(path);
	return st;
}

static void expect(void **state, const char *how, int signo, const char *before)
{
	struct err e = {0};
	char *text;
	struct proc_status st = crash(state, how, &text);

	assert_false(st.exited);
	assert_int_equal(st.signo, signo);
	assert_int_equal(strncmp(text, before, strlen(before)), 0);
	struct json *j = json_parse(text + strlen(before), strlen(text) - strlen(before), "line", &e);
	assert_non_null(j);
	assert_string_equal(json_str(j, "level"), "error");
	assert_int_equal(json_int(j, "signal", 0), signo);
	json_free(j);
	free(text);
}

static void restores_logs_and_dies_of_the_same_signal(void **state)
{
	expect(state, "segv", SIGSEGV, "restored\n");
	expect(state, "abort", SIGABRT, "restored\n");
	expect(state, "none", SIGSEGV, "");
}

/* After the line of the log: here both go to one file. */
static void tells_the_person(void **state)
{
	char *text;
	struct proc_status st = crash(state, "words", &text);

	assert_int_equal(st.signo, SIGSEGV);
	assert_non_null(strstr(text, "}\nit crashed\n"));
	free(text);
}

static void survives_a_stack_overflow_long_enough(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)state;
	skip(); /* the sanitizer's own guard ends the program first */
#else
	expect(state, "overflow", SIGSEGV, "restored\n");
#endif
}

static void a_crash_in_the_handler_is_final(void **state)
{
	char *text;
	struct proc_status st = crash(state, "twice", &text);

	assert_int_equal(st.signo, SIGSEGV);
	assert_int_equal(strncmp(text, "restored\n", 9), 0);
	assert_null(strstr(text + 9, "restored"));
	free(text);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, tmpdir_setup, tmpdir_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(restores_logs_and_dies_of_the_same_signal),
		T(tells_the_person),
		T(survives_a_stack_overflow_long_enough),
		T(a_crash_in_the_handler_is_final),
	};

	if (argc > 1)
		return crash_like(argv[1]);
	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
