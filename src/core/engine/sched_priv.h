/* SPDX-License-Identifier: MIT */
/*
 * What the files of the scheduler share: sched_queue.c (the jobs in their order, and the rule which may run), sched.c
 * (workers, lanes, what is asked from outside) and sched_run.c (one job while it runs).
 *
 * Invariants, true whenever the mutex is free:
 *   - A node is queued, then running, then ended, or queued and then ended; never back. end_seq is set by its end.
 *   - No two live jobs that share a key are both running or taking it.
 *   - A node that is `busy` or running belongs to one thread: nobody else begins, ends or frees it, so that thread may
 *     touch it unlocked where it says so. Everything else of a node is read and written under the mutex.
 *   - An ended node may be trimmed at any moment after the unlock: nothing of it is touched then.
 *   - The arg is freed once: by who ends the job, or with the node.
 * The mutex is never held while a job runs, while lock files are taken, or while the listener is called.
 */
#ifndef ENGINE_SCHED_PRIV_H
#define ENGINE_SCHED_PRIV_H

#include "core/engine/meter.h"
#include "core/engine/sched.h"

#include <assert.h>
#include <pthread.h>

#define SCHED_LANE_WORKERS_MAX 12

struct sched_node {
	struct sched_node *next;
	struct job pub;
	char keys[SCHED_KEYS_MAX][SCHED_KEY_SIZE];
	int nkeys;
	int key_fds[SCHED_KEYS_MAX];
	enum sched_lane lane;
	uint64_t after[2];
	char single[SCHED_KEY_SIZE];
	bool quiet;
	int64_t timeout_ms;
	int64_t retry_at_ms; /* not before this, monotonic: a key was held elsewhere */
	int (*run)(void *arg, struct op *op, struct sched_run *r, struct err *e);
	void (*free_arg)(void *arg);
	void *arg;
	struct op *op; /* while running */
	bool taking;   /* its lock files are being taken */
	bool busy;     /* a thread takes its keys or tells of it, unlocked: nobody else may begin or end it */
	bool cancel;   /* asked for before it had an op */
	uint64_t end_seq; /* order of ending; 0 = live */
};

/* Every job that is remembered, in order of submission (`front` ones before): live ones, and ended ones until trimmed. */
struct sched_queue {
	struct sched_node *jobs;
	uint64_t next_id, next_end;
	int ended;
};

/* A part as it was told last, and how fast it goes. */
struct sched_part {
	struct job_part told;
	struct meter meter;
};

/* The worker's own, but for what hangs on it. */
struct sched_run {
	struct sched *s;
	struct sched_node *n;
	struct op *op;
	int64_t told_ms;
	struct meter meter;
	struct sched_part *parts;
	size_t n_parts, cap_parts;
};

struct sched {
	struct sched_hooks hooks;
	pthread_mutex_t mutex;
	pthread_cond_t work; /* something may have become runnable, or we are closing */
	pthread_cond_t idle;
	bool locked; /* written under the mutex: for assertions */
	struct sched_queue queue;
	bool closing;
	bool left; /* closed, and a look was left behind */
	pthread_t threads[LANE_COUNT][SCHED_LANE_WORKERS_MAX];
	int nthreads[LANE_COUNT], nidle[LANE_COUNT];
};

static inline void sched_lock(struct sched *s)
{
	int rc UNUSED = pthread_mutex_lock(&s->mutex);

	assert(rc == 0 && !s->locked);
	s->locked = true;
}

static inline void sched_unlock(struct sched *s)
{
	assert(s->locked);
	s->locked = false;
	int rc UNUSED = pthread_mutex_unlock(&s->mutex);
	assert(rc == 0);
}

/* sched_queue.c: no thread, no listener; all of it called locked. */
struct sched_node *sched_node_new(const struct sched_job *j);
/* Frees the arg too, if the job did not come to that. */
void sched_node_free(struct sched_node *n);
bool sched_node_is_live(const struct sched_node *n);
/* Put it at the end, or at the head of all. The queue owns it. */
void sched_queue_add(struct sched_queue *q, struct sched_node *n, bool front);
struct sched_node *sched_queue_find(struct sched_queue *q, uint64_t id);
/* The live job an identical request attaches to: not one with another job of its keys behind it ("stop, start, stop" does
 * not end in the first stop). NULL when there is none. */
struct sched_node *sched_queue_find_single(struct sched_queue *q, const char *single);
/* The job `n` must wait for: one it comes after, or an earlier live one that shares a key. NULL when it may run. A job
 * it comes after that did not end well is reported through ret_failed. */
struct sched_node *sched_queue_blocker(struct sched_queue *q, struct sched_node *n, struct sched_node **ret_failed);
/* Count one more ended job and forget those that ended longest ago and that nothing waits for. */
void sched_queue_end(struct sched_queue *q, struct sched_node *n);
bool sched_queue_any_live(const struct sched_queue *q);

/* sched_run.c */
/* Run one job whose keys we hold, to its end. Called unlocked; the node may be gone afterwards. */
void sched_run_node(struct sched *s, struct sched_node *n);

/* sched.c: call the listener, unlocked. */
void sched_tell(struct sched *s, const struct job *j);

#endif
