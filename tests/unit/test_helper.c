/* SPDX-License-Identifier: MIT */
/*
 * engine/helper: one helper for all calls, replaced when it has died, and a wait for one's turn that ends with the op. What it
 * starts is a stand-in (through the linker).
 */
#include "tests/lib/test.h"

#include "base/mem.h"
#include "core/engine/helper.h"

#include <pthread.h>
#include <semaphore.h>

static int starts, stops, calls;
static int dies_at;	/* this call finds it dead; 0 = none */
static bool always_dead;
static sem_t in_call, go_on;
static bool hold; /* the next call waits */
static bool unwilling; /* sudo wants a password */
static struct priv_outlook outlook;

int __wrap_priv_start(struct op *op, const struct priv_start_args *a, struct priv **ret, struct err *e);
int __wrap_priv_start(struct op *op UNUSED, const struct priv_start_args *a, struct priv **ret, struct err *e)
{
	assert_string_equal(a->state_dir, "/state");
	if (unwilling && !a->interactive) {
		err_set(e, ERR_PERM, "a password is required");
		return err_hint(e, "somewhere");
	}
	starts++;
	*ret = (struct priv *)&starts;
	return 0;
}

void __wrap_priv_look(const char *helper, struct priv_outlook *ret);
void __wrap_priv_look(const char *helper, struct priv_outlook *ret)
{
	assert_null(helper);
	*ret = outlook;
}

void __wrap_priv_stop(struct priv *p);
void __wrap_priv_stop(struct priv *p)
{
	stops += p != NULL;
}

int __wrap_priv_call(struct op *op, struct priv *p, const struct priv_request *r, struct priv_reply *ret, struct err *e);
int __wrap_priv_call(struct op *op UNUSED, struct priv *p UNUSED, const struct priv_request *r, struct priv_reply *ret,
		     struct err *e)
{
	*ret = (struct priv_reply){0};
	calls++;
	if (hold) {
		hold = false;
		sem_post(&in_call);
		sem_wait(&go_on);
	}
	if (always_dead || calls == dies_at)
		return err_set(e, ERR_NET, "the helper has ended");
	return r->op == PRIV_LIST ? 0 : err_set(e, ERR_BUSY, "somebody else's");
}

static struct paths paths = {.state = "/state"};
static struct helper *h;

static int setup(void **state UNUSED)
{
	starts = stops = calls = dies_at = 0;
	always_dead = hold = unwilling = false;
	outlook = (struct priv_outlook){.way = PRIV_WAY_SUDO, .trusted = true};
	h = helper_new(&paths);
	return 0;
}

static int teardown(void **state UNUSED)
{
	helper_free(h);
	assert_int_equal(stops, starts);
	return 0;
}

static int ask(enum priv_op what, int timeout_ms, struct err *e)
{
	struct priv_request r = {.op = what};
	struct priv_reply reply;
	struct op op;

	op_init(&op, timeout_ms);
	int rc = helper_call(&op, h, &r, &reply, e);
	op_done(&op);
	return rc;
}

static void one_serves_all(void **state UNUSED)
{
	struct err e = {0};

	assert_int_equal(starts, 0);
	assert_ok(ask(PRIV_LIST, 1000, &e), &e);
	assert_ok(ask(PRIV_LIST, 1000, &e), &e);
	assert_err(ask(PRIV_NET_DOWN, 1000, &e), &e, ERR_BUSY); /* its own error is no death */
	assert_int_equal(starts, 1);
	assert_int_equal(calls, 3);
}

static void a_dead_one_is_replaced(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(ask(PRIV_LIST, 1000, &e), &e);
	dies_at = 2;
	assert_ok(ask(PRIV_LIST, 1000, &e), &e);
	assert_int_equal(starts, 2);
	assert_int_equal(calls, 3);
	assert_int_equal(stops, 1);
}

static void one_that_dies_at_once_is_not_tried_for_ever(void **state UNUSED)
{
	struct err e = {0};

	always_dead = true;
	assert_err(ask(PRIV_LIST, 1000, &e), &e, ERR_NET);
	assert_int_equal(calls, 1);
	always_dead = false;
	assert_ok(ask(PRIV_LIST, 1000, &e), &e);
	assert_int_equal(starts, 2);
}

/* To be reached is to run, and no request. */
static void it_is_reached_before_it_is_asked(void **state UNUSED)
{
	struct err e = {0};
	struct op op;

	op_init(&op, 1000);
	assert_ok(helper_reach(&op, h, &e), &e);
	assert_ok(helper_reach(&op, h, &e), &e);
	op_done(&op);
	assert_int_equal(starts, 1);
	assert_int_equal(calls, 0);
	assert_true(helper_runs(h));
}

static void where_a_password_can_be_typed_is_said(void **state UNUSED)
{
	struct err e = {0};
	struct op op;

	op_init(&op, 1000);
	unwilling = true;
	assert_int_equal(helper_reach(&op, h, &e), -1);
	assert_int_equal(e.code, ERR_PERM);
	assert_non_null(strstr(e.hint, "Host view"));
	assert_non_null(strstr(e.hint, "at a terminal"));
	err_clear(&e);
	assert_int_equal(ask(PRIV_LIST, 1000, &e), -1);
	assert_non_null(strstr(e.hint, "Host view"));
	err_clear(&e);
	/* A program that others could have changed is nobody's to start like that. */
	outlook.trusted = false;
	assert_int_equal(ask(PRIV_LIST, 1000, &e), -1);
	assert_string_equal(e.hint, "somewhere");
	err_clear(&e);
	assert_ok(helper_start(&op, h, &e), &e);
	assert_ok(ask(PRIV_LIST, 1000, &e), &e);
	op_done(&op);
}

static void *call_and_hold(void *arg)
{
	struct err e = {0};

	*(int *)arg = ask(PRIV_LIST, 60000, &e);
	return NULL;
}

static void who_waits_can_give_up(void **state UNUSED)
{
	struct err e = {0};
	pthread_t t;
	int rc = -1;

	hold = true;
	assert_int_equal(pthread_create(&t, NULL, call_and_hold, &rc), 0);
	sem_wait(&in_call);
	assert_err(ask(PRIV_LIST, 20, &e), &e, ERR_TIMEOUT);
	sem_post(&go_on);
	pthread_join(t, NULL);
	assert_int_equal(rc, 0);
	assert_int_equal(starts, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(one_serves_all),
		T(a_dead_one_is_replaced),
		T(one_that_dies_at_once_is_not_tried_for_ever),
		T(it_is_reached_before_it_is_asked),
		T(where_a_password_can_be_typed_is_said),
		T(who_waits_can_give_up),
	};

	sem_init(&in_call, 0, 0);
	sem_init(&go_on, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
