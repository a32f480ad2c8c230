/* SPDX-License-Identifier: MIT */
/*
 * base/op: cancelling wakes every wait and wins over the deadline; clean-up ops are out of its reach.
 */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/op.h"

#include <limits.h>
#include <pthread.h>

static void goes_on_without_deadline(void **state UNUSED)
{
	struct err e = {0};
	struct op op;

	op_init(&op, -1);
	assert_ok(op_check(&op, &e), &e);
	assert_int_equal(op_left_ms(&op), INT_MAX);
	assert_int_equal(strlen(op.id), 12);
	assert_ok(op_sleep(&op, 0, &e), &e);
	op_done(&op);
}

static void passed_deadline_is_a_timeout(void **state UNUSED)
{
	struct err e = {0};
	struct op op;

	op_init(&op, 0);
	assert_int_equal(op_left_ms(&op), 0);
	assert_err(op_check(&op, &e), &e, ERR_TIMEOUT);
	assert_err(op_poll(&op, NULL, 0, -1, &e), &e, ERR_TIMEOUT);
	op_stage(&op, "wait for ssh");
	assert_int_equal(op_check(&op, &e), -1);
	assert_string_equal(e.msg, "timed out (wait for ssh)");
	op_done(&op);
}

static void cancel_wins_over_the_deadline(void **state UNUSED)
{
	struct err e = {0};
	struct op op;

	op_init(&op, 0);
	op_cancel(&op);
	op_cancel(&op);
	assert_err(op_check(&op, &e), &e, ERR_CANCELED);
	assert_err(op_sleep(&op, 100000, &e), &e, ERR_CANCELED);
	op_done(&op);
}

static void deadline_ends_a_wait(void **state UNUSED)
{
	struct err e = {0};
	struct op op;
	int64_t start = clock_mono_ms();

	op_init(&op, 20);
	assert_err(op_sleep(&op, 1000000, &e), &e, ERR_TIMEOUT);
	assert_true(clock_mono_ms() - start >= 20);
	op_done(&op);
}

static void *cancel_it(void *arg)
{
	op_cancel(arg);
	return NULL;
}

static void cancel_from_another_thread_ends_a_wait(void **state UNUSED)
{
	struct err e = {0};
	pthread_t thread;
	struct op op;

	op_init(&op, -1);
	assert_int_equal(pthread_create(&thread, NULL, cancel_it, &op), 0);
	assert_err(op_poll(&op, NULL, 0, -1, &e), &e, ERR_CANCELED);
	pthread_join(thread, NULL);
	op_done(&op);
}

static void poll_reports_ready_descriptors(void **state UNUSED)
{
	struct err e = {0};
	struct op op;
	int fds[2];

	op_init(&op, -1);
	assert_ok(fd_pipe(fds, &e), &e);
	struct pollfd set[] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLOUT}};
	assert_int_equal(op_poll(&op, set, 1, 0, &e), 0);
	assert_int_equal(op_poll(&op, set, 2, -1, &e), 1);
	assert_int_equal(set[0].revents, 0);
	assert_int_equal(set[1].revents, POLLOUT);
	assert_ok(fd_write_all(fds[1], "x", 1, &e), &e);
	assert_int_equal(op_poll(&op, set, 2, -1, &e), 2);
	assert_int_equal(set[0].revents, POLLIN);
	/* Cancelled: ready descriptors do not hide it. */
	op_cancel(&op);
	assert_err(op_poll(&op, set, 2, -1, &e), &e, ERR_CANCELED);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	op_done(&op);
}

static void limit_is_the_nearer_deadline(void **state UNUSED)
{
	struct op op;

	op_init(&op, 1000000);
	int64_t whole = op.deadline_ms;
	int64_t old = op_limit(&op, 50);
	assert_int_equal(old, whole);
	assert_true(op_left_ms(&op) <= 50);
	int64_t inner = op_limit(&op, 5000000);
	assert_true(op_left_ms(&op) <= 50);
	op_restore(&op, inner);
	op_restore(&op, old);
	assert_int_equal(op.deadline_ms, whole);
	assert_int_equal(op_limit(&op, -1), whole);
	assert_int_equal(op.deadline_ms, whole);
	op_done(&op);
}

static void take_stage(void *arg, const struct op_stage *st)
{
	*(struct op_stage *)arg = *st;
}

static void reports_stages_and_keeps_the_step(void **state UNUSED)
{
	struct op_stage seen = {0};
	struct op op;

	op_init(&op, -1);
	op_progress(&op, 1, 2);
	op.on_stage = take_stage;
	op.arg = &seen;
	op_step(&op, "disks", 2, 5);
	assert_int_equal(seen.step, 2);
	assert_int_equal(seen.done, -1);
	op_progress(&op, 10, 100);
	assert_string_equal(seen.name, "disks");
	assert_int_equal(seen.done, 10);
	assert_int_equal(seen.total, 100);
	op_stage(&op, "format");
	assert_string_equal(seen.name, "format");
	assert_int_equal(seen.step, 2);
	assert_int_equal(seen.steps, 5);
	assert_int_equal(seen.done, -1);
	op_done(&op);
}

static void cleanup_goes_on_after_cancel(void **state UNUSED)
{
	struct op_stage seen = {0};
	struct err e = {0};
	struct op cleanup;
	struct op op;

	op_init(&op, 0);
	op.on_stage = take_stage;
	op.arg = &seen;
	op_cancel(&op);
	op_init_cleanup(&cleanup, &op, 1000000);
	assert_ok(op_check(&cleanup, &e), &e);
	assert_string_equal(cleanup.id, op.id);
	op_stage(&cleanup, "release");
	assert_string_equal(seen.name, "release");
	op_done(&cleanup);
	op_done(&op);
	op_init_cleanup(&cleanup, NULL, -1);
	assert_ok(op_check(&cleanup, &e), &e);
	op_done(&cleanup);
}

static void a_zeroed_op_owns_nothing(void **state UNUSED)
{
	struct op op = {0};

	op_cancel(&op);
	op_done(&op);
	op_done(&op);
	assert_int_equal(op.cancel_fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_without_deadline),
		cmocka_unit_test(passed_deadline_is_a_timeout),
		cmocka_unit_test(cancel_wins_over_the_deadline),
		cmocka_unit_test(deadline_ends_a_wait),
		cmocka_unit_test(cancel_from_another_thread_ends_a_wait),
		cmocka_unit_test(poll_reports_ready_descriptors),
		cmocka_unit_test(limit_is_the_nearer_deadline),
		cmocka_unit_test(reports_stages_and_keeps_the_step),
		cmocka_unit_test(cleanup_goes_on_after_cancel),
		cmocka_unit_test(a_zeroed_op_owns_nothing),
	};

	return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
