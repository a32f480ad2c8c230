/* SPDX-License-Identifier: MIT */
/*
 * base/loop: timers on a clock of the test's own, and callbacks that pull the rug from under each other.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/wake.h"

#include <poll.h>
#include <pthread.h>
#include <sys/types.h>

static int64_t now;
static char trace[256];
static struct loop *l;

static int64_t test_now(void)
{
	return now;
}

static int setup(void **state UNUSED)
{
	now = 1000;
	trace[0] = '\0';
	l = loop_new(test_now);
	return 0;
}

static int teardown(void **state UNUSED)
{
	loop_free(l);
	return 0;
}

/* What note() shall add, in the shape of a callback's argument. */
static void *text(const char *s)
{
	return (void *)s;
}

static void note(void *arg)
{
	strncat(trace, arg, sizeof(trace) - strlen(trace) - 1);
}

static int turn(void)
{
	struct err e = {0};
	int n = loop_turn(l, 0, &e);

	assert_string_equal(e.msg, "");
	return n;
}

static void timers_fire_in_order_of_time(void **state UNUSED)
{
	loop_timer(l, 30, note, text("c"));
	loop_timer(l, 10, note, text("a"));
	loop_timer(l, 20, note, text("b"));
	loop_timer(l, 10, note, text("A"));
	assert_int_equal(turn(), 0);
	now += 9;
	assert_int_equal(turn(), 0);
	now += 1;
	assert_int_equal(turn(), 2);
	assert_string_equal(trace, "aA");
	now += 1000;
	assert_int_equal(turn(), 2);
	assert_string_equal(trace, "aAbc");
	assert_int_equal(turn(), 0);
}

static void a_due_timer_does_not_wait(void **state UNUSED)
{
	struct err e = {0};

	loop_timer(l, 0, note, text("x"));
	assert_int_equal(loop_turn(l, -1, &e), 1);
	loop_timer(l, -5, note, text("y"));
	assert_int_equal(loop_turn(l, 100000, &e), 1);
	assert_string_equal(trace, "xy");
}

static void rearm(void *arg)
{
	note(text("r"));
	loop_timer(l, 0, rearm, arg);
}

static void a_timer_that_rearms_itself_starves_nobody(void **state UNUSED)
{
	loop_timer(l, 0, rearm, NULL);
	loop_timer(l, 0, note, text("o"));
	assert_int_equal(turn(), 2);
	assert_string_equal(trace, "ro");
	assert_int_equal(turn(), 1);
	assert_string_equal(trace, "ror");
}

static uint64_t victim;

static void remove_victim(void *arg)
{
	note(arg);
	loop_remove(l, victim);
}

static void removed_timers_do_not_fire(void **state UNUSED)
{
	uint64_t id = loop_timer(l, 0, note, text("x"));

	loop_remove(l, id);
	loop_remove(l, id);
	loop_remove(l, 0);
	assert_int_equal(turn(), 0);
	/* By an earlier one, in the same turn. */
	loop_timer(l, 1, remove_victim, text("1"));
	victim = loop_timer(l, 2, note, text("2"));
	now += 5;
	assert_int_equal(turn(), 1);
	assert_string_equal(trace, "1");
}

static void many_timers_survive_growth(void **state UNUSED)
{
	static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

	for (int i = 49; i >= 0; i--)
		loop_timer(l, i, note, text(digits[i % 10]));
	now += 100;
	assert_int_equal(turn(), 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(trace[i], '0' + i % 10);
}

static void hooks_run_before_each_wait(void **state UNUSED)
{
	loop_prepare(l, note, text("p"));
	uint64_t second = loop_prepare(l, note, text("q"));
	loop_timer(l, 0, note, text("t"));
	turn();
	assert_string_equal(trace, "pqt");
	loop_remove(l, second);
	turn();
	assert_string_equal(trace, "pqtp");
}

static void arm_from_hook(void *arg)
{
	loop_remove(l, victim);
	loop_timer(l, 0, note, arg);
}

static void what_a_hook_arms_is_served_in_that_turn(void **state UNUSED)
{
	struct err e = {0};

	victim = loop_prepare(l, arm_from_hook, text("h"));
	assert_int_equal(loop_turn(l, -1, &e), 1);
	assert_string_equal(trace, "h");
}

struct pair {
	int fds[2];
	uint64_t id;
	struct pair *other;
	int calls;
	short revents;
};

static void pair_open(struct pair *p)
{
	struct err e = {0};

	*p = (struct pair){0};
	assert_ok(fd_pipe(p->fds, &e), &e);
}

static void pair_close(struct pair *p)
{
	fd_close(&p->fds[0]);
	fd_close(&p->fds[1]);
}

static void pair_ring(const struct pair *p)
{
	assert_int_equal(write(p->fds[1], "x", 1), 1);
}

static void take_byte(void *arg, int fd, short revents)
{
	struct pair *p = arg;
	char c;

	p->calls++;
	p->revents = revents;
	if (revents & POLLIN)
		assert_int_equal(read(fd, &c, 1), 1);
	if (p->other)
		loop_remove(l, p->other->id);
}

static void watches_report_what_is_ready(void **state UNUSED)
{
	struct pair p;

	pair_open(&p);
	p.id = loop_watch(l, p.fds[0], POLLIN, take_byte, &p);
	assert_int_equal(turn(), 0);
	pair_ring(&p);
	assert_int_equal(turn(), 1);
	assert_int_equal(turn(), 0);
	loop_set_events(l, p.id, 0);
	pair_ring(&p);
	assert_int_equal(turn(), 0);
	loop_set_events(l, p.id, POLLIN);
	assert_int_equal(turn(), 1);
	fd_close(&p.fds[1]);
	assert_int_equal(turn(), 1);
	assert_int_equal(p.revents, POLLHUP);
	/* Paused means paused: a hung-up descriptor must not spin. */
	loop_set_events(l, p.id, 0);
	assert_int_equal(turn(), 0);
	assert_int_equal(p.calls, 3);
	loop_remove(l, p.id);
	loop_set_events(l, p.id, POLLIN);
	assert_int_equal(turn(), 0);
	pair_close(&p);
}

static void a_watch_removed_in_the_turn_is_not_called(void **state UNUSED)
{
	struct pair a;
	struct pair b;

	pair_open(&a);
	pair_open(&b);
	a.other = &b;
	b.other = &a;
	a.id = loop_watch(l, a.fds[0], POLLIN, take_byte, &a);
	b.id = loop_watch(l, b.fds[0], POLLIN, take_byte, &b);
	pair_ring(&a);
	pair_ring(&b);
	assert_int_equal(turn(), 1);
	assert_int_equal(a.calls + b.calls, 1);
	pair_close(&a);
	pair_close(&b);
}

static void watch_more(void *arg, int fd, short revents UNUSED)
{
	static struct pair dummy;
	char c;

	assert_int_equal(read(fd, &c, 1), 1);
	for (int i = 0; i < 40; i++)
		loop_watch(l, *(int *)arg, 0, take_byte, &dummy);
}

static void adding_in_a_callback_moves_nothing_under_it(void **state UNUSED)
{
	struct pair a;
	struct pair b;

	pair_open(&a);
	pair_open(&b);
	loop_watch(l, a.fds[0], POLLIN, watch_more, &b.fds[0]);
	loop_watch(l, b.fds[0], POLLIN, take_byte, &b);
	pair_ring(&a);
	pair_ring(&b);
	assert_int_equal(turn(), 2);
	assert_int_equal(b.calls, 1);
	pair_close(&a);
	pair_close(&b);
}

static void stop_loop(void *arg)
{
	note(arg);
	loop_stop(l);
}

static void run_ends_after_stop(void **state UNUSED)
{
	struct err e = {0};

	loop_timer(l, 0, rearm, NULL);
	loop_timer(l, 0, stop_loop, text("s"));
	assert_ok(loop_run(l, &e), &e);
	assert_string_equal(trace, "rs");
	/* Stopped by a hook: must not wait for anything. */
	victim = loop_prepare(l, stop_loop, text("h"));
	assert_ok(loop_run(l, &e), &e);
}

static void *ring(void *arg)
{
	wake_ring(arg);
	return NULL;
}

static void heard(void *arg, int fd UNUSED, short revents UNUSED)
{
	assert_true(wake_clear(arg));
	loop_stop(l);
}

static void another_thread_wakes_it(void **state UNUSED)
{
	struct err e = {0};
	pthread_t thread;
	struct wake w;

	assert_ok(wake_open(&w, &e), &e);
	loop_watch(l, w.fd, POLLIN, heard, &w);
	assert_int_equal(pthread_create(&thread, NULL, ring, &w), 0);
	assert_ok(loop_run(l, &e), &e);
	pthread_join(thread, NULL);
	wake_close(&w);
}

static void take_signal(void *arg, int signo)
{
	note(text(signo == SIGUSR1 ? "1" : "2"));
	if (arg)
		loop_remove(l, *(uint64_t *)arg);
}

static void signals_arrive_in_the_loop(void **state UNUSED)
{
	struct err e = {0};
	sigset_t old;
	sigset_t set;

	pthread_sigmask(SIG_BLOCK, NULL, &old);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	uint64_t id = loop_signals(l, &set, take_signal, NULL, &e);
	assert_true(id != 0);
	assert_int_equal(turn(), 0);
	raise(SIGUSR2);
	raise(SIGUSR1);
	assert_int_equal(turn(), 1);
	assert_int_equal(strlen(trace), 2);
	loop_remove(l, id);
	/* Removed by the first of two. */
	id = loop_signals(l, &set, take_signal, &id, &e);
	raise(SIGUSR2);
	raise(SIGUSR1);
	turn();
	assert_int_equal(strlen(trace), 3);
	sigset_t zero;
	int signo;
	sigpending(&zero);
	while (sigismember(&zero, SIGUSR1) == 1 || sigismember(&zero, SIGUSR2) == 1) {
		sigwait(&set, &signo);
		sigpending(&zero);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(timers_fire_in_order_of_time),
		T(a_due_timer_does_not_wait),
		T(a_timer_that_rearms_itself_starves_nobody),
		T(removed_timers_do_not_fire),
		T(many_timers_survive_growth),
		T(hooks_run_before_each_wait),
		T(what_a_hook_arms_is_served_in_that_turn),
		T(watches_report_what_is_ready),
		T(a_watch_removed_in_the_turn_is_not_called),
		T(adding_in_a_callback_moves_nothing_under_it),
		T(run_ends_after_stop),
		T(another_thread_wakes_it),
		T(signals_arrive_in_the_loop),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
