/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: see sched.h.
 *
 * One mutex, one list in submission order. A worker scans the list from the head, remembering the keys of every job it
 * passes over; a job whose keys are neither running nor passed over may start. That one rule gives both exclusivity and
 * order. The scan is linear: queues here are tens of jobs, at most a few thousand in a bulk action.
 *
 * The mutex is never held while a job runs, while lock files are taken, or while the listener is called.
 */
#include "core/engine/sched.h"

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

#define HISTORY_MAX 200
#define FOREIGN_RETRY_MS 100 /* how soon a job waits again for a key held by another process */
#define PROGRESS_MS 100	     /* progress reaches the listener at most this often */

static const int lane_workers[LANE_COUNT] = {12, 4, 2};
static const char *const lane_names[LANE_COUNT] = {"life", "transfer", "urgent"};

struct node {
	struct node *next;
	struct job pub;
	char keys[SCHED_KEYS_MAX][SCHED_KEY_SIZE];
	int nkeys;
	int key_fds[SCHED_KEYS_MAX];
	enum sched_lane lane;
	uint64_t after[2];
	char single[SCHED_KEY_SIZE];
	int64_t timeout_ms;
	int64_t retry_at_ms; /* not before this, monotonic: a key was held elsewhere */
	int (*run)(void *arg, struct op *op, struct sched_run *r, struct err *e);
	void (*free_arg)(void *arg);
	void *arg;
	struct op *op; /* while running */
	bool taking;   /* its lock files are being taken */
	bool busy;     /* a thread takes its keys or tells of it, unlocked: nobody else may begin or end it */
	bool cancel;   /* asked for before it had an op */
	/* progress */
	int64_t told_ms;
	int64_t rate_at_ms, rate_done;
	uint64_t end_seq; /* order of ending; 0 = live */
};

struct sched_run {
	struct sched *s;
	struct node *n;
};

struct sched {
	struct sched_hooks hooks;
	pthread_mutex_t mutex;
	pthread_cond_t work; /* something may have become runnable, or we are closing */
	pthread_cond_t idle;
	struct node *jobs; /* queued and running first in order of submission; ended ones stay until trimmed */
	uint64_t next_id, next_end;
	int ended;
	bool closing;
	pthread_t threads[LANE_COUNT][12];
	int nthreads[LANE_COUNT], nidle[LANE_COUNT];
};

struct worker_arg {
	struct sched *s;
	enum sched_lane lane;
};

static bool is_live(const struct node *n)
{
	return n->pub.state == JOB_QUEUED || n->pub.state == JOB_RUNNING;
}

static struct node *find(struct sched *s, uint64_t id)
{
	for (struct node *n = s->jobs; n; n = n->next)
		if (n->pub.id == id)
			return n;
	return NULL;
}

static void node_free(struct node *n)
{
	if (n->free_arg)
		n->free_arg(n->arg);
	free(n);
}

static void tell(struct sched *s, const struct job *j)
{
	if (s->hooks.on_job)
		s->hooks.on_job(s->hooks.ctx, j);
}

/* Does a live job come after this one? Its end must be known until that job has seen it. */
static bool is_awaited(const struct sched *s, uint64_t id)
{
	for (const struct node *n = s->jobs; n; n = n->next)
		for (size_t i = 0; i < ARRAY_LEN(n->after); i++)
			if (n->after[i] == id && is_live(n))
				return true;
	return false;
}

/* Where the job that ended next after `since` hangs in the list; NULL when there is none. */
static struct node **find_ended(struct sched *s, uint64_t since)
{
	struct node **oldest = NULL;

	for (struct node **p = &s->jobs; *p; p = &(*p)->next)
		if ((*p)->end_seq > since && (!oldest || (*p)->end_seq < (*oldest)->end_seq))
			oldest = p;
	return oldest;
}

/* Count one more ended job and forget those that ended longest ago and that nothing waits for. Called locked. */
static void note_end(struct sched *s, struct node *n)
{
	struct node **p;
	uint64_t since = 0;

	n->end_seq = ++s->next_end;
	s->ended++;
	while (s->ended > HISTORY_MAX && (p = find_ended(s, since))) {
		struct node *old = *p;

		since = old->end_seq;
		if (is_awaited(s, old->pub.id))
			continue;
		*p = old->next;
		s->ended--;
		free(old);
	}
}

static bool shares_key(const struct node *a, const struct node *b)
{
	for (int i = 0; i < a->nkeys; i++)
		for (int j = 0; j < b->nkeys; j++)
			if (strcmp(a->keys[i], b->keys[j]) == 0)
				return true;
	return false;
}

/* The job `n` must wait for: one it comes after, or an earlier live one that shares a key. NULL when it may run. A job
 * it comes after that did not end well is reported through ret_failed. Called locked. */
static struct node *blocker(struct sched *s, struct node *n, struct node **ret_failed)
{
	*ret_failed = NULL;
	for (size_t i = 0; i < ARRAY_LEN(n->after); i++) {
		struct node *dep = n->after[i] ? find(s, n->after[i]) : NULL;

		if (dep && is_live(dep))
			return dep;
		if (dep && dep->pub.state != JOB_DONE) {
			*ret_failed = dep;
			return NULL;
		}
	}
	for (struct node *other = s->jobs; other; other = other->next) {
		if (other == n)
			break;
		if (is_live(other) && shares_key(n, other))
			return other;
	}
	/* Later in the list but running: an earlier job cannot take what it holds. */
	for (struct node *other = n->next; other; other = other->next)
		if ((other->pub.state == JOB_RUNNING || other->taking) && shares_key(n, other))
			return other;
	return NULL;
}

static bool set_waiting_for(struct node *n, const struct node *on)
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
static void end_unrun(struct sched *s, struct node *n, enum job_state state, const struct err *err)
{
	void (*free_arg)(void *) = TAKE_PTR(n->free_arg);
	void *arg = TAKE_PTR(n->arg);
	struct job copy;

	n->pub.state = state;
	n->pub.ended_ms = clock_wall_ms();
	n->pub.waiting_for[0] = '\0';
	if (err)
		n->pub.err = *err;
	copy = n->pub;
	note_end(s, n);
	pthread_cond_broadcast(&s->work);
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->mutex);
	tell(s, &copy);
	if (free_arg)
		free_arg(arg);
	pthread_mutex_lock(&s->mutex);
}

static void end_canceled(struct sched *s, struct node *n)
{
	struct err e = {0};

	err_set(&e, ERR_CANCELED, _("canceled before it began"));
	end_unrun(s, n, JOB_CANCELED, &e);
}

/* Tell the listener of a queued job, which can neither begin nor end meanwhile: its events stay in order. Called locked,
 * unlocks in between; the node may be gone afterwards. */
static void tell_queued(struct sched *s, struct node *n)
{
	struct job copy = n->pub;

	n->busy = true;
	pthread_mutex_unlock(&s->mutex);
	tell(s, &copy);
	pthread_mutex_lock(&s->mutex);
	n->busy = false;
	pthread_cond_broadcast(&s->work);
	if (n->cancel)
		end_canceled(s, n);
}

/*
 * The first job of this lane that may run now. ret_wait_ms: when to look again although nothing was signalled (-1 =
 * never). Called locked; may unlock in between.
 */
static struct node *pick(struct sched *s, enum sched_lane lane, int *ret_wait_ms)
{
	int64_t now = clock_mono_ms();

	*ret_wait_ms = -1;
again:
	for (struct node *n = s->jobs; n; n = n->next) {
		struct node *failed, *on;

		if (n->pub.state != JOB_QUEUED || n->lane != lane || n->busy)
			continue;
		on = blocker(s, n, &failed);
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

static void release_keys(struct node *n)
{
	for (int i = 0; i < n->nkeys; i++)
		fd_close(&n->key_fds[i]);
}

/* Keep the rate: over at least half a second of one stage, -1 until then. Called locked. */
static void update_rate(struct node *n, const struct op_stage *st, int64_t now, bool moved)
{
	if (moved || n->rate_done < 0) {
		n->pub.rate = -1;
	} else if (now - n->rate_at_ms < 500 || st->done < n->rate_done) {
		return;
	} else {
		n->pub.rate = (st->done - n->rate_done) * 1000 / (now - n->rate_at_ms);
	}
	n->rate_at_ms = now;
	n->rate_done = st->done;
}

static void on_stage(void *arg, const struct op_stage *st)
{
	struct sched_run *r = arg;
	struct node *n = r->n;
	int64_t now = clock_mono_ms();
	const char *name = st->name ? st->name : "";
	struct job copy;
	bool moved, due;

	pthread_mutex_lock(&r->s->mutex);
	moved = strcmp(n->pub.stage, name) != 0 || n->pub.step != st->step;
	update_rate(n, st, now, moved);
	str_copy(n->pub.stage, sizeof(n->pub.stage), name);
	n->pub.step = st->step;
	n->pub.steps = st->steps;
	n->pub.done = st->done;
	n->pub.total = st->total;
	due = moved || now - n->told_ms >= PROGRESS_MS;
	if (due)
		n->told_ms = now;
	copy = n->pub;
	pthread_mutex_unlock(&r->s->mutex);
	if (due)
		tell(r->s, &copy);
}

static void log_end(const struct job *j, const struct op *op)
{
	if (j->state == JOB_FAILED)
		log_err(op, &j->err);
	else
		log_info(op, "%s %s: %s", request_kind_to_string(j->kind), j->target, job_state_to_string(j->state));
}

static void begin_run(struct sched *s, struct node *n, struct op *op)
{
	struct job copy;

	pthread_mutex_lock(&s->mutex);
	str_copy(op->id, sizeof(op->id), n->pub.op_id);
	n->op = op;
	if (n->cancel)
		op_cancel(op);
	n->pub.started_ms = clock_wall_ms();
	n->pub.waiting_for[0] = '\0';
	copy = n->pub;
	pthread_mutex_unlock(&s->mutex);
	tell(s, &copy);
	log_info(op, "%s %s: begin", request_kind_to_string(copy.kind), copy.target);
}

/* Record the end; the node may be trimmed from here on. */
static void end_run(struct sched *s, struct node *n, int rc, const struct err *e, struct job *ret)
{
	pthread_mutex_lock(&s->mutex);
	n->pub.state = rc == 0 ? JOB_DONE : e->code == ERR_CANCELED ? JOB_CANCELED : JOB_FAILED;
	n->pub.err = *e;
	n->pub.ended_ms = clock_wall_ms();
	n->free_arg = NULL;
	n->arg = NULL;
	*ret = n->pub;
	note_end(s, n);
	pthread_cond_broadcast(&s->work);
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->mutex);
}

/* Run one job whose keys we hold. Called unlocked. */
static void run_node(struct sched *s, struct node *n)
{
	struct op op;
	struct sched_run r = {s, n};
	struct err e = {0};
	struct job ended;
	int rc;

	op_init(&op, n->timeout_ms);
	op.on_stage = on_stage;
	op.arg = &r;
	begin_run(s, n, &op);
	rc = n->run(n->arg, &op, &r, &e);
	if (n->free_arg)
		n->free_arg(n->arg);
	release_keys(n);
	pthread_mutex_lock(&s->mutex);
	n->op = NULL;
	pthread_mutex_unlock(&s->mutex);
	end_run(s, n, rc, &e, &ended);
	log_end(&ended, &op);
	op_done(&op);
	tell(s, &ended);
}

/* Take the keys between processes. False when the job went back to the queue. Called locked, unlocks in between. */
static bool take_keys(struct sched *s, struct node *n)
{
	const char *keys[SCHED_KEYS_MAX];
	struct err e = {0};
	int rc = 0;

	if (!s->hooks.take_keys || n->nkeys == 0)
		return true;
	for (int i = 0; i < n->nkeys; i++)
		keys[i] = n->keys[i];
	n->taking = n->busy = true;
	pthread_mutex_unlock(&s->mutex);
	rc = s->hooks.take_keys(s->hooks.ctx, keys, n->nkeys, n->key_fds, &e);
	pthread_mutex_lock(&s->mutex);
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
	s->nidle[lane]++;
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
	s->nidle[lane]--;
}

static void *worker(void *argp)
{
	struct worker_arg a = *(struct worker_arg *)argp;
	struct sched *s = a.s;

	free(argp);
	prctl(PR_SET_NAME, lane_names[a.lane]);
	pthread_mutex_lock(&s->mutex);
	while (!s->closing) {
		int wait_ms;
		struct node *n = pick(s, a.lane, &wait_ms);

		if (!n) {
			/* pick() unlocks: the last broadcast may have come meanwhile. */
			if (!s->closing)
				wait_for_work(s, a.lane, wait_ms);
			continue;
		}
		if (!take_keys(s, n))
			continue;
		n->pub.state = JOB_RUNNING;
		pthread_mutex_unlock(&s->mutex);
		run_node(s, n);
		pthread_mutex_lock(&s->mutex);
	}
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}

/* One more worker when none is idle and the lane has room. Called locked. */
static void ensure_worker(struct sched *s, enum sched_lane lane)
{
	struct worker_arg *a;
	int queued = 0;

	for (struct node *n = s->jobs; n; n = n->next)
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
	s->next_id = 1;
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
	for (struct node *n = s->jobs; n; n = n->next) {
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

void sched_stop(struct sched *s)
{
	bool first;

	pthread_mutex_lock(&s->mutex);
	first = !s->closing;
	s->closing = true;
	cancel_all(s);
	pthread_cond_broadcast(&s->work);
	pthread_mutex_unlock(&s->mutex);
	for (int lane = 0; first && lane < LANE_COUNT; lane++)
		for (int i = 0; i < s->nthreads[lane]; i++)
			pthread_join(s->threads[lane][i], NULL);
}

void sched_free(struct sched *s)
{
	if (!s)
		return;
	sched_stop(s);
	while (s->jobs) {
		struct node *n = s->jobs;

		s->jobs = n->next;
		node_free(n);
	}
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct node *node_new(const struct sched_job *j)
{
	struct node *n = xcalloc(1, sizeof(*n));

	n->pub.kind = j->kind;
	n->pub.state = JOB_QUEUED;
	n->pub.done = n->pub.total = n->pub.rate = -1;
	n->pub.queued_ms = clock_wall_ms();
	n->pub.owner = getpid();
	n->pub.local = true;
	id_new(n->pub.op_id);
	str_copy(n->pub.target, sizeof(n->pub.target), j->target ? j->target : "");
	str_copy(n->pub.vm_id, sizeof(n->pub.vm_id), j->vm_id ? j->vm_id : "");
	for (int i = 0; i < SCHED_KEYS_MAX && j->keys[i]; i++)
		str_copy(n->keys[n->nkeys++], SCHED_KEY_SIZE, j->keys[i]);
	/* A total order over lock files: two processes can never take two keys crosswise. */
	qsort(n->keys, (size_t)n->nkeys, SCHED_KEY_SIZE, compare_keys);
	for (int i = 0; i < SCHED_KEYS_MAX; i++)
		n->key_fds[i] = -1;
	n->lane = j->lane;
	memcpy(n->after, j->after, sizeof(n->after));
	str_copy(n->single, sizeof(n->single), j->single ? j->single : "");
	n->timeout_ms = j->timeout_ms;
	n->run = j->run;
	n->free_arg = j->free_arg;
	n->arg = j->arg;
	return n;
}

/* The live job an identical request attaches to: not one with another job of its keys behind it ("stop, start, stop" does
 * not end in the first stop). Called locked. */
static struct node *find_single(struct sched *s, const char *single)
{
	struct node *found = NULL;

	for (struct node *n = s->jobs; single && n; n = n->next) {
		if (!is_live(n))
			continue;
		if (!n->cancel && strcmp(n->single, single) == 0)
			found = n;
		else if (found && shares_key(n, found))
			found = NULL;
	}
	return found;
}

static void enqueue(struct sched *s, struct node *n, bool front)
{
	struct node **p = &s->jobs;

	while (!front && *p)
		p = &(*p)->next;
	n->next = *p;
	*p = n;
}

uint64_t sched_submit(struct sched *s, const struct sched_job *j)
{
	struct node *n;
	uint64_t id;

	pthread_mutex_lock(&s->mutex);
	n = find_single(s, j->single);
	if (n) {
		id = n->pub.id;
		pthread_mutex_unlock(&s->mutex);
		if (j->free_arg)
			j->free_arg(j->arg);
		return id;
	}
	n = node_new(j);
	id = n->pub.id = s->next_id++;
	n->cancel = s->closing;
	enqueue(s, n, j->front);
	tell_queued(s, n);
	ensure_worker(s, j->lane);
	pthread_mutex_unlock(&s->mutex);
	return id;
}

/* Called locked. */
static void cancel_node(struct sched *s, struct node *n)
{
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
	struct node *n;
	int rc = 0;

	pthread_mutex_lock(&s->mutex);
	n = find(s, id);
	if (n && is_live(n))
		cancel_node(s, n);
	else
		rc = err_set(e, ERR_NOT_FOUND, _("that job is over"));
	pthread_mutex_unlock(&s->mutex);
	return rc;
}

int sched_cancel_key(struct sched *s, const char *key, bool (*match)(const struct job *j))
{
	int count = 0;

	pthread_mutex_lock(&s->mutex);
again:
	for (struct node *n = s->jobs; n; n = n->next) {
		bool has = false;

		for (int i = 0; i < n->nkeys; i++)
			has |= strcmp(n->keys[i], key) == 0;
		if (!has || !is_live(n) || n->cancel || !match(&n->pub))
			continue;
		count++;
		cancel_node(s, n);
		goto again;
	}
	pthread_mutex_unlock(&s->mutex);
	return count;
}

bool sched_get(struct sched *s, uint64_t id, struct job *ret)
{
	struct node *n;

	pthread_mutex_lock(&s->mutex);
	n = find(s, id);
	if (n)
		*ret = n->pub;
	pthread_mutex_unlock(&s->mutex);
	return n != NULL;
}

void sched_each(struct sched *s, void (*fn)(void *arg, const struct job *j), void *arg)
{
	pthread_mutex_lock(&s->mutex);
	for (struct node *n = s->jobs; n; n = n->next)
		fn(arg, &n->pub);
	pthread_mutex_unlock(&s->mutex);
}

static bool any_live(const struct sched *s)
{
	for (const struct node *n = s->jobs; n; n = n->next)
		if (is_live(n))
			return true;
	return false;
}

bool sched_wait_idle(struct sched *s, int timeout_ms)
{
	struct timespec ts;
	bool idle;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += timeout_ms / 1000 + 1;
	pthread_mutex_lock(&s->mutex);
	while (any_live(s) && pthread_cond_timedwait(&s->idle, &s->mutex, &ts) != ETIMEDOUT)
		;
	idle = !any_live(s);
	pthread_mutex_unlock(&s->mutex);
	return idle;
}

void sched_run_set_target(struct sched_run *r, const char *target, const char *vm_id)
{
	pthread_mutex_lock(&r->s->mutex);
	str_copy(r->n->pub.target, sizeof(r->n->pub.target), target);
	str_copy(r->n->pub.vm_id, sizeof(r->n->pub.vm_id), vm_id);
	pthread_mutex_unlock(&r->s->mutex);
}

void sched_run_set_timings(struct sched_run *r, const char *timings)
{
	pthread_mutex_lock(&r->s->mutex);
	str_copy(r->n->pub.timings, sizeof(r->n->pub.timings), timings);
	pthread_mutex_unlock(&r->s->mutex);
}

uint64_t sched_run_id(const struct sched_run *r)
{
	return r->n->pub.id;
}
