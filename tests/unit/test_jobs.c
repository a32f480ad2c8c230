/* SPDX-License-Identifier: MIT */
/*
 * store/jobs: one row a job, brought up to date in place, oldest first, raising the revision so that others look.
 */
#include "tests/lib/storetest.h"

#include "core/store/jobs.h"

static struct job_row row(const char *op_id, const char *stage)
{
	struct job_row j = {
		.pid = 4711,
		.start_time = UINT64_C(123456789012),
		.kind = "start",
		.target = "web1",
		.vm_id = "0123456789ab",
		.step = 2,
		.steps = 8,
		.started_ms = 99,
	};

	str_copy(j.op_id, sizeof(j.op_id), op_id);
	str_copy(j.stage, sizeof(j.stage), stage);
	return j;
}

static void a_row_comes_back_whole(void **state)
{
	struct store *s = storetest_open(state);
	struct job_row j = row("aaaaaaaaaaaa", "launch"), *list = NULL;
	struct err e = {0};
	int n;

	assert_ok(jobs_put(s, &j, &e), &e);
	assert_ok(jobs_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_memory_equal(&list[0], &j, sizeof(j));
	free(list);
	store_close(s);
}

static void putting_again_updates_in_place(void **state)
{
	struct store *s = storetest_open(state);
	struct job_row a = row("aaaaaaaaaaaa", "launch"), b = row("bbbbbbbbbbbb", "seed"), *list = NULL;
	struct err e = {0};
	int n;

	assert_ok(jobs_put(s, &a, &e), &e);
	assert_ok(jobs_put(s, &b, &e), &e);
	str_copy(a.stage, sizeof(a.stage), "wait for ssh");
	a.step = 9;
	str_copy(a.target, sizeof(a.target), "web2");
	assert_ok(jobs_put(s, &a, &e), &e);
	assert_ok(jobs_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].op_id, a.op_id);
	assert_string_equal(list[0].stage, "wait for ssh");
	assert_string_equal(list[0].target, "web2");
	assert_int_equal(list[0].step, 9);
	free(list);
	store_close(s);
}

static void removal_is_idempotent(void **state)
{
	struct store *s = storetest_open(state);
	struct job_row j = row("aaaaaaaaaaaa", "launch"), *list = NULL;
	struct err e = {0};
	int n = -1;

	assert_ok(jobs_put(s, &j, &e), &e);
	assert_ok(jobs_remove(s, j.op_id, &e), &e);
	assert_ok(jobs_remove(s, j.op_id, &e), &e);
	assert_ok(jobs_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 0);
	free(list);
	store_close(s);
}

static void every_change_raises_the_revision(void **state)
{
	struct store *s = storetest_open(state);
	struct job_row j = row("aaaaaaaaaaaa", "launch");
	struct err e = {0};
	int64_t before, after;

	assert_ok(store_revision(s, &before, &e), &e);
	assert_ok(jobs_put(s, &j, &e), &e);
	assert_ok(store_revision(s, &after, &e), &e);
	assert_true(after > before);
	before = after;
	assert_ok(jobs_put(s, &j, &e), &e);
	assert_ok(store_revision(s, &after, &e), &e);
	assert_true(after > before);
	before = after;
	assert_ok(jobs_remove(s, j.op_id, &e), &e);
	assert_ok(store_revision(s, &after, &e), &e);
	assert_true(after > before);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(a_row_comes_back_whole),
		T(putting_again_updates_in_place),
		T(removal_is_idempotent),
		T(every_change_raises_the_revision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
