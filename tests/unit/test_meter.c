/* SPDX-License-Identifier: MIT */
/*
 * engine/meter: a rate that is steady where the bytes are not, and that ends soon after them.
 */
#include "tests/lib/test.h"

#include "core/engine/meter.h"

/* Report every `step_ms` until `until_ms`, at this many units a second. */
static int64_t go(struct meter *m, int64_t *at_ms, int64_t until_ms, int step_ms, int64_t *done, int64_t per_s)
{
	int64_t rate = -1;

	while (*at_ms < until_ms) {
		*at_ms += step_ms;
		*done += per_s * step_ms / 1000;
		rate = meter_rate(m, *at_ms, *done);
	}
	return rate;
}

static void a_steady_flow_is_told_as_it_is(void **state UNUSED)
{
	struct meter m = {0};
	int64_t at = 5000, done = 0;

	assert_int_equal(meter_rate(&m, at, 0), -1);
	assert_int_equal(go(&m, &at, 5800, 100, &done, 1000), -1); /* too soon */
	assert_int_equal(go(&m, &at, 6000, 100, &done, 1000), 1000);
	assert_int_equal(go(&m, &at, 60000, 100, &done, 1000), 1000);
}

/* A server may take its time before the first byte. */
static void what_has_just_begun_does_not_stand_still(void **state UNUSED)
{
	struct meter m = {0};
	int64_t at = 0, done = 0;

	meter_rate(&m, at, done);
	assert_int_equal(go(&m, &at, METER_SPAN_MS - 200, 200, &done, 0), -1);
	assert_int_equal(go(&m, &at, METER_SPAN_MS + 200, 200, &done, 0), 0);
	assert_true(go(&m, &at, METER_SPAN_MS + 600, 200, &done, 4000) > 0);
}

/* What was there when it began is nobody's speed. */
static void what_was_there_is_not_counted(void **state UNUSED)
{
	struct meter m = {0};
	int64_t at = 0, done = 1 << 30;

	meter_rate(&m, at, done);
	assert_int_equal(go(&m, &at, 3000, 200, &done, 500), 500);
}

/* Bursts, a second on and a second off, waver by a fifth at most. */
static void bursts_are_smoothed(void **state UNUSED)
{
	struct meter m = {0};
	int64_t at = 0, done = 0;

	meter_rate(&m, at, done);
	for (int s = 1; s <= 30; s++) {
		int64_t rate = go(&m, &at, s * 1000, 100, &done, s % 2 ? 2000 : 0);

		if (s > 6)
			assert_in_range(rate, 800, 1200);
	}
}

static void a_stall_is_told_soon_and_ends_soon(void **state UNUSED)
{
	struct meter m = {0};
	int64_t at = 0, done = 0;

	meter_rate(&m, at, done);
	go(&m, &at, 20000, 200, &done, 4000);
	assert_true(go(&m, &at, 22000, 200, &done, 0) > 0); /* a hiccup */
	assert_int_equal(go(&m, &at, 20000 + METER_SPAN_MS + 1000, 200, &done, 0), 0);
	assert_true(go(&m, &at, at + 1000, 200, &done, 4000) > 0);
}

/* A server that sends all of it again. */
static void less_than_before_begins_anew(void **state UNUSED)
{
	struct meter m = {0};
	int64_t at = 0, done = 0;

	meter_rate(&m, at, done);
	go(&m, &at, 4000, 200, &done, 1000);
	done = 0;
	assert_int_equal(meter_rate(&m, at, done), -1);
	assert_int_equal(go(&m, &at, 6000, 200, &done, 250), 250);
}

/* Reports that come seldom make a mean over the time between them, not over a minute. */
static void seldom_reports_are_of_their_own_time(void **state UNUSED)
{
	struct meter m = {0};
	int64_t at = 0, done = 0;

	meter_rate(&m, at, done);
	go(&m, &at, 50000, 10000, &done, 100);
	assert_int_equal(go(&m, &at, 60000, 10000, &done, 900), 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_flow_is_told_as_it_is),      cmocka_unit_test(what_was_there_is_not_counted),
		cmocka_unit_test(what_has_just_begun_does_not_stand_still),      cmocka_unit_test(what_was_there_is_not_counted),
		cmocka_unit_test(bursts_are_smoothed),		       cmocka_unit_test(a_stall_is_told_soon_and_ends_soon),
		cmocka_unit_test(less_than_before_begins_anew),	       cmocka_unit_test(seldom_reports_are_of_their_own_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
