/* SPDX-License-Identifier: MIT */
/*
 * The poll loop. Three small arrays (watches, timers, hooks), searched linearly: a program of ours watches a handful of
 * descriptors, and poll(2) is linear anyway.
 *
 * What is removed while a turn runs is only marked; the arrays are compacted between turns, so indices stay valid
 * whatever a callback does. Watches keep the order of the pollfd set, which is rebuilt in place for each turn.
 */
#include "base/loop.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>

struct watch {
	uint64_t id; /* 0: removed */
	int fd;
	short events;
	bool owned; /* a signalfd of ours */
	void (*fn)(void *arg, int fd, short revents);
	void (*on_signal)(void *arg, int signo);
	void *arg;
};

struct timer {
	uint64_t id; /* 0: removed or fired */
	int64_t due;
	void (*fn)(void *arg);
	void *arg;
};

struct hook {
	uint64_t id; /* 0: removed */
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	int64_t (*now_ms)(void);
	uint64_t last_id;
	struct watch *watches;
	struct pollfd *set; /* as long as watches */
	size_t n_watches;
	size_t cap_watches;
	struct timer *timers;
	size_t n_timers;
	size_t cap_timers;
	struct hook *hooks;
	size_t n_hooks;
	size_t cap_hooks;
	bool stopping;
};

struct loop *loop_new(int64_t (*now_ms)(void))
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->now_ms = now_ms ? now_ms : clock_mono_ms;
	return l;
}

static void drop_watch(struct watch *w)
{
	if (w->owned)
		fd_close(&w->fd);
	w->id = 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_watches; i++)
		if (l->watches[i].id)
			drop_watch(&l->watches[i]);
	free(l->watches);
	free(l->set);
	free(l->timers);
	free(l->hooks);
	free(l);
}

static size_t grown(size_t cap)
{
	return cap ? cap * 2 : 8;
}

static struct watch *add_watch(struct loop *l, int fd, short events, void *arg)
{
	assert(fd >= 0 && l->n_watches <= l->cap_watches);
	if (l->n_watches == l->cap_watches) {
		l->cap_watches = grown(l->cap_watches);
		l->watches = xrealloc(l->watches, l->cap_watches, sizeof(*l->watches));
		l->set = xrealloc(l->set, l->cap_watches, sizeof(*l->set));
	}
	struct watch *w = &l->watches[l->n_watches++];
	*w = (struct watch){.id = ++l->last_id, .fd = fd, .events = events, .arg = arg};
	return w;
}

uint64_t loop_watch(struct loop *l, int fd, short events, void (*fn)(void *arg, int fd, short revents), void *arg)
{
	struct watch *w = add_watch(l, fd, events, arg);

	w->fn = fn;
	return w->id;
}

void loop_set_events(struct loop *l, uint64_t id, short events)
{
	for (size_t i = 0; i < l->n_watches; i++)
		if (id != 0 && l->watches[i].id == id)
			l->watches[i].events = events;
}

uint64_t loop_timer(struct loop *l, int64_t in_ms, void (*fn)(void *arg), void *arg)
{
	assert(fn);
	if (l->n_timers == l->cap_timers) {
		l->cap_timers = grown(l->cap_timers);
		l->timers = xrealloc(l->timers, l->cap_timers, sizeof(*l->timers));
	}
	int64_t due = l->now_ms() + MAX(in_ms, (int64_t)0);
	l->timers[l->n_timers++] = (struct timer){.id = ++l->last_id, .due = due, .fn = fn, .arg = arg};
	return l->last_id;
}

uint64_t loop_prepare(struct loop *l, void (*fn)(void *arg), void *arg)
{
	if (l->n_hooks == l->cap_hooks) {
		l->cap_hooks = grown(l->cap_hooks);
		l->hooks = xrealloc(l->hooks, l->cap_hooks, sizeof(*l->hooks));
	}
	l->hooks[l->n_hooks++] = (struct hook){.id = ++l->last_id, .fn = fn, .arg = arg};
	return l->last_id;
}

uint64_t loop_signals(struct loop *l, const sigset_t *set, void (*fn)(void *arg, int signo), void *arg, struct err *e)
{
	int sys = pthread_sigmask(SIG_BLOCK, set, NULL);
	int fd = sys ? -1 : signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0) {
		err_sys(e, sys ? sys : errno, "signalfd");
		return 0;
	}
	struct watch *w = add_watch(l, fd, POLLIN, arg);
	w->owned = true;
	w->on_signal = fn;
	return w->id;
}

void loop_remove(struct loop *l, uint64_t id)
{
	if (id == 0)
		return;
	for (size_t i = 0; i < l->n_watches; i++)
		if (l->watches[i].id == id)
			drop_watch(&l->watches[i]);
	for (size_t i = 0; i < l->n_timers; i++)
		if (l->timers[i].id == id)
			l->timers[i].id = 0;
	for (size_t i = 0; i < l->n_hooks; i++)
		if (l->hooks[i].id == id)
			l->hooks[i].id = 0;
}

/* Forget what was removed; the order of the rest is kept. */
static void compact(struct loop *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_watches; i++)
		if (l->watches[i].id)
			l->watches[n++] = l->watches[i];
	l->n_watches = n;
	n = 0;
	for (size_t i = 0; i < l->n_timers; i++)
		if (l->timers[i].id)
			l->timers[n++] = l->timers[i];
	l->n_timers = n;
	n = 0;
	for (size_t i = 0; i < l->n_hooks; i++)
		if (l->hooks[i].id)
			l->hooks[n++] = l->hooks[i];
	l->n_hooks = n;
}

static void run_hooks(struct loop *l)
{
	size_t n = l->n_hooks;

	for (size_t i = 0; i < n; i++)
		if (l->hooks[i].id)
			l->hooks[i].fn(l->hooks[i].arg);
}

/* The due timer that comes first (equal times: the older one), of those older than `before`. */
static struct timer *first_timer(struct loop *l, int64_t until, uint64_t before)
{
	struct timer *first = NULL;

	for (size_t i = 0; i < l->n_timers; i++) {
		struct timer *t = &l->timers[i];
		if (t->id == 0 || t->id > before || t->due > until)
			continue;
		if (!first || t->due < first->due || (t->due == first->due && t->id < first->id))
			first = t;
	}
	return first;
}

static int wait_ms(struct loop *l, int max_wait_ms)
{
	const struct timer *next = first_timer(l, INT64_MAX, UINT64_MAX);
	int64_t wait = max_wait_ms < 0 ? INT64_MAX : max_wait_ms;

	if (l->stopping)
		return 0;
	if (next)
		wait = MIN(wait, MAX(next->due - l->now_ms(), (int64_t)0));
	return wait == INT64_MAX ? -1 : (int)MIN(wait, (int64_t)INT_MAX);
}

static int run_timers(struct loop *l, uint64_t before)
{
	int64_t now = l->now_ms();
	struct timer *t;
	int served = 0;

	while ((t = first_timer(l, now, before))) {
		struct timer fired = *t; /* the callback may move the array */
		t->id = 0;
		fired.fn(fired.arg);
		served++;
	}
	return served;
}

static void take_signals(struct loop *l, size_t i)
{
	uint64_t id = l->watches[i].id;
	struct signalfd_siginfo info;

	while (l->watches[i].id == id && read(l->watches[i].fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		l->watches[i].on_signal(l->watches[i].arg, (int)info.ssi_signo);
}

static int run_watches(struct loop *l, size_t n)
{
	int served = 0;

	for (size_t i = 0; i < n; i++) {
		if (!l->set[i].revents || !l->watches[i].id)
			continue;
		if (l->watches[i].on_signal)
			take_signals(l, i);
		else
			l->watches[i].fn(l->watches[i].arg, l->watches[i].fd, l->set[i].revents);
		served++;
	}
	return served;
}

int loop_turn(struct loop *l, int max_wait_ms, struct err *e)
{
	compact(l);
	run_hooks(l);
	compact(l);
	size_t n = l->n_watches;
	assert(n <= l->cap_watches);
	uint64_t before = l->last_id;
	for (size_t i = 0; i < n; i++) {
		const struct watch *w = &l->watches[i];
		/* A negative descriptor is skipped by poll: a paused watch must not spin on POLLHUP. */
		l->set[i] = (struct pollfd){.fd = w->events ? w->fd : -1, .events = w->events};
	}
	int ready = poll(l->set, (nfds_t)n, wait_ms(l, max_wait_ms));
	if (ready < 0 && errno != EINTR)
		return err_sys(e, errno, "poll");
	int served = ready > 0 ? run_watches(l, n) : 0;
	return served + run_timers(l, before);
}

int loop_run(struct loop *l, struct err *e)
{
	l->stopping = false;
	while (!l->stopping)
		if (loop_turn(l, -1, e) < 0)
			return -1;
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
}
