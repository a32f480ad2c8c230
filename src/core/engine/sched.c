/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's workers, and what is asked of it from outside: see sched.h, and sched_priv.h for the invariants.
 *
 * A worker scans the queue from the head for the first job of its lane that may run, takes its keys between processes, and
 * runs it. Whatever unlocks in the middle of a scan starts that scan anew.
 */
#include "core/engine/sched_priv.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define FOREIGN_RETRY_MS 100 /* how soon a job waits again for a key held by another process */

static const int lane_workers[] = {SCHED_LANE_WORKERS_MAX, 4, 2, 4};
static const char *const lane_names[] = {"life", "transfer", "urgent", "look"};

_Static_assert(ARRAY_LEN(lane_workers) == LANE_COUNT, "each lane has its number of workers");
_Static_assert(ARRAY_LEN(lane_names) == LANE_COUNT, "each lane has a name");

struct worker_arg {
	struct sched *s;
	enum sched_lane lane;
};

void sched_tell(struct sched *s, const struct job *j)
{
	if (s->hooks.on_job)
		s->hooks.on_job(s->hooks.ctx, j);
}

static bool set_waiting_for(struct sched_node *n, const struct sched_node *on)
{
	char text[sizeof(n->pub.waiting_for)];

	snprintf(text, sizeof(text), "%s %.64s", request_kind_to_string(on->pub.kind), on->pub.target);
	if (strcmp(text, n->pub.waiting_for) == 0)
		return false;
	str_copy(n->pub.waiting_for, sizeof(n->pub.waiting_for), text);
	return true;
}

/* End a job that never ran. Called locked; unlocks around the listener, so the caller starts its scan anew. The node may
 * be trimmed as soon as it is unlocked: nothing of it is touched after. */
static void end_unrun(struct sched *s, struct sched_node *n, enum job_state state, const struct err *err)
{
	assert(s->locked && n->pub.state == JOB_QUEUED && !n->busy && !n->op);
	assert(state == JOB_FAILED || state == JOB_CANCELED);
	void (*free_arg)(void *) = TAKE_PTR(n->free_arg);
	void *arg = TAKE_PTR(n->arg);
	struct job copy;

	n->pub.state = state;
	n->pub.ended_ms = clock_wall_ms();
	n->pub.waiting_for[0] = '\0';
	if (err)
		n->pub.err = *err;
	copy = n->pub;
	sched_queue_end(&s->queue, n);
	pthread_cond_broadcast(&s->work);
	pthread_cond_broadcast(&s->idle);
	sched_unlock(s);
	sched_tell(s, &copy);
	if (free_arg)
		free_arg(arg);
	sched_lock(s);
}

static void end_canceled(struct sched *s, struct sched_node *n)
{
	struct err e = {0};

	err_set(&e, ERR_CANCELED, _("canceled before it began"));
	end_unrun(s, n, JOB_CANCELED, &e);
}

/* Tell the listener of a queued job, which can neither begin nor end meanwhile: its events stay in order. Called locked,
 * unlocks in between; the node may be gone afterwards. */
static void tell_queued(struct sched *s, struct sched_node *n)
{
	struct job copy = n->pub;

	assert(s->locked && n->pub.state == JOB_QUEUED && !n->busy);
	n->busy = true;
	sched_unlock(s);
	sched_tell(s, &copy);
	sched_lock(s);
	n->busy = false;
	pthread_cond_broadcast(&s->work);
	if (n->cancel)
		end_canceled(s, n);
}

/*
 * The first job of this lane that may run now. ret_wait_ms: when to look again although nothing was signalled (-1 =
 * never). Called locked; may unlock in between.
 */
static struct sched_node *pick(struct sched *s, enum sched_lane lane, int *ret_wait_ms)
{
	int64_t now = clock_mono_ms();

	assert(s->locked);
	*ret_wait_ms = -1;
again:
	for (struct sched_node *n = s->queue.jobs; n; n = n->next) {
		struct sched_node *failed, *on;

		if (n->pub.state != JOB_QUEUED || n->lane != lane || n->busy)
			continue;
		on = sched_queue_blocker(&s->queue, n, &failed);
		if (failed) {
			struct err cause = failed->pub.err;

			end_unrun(s, n, failed->pub.state, &cause);
			goto again;
		}
		if (on) {
			if (!set_waiting_for(n, on))
				continue;
			tell_queued(s, n);
			goto again;
		}
		if (n->retry_at_ms > now) {
			int left = (int)(n->retry_at_ms - now);

			*ret_wait_ms = *ret_wait_ms < 0 ? left : MIN(*ret_wait_ms, left);
			continue;
		}
		return n;
	}
	return NULL;
}

/* Take the keys between processes. False when the job went back to the queue. Called locked, unlocks in between. */
static bool take_keys(struct sched *s, struct sched_node *n)
{
	const char *keys[SCHED_KEYS_MAX];
	struct err e = {0};
	int rc = 0;

	if (!s->hooks.take_keys || n->nkeys == 0)
		return true;
	for (int i = 0; i < n->nkeys; i++)
		keys[i] = n->keys[i];
	assert(s->locked && n->pub.state == JOB_QUEUED && !n->busy && !n->taking);
	n->taking = n->busy = true;
	sched_unlock(s);
	rc = s->hooks.take_keys(s->hooks.ctx, keys, n->nkeys, n->key_fds, &e);
	sched_lock(s);
	assert(n->pub.state == JOB_QUEUED && n->taking && n->busy);
	n->taking = n->busy = false;
	if (rc == 0)
		return true;
	if (e.code != ERR_BUSY) {
		end_unrun(s, n, JOB_FAILED, &e);
		return false;
	}
	n->retry_at_ms = clock_mono_ms() + FOREIGN_RETRY_MS;
	if (n->cancel) {
		end_canceled(s, n);
		return false;
	}
	if (strcmp(n->pub.waiting_for, _("another banger-tui")) != 0) {
		str_copy(n->pub.waiting_for, sizeof(n->pub.waiting_for), _("another banger-tui"));
		tell_queued(s, n);
	}
	pthread_cond_broadcast(&s->work);
	return false;
}

static void wait_for_work(struct sched *s, enum sched_lane lane, int wait_ms)
{
	assert(s->locked && s->nidle[lane] < s->nthreads[lane]);
	s->nidle[lane]++;
	s->locked = false;
	if (wait_ms < 0) {
		pthread_cond_wait(&s->work, &s->mutex);
	} else {
		struct timespec ts;

		clock_gettime(CLOCK_MONOTONIC, &ts);
		ts.tv_sec += wait_ms / 1000;
		ts.tv_nsec += (long)(wait_ms % 1000) * 1000000;
		if (ts.tv_nsec >= 1000000000) {
			ts.tv_sec++;
			ts.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&s->work, &s->mutex, &ts);
	}
	s->locked = true;
	s->nidle[lane]--;
	assert(s->nidle[lane] >= 0);
}

static void *worker(void *argp)
{
	struct worker_arg a = *(struct worker_arg *)argp;
	struct sched *s = a.s;

	free(argp);
	prctl(PR_SET_NAME, lane_names[a.lane]);
	sched_lock(s);
	while (!s->closing) {
		int wait_ms;
		struct sched_node *n = pick(s, a.lane, &wait_ms);

		if (!n) {
			/* pick() unlocks: the last broadcast may have come meanwhile. */
			if (!s->closing)
				wait_for_work(s, a.lane, wait_ms);
			continue;
		}
		if (!take_keys(s, n))
			continue;
		assert(n->pub.state == JOB_QUEUED && !n->busy && !n->op);
		n->pub.state = JOB_RUNNING;
		sched_unlock(s);
		sched_run_node(s, n);
		sched_lock(s);
	}
	sched_unlock(s);
	return NULL;
}

/* One more worker when none is idle and the lane has room. Called locked. */
static void ensure_worker(struct sched *s, enum sched_lane lane)
{
	struct worker_arg *a;
	int queued = 0;

	assert(s->locked && lane < LANE_COUNT);
	for (struct sched_node *n = s->queue.jobs; n; n = n->next)
		queued += n->pub.state == JOB_QUEUED && n->lane == lane;
	if (s->closing || s->nidle[lane] >= queued || s->nthreads[lane] >= lane_workers[lane])
		return;
	a = xmalloc(sizeof(*a));
	*a = (struct worker_arg){s, lane};
	if (pthread_create(&s->threads[lane][s->nthreads[lane]], NULL, worker, a) == 0)
		s->nthreads[lane]++;
	else
		free(a);
	assert(s->nthreads[lane] > 0);
}

struct sched *sched_new(const struct sched_hooks *hooks)
{
	struct sched *s = xcalloc(1, sizeof(*s));
	pthread_condattr_t attr;

	s->hooks = *hooks;
	s->queue.next_id = 1;
	pthread_mutex_init(&s->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->work, &attr);
	pthread_cond_init(&s->idle, &attr);
	pthread_condattr_destroy(&attr);
	return s;
}

/* Cancel everything; queued jobs end, running ones are asked to. Called locked. */
static void cancel_all(struct sched *s)
{
again:
	for (struct sched_node *n = s->queue.jobs; n; n = n->next) {
		if (n->pub.state == JOB_RUNNING) {
			n->cancel = true;
			if (n->op)
				op_cancel(n->op);
		} else if (n->pub.state == JOB_QUEUED && !n->busy) {
			end_canceled(s, n);
			goto again;
		} else if (n->busy) {
			n->cancel = true;
		}
	}
}

/* Wait for a worker that may hang, until then. */
static bool join_until(pthread_t thread, int64_t until_ms)
{
	struct timespec ts = {.tv_sec = until_ms / 1000, .tv_nsec = (long)(until_ms % 1000) * 1000000};

	if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &ts) == 0)
		return true;
	pthread_detach(thread);
	return false;
}

static void join_workers(struct sched *s)
{
	int64_t until_ms = clock_mono_ms() + SCHED_LOOK_MS;

	for (int lane = 0; lane < LANE_COUNT; lane++)
		for (int i = 0; i < s->nthreads[lane]; i++)
			if (lane != LANE_LOOK)
				pthread_join(s->threads[lane][i], NULL);
			else if (!join_until(s->threads[lane][i], until_ms))
				s->left = true;
}

bool sched_stop(struct sched *s)
{
	bool first;

	sched_lock(s);
	first = !s->closing;
	s->closing = true;
	cancel_all(s);
	pthread_cond_broadcast(&s->work);
	sched_unlock(s);
	if (first)
		join_workers(s);
	if (first && s->left)
		log_warn(NULL, "a file system does not answer: who waits for it was left behind");
	return !s->left;
}

bool sched_free(struct sched *s)
{
	if (!s)
		return true;
	if (!sched_stop(s))
		return false;
	assert(!sched_queue_any_live(&s->queue));
	while (s->queue.jobs) {
		struct sched_node *n = s->queue.jobs;

		s->queue.jobs = n->next;
		sched_node_free(n);
	}
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->mutex);
	free(s);
	return true;
}

uint64_t sched_submit(struct sched *s, const struct sched_job *j)
{
	struct sched_node *n;
	uint64_t id;

	sched_lock(s);
	n = sched_queue_find_single(&s->queue, j->single);
	if (n) {
		id = n->pub.id;
		sched_unlock(s);
		if (j->free_arg)
			j->free_arg(j->arg);
		return id;
	}
	n = sched_node_new(j);
	id = n->pub.id = s->queue.next_id++;
	n->cancel = s->closing;
	sched_queue_add(&s->queue, n, j->front);
	tell_queued(s, n);
	ensure_worker(s, j->lane);
	sched_unlock(s);
	return id;
}

/* Called locked. */
static void cancel_node(struct sched *s, struct sched_node *n)
{
	assert(s->locked && sched_node_is_live(n));
	if (n->pub.state == JOB_QUEUED && !n->busy) {
		end_canceled(s, n);
		return;
	}
	n->cancel = true;
	if (n->op)
		op_cancel(n->op);
}

int sched_cancel(struct sched *s, uint64_t id, struct err *e)
{
	struct sched_node *n;
	int rc = 0;

	sched_lock(s);
	n = sched_queue_find(&s->queue, id);
	if (n && sched_node_is_live(n))
		cancel_node(s, n);
	else
		rc = err_set(e, ERR_NOT_FOUND, _("that job is over"));
	sched_unlock(s);
	return rc;
}

int sched_cancel_key(struct sched *s, const char *key, bool (*match)(const struct job *j))
{
	int count = 0;

	sched_lock(s);
again:
	for (struct sched_node *n = s->queue.jobs; n; n = n->next) {
		bool has = false;

		for (int i = 0; i < n->nkeys; i++)
			has |= strcmp(n->keys[i], key) == 0;
		if (!has || !sched_node_is_live(n) || n->cancel || !match(&n->pub))
			continue;
		count++;
		cancel_node(s, n);
		goto again;
	}
	sched_unlock(s);
	return count;
}

bool sched_get(struct sched *s, uint64_t id, struct job *ret)
{
	struct sched_node *n;

	sched_lock(s);
	n = sched_queue_find(&s->queue, id);
	if (n)
		*ret = n->pub;
	sched_unlock(s);
	return n != NULL;
}

void sched_each(struct sched *s, void (*fn)(void *arg, const struct job *j), void *arg)
{
	sched_lock(s);
	for (struct sched_node *n = s->queue.jobs; n; n = n->next)
		fn(arg, &n->pub);
	sched_unlock(s);
}

bool sched_wait_idle(struct sched *s, int timeout_ms)
{
	struct timespec ts;
	int rc = 0;
	bool idle;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += timeout_ms / 1000 + 1;
	sched_lock(s);
	while (rc == 0 && sched_queue_any_live(&s->queue)) {
		s->locked = false;
		rc = pthread_cond_timedwait(&s->idle, &s->mutex, &ts);
		s->locked = true;
	}
	assert(rc == 0 || rc == ETIMEDOUT);
	idle = !sched_queue_any_live(&s->queue);
	sched_unlock(s);
	return idle;
}
