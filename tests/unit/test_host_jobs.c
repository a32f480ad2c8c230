/* SPDX-License-Identifier: MIT */
/*
 * What the Host view asks of the engine: the doctor's look as events, and mends, which touch nothing that runs and nothing that
 * was not asked for.
 */
#include "tests/lib/rig.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/vmm/alive.h"

#define LOST "aaaa00000001"

/* Ask, look away for `away_ms`, and take all that is told until the job has ended. */
static struct job run(struct rig *r, const struct request *q, int away_ms, int *ret_lines, int *ret_ends, bool *ret_helper)
{
	struct event ev;
	struct err e = {0};
	uint64_t id;

	*ret_lines = *ret_ends = 0;
	assert_ok(r->port.submit(r->port.self, q, &id, &e), &e);
	assert_ok(op_sleep(&r->op, away_ms, &e), &e);
	for (;;) {
		assert_ok(engine_wait_event(&r->op, &r->port, &ev, &e), &e);
		*ret_helper |= ev.kind == EV_HELPER && ev.helper.why[0];
		if (ev.kind == EV_CHECK && ev.check.end)
			(*ret_ends)++;
		else if (ev.kind == EV_CHECK)
			assert_true(ev.check.first == ((*ret_lines)++ == 0));
		if (ev.kind == EV_JOB && ev.job.id == id && !job_is_active(&ev.job))
			return ev.job;
	}
}

/* Whoever comes late, when all of it waits already, hears of the end last too. */
static void look(void **state, int away_ms)
{
	struct request q = rig_about(REQ_HOST_DOCTOR, "host");
	bool helper = false;
	int lines, ends;
	struct job j;
	struct rig r;

	rig_make(&r, state);
	assert_int_equal(rig_open(&r), 0);
	j = run(&r, &q, away_ms, &lines, &ends, &helper);
	assert_int_equal(j.state, JOB_DONE);
	assert_in_range(lines, 25, 200);
	assert_int_equal(ends, 1);
	rig_close(&r);
}

static void the_doctors_lines_come_in_order(void **state)
{
	look(state, 0);
}

static void the_end_of_a_job_overtakes_nothing(void **state)
{
	look(state, 1500);
}

static struct job mend(struct rig *r, const char *ref)
{
	struct request q = rig_about(REQ_HOST_MEND, ref);
	struct job j;

	if (rig_run(r, &q, &j) == 0)
		assert_int_equal(j.state, JOB_FAILED);
	return j;
}

static void nonsense_is_not_mended(void **state)
{
	static const char *const bad[] = {"host", "guest", "guest " LOST "0", "guest aaaa", "guest AAAA00000001", "disk ../../etc",
					  "network " LOST, "loop " LOST};
	struct rig r;

	rig_make(&r, state);
	assert_int_equal(rig_open(&r), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(mend(&r, bad[i]).err.code, ERR_USAGE);
	rig_close(&r);
	rig_assert_untouched(&r);
}

static void what_runs_is_not_mended(void **state)
{
	struct err e = {0};
	char dir[PATHS_MAX];
	auto_fd lock = -1;
	struct rig r;

	rig_make(&r, state);
	assert_ok(fs_mkdir_p(path_join(dir, sizeof(dir), r.paths.state, "vms/" LOST), 0700, &e), &e);
	assert_ok(alive_take(dir, &lock, &e), &e);
	assert_int_equal(rig_open(&r), 0);
	struct job j = mend(&r, "guest " LOST);
	assert_int_equal(j.err.code, ERR_STATE);
	assert_non_null(strstr(j.err.msg, "runs"));
	assert_int_equal(mend(&r, "disk " LOST).err.code, ERR_STATE);
	rig_close(&r);
}

static void await_gone(struct rig *r, bool gone)
{
	struct err e = {0};
	struct event ev;

	do
		assert_ok(engine_wait_event(&r->op, &r->port, &ev, &e), &e);
	while (ev.kind != EV_HOST_INFO || ev.host.gone != gone);
}

/* Nothing is made in its place meanwhile, and put back it is the store again. */
static void a_store_that_is_taken_away_is_told_and_may_come_back(void **state)
{
	char path[PATHS_MAX], aside[PATHS_MAX];
	struct rig r;

	rig_make(&r, state);
	assert_int_equal(rig_open(&r), 0);
	path_join(path, sizeof(path), r.paths.state, "state.db");
	path_join(aside, sizeof(aside), r.paths.state, "aside");
	assert_int_equal(rename(path, aside), 0);
	await_gone(&r, true);
	assert_false(fs_exists(path));
	assert_int_equal(rename(aside, path), 0);
	await_gone(&r, false);
	rig_close(&r);
	rig_assert_untouched(&r);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_doctors_lines_come_in_order), T(the_end_of_a_job_overtakes_nothing),
		T(nonsense_is_not_mended), T(a_store_that_is_taken_away_is_told_and_may_come_back),
		T(what_runs_is_not_mended),
	};

	return cmocka_run_group_tests_name("host_jobs", tests, NULL, NULL);
}
