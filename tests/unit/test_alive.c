/* SPDX-License-Identifier: MIT */
/*
 * vmm/alive and vmm/records: the lock is the truth, pids count only with their start time, files come back as written.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/vmm/alive.h"

#include <signal.h>
#include <unistd.h>

#define BOUND_MS 20000
#define ABORT_ROUNDS 40

static bool is_alive(const char *dir)
{
	struct err e = {0};
	bool alive;

	assert_ok(alive_check(dir, &alive, &e), &e);
	return alive;
}

static void is_the_lock_and_nothing_else(void **state)
{
	struct err e = {0};
	int fd;
	int again;

	assert_false(is_alive("/nonexistent/vm"));
	assert_false(is_alive(*state));
	assert_ok(alive_take(*state, &fd, &e), &e);
	assert_true(is_alive(*state));
	assert_err(alive_take(*state, &again, &e), &e, ERR_BUSY);
	fd_close(&fd);
	assert_false(is_alive(*state));
	assert_true(fs_exists(tmpdir_path(state, ALIVE_LOCK_FILE)));
}

/* A process that holds the lock and is marked as a VMM: `sleep` would refuse the argument, tail -f does not. */
static struct proc spawn_holder(void **state, int lock, const char *mark)
{
	const char *const argv[] = {"tail", "-f", "/dev/null", mark, NULL};
	const struct spawn_pass pass = {lock, 3};
	struct err e = {0};
	struct proc p;

	test_write(tmpdir_path(state, mark), "");
	assert_ok(spawn_start(&(struct spawn_args){.argv = argv,
						   .cwd = *state,
						   .pass = &pass,
						   .n_pass = 1,
						   .stdin_fd = -1,
						   .stdout_fd = -1,
						   .stderr_fd = -1},
			      &p, &e),
		  &e);
	return p;
}

static void lasts_as_long_as_the_last_holder(void **state)
{
	struct err e = {0};
	struct proc_status st;
	struct op op;
	int fd;

	op_init(&op, BOUND_MS);
	assert_ok(alive_take(*state, &fd, &e), &e);
	struct proc p = spawn_holder(state, fd, "banger-0123456789ab");
	fd_close(&fd);
	assert_true(is_alive(*state));
	/* No identity: found by its open file and its mark. */
	assert_ok(alive_kill(&op, *state, &e), &e);
	assert_false(is_alive(*state));
	assert_ok(proc_wait(&op, &p, &st, &e), &e);
	assert_int_equal(st.signo, SIGKILL);
	proc_done(&p);
	op_done(&op);
}

static void never_signals_an_unmarked_holder(void **state)
{
	struct err e = {0};
	struct op op;
	int fd;

	assert_ok(alive_take(*state, &fd, &e), &e);
	struct proc p = spawn_holder(state, fd, "somebody");
	fd_close(&fd);
	assert_ok(alive_signal(*state, SIGKILL, &e), &e);
	op_init(&op, 50);
	assert_err(alive_wait_gone(&op, *state, &e), &e, ERR_TIMEOUT);
	assert_ok(alive_abort(&op, *state, &e), &e);
	op_done(&op);
	assert_true(is_alive(*state));
	proc_kill(NULL, &p);
	proc_done(&p);
	assert_false(is_alive(*state));
}

static void aborts_a_start_whose_lock_we_hold(void **state)
{
	struct err e = {0};
	struct op op;
	int fd;

	assert_ok(alive_take(*state, &fd, &e), &e);
	/* Each time at once after the spawn, when the kernel may still be putting the new program's arguments in place. */
	for (int round = 0; round < ABORT_ROUNDS; round++) {
		op_init(&op, BOUND_MS);
		struct proc p = spawn_holder(state, fd, ALIVE_KEEPER_VERB);
		assert_ok(alive_abort(&op, *state, &e), &e);
		struct pollfd ended = {.fd = p.pidfd, .events = POLLIN};
		assert_int_equal(op_poll(&op, &ended, 1, 0, &e), 1);
		proc_kill(NULL, &p);
		proc_done(&p);
		op_done(&op);
	}
	fd_close(&fd);
}

static void does_not_believe_a_pid_alone(void **state)
{
	struct vm_identity id = {.vmm = VMM_QEMU, .vmm_pid = getpid(), .vmm_start = 1};
	struct err e = {0};

	/* Our own pid with another start time: a signal must not reach us. */
	assert_false(identity_vmm_is_alive(&id));
	assert_ok(identity_save(*state, &id, &e), &e);
	assert_ok(alive_signal(*state, SIGKILL, &e), &e);
}

static void keeps_the_identity(void **state)
{
	struct vm_identity id = {
		.id = "0123456789ab",
		.boot_id = "ba9876543210",
		.vmm = VMM_QEMU,
		.accel = "kvm",
		.vmm_pid = 10,
		.vmm_start = 123456789012,
		.keeper_pid = 11,
		.keeper_start = 5,
		.ssh_port = 22022,
		.control = "/r/x.ctl",
		.serial = "/r/x.sock",
		.as_root = true,
		.reporting = true,
		.no_space = true,
	};
	struct vm_identity back;
	struct err e = {0};

	assert_err(identity_load(*state, &back, &e), &e, ERR_NOT_FOUND);
	assert_ok(identity_save(*state, &id, &e), &e);
	assert_ok(identity_load(*state, &back, &e), &e);
	assert_string_equal(back.id, id.id);
	assert_string_equal(back.boot_id, id.boot_id);
	assert_string_equal(back.accel, id.accel);
	assert_string_equal(back.control, id.control);
	assert_string_equal(back.serial, id.serial);
	assert_int_equal(back.vmm_pid, 10);
	assert_int_equal(back.vmm_start, 123456789012);
	assert_int_equal(back.keeper_pid, 11);
	assert_int_equal(back.keeper_start, 5);
	assert_int_equal(back.ssh_port, 22022);
	assert_true(back.as_root && back.reporting && back.no_space);
}

static void tells_a_damaged_record_from_none(void **state)
{
	struct vm_identity id;
	struct vm_exit x;
	struct err e = {0};

	test_write(tmpdir_path(state, ALIVE_IDENTITY_FILE), "{\"vmm_pid\":");
	test_write(tmpdir_path(state, ALIVE_EXIT_FILE), "3");
	assert_err(identity_load(*state, &id, &e), &e, ERR_CORRUPT);
	assert_err(exit_load(*state, &x, &e), &e, ERR_CORRUPT);
	test_write(tmpdir_path(state, ALIVE_IDENTITY_FILE), "{\"vmm_pid\":-1,\"vmm\":\"qemu\"}");
	assert_err(identity_load(*state, &id, &e), &e, ERR_CORRUPT);
}

static void keeps_the_exit(void **state)
{
	struct err e = {0};
	struct vm_exit back;

	assert_err(exit_load(*state, &back, &e), &e, ERR_NOT_FOUND);
	for (int end = 0; end < VM_END_COUNT; end++) {
		struct vm_exit x = {
			.boot_id = "ba9876543210", .end = (enum vm_end)end, .code = 3, .signo = 9, .time_ms = 77};
		str_copy(x.sentence, sizeof(x.sentence), "it \"ended\"");
		assert_ok(exit_save(*state, &x, &e), &e);
		assert_ok(exit_load(*state, &back, &e), &e);
		assert_int_equal(back.end, end);
		assert_int_equal(back.code, 3);
		assert_int_equal(back.signo, 9);
		assert_int_equal(back.time_ms, 77);
		assert_string_equal(back.sentence, "it \"ended\"");
		assert_string_equal(back.boot_id, "ba9876543210");
	}
}

static void releases_what_a_run_left(void **state)
{
	struct err e = {0};
	int fd;

	test_write(tmpdir_path(state, ALIVE_IDENTITY_FILE), "{}");
	test_write(tmpdir_path(state, ALIVE_EXIT_FILE), "{}");
	test_write(tmpdir_path(state, "0123456789ab.ctl"), "");
	test_write(tmpdir_path(state, "0123456789ab.sock"), "");
	assert_ok(alive_take(*state, &fd, &e), &e);
	assert_err(alive_release(*state, *state, "0123456789ab", &e), &e, ERR_STATE);
	fd_close(&fd);
	assert_ok(alive_release(*state, *state, "0123456789ab", &e), &e);
	assert_ok(alive_release(*state, *state, "0123456789ab", &e), &e);
	assert_false(fs_exists(tmpdir_path(state, ALIVE_IDENTITY_FILE)));
	assert_false(fs_exists(tmpdir_path(state, "0123456789ab.ctl")));
	assert_false(fs_exists(tmpdir_path(state, "0123456789ab.sock")));
	assert_true(fs_exists(tmpdir_path(state, ALIVE_EXIT_FILE)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(is_the_lock_and_nothing_else),     T(lasts_as_long_as_the_last_holder),
		T(never_signals_an_unmarked_holder), T(aborts_a_start_whose_lock_we_hold),
		T(does_not_believe_a_pid_alone),     T(keeps_the_identity),
		T(tells_a_damaged_record_from_none), T(keeps_the_exit),
		T(releases_what_a_run_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
