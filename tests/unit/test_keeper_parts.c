/* SPDX-License-Identifier: MIT */
/*
 * The keeper's parts on their own: log ring, serial hub, space rule, report, the words for an end.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "keeper/ending.h"
#include "keeper/report.h"
#include "keeper/ringlog.h"
#include "keeper/serial.h"
#include "keeper/space.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

static void log_never_grows_beyond_two_halves(void **state)
{
	struct err e = {0};
	struct ringlog r;

	assert_ok(ringlog_open(&r, *state, "log", 10, &e), &e);
	ringlog_write(&r, "0123456", 7);
	ringlog_write(&r, "789abcdefghijklmno", 18);
	ringlog_close(&r);
	auto_free char *now = test_read(tmpdir_path(state, "log"));
	auto_free char *older = test_read(tmpdir_path(state, "log.1"));
	assert_string_equal(now, "klmno");
	assert_string_equal(older, "abcdefghij");
}

static void log_goes_on_after_a_restart(void **state)
{
	struct err e = {0};
	struct ringlog r;

	for (int i = 0; i < 3; i++) {
		assert_ok(ringlog_open(&r, *state, "log", 10, &e), &e);
		ringlog_write(&r, "12345", 5);
		ringlog_close(&r);
	}
	auto_free char *now = test_read(tmpdir_path(state, "log"));
	auto_free char *older = test_read(tmpdir_path(state, "log.1"));
	assert_string_equal(now, "12345");
	assert_string_equal(older, "1234512345");
}

static void log_survives_losing_its_directory(void **state)
{
	struct err e = {0};
	struct ringlog r;
	const char *dir = tmpdir_path(state, "gone");

	assert_ok(fs_mkdir_p(dir, 0700, &e), &e);
	assert_ok(ringlog_open(&r, dir, "log", 10, &e), &e);
	assert_ok(fs_remove_tree(dir, &e), &e);
	for (int i = 0; i < 10; i++)
		ringlog_write(&r, "0123456789abcdef", 16);
	assert_true(r.size <= 10);
	ringlog_close(&r);
}

struct hub {
	struct loop *loop;
	struct ringlog log;
	struct serial *serial;
	int guest;
	struct sockaddr_un addr;
};

static void hub_open(struct hub *h, void **state)
{
	struct err e = {0};
	int pair[2];
	int listener;

	*h = (struct hub){.addr.sun_family = AF_UNIX, .loop = loop_new(NULL)};
	str_copy(h->addr.sun_path, sizeof(h->addr.sun_path), tmpdir_path(state, "sock"));
	assert_ok(ringlog_open(&h->log, *state, "serial.log", 1 << 20, &e), &e);
	assert_ok(unixsock_pair(pair, &e), &e);
	assert_ok(unixsock_listen(h->addr.sun_path, &listener, &e), &e);
	h->guest = pair[1];
	h->serial = serial_new(h->loop, pair[0], listener, &h->log);
}

/* Turns until nothing is left to do. */
static void hub_settle(struct hub *h)
{
	struct err e = {0};

	while (loop_turn(h->loop, 0, &e) > 0)
		;
}

static void hub_close(struct hub *h)
{
	serial_free(h->serial);
	fd_close_auto(&h->guest);
	ringlog_close(&h->log);
	loop_free(h->loop);
}

static int hub_connect(struct hub *h)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&h->addr, sizeof(h->addr)), 0);
	hub_settle(h);
	return fd;
}

static void assert_reads(int fd, const char *want)
{
	char got[256];
	ssize_t n = recv(fd, got, sizeof(got), MSG_DONTWAIT);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(got, want, (size_t)n);
}

static void serial_replays_then_follows(void **state)
{
	struct hub h;

	hub_open(&h, state);
	assert_int_equal(write(h.guest, "boot\n", 5), 5);
	hub_settle(&h);
	auto_fd c = hub_connect(&h);
	assert_reads(c, "boot\n");
	assert_int_equal(write(h.guest, "more\n", 5), 5);
	hub_settle(&h);
	assert_reads(c, "more\n");
	assert_int_equal(write(c, "ls\n", 3), 3);
	hub_settle(&h);
	assert_reads(h.guest, "ls\n");
	hub_close(&h);
	auto_free char *log = test_read(tmpdir_path(state, "serial.log"));
	assert_string_equal(log, "boot\nmore\n");
}

static void serial_drops_a_client_that_does_not_read(void **state)
{
	static char block[16384];
	struct hub h;

	hub_open(&h, state);
	auto_fd slow = hub_connect(&h);
	auto_fd quick = hub_connect(&h);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(write(h.guest, block, sizeof(block)), sizeof(block));
		hub_settle(&h);
		while (recv(quick, block, sizeof(block), MSG_DONTWAIT) > 0)
			hub_settle(&h);
	}
	/* The slow one finds an end after what fitted; the quick one is still served. */
	while (recv(slow, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(recv(slow, block, sizeof(block), MSG_DONTWAIT), 0);
	assert_int_equal(write(h.guest, "!", 1), 1);
	hub_settle(&h);
	assert_reads(quick, "!");
	hub_close(&h);
}

/* `echo reboot | nc -U …` does not wait for what the guest prints meanwhile. */
static void serial_takes_what_a_client_said_before_it_went(void **state)
{
	struct hub h;

	hub_open(&h, state);
	for (int i = 0; i < 2; i++) {
		int c = hub_connect(&h);

		assert_int_equal(write(h.guest, "login: ", i ? 7 : 0), i ? 7 : 0);
		assert_int_equal(write(c, "root\n", 5), 5);
		fd_close(&c);
		hub_settle(&h);
		assert_reads(h.guest, "root\n");
	}
	hub_close(&h);
}

static void serial_limits_its_clients(void **state)
{
	int fds[SERIAL_CLIENTS_MAX];
	struct hub h;
	char c;

	hub_open(&h, state);
	for (int i = 0; i < SERIAL_CLIENTS_MAX; i++)
		fds[i] = hub_connect(&h);
	auto_fd one_too_many = hub_connect(&h);
	assert_int_equal(recv(one_too_many, &c, 1, MSG_DONTWAIT), 0);
	fd_close(&fds[0]);
	hub_settle(&h);
	fds[0] = hub_connect(&h);
	assert_int_equal(write(h.guest, "x", 1), 1);
	hub_settle(&h);
	for (int i = 0; i < SERIAL_CLIENTS_MAX; i++) {
		assert_reads(fds[i], "x");
		fd_close(&fds[i]);
	}
	hub_close(&h);
}

static void serial_outlives_the_guest(void **state)
{
	struct hub h;

	hub_open(&h, state);
	auto_fd c = hub_connect(&h);
	assert_int_equal(write(h.guest, "last words", 10), 10);
	fd_close(&h.guest);
	serial_flush(h.serial);
	assert_reads(c, "last words");
	hub_settle(&h);
	assert_int_equal(write(c, "x", 1), 1);
	hub_settle(&h);
	hub_close(&h);
}

static void holds_when_space_is_short(void **state UNUSED)
{
	const uint64_t mib = 1024 * 1024;

	assert_false(space_should_hold(false, 128 * mib, 128));
	assert_true(space_should_hold(false, 128 * mib - 1, 128));
	assert_true(space_should_hold(true, 255 * mib, 128));
	assert_false(space_should_hold(true, 256 * mib, 128));
	assert_true(space_should_hold(false, (SPACE_MIN_FREE_MIB - 1) * mib, 0));
	assert_false(space_should_hold(false, UINT64_MAX, 1));
}

static void report_carries_an_error_whole(void **state UNUSED)
{
	struct err why = {0};
	struct err e = {0};
	struct op op;
	int fds[2];

	op_init(&op, 10000);
	err_sys(&why, ENOSPC, "write \"%s\"", "x");
	err_hint(&why, "Make room.");
	assert_ok(fd_pipe(fds, &e), &e);
	assert_ok(report_send(fds[1], &why, &e), &e);
	assert_int_equal(report_receive(&op, fds[0], &e), -1);
	assert_int_equal(e.code, ERR_SPACE);
	assert_int_equal(e.sys, ENOSPC);
	assert_string_equal(e.msg, why.msg);
	assert_string_equal(e.hint, "Make room.");
	err_clear(&e);
	assert_ok(report_send(fds[1], NULL, &e), &e);
	assert_ok(report_receive(&op, fds[0], &e), &e);
	fd_close(&fds[1]);
	assert_err(report_receive(&op, fds[0], &e), &e, ERR_TOOL);
	fd_close(&fds[0]);
	op_done(&op);
}

static void report_refuses_nonsense(void **state UNUSED)
{
	char flood[REPORT_MAX] = {0};
	struct err e = {0};
	struct op op;
	int fds[2];

	op_init(&op, 10000);
	assert_ok(fd_pipe(fds, &e), &e);
	assert_int_equal(write(fds[1], "what?\n", 6), 6);
	assert_err(report_receive(&op, fds[0], &e), &e, ERR_PROTO);
	assert_int_equal(write(fds[1], flood, sizeof(flood)), sizeof(flood));
	assert_err(report_receive(&op, fds[0], &e), &e, ERR_PROTO);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	op_done(&op);
}

static void finds_words_for_every_end(void **state UNUSED)
{
	const struct proc_status ok = {.exited = true};
	const struct proc_status failed = {.exited = true, .code = 1};
	const struct proc_status killed = {.signo = SIGKILL};
	const struct proc_status termed = {.signo = SIGTERM};
	struct vm_exit x;

	ending_describe(vmm_find(VMM_QEMU), &ok, VM_END_RESET, "", &x);
	assert_int_equal(x.end, VM_END_RESET);
	ending_describe(vmm_find(VMM_QEMU), &ok, VM_END_UNKNOWN, "", &x);
	assert_int_equal(x.end, VM_END_REQUEST);
	ending_describe(vmm_find(VMM_QEMU), &termed, VM_END_UNKNOWN, "", &x);
	assert_int_equal(x.end, VM_END_REQUEST);
	ending_describe(vmm_find(VMM_QEMU), &killed, VM_END_POWEROFF, "", &x);
	assert_int_equal(x.end, VM_END_KILLED);
	assert_int_equal(x.signo, SIGKILL);
	ending_describe(vmm_find(VMM_QEMU), &failed, VM_END_UNKNOWN, "bad \x1b[2Jnews", &x);
	assert_int_equal(x.end, VM_END_FAILED);
	assert_string_equal(x.sentence, "qemu gave up (exit 1): bad  [2Jnews");
}

static void a_panic_is_no_mere_reset(void **state UNUSED)
{
	static const char init[] = "x\n[ 1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\r\n[ 1.3] CPU\n";
	static const char sig[] = "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n";
	static const char other[] = "Kernel panic - not syncing: first\nKernel panic - not syncing: VFS: \x1b[2J\n";
	const struct vm_exit reset = {.end = VM_END_RESET, .sentence = "reset"};
	struct vm_exit x = reset;

	ending_explain_reset(&x, "nothing", 7);
	assert_int_equal(x.end, VM_END_RESET);
	assert_string_equal(x.sentence, "reset");
	ending_explain_reset(&x, init, strlen(init));
	assert_int_equal(x.end, VM_END_FAILED);
	assert_non_null(strstr(x.sentence, "init ended with status 3"));
	x = reset;
	ending_explain_reset(&x, sig, strlen(sig));
	assert_non_null(strstr(x.sentence, "init died by signal 11"));
	x = reset;
	ending_explain_reset(&x, other, strlen(other));
	assert_string_equal(x.sentence, "the guest's kernel panicked: VFS: ");
	/* What a guest prints before it is ended by others means nothing. */
	x = (struct vm_exit){.end = VM_END_REQUEST, .sentence = "asked"};
	ending_explain_reset(&x, init, strlen(init));
	assert_string_equal(x.sentence, "asked");
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(log_never_grows_beyond_two_halves),
		T(log_goes_on_after_a_restart),
		T(log_survives_losing_its_directory),
		T(serial_replays_then_follows),
		T(serial_drops_a_client_that_does_not_read),
		T(serial_takes_what_a_client_said_before_it_went),
		T(serial_limits_its_clients),
		T(serial_outlives_the_guest),
		cmocka_unit_test(holds_when_space_is_short),
		cmocka_unit_test(report_carries_an_error_whole),
		cmocka_unit_test(report_refuses_nonsense),
		cmocka_unit_test(finds_words_for_every_end),
		cmocka_unit_test(a_panic_is_no_mere_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
