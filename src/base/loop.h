/* SPDX-License-Identifier: MIT */
/*
 * A poll(2) loop: descriptors, one-shot timers, and hooks that run before each wait.
 *
 * Belongs to one thread and has no lock; other threads reach it through a wake or a mailbox whose descriptor it
 * watches. Memory is only allocated when something is added, never by a turn. Everything added is named by an id
 * (never 0, never reused), so a callback may remove anything, itself and what is ready in the same turn included: what
 * was removed is not called any more. Order of a turn: prepare hooks, poll, ready descriptors, due timers.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;

/* now_ms is the clock of the timers, NULL for clock_mono_ms; tests pass their own. */
struct loop *loop_new(int64_t (*now_ms)(void));
/* NULL is fine. Closes only the descriptors of loop_signals(). */
void loop_free(struct loop *l);

/* Call fn while fd has one of `events` (poll(2); POLLERR, POLLHUP and POLLNVAL always count). The descriptor stays the
 * caller's: remove the watch before closing it. */
uint64_t loop_watch(struct loop *l, int fd, short events, void (*fn)(void *arg, int fd, short revents), void *arg);
/* 0 pauses the watch entirely. An id that is gone is ignored. */
void loop_set_events(struct loop *l, uint64_t id, short events);

/* Call fn once, in_ms (>= 0) from now. A timer set by a timer waits for the next turn, so none can starve the rest. */
uint64_t loop_timer(struct loop *l, int64_t in_ms, void (*fn)(void *arg), void *arg);
/* Call fn at the start of each turn, in the order they were added: the place to flush and to draw. */
uint64_t loop_prepare(struct loop *l, void (*fn)(void *arg), void *arg);
/* Watches for signals through a signalfd. They are blocked in the calling thread and stay so: call it before other
 * threads start. fn runs in the loop, not in a handler. 0 with e set on failure. */
NODISCARD uint64_t loop_signals(struct loop *l, const sigset_t *set, void (*fn)(void *arg, int signo), void *arg,
				struct err *e);
/* Take any of the above out. An id that is gone (a timer that fired) is ignored. */
void loop_remove(struct loop *l, uint64_t id);

/* One turn, waiting at most max_wait_ms (-1: until something happens; forever when nothing can). Returns the number of
 * descriptors and timers served, -1 when poll itself failed. */
NODISCARD int loop_turn(struct loop *l, int max_wait_ms, struct err *e);
/* Turns until loop_stop(). */
NODISCARD int loop_run(struct loop *l, struct err *e);
/* From a callback: loop_run() returns after this turn. */
void loop_stop(struct loop *l);

#endif
