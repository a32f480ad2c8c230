/* SPDX-License-Identifier: MIT */
/*
 * engine/jobrows: a running job has its row, an ended one has none, and what a busy store refuses is written later.
 */
#include "tests/lib/storetest.h"

#include "core/engine/jobrows.h"
#include "core/store/jobs.h"

#include <unistd.h>

#define DEAD_START 1 /* no process of ours began at the machine's first tick */

static struct job job(const char *op_id, enum job_state state, const char *stage)
{
	struct job j = {.kind = REQ_VM_START, .state = state, .step = 1, .steps = 9};

	str_copy(j.op_id, sizeof(j.op_id), op_id);
	str_copy(j.target, sizeof(j.target), "web1");
	str_copy(j.stage, sizeof(j.stage), stage);
	return j;
}

/* How many rows there are; the first is put in *ret. */
static int rows_of(struct store *s, struct job_row *ret)
{
	struct job_row *list = NULL;
	struct err e = {0};
	int n;

	assert_ok(jobs_list(s, &list, &n, &e), &e);
	if (n > 0)
		*ret = list[0];
	free(list);
	return n;
}

static void note(struct jobrows *r, const char *op_id, enum job_state state, const char *stage)
{
	struct job j = job(op_id, state, stage);

	jobrows_note(r, &j);
}

static void follows_a_job_from_run_to_end(void **state)
{
	struct store *s = storetest_open(state);
	struct jobrows *r = jobrows_new();
	struct job_row row;

	note(r, "aaaaaaaaaaaa", JOB_QUEUED, "");
	jobrows_flush(r, s);
	assert_int_equal(rows_of(s, &row), 0);

	note(r, "aaaaaaaaaaaa", JOB_RUNNING, "launch");
	jobrows_flush(r, s);
	assert_int_equal(rows_of(s, &row), 1);
	assert_string_equal(row.stage, "launch");
	assert_string_equal(row.target, "web1");
	assert_int_equal(row.pid, getpid());

	note(r, "aaaaaaaaaaaa", JOB_RUNNING, "ssh");
	jobrows_flush(r, s);
	assert_int_equal(rows_of(s, &row), 1);
	assert_string_equal(row.stage, "ssh");

	note(r, "aaaaaaaaaaaa", JOB_FAILED, "ssh");
	jobrows_flush(r, s);
	assert_int_equal(rows_of(s, &row), 0);
	jobrows_free(r);
	store_close(s);
}

static void writes_nothing_that_did_not_change(void **state)
{
	struct store *s = storetest_open(state);
	struct jobrows *r = jobrows_new();
	struct err e = {0};
	int64_t before, after;

	note(r, "aaaaaaaaaaaa", JOB_RUNNING, "launch");
	jobrows_flush(r, s);
	struct store *other = storetest_open(state);
	assert_ok(store_data_version(other, &before, &e), &e);
	note(r, "aaaaaaaaaaaa", JOB_RUNNING, "launch");
	jobrows_flush(r, s);
	assert_ok(store_data_version(other, &after, &e), &e);
	assert_int_equal(before, after);
	jobrows_free(r);
	store_close(other);
	store_close(s);
}

static void keeps_what_a_busy_store_refuses(void **state)
{
	struct store *other = storetest_open(state);
	struct jobrows *r = jobrows_new();
	struct store *s = NULL;
	struct err e = {0};
	struct job_row row;

	assert_ok(store_open(tmpdir_path(state, "state.db"), STORE_RW, 0, &s, &e), &e);
	note(r, "aaaaaaaaaaaa", JOB_RUNNING, "launch");
	jobrows_flush(r, NULL);
	assert_ok(store_begin(other, &e), &e);
	jobrows_flush(r, s);
	store_rollback(other);
	assert_int_equal(rows_of(s, &row), 0);
	jobrows_flush(r, s);
	assert_int_equal(rows_of(s, &row), 1);

	/* And the same for its end. */
	note(r, "aaaaaaaaaaaa", JOB_DONE, "launch");
	assert_ok(store_begin(other, &e), &e);
	jobrows_flush(r, s);
	store_rollback(other);
	assert_int_equal(rows_of(s, &row), 1);
	jobrows_flush(r, s);
	assert_int_equal(rows_of(s, &row), 0);
	jobrows_free(r);
	store_close(s);
	store_close(other);
}

static void sweeps_the_dead_and_no_others(void **state)
{
	struct store *s = storetest_open(state);
	struct jobrows *r = jobrows_new();
	struct err e = {0};
	struct job_row row;
	struct job_row dead = {.op_id = "bbbbbbbbbbbb", .pid = getpid(), .start_time = DEAD_START, .kind = "start"};

	note(r, "aaaaaaaaaaaa", JOB_RUNNING, "launch");
	jobrows_flush(r, s);
	assert_ok(jobs_put(s, &dead, &e), &e);
	assert_int_equal(rows_of(s, &row), 2);
	assert_int_equal(jobrows_sweep_dead(s), 1);
	assert_int_equal(rows_of(s, &row), 1);
	assert_string_equal(row.op_id, "aaaaaaaaaaaa");
	assert_int_equal(jobrows_sweep_dead(s), 0);
	jobrows_free(r);
	store_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(follows_a_job_from_run_to_end),
		T(writes_nothing_that_did_not_change),
		T(keeps_what_a_busy_store_refuses),
		T(sweeps_the_dead_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
