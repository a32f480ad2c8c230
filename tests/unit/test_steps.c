/* SPDX-License-Identifier: MIT */
/*
 * engine/steps: order, undo in reverse with the failing step first, every undo whatever the others say, timings.
 */
#include "tests/lib/test.h"

#include "core/engine/steps.h"

#include <unistd.h>

/* What happened, as letters: a step's own when it runs, its capital when it is undone. */
struct story {
	char told[32];
	char fails;	 /* step that fails */
	char undo_fails; /* undo that fails, too */
	char cancels;	 /* step that cancels its op and goes on */
	bool undo_saw_cancel;
};

static void tell(struct story *s, char c)
{
	size_t n = strlen(s->told);

	s->told[n] = c;
	s->told[n + 1] = '\0';
}

static int run(struct op *op, struct story *s, char c, struct err *e)
{
	tell(s, c);
	usleep(1100); /* what takes no millisecond has no timing */
	if (s->cancels == c)
		op_cancel(op);
	return s->fails == c ? err_set(e, ERR_TOOL, "step %c broke", c) : 0;
}

static int undo(struct op *op, struct story *s, char c, struct err *e)
{
	tell(s, (char)(c - 'a' + 'A'));
	s->undo_saw_cancel |= op_check(op, NULL) < 0;
	return s->undo_fails == c ? err_set(e, ERR_SYS, "undo of %c broke", c) : 0;
}

#define STEP(c)                                                                                                        \
	static int run_##c(struct op *op, void *ctx, struct err *e)                                                    \
	{                                                                                                              \
		return run(op, ctx, #c[0], e);                                                                         \
	}                                                                                                              \
	static int undo_##c(struct op *op, void *ctx, struct err *e)                                                   \
	{                                                                                                              \
		return undo(op, ctx, #c[0], e);                                                                        \
	}
STEP(a)
STEP(b)
STEP(c)
STEP(d)

static const struct step steps[] = {
	{"a", run_a, undo_a},
	{"b", run_b, undo_b},
	{"c", run_c, NULL},
	{"d", run_d, undo_d},
};
#define N ((int)ARRAY_LEN(steps))

static int go(struct story *s, char *timings, size_t size, struct err *e)
{
	struct op op;
	int rc;

	(void)undo_c; /* step c has none on purpose */
	op_init(&op, -1);
	rc = steps_run(&op, steps, N, s, timings, size, e);
	op_done(&op);
	return rc;
}

static void all_run_in_order_and_are_timed(void **state UNUSED)
{
	struct story s = {0};
	struct err e = {0};
	char timings[100];

	assert_ok(go(&s, timings, sizeof(timings), &e), &e);
	assert_string_equal(s.told, "abcd");
	assert_int_equal(strncmp(timings, "a ", 2), 0);
	assert_non_null(strstr(timings, "ms, b "));
	assert_non_null(strstr(timings, ", d "));
}

static void the_failing_step_is_undone_too_and_first(void **state UNUSED)
{
	static const struct {
		char fails;
		const char *told;
	} cases[] = {{'a', "aA"}, {'b', "abBA"}, {'c', "abcBA"}, {'d', "abcdDBA"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct story s = {.fails = cases[i].fails};
		struct err e = {0};

		assert_int_equal(go(&s, NULL, 0, &e), -1);
		assert_string_equal(s.told, cases[i].told);
		assert_int_equal(e.code, ERR_TOOL);
	}
}

static void every_undo_runs_and_errors_are_joined(void **state UNUSED)
{
	struct story s = {.fails = 'd', .undo_fails = 'b'};
	struct err e = {0};

	assert_int_equal(go(&s, NULL, 0, &e), -1);
	assert_string_equal(s.told, "abcdDBA");
	assert_int_equal(e.code, ERR_TOOL);
	assert_non_null(strstr(e.msg, "step d broke"));
	assert_non_null(strstr(e.msg, "undo of b broke"));
}

static void a_cancel_stops_the_steps_but_not_the_undo(void **state UNUSED)
{
	struct story s = {.cancels = 'b'};
	struct err e = {0};

	assert_int_equal(go(&s, NULL, 0, &e), -1);
	assert_int_equal(e.code, ERR_CANCELED);
	assert_string_equal(s.told, "abBA"); /* c never ran; having no undo it is not told */
	assert_false(s.undo_saw_cancel);
}

static void timings_tell_what_ended_and_fit(void **state UNUSED)
{
	struct story s = {.fails = 'c'};
	struct err e = {0};
	char timings[100], small[6];

	assert_int_equal(go(&s, timings, sizeof(timings), &e), -1);
	assert_non_null(strstr(timings, "b "));
	assert_null(strstr(timings, "c "));
	err_clear(&e);
	s = (struct story){0};
	assert_ok(go(&s, small, sizeof(small), &e), &e);
	small[0] = '\0';
	steps_add_timing(small, sizeof(small), "a", 3);
	steps_add_timing(small, sizeof(small), "b", 4); /* no half words */
	assert_string_equal(small, "a 3ms");
}

/* A last row without a body is the caller's: counted, neither run nor timed here. */
static void what_comes_after_the_steps_is_counted(void **state UNUSED)
{
	static const struct step more[] = {{"a", run_a, undo_a}, {"after", NULL, NULL}};
	struct story s = {0};
	struct err e = {0};
	char timings[100];
	struct op op;

	op_init(&op, -1);
	assert_ok(steps_run(&op, more, (int)ARRAY_LEN(more), &s, timings, sizeof(timings), &e), &e);
	assert_string_equal(s.told, "a");
	assert_int_equal(op.stage.steps, 2);
	assert_null(strstr(timings, "after"));
	steps_add_timing(timings, sizeof(timings), "after", 2040);
	assert_non_null(strstr(timings, "ms, after 2.0s"));
	op_done(&op);
}

static void note_stage(void *arg, const struct op_stage *st)
{
	char *names = arg;

	if (st->steps == N)
		snprintf(names + strlen(names), 8, "%s%d", st->name, st->step);
}

static void stages_are_reported(void **state UNUSED)
{
	struct story s = {0};
	struct err e = {0};
	char names[32] = "";
	struct op op;

	op_init(&op, -1);
	op.on_stage = note_stage;
	op.arg = names;
	assert_ok(steps_run(&op, steps, N, &s, NULL, 0, &e), &e);
	assert_string_equal(names, "a1b2c3d4");
	op_done(&op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_run_in_order_and_are_timed),
		cmocka_unit_test(the_failing_step_is_undone_too_and_first),
		cmocka_unit_test(every_undo_runs_and_errors_are_joined),
		cmocka_unit_test(a_cancel_stops_the_steps_but_not_the_undo),
		cmocka_unit_test(timings_tell_what_ended_and_fit),
		cmocka_unit_test(what_comes_after_the_steps_is_counted),
		cmocka_unit_test(stages_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
