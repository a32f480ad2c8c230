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

int __wrap_priv_start(struct op *op, const struct priv_start_args *a, struct priv **ret, struct err *e);
int __wrap_priv_start(struct op *op UNUSED, const struct priv_start_args *a, struct priv **ret, struct err *e UNUSED)
{
	assert_string_equal(a->state_dir, "/state");
	assert_false(a->interactive);
	starts++;
	*ret = (struct priv *)&starts;
	return 0;
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
	always_dead = hold = false;
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
		T(who_waits_can_give_up),
	};

	sem_init(&in_call, 0, 0);
	sem_init(&go_on, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
