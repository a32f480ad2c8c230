/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: exclusivity without locks held over work.
 *
 * Each job declares its keys ("vm:<id>", "image:<name>", …). A worker is handed only a job whose keys are all free, so
 * nobody waits while holding; a job never overtakes an earlier one that shares a key (but `front` ones go to the head of
 * the line). A job may come `after` another: it fails with that one's error when that fails. An identical request
 * (`single`) attaches to the queued or running job, unless another job of the same keys came in between. Lanes keep
 * transfers from starving the life cycle; urgent jobs have workers of their own, and so have looks, which a file system that hangs
 * holds up. Worker threads are made when first needed.
 *
 * Between processes every key is also a lock file, taken through `take_keys` without waiting; when it is held elsewhere
 * the job goes back to the queue and is tried again soon.
 *
 * Thread-safe. The listener is called with a copy of the job, from any thread, with no lock held but in order per job.
 */
#ifndef ENGINE_SCHED_H
#define ENGINE_SCHED_H

#include "base/op.h"
#include "core/engine/event.h"

#define SCHED_KEY_SIZE 288 /* a prefix and the name of an image */
#define SCHED_KEYS_MAX 3

enum sched_lane { LANE_LIFE, LANE_TRANSFER, LANE_URGENT, LANE_LOOK, LANE_COUNT };

struct sched;
struct sched_run; /* what a running job may say about itself; valid inside run() */

struct sched_job {
	enum request_kind kind;
	const char *target;		   /* copied */
	const char *vm_id;		   /* copied; may be NULL */
	const char *keys[SCHED_KEYS_MAX]; /* copied; NULL-ended unless full */
	enum sched_lane lane;
	uint64_t after[2];  /* jobs that must be done first; 0 = none */
	bool front;
	const char *single; /* identity for attaching; NULL = never attach */
	bool quiet;	    /* not a word in the log */
	int64_t timeout_ms; /* deadline of the op from its start; < 0 = none */
	int (*run)(void *arg, struct op *op, struct sched_run *r, struct err *e);
	void (*free_arg)(void *arg); /* called once, when the job is over; may be NULL */
	void *arg;
};

struct sched_hooks {
	void *ctx;
	/* Take the lock files of n keys (sorted) for this process: 0, or -1 with ERR_BUSY when one is held elsewhere. */
	int (*take_keys)(void *ctx, const char *const *keys, int n, int *ret_fds, struct err *e);
	void (*on_job)(void *ctx, const struct job *j); /* every change of state, stage or progress */
	/* The parts of a running job that changed; between two of its on_job(). May be NULL. */
	void (*on_parts)(void *ctx, const struct job *j, const struct job_parts *p);
};

struct sched *sched_new(const struct sched_hooks *hooks);
/* Cancel what is queued, cancel what runs and wait for it. Whatever is submitted from here on ends canceled at once. Looks change
 * nothing and may hang in a file system that does not answer: they are waited for SCHED_LOOK_MS, and then left behind. Returns whether
 * none was: else the scheduler, and whatever a look may touch, must not be freed before the process ends. */
bool sched_stop(struct sched *s);
/* Stop and free, unless a look was left behind. NULL is fine. Returns as sched_stop(). */
bool sched_free(struct sched *s);

#define SCHED_LOOK_MS 1000

/* Queue it. The arg is owned by the scheduler from here on, also when the request attaches to an earlier job (then it is
 * freed at once and that job's id returned). Never blocks. */
uint64_t sched_submit(struct sched *s, const struct sched_job *j);
/* ERR_NOT_FOUND when it is over or unknown. A queued job ends at once. */
NODISCARD int sched_cancel(struct sched *s, uint64_t id, struct err *e);
/* Cancel what runs or waits under this key and `match` says yes to (called locked: quick). Returns how many. */
int sched_cancel_key(struct sched *s, const char *key, bool (*match)(const struct job *j));
/* Copy of a job that is queued, running or among the last few hundred ended ones. */
bool sched_get(struct sched *s, uint64_t id, struct job *ret);
/* Call fn for each remembered job, oldest first, with the scheduler's mutex held: fn must be quick and not call back. */
void sched_each(struct sched *s, void (*fn)(void *arg, const struct job *j), void *arg);
/* Wait until no job is queued or running, at most timeout_ms. For tests and shutdown. */
bool sched_wait_idle(struct sched *s, int timeout_ms);

/* From inside run(): the VM this job turned out to be about, and the timings line for Activity. */
void sched_run_set_target(struct sched_run *r, const char *target, const char *vm_id);
void sched_run_set_timings(struct sched_run *r, const char *timings);
uint64_t sched_run_id(const struct sched_run *r);

#endif
