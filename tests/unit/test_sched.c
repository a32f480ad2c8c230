/* SPDX-License-Identifier: MIT */
/*
 * engine/sched: exclusivity, order, chains, attaching, cancelling, keys held by others, lanes, history.
 *
 * Nothing here sleeps. A job that must be caught in the middle waits at a gate until the test opens it; what happened is
 * read from the listener's record after the scheduler is idle or gone.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/engine/sched.h"

#include <pthread.h>
#include <stdatomic.h>

#define IDLE_MS 60000 /* a bound for a test that hangs, never waited for */
#define RECORD_MAX 8192

/* ---- what the tests share ---- */

struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int arrived;
	bool open;
};

static void gate_init(struct gate *g)
{
	*g = (struct gate){0};
	pthread_mutex_init(&g->mutex, NULL);
	pthread_cond_init(&g->changed, NULL);
}

static void gate_pass(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->arrived++;
	pthread_cond_broadcast(&g->changed);
	while (!g->open)
		pthread_cond_wait(&g->changed, &g->mutex);
	pthread_mutex_unlock(&g->mutex);
}

static void gate_await(struct gate *g, int n)
{
	pthread_mutex_lock(&g->mutex);
	while (g->arrived < n)
		pthread_cond_wait(&g->changed, &g->mutex);
	pthread_mutex_unlock(&g->mutex);
}

static void gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->open = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->mutex);
}

/* Everything the listener was told. */
struct record {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct job jobs[RECORD_MAX];
	int n;
	void (*on_job)(struct record *r, const struct job *j); /* called unlocked, before it is recorded */
	void *arg;
	/* keys another process holds, for the hook */
	_Atomic bool held;
	_Atomic int taken, refused;
	enum err_code refuse_with;
};

static void on_job(void *ctx, const struct job *j)
{
	struct record *r = ctx;

	if (r->on_job)
		r->on_job(r, j);
	pthread_mutex_lock(&r->mutex);
	if (r->n < RECORD_MAX)
		r->jobs[r->n++] = *j;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->mutex);
}

static int take_keys(void *ctx, const char *const *keys UNUSED, int n, int *ret_fds, struct err *e)
{
	struct record *r = ctx;

	for (int i = 0; i < n; i++)
		ret_fds[i] = -1;
	if (atomic_load(&r->held)) {
		atomic_fetch_add(&r->refused, 1);
		return err_set(e, r->refuse_with ? r->refuse_with : ERR_BUSY, "held");
	}
	atomic_fetch_add(&r->taken, 1);
	return 0;
}

static struct record *record_new(void)
{
	struct record *r = xcalloc(1, sizeof(*r));

	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->changed, NULL);
	return r;
}

static struct sched *start(struct record *r)
{
	struct sched_hooks hooks = {.ctx = r, .take_keys = take_keys, .on_job = on_job};

	return sched_new(&hooks);
}

/* Wait until the listener was told of this job in this state; the copy is in ret (may be NULL). */
static void await(struct record *r, uint64_t id, enum job_state state, const char *waiting_for, struct job *ret)
{
	pthread_mutex_lock(&r->mutex);
	for (int i = 0;; i++) {
		while (i >= r->n)
			pthread_cond_wait(&r->changed, &r->mutex);
		if (r->jobs[i].id == id && r->jobs[i].state == state &&
		    (!waiting_for || strcmp(r->jobs[i].waiting_for, waiting_for) == 0)) {
			if (ret)
				*ret = r->jobs[i];
			break;
		}
	}
	pthread_mutex_unlock(&r->mutex);
}

/* Place of this change in the record, -1 when it is not there. */
static int place(struct record *r, uint64_t id, enum job_state state)
{
	int at = -1;

	pthread_mutex_lock(&r->mutex);
	for (int i = 0; i < r->n && at < 0; i++)
		if (r->jobs[i].id == id && r->jobs[i].state == state)
			at = i;
	pthread_mutex_unlock(&r->mutex);
	return at;
}

static struct job ended(struct sched *s, uint64_t id)
{
	struct job j = {0};

	assert_true(sched_get(s, id, &j));
	return j;
}

/* States only move forward for each job: queued, running, ended, and nothing after the end. */
static void assert_in_order(const struct record *r)
{
	for (int i = 0; i < r->n; i++) {
		for (int k = i + 1; k < r->n; k++) {
			if (r->jobs[k].id != r->jobs[i].id)
				continue;
			if (r->jobs[k].state < r->jobs[i].state || r->jobs[i].state >= JOB_DONE)
				fail_msg("job %d: %s after %s", (int)r->jobs[i].id,
					 job_state_to_string(r->jobs[k].state), job_state_to_string(r->jobs[i].state));
			break;
		}
	}
}

static void finish(struct sched *s, struct record *r)
{
	sched_free(s);
	assert_in_order(r);
	pthread_mutex_destroy(&r->mutex);
	pthread_cond_destroy(&r->changed);
	free(r);
}

/* What was told of parts, in the order it was. */
struct parts_record {
	struct job_parts pieces[64];
	int n;
};

static void on_parts(void *ctx, const struct job *j, const struct job_parts *p)
{
	struct parts_record *r = ctx;

	assert_int_equal(j->id, p->job);
	assert_int_equal(j->state, JOB_RUNNING);
	assert_true(r->n < (int)ARRAY_LEN(r->pieces));
	r->pieces[r->n++] = *p;
}

/* 20 parts, of which one moves. */
struct moving {
	int64_t done;
	enum op_part_state state;
};

static bool moving_part(void *arg, size_t i, struct op_part *ret)
{
	const struct moving *m = arg;

	if (i >= 20)
		return false;
	*ret = (struct op_part){.state = OP_PART_WAITING, .total = 1000};
	snprintf(ret->name, sizeof(ret->name), "part %zu", i);
	if (i == 17)
		*ret = (struct op_part){.name = "moving", .state = m->state, .done = m->done, .total = 1000, .kept = 100};
	return true;
}

static int run_parts(void *arg UNUSED, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	struct moving m = {.done = 100, .state = OP_PART_MOVING};

	op_stage(op, "fetch");
	op_parts(op, moving_part, &m);
	for (int i = 0; i < 8; i++) {
		if (op_sleep(op, 200, e) < 0)
			return -1;
		m.done += 50;
		op_kept(op, 100);
		op_progress(op, m.done, 20000);
	}
	m.state = OP_PART_THERE;
	if (op_sleep(op, 200, e) < 0)
		return -1;
	op_progress(op, m.done, 20000);
	op_parts(op, NULL, NULL);
	return op_sleep(op, 200, e) < 0 ? -1 : (op_progress(op, m.done, 20000), 0);
}

/* ---- jobs ---- */

static int run_nothing(void *arg UNUSED, struct op *op UNUSED, struct sched_run *r UNUSED, struct err *e UNUSED)
{
	return 0;
}

static int run_gate(void *arg, struct op *op UNUSED, struct sched_run *r UNUSED, struct err *e UNUSED)
{
	gate_pass(arg);
	return 0;
}

static int run_fail(void *arg UNUSED, struct op *op UNUSED, struct sched_run *r UNUSED, struct err *e)
{
	return err_set(e, ERR_TOOL, "it broke");
}

/* Waits until it is cancelled; arg, if any, is a gate it announces itself at. */
static int run_until_canceled(void *arg, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	if (arg) {
		struct gate *g = arg;

		pthread_mutex_lock(&g->mutex);
		g->arrived++;
		pthread_cond_broadcast(&g->changed);
		pthread_mutex_unlock(&g->mutex);
	}
	return op_poll(op, NULL, 0, -1, e);
}

static struct sched_job job(int (*run)(void *, struct op *, struct sched_run *, struct err *), void *arg,
			    const char *key)
{
	return (struct sched_job){.kind = REQ_VM_START,
				  .target = "web1",
				  .keys = {key},
				  .lane = LANE_LIFE,
				  .timeout_ms = -1,
				  .run = run,
				  .arg = arg};
}

static uint64_t submit(struct sched *s, int (*run)(void *, struct op *, struct sched_run *, struct err *), void *arg,
		       const char *key)
{
	struct sched_job j = job(run, arg, key);

	return sched_submit(s, &j);
}

/* ---- tests ---- */

static void a_job_is_told_queued_running_done(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	uint64_t id = submit(s, run_nothing, NULL, "vm:a");
	struct job j;

	await(r, id, JOB_DONE, NULL, &j);
	assert_string_equal(j.target, "web1");
	assert_int_equal(j.kind, REQ_VM_START);
	assert_true(j.local);
	assert_true(j.queued_ms > 0 && j.started_ms >= j.queued_ms && j.ended_ms >= j.started_ms);
	assert_int_equal(strlen(j.op_id), 12);
	assert_true(place(r, id, JOB_QUEUED) < place(r, id, JOB_RUNNING));
	assert_int_equal(atomic_load(&r->taken), 1);
	finish(s, r);
}

/* Checks that fail on a worker: cmocka's own may only be used on the test's thread. */
static _Atomic int violations;

static int run_count(void *arg, struct op *op UNUSED, struct sched_run *r UNUSED, struct err *e UNUSED)
{
	_Atomic int *inside = arg;

	if (atomic_fetch_add(inside, 1) != 0)
		atomic_fetch_add(&violations, 1);
	atomic_fetch_sub(inside, 1);
	return 0;
}

static void jobs_of_one_key_exclude_each_other(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	_Atomic int inside = 0;

	for (int i = 0; i < 200; i++)
		submit(s, run_count, &inside, "vm:a");
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(atomic_load(&violations), 0);
	finish(s, r);
}

struct order {
	pthread_mutex_t mutex;
	uint64_t ids[64];
	int n;
};

static int run_note(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e UNUSED)
{
	struct order *o = arg;

	pthread_mutex_lock(&o->mutex);
	o->ids[o->n++] = sched_run_id(r);
	pthread_mutex_unlock(&o->mutex);
	return 0;
}

static void jobs_of_one_key_keep_their_order(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct order o = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	struct gate g;
	uint64_t ids[20];

	gate_init(&g);
	submit(s, run_gate, &g, "vm:a");
	gate_await(&g, 1);
	for (int i = 0; i < 20; i++)
		ids[i] = submit(s, run_note, &o, "vm:a");
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(o.n, 20);
	assert_memory_equal(o.ids, ids, sizeof(ids));
	finish(s, r);
}

/* A: a, B: a and b (waits for A), C: b. C must not slip past B, though b is free. */
static void a_job_never_overtakes_one_it_shares_a_key_with(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct order o = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	struct sched_job both = job(run_note, &o, "vm:a");
	struct gate g;
	uint64_t b, c, free_one;

	gate_init(&g);
	submit(s, run_gate, &g, "vm:a");
	gate_await(&g, 1);
	both.keys[1] = "vm:b";
	b = sched_submit(s, &both);
	c = submit(s, run_note, &o, "vm:b");
	free_one = submit(s, run_note, &o, "vm:c");
	await(r, free_one, JOB_DONE, NULL, NULL); /* unrelated work goes on */
	assert_int_equal(ended(s, c).state, JOB_QUEUED);
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(o.ids[0], free_one);
	assert_int_equal(o.ids[1], b);
	assert_int_equal(o.ids[2], c);
	finish(s, r);
}

static void different_keys_run_together(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct gate g;

	gate_init(&g);
	for (int i = 0; i < 8; i++) {
		char key[16];

		snprintf(key, sizeof(key), "vm:%d", i);
		submit(s, run_gate, &g, key);
	}
	gate_await(&g, 8); /* all inside at once */
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	finish(s, r);
}

static void front_goes_to_the_head_of_the_line(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct order o = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	struct sched_job front = job(run_note, &o, "vm:a");
	struct gate g;
	uint64_t second, urgent;

	gate_init(&g);
	submit(s, run_gate, &g, "vm:a");
	gate_await(&g, 1);
	second = submit(s, run_note, &o, "vm:a");
	front.front = true;
	urgent = sched_submit(s, &front);
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(o.ids[0], urgent);
	assert_int_equal(o.ids[1], second);
	finish(s, r);
}

static void waiting_names_what_is_waited_for(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct gate g;
	uint64_t id;
	struct job j;

	gate_init(&g);
	submit(s, run_gate, &g, "vm:a");
	gate_await(&g, 1);
	id = submit(s, run_nothing, NULL, "vm:a");
	await(r, id, JOB_QUEUED, "start web1", NULL);
	gate_open(&g);
	await(r, id, JOB_DONE, NULL, &j);
	assert_string_equal(j.waiting_for, "");
	finish(s, r);
}

static void a_chain_runs_in_turn(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct order o = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	struct sched_job second = job(run_note, &o, "vm:a"), third = second;
	struct gate g;
	uint64_t ids[3];

	gate_init(&g);
	ids[0] = submit(s, run_gate, &g, "image:tiny");
	second.after[0] = ids[0];
	ids[1] = sched_submit(s, &second);
	third.after[1] = ids[1];
	ids[2] = sched_submit(s, &third);
	gate_await(&g, 1);
	assert_int_equal(ended(s, ids[1]).state, JOB_QUEUED);
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(o.n, 2);
	assert_int_equal(o.ids[0], ids[1]);
	assert_int_equal(o.ids[1], ids[2]);
	finish(s, r);
}

static void a_failure_runs_down_the_chain(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct order o = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	struct sched_job next = job(run_note, &o, "vm:a");
	struct gate g;
	uint64_t ids[3];

	gate_init(&g);
	submit(s, run_gate, &g, "image:tiny");
	ids[0] = submit(s, run_fail, NULL, "image:tiny");
	next.after[0] = ids[0];
	ids[1] = sched_submit(s, &next);
	next.after[0] = ids[1];
	ids[2] = sched_submit(s, &next);
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(o.n, 0);
	for (int i = 0; i < 3; i++) {
		struct job j = ended(s, ids[i]);

		assert_int_equal(j.state, JOB_FAILED);
		assert_int_equal(j.err.code, ERR_TOOL);
		assert_string_equal(j.err.msg, "it broke");
	}
	finish(s, r);
}

static void a_job_after_an_ended_one_runs_or_fails_at_once(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct sched_job next = job(run_nothing, NULL, NULL);
	uint64_t good = submit(s, run_nothing, NULL, NULL), bad = submit(s, run_fail, NULL, NULL), a, b;

	assert_true(sched_wait_idle(s, IDLE_MS));
	next.after[0] = good;
	a = sched_submit(s, &next);
	next.after[1] = bad;
	b = sched_submit(s, &next);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(ended(s, a).state, JOB_DONE);
	assert_int_equal(ended(s, b).state, JOB_FAILED);
	finish(s, r);
}

static _Atomic int freed;

static void count_free(void *arg UNUSED)
{
	atomic_fetch_add(&freed, 1);
}

static void an_identical_request_attaches(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct gate g;
	struct sched_job j;
	uint64_t id;

	gate_init(&g);
	atomic_store(&freed, 0);
	j = job(run_gate, &g, "image:tiny");
	j.single = "pull tiny";
	j.free_arg = count_free;
	id = sched_submit(s, &j);
	assert_int_equal(sched_submit(s, &j), id);
	assert_int_equal(atomic_load(&freed), 1);
	gate_await(&g, 1);
	assert_int_equal(sched_submit(s, &j), id); /* running, too */
	j.single = "pull debian";
	assert_int_not_equal(sched_submit(s, &j), id);
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	j.single = "pull tiny";
	assert_int_not_equal(sched_submit(s, &j), id); /* that one is over */
	assert_true(sched_wait_idle(s, IDLE_MS));
	sched_free(s);
	assert_int_equal(atomic_load(&freed), 5);
	assert_int_equal(g.arrived, 3);
	free(r);
}

/* stop, start, stop: the last wish is not the first one's. */
static void attaching_does_not_jump_over_another_job_of_the_key(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct sched_job stop, begin;
	struct gate g;
	uint64_t ids[3];

	gate_init(&g);
	stop = job(run_gate, &g, "vm:a");
	stop.single = "stop a";
	begin = job(run_nothing, NULL, "vm:a");
	begin.single = "start a";
	ids[0] = sched_submit(s, &stop);
	gate_await(&g, 1);
	ids[1] = sched_submit(s, &begin);
	ids[2] = sched_submit(s, &stop);
	assert_int_not_equal(ids[2], ids[0]);
	assert_int_equal(sched_submit(s, &stop), ids[2]);
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_true(place(r, ids[1], JOB_RUNNING) < place(r, ids[2], JOB_RUNNING));
	finish(s, r);
}

static void a_canceled_job_is_not_attached_to(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct err e = {0};
	struct sched_job j;
	struct gate g;
	uint64_t id;

	gate_init(&g);
	j = job(run_gate, &g, NULL); /* does not look at its op */
	j.single = "pull tiny";
	id = sched_submit(s, &j);
	gate_await(&g, 1);
	assert_ok(sched_cancel(s, id, &e), &e);
	assert_int_not_equal(sched_submit(s, &j), id);
	gate_open(&g);
	finish(s, r);
}

static void a_queued_job_is_canceled_at_once(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct err e = {0};
	struct sched_job j;
	struct gate g;
	uint64_t id, after;

	gate_init(&g);
	atomic_store(&freed, 0);
	submit(s, run_gate, &g, "vm:a");
	gate_await(&g, 1);
	j = job(run_nothing, NULL, "vm:a");
	j.free_arg = count_free;
	id = sched_submit(s, &j);
	j.after[0] = id;
	after = sched_submit(s, &j);
	assert_ok(sched_cancel(s, id, &e), &e);
	await(r, id, JOB_CANCELED, NULL, NULL); /* though its key is not free */
	assert_int_equal(ended(s, id).err.code, ERR_CANCELED);
	assert_err(sched_cancel(s, id, &e), &e, ERR_NOT_FOUND);
	await(r, after, JOB_CANCELED, NULL, NULL); /* and what came after it, without waiting for the key */
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(place(r, id, JOB_RUNNING), -1);
	sched_free(s);
	assert_int_equal(atomic_load(&freed), 2);
	free(r);
}

static void a_running_job_sees_its_cancel(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct err e = {0};
	struct gate g;
	uint64_t id;

	gate_init(&g);
	id = submit(s, run_until_canceled, &g, "vm:a");
	gate_await(&g, 1);
	assert_ok(sched_cancel(s, id, &e), &e);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(ended(s, id).state, JOB_CANCELED);
	assert_err(sched_cancel(s, 4711, &e), &e, ERR_NOT_FOUND);
	finish(s, r);
}

static bool is_restart(const struct job *j)
{
	return j->kind == REQ_VM_RESTART;
}

static void a_keys_jobs_are_canceled_by_choice(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct sched_job restart = job(run_until_canceled, NULL, "vm:a");
	struct gate g;
	uint64_t running, queued, other_kind, other_key;

	gate_init(&g);
	restart.kind = REQ_VM_RESTART;
	restart.arg = &g;
	running = sched_submit(s, &restart);
	gate_await(&g, 1);
	restart.arg = NULL;
	queued = sched_submit(s, &restart);
	other_kind = submit(s, run_nothing, NULL, "vm:a");
	other_key = submit(s, run_nothing, NULL, "vm:b");
	assert_int_equal(sched_cancel_key(s, "vm:a", is_restart), 2);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(ended(s, running).state, JOB_CANCELED);
	assert_int_equal(ended(s, queued).state, JOB_CANCELED);
	assert_int_equal(ended(s, other_kind).state, JOB_DONE);
	assert_int_equal(ended(s, other_key).state, JOB_DONE);
	assert_int_equal(sched_cancel_key(s, "vm:a", is_restart), 0);
	finish(s, r);
}

static void a_deadline_ends_a_job(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct sched_job j = job(run_until_canceled, NULL, NULL);
	uint64_t id;

	j.timeout_ms = 1;
	id = sched_submit(s, &j);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(ended(s, id).state, JOB_FAILED);
	assert_int_equal(ended(s, id).err.code, ERR_TIMEOUT);
	finish(s, r);
}

static void a_key_held_by_another_process_is_waited_for(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	uint64_t id, other;

	atomic_store(&r->held, true);
	id = submit(s, run_nothing, NULL, "vm:a");
	await(r, id, JOB_QUEUED, "another banger-tui", NULL);
	other = submit(s, run_nothing, NULL, NULL); /* no key: not held up */
	await(r, other, JOB_DONE, NULL, NULL);
	assert_int_equal(ended(s, id).state, JOB_QUEUED);
	atomic_store(&r->held, false);
	await(r, id, JOB_DONE, NULL, NULL);
	assert_true(atomic_load(&r->refused) >= 1);
	finish(s, r);
}

static void a_job_waiting_for_another_process_can_be_canceled(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct err e = {0};
	uint64_t id;

	atomic_store(&r->held, true);
	id = submit(s, run_nothing, NULL, "vm:a");
	await(r, id, JOB_QUEUED, "another banger-tui", NULL);
	assert_ok(sched_cancel(s, id, &e), &e);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(ended(s, id).state, JOB_CANCELED);
	finish(s, r);
}

static void keys_that_cannot_be_taken_fail_the_job(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	uint64_t id;

	r->refuse_with = ERR_SPACE;
	atomic_store(&r->held, true);
	id = submit(s, run_nothing, NULL, "vm:a");
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(ended(s, id).state, JOB_FAILED);
	assert_int_equal(ended(s, id).err.code, ERR_SPACE);
	finish(s, r);
}

static int take_in_order(void *ctx, const char *const *keys, int n, int *ret_fds, struct err *e UNUSED)
{
	for (int i = 0; i < n; i++) {
		buf_addf(ctx, "%s ", keys[i]);
		ret_fds[i] = -1;
	}
	return 0;
}

static void keys_are_taken_in_sorted_order(void **state UNUSED)
{
	struct buf taken = {0};
	struct sched_hooks hooks = {.ctx = &taken, .take_keys = take_in_order};
	struct sched *s = sched_new(&hooks);
	struct sched_job j = job(run_nothing, NULL, "vm:z");

	j.keys[1] = "image:x";
	j.keys[2] = "kernel:y";
	sched_submit(s, &j);
	assert_true(sched_wait_idle(s, IDLE_MS));
	sched_free(s);
	assert_string_equal(buf_cstr(&taken), "image:x kernel:y vm:z ");
	buf_done(&taken);
}

/* More downloads and more life-cycle jobs than there are workers: kill still gets in, and so does a start. */
static void lanes_do_not_starve_each_other(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct gate transfers, lives;
	struct sched_job j;
	uint64_t life, urgent;

	gate_init(&transfers);
	gate_init(&lives);
	j = job(run_gate, &transfers, NULL);
	j.lane = LANE_TRANSFER;
	for (int i = 0; i < 40; i++)
		sched_submit(s, &j);
	life = submit(s, run_nothing, NULL, "vm:a");
	await(r, life, JOB_DONE, NULL, NULL);
	for (int i = 0; i < 40; i++)
		submit(s, run_gate, &lives, NULL);
	j = job(run_nothing, NULL, NULL);
	j.lane = LANE_URGENT;
	urgent = sched_submit(s, &j);
	await(r, urgent, JOB_DONE, NULL, NULL);
	gate_open(&transfers);
	gate_open(&lives);
	assert_true(sched_wait_idle(s, IDLE_MS));
	finish(s, r);
}

static void count_job(void *arg, const struct job *j UNUSED)
{
	(*(int *)arg)++;
}

static int remembered(struct sched *s)
{
	int n = 0;

	sched_each(s, count_job, &n);
	return n;
}

static void history_is_bounded(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	uint64_t first = submit(s, run_nothing, NULL, NULL), last = 0;
	struct job j;

	await(r, first, JOB_DONE, NULL, NULL);
	for (int i = 0; i < 700; i++)
		last = submit(s, run_nothing, NULL, NULL);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(remembered(s), 200);
	assert_false(sched_get(s, first, &j));
	assert_true(sched_get(s, last, &j));
	finish(s, r);
}

static void history_of_canceled_jobs_is_bounded_too(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct err e = {0};
	struct gate g;

	gate_init(&g);
	submit(s, run_gate, &g, "vm:a");
	gate_await(&g, 1);
	for (int i = 0; i < 500; i++) {
		uint64_t id = submit(s, run_nothing, NULL, "vm:a");

		assert_ok(sched_cancel(s, id, &e), &e);
		await(r, id, JOB_CANCELED, NULL, NULL);
	}
	assert_int_equal(remembered(s), 201);
	gate_open(&g);
	finish(s, r);
}

/* A failure must reach the job that waits, however much else happened meanwhile. */
static void a_failure_somebody_waits_for_is_not_forgotten(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct sched_job next = job(run_nothing, NULL, NULL);
	struct gate g;
	uint64_t slow, bad, id;

	gate_init(&g);
	slow = submit(s, run_gate, &g, "image:tiny");
	bad = submit(s, run_fail, NULL, "kernel:debian");
	await(r, bad, JOB_FAILED, NULL, NULL);
	next.after[0] = slow;
	next.after[1] = bad;
	id = sched_submit(s, &next);
	for (int i = 0; i < 400; i++)
		submit(s, run_nothing, NULL, "vm:b");
	await(r, submit(s, run_nothing, NULL, "vm:b"), JOB_DONE, NULL, NULL);
	gate_open(&g);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_int_equal(ended(s, id).state, JOB_FAILED);
	assert_string_equal(ended(s, id).err.msg, "it broke");
	finish(s, r);
}

struct waiting_hook {
	uint64_t id;
	struct gate gate;
	_Atomic bool used;
};

static void hold_waiting(struct record *r, const struct job *j)
{
	struct waiting_hook *h = r->arg;

	if (j->state == JOB_QUEUED && j->waiting_for[0] && j->id == 2 && !atomic_exchange(&h->used, true))
		gate_pass(&h->gate);
}

/* The listener is still being told that job 2 waits: it must not begin behind the listener's back. */
static void a_slow_listener_never_sees_a_job_go_back(void **state UNUSED)
{
	struct record *r = record_new();
	struct waiting_hook h = {0};
	struct sched *s;
	struct gate g;
	uint64_t waits;

	gate_init(&g);
	gate_init(&h.gate);
	r->arg = &h;
	r->on_job = hold_waiting;
	s = start(r);
	submit(s, run_gate, &g, "vm:a");
	gate_await(&g, 1);
	waits = submit(s, run_nothing, NULL, "vm:a");
	assert_int_equal(waits, 2);
	gate_await(&h.gate, 1);
	gate_open(&g);
	await(r, 1, JOB_DONE, NULL, NULL);
	/* Whoever picks this one has looked at job 2 before. */
	await(r, submit(s, run_nothing, NULL, NULL), JOB_DONE, NULL, NULL);
	assert_int_equal(ended(s, waits).state, JOB_QUEUED);
	gate_open(&h.gate);
	await(r, waits, JOB_DONE, NULL, NULL);
	finish(s, r);
}

static int run_stages(void *arg UNUSED, struct op *op, struct sched_run *r, struct err *e UNUSED)
{
	sched_run_set_target(r, "web9", "0123456789ab");
	op_step(op, "download", 1, 2);
	op_progress(op, 10, 100);
	op_step(op, "unpack", 2, 2);
	sched_run_set_timings(r, "download 1ms, unpack 2ms");
	return 0;
}

static void stages_target_and_timings_are_told(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	uint64_t id = submit(s, run_stages, NULL, NULL);
	bool download = false, unpack = false;
	struct job j;

	await(r, id, JOB_DONE, NULL, &j);
	sched_stop(s);
	assert_string_equal(j.target, "web9");
	assert_string_equal(j.vm_id, "0123456789ab");
	assert_string_equal(j.timings, "download 1ms, unpack 2ms");
	for (int i = 0; i < r->n; i++) {
		download |= strcmp(r->jobs[i].stage, "download") == 0 && r->jobs[i].step == 1 && r->jobs[i].steps == 2;
		unpack |= strcmp(r->jobs[i].stage, "unpack") == 0 && r->jobs[i].step == 2;
	}
	assert_true(download && unpack);
	finish(s, r);
}

static void closing_cancels_and_frees_everything(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct sched_job j;
	struct gate g;

	gate_init(&g);
	atomic_store(&freed, 0);
	j = job(run_until_canceled, &g, "vm:a");
	j.free_arg = count_free;
	sched_submit(s, &j);
	gate_await(&g, 1);
	for (int i = 0; i < 5; i++)
		sched_submit(s, &j);
	sched_free(s);
	assert_int_equal(atomic_load(&freed), 6);
	for (uint64_t id = 1; id <= 6; id++)
		assert_true(place(r, id, JOB_CANCELED) >= 0);
	assert_int_equal(place(r, 2, JOB_RUNNING), -1);
	assert_in_order(r);
	free(r);
	sched_free(NULL);
}

/* Others may still submit while it is being closed: the request ends canceled, and nothing runs. */
static void a_stopped_scheduler_refuses_quietly(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	struct sched_job j = job(run_nothing, NULL, "vm:a");
	uint64_t id;

	atomic_store(&freed, 0);
	sched_stop(s);
	j.free_arg = count_free;
	id = sched_submit(s, &j);
	assert_int_equal(atomic_load(&freed), 1);
	assert_int_equal(place(r, id, JOB_RUNNING), -1);
	assert_true(place(r, id, JOB_CANCELED) >= 0);
	finish(s, r);
}

/* ---- many threads ---- */

#define SUBMITTERS 8
#define EACH 150

struct crowd {
	struct sched *s;
	pthread_barrier_t *start;
	_Atomic int *inside; /* one counter a key */
	_Atomic int ran;
	int seed;
};

struct crowd_job {
	struct crowd *c;
	int key;
};

static int run_in_crowd(void *arg, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	struct crowd_job *j = arg;

	if (atomic_fetch_add(&j->c->inside[j->key], 1) != 0)
		atomic_fetch_add(&violations, 1);
	atomic_fetch_add(&j->c->ran, 1);
	op_step(op, "crowd", 1, 1);
	atomic_fetch_sub(&j->c->inside[j->key], 1);
	return op_check(op, e);
}

static void *submit_many(void *arg)
{
	struct crowd *c = arg;
	unsigned seed = (unsigned)c->seed;

	pthread_barrier_wait(c->start);
	for (int i = 0; i < EACH; i++) {
		struct crowd_job *cj = xcalloc(1, sizeof(*cj));
		char key[16], single[16];
		struct sched_job j;
		uint64_t id;

		cj->c = c;
		cj->key = rand_r(&seed) % 10;
		snprintf(key, sizeof(key), "vm:%d", cj->key);
		snprintf(single, sizeof(single), "s%d", cj->key);
		j = job(run_in_crowd, cj, key);
		j.lane = (enum sched_lane)(rand_r(&seed) % LANE_COUNT);
		j.free_arg = free;
		j.front = rand_r(&seed) % 7 == 0;
		j.single = rand_r(&seed) % 3 == 0 ? single : NULL;
		id = sched_submit(c->s, &j);
		if (rand_r(&seed) % 5 == 0 && sched_cancel(c->s, id, NULL) < 0)
			continue; /* it was over: as good */
	}
	return NULL;
}

static void many_threads_submit_and_cancel(void **state UNUSED)
{
	struct record *r = record_new();
	struct sched *s = start(r);
	_Atomic int inside[10] = {0};
	struct crowd crowds[SUBMITTERS];
	pthread_t threads[SUBMITTERS];
	pthread_barrier_t barrier;
	int ran = 0;

	pthread_barrier_init(&barrier, NULL, SUBMITTERS);
	for (int i = 0; i < SUBMITTERS; i++) {
		crowds[i] = (struct crowd){.s = s, .start = &barrier, .inside = inside, .seed = i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &crowds[i]), 0);
	}
	for (int i = 0; i < SUBMITTERS; i++)
		pthread_join(threads[i], NULL);
	assert_true(sched_wait_idle(s, IDLE_MS));
	for (int i = 0; i < SUBMITTERS; i++)
		ran += atomic_load(&crowds[i].ran);
	assert_true(ran > 0 && ran <= SUBMITTERS * EACH);
	assert_int_equal(atomic_load(&violations), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(atomic_load(&inside[i]), 0);
	pthread_barrier_destroy(&barrier);
	finish(s, r);
}

/* All parts once, then the piece in which something changed; a rate for what moves, of what it moved itself. */
static void parts_are_told_as_they_change(void **state UNUSED)
{
	struct parts_record r = {0};
	struct sched_hooks hooks = {.ctx = &r, .on_parts = on_parts};
	struct sched *s = sched_new(&hooks);
	struct sched_job j = {.kind = REQ_IMAGE_PULL, .lane = LANE_TRANSFER, .timeout_ms = -1, .run = run_parts};
	const struct job_parts *last;

	sched_submit(s, &j);
	assert_true(sched_wait_idle(s, IDLE_MS));
	assert_true(r.n >= 4);
	assert_int_equal(r.pieces[0].first, 0);
	assert_int_equal(r.pieces[0].n, JOB_PARTS_PIECE);
	assert_int_equal(r.pieces[0].count, 20);
	assert_string_equal(r.pieces[0].parts[3].name, "part 3");
	for (int i = 1; i < r.n; i++) {
		assert_int_equal(r.pieces[i].first, JOB_PARTS_PIECE);
		assert_int_equal(r.pieces[i].n, 4);
		assert_string_equal(r.pieces[i].parts[1].name, "moving");
		assert_int_equal(r.pieces[i].parts[0].rate, -1);
	}
	assert_int_equal(r.pieces[1].parts[1].rate, -1); /* too soon */
	last = &r.pieces[r.n - 2];
	assert_int_equal(last->parts[1].state, OP_PART_MOVING);
	assert_in_range(last->parts[1].rate, 1, 250); /* 250 where no sleep is late */
	last = &r.pieces[r.n - 1];
	assert_int_equal(last->parts[1].state, OP_PART_THERE);
	assert_int_equal(last->parts[1].rate, -1);
	sched_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_is_told_queued_running_done),
		cmocka_unit_test(jobs_of_one_key_exclude_each_other),
		cmocka_unit_test(jobs_of_one_key_keep_their_order),
		cmocka_unit_test(a_job_never_overtakes_one_it_shares_a_key_with),
		cmocka_unit_test(different_keys_run_together),
		cmocka_unit_test(front_goes_to_the_head_of_the_line),
		cmocka_unit_test(waiting_names_what_is_waited_for),
		cmocka_unit_test(a_chain_runs_in_turn),
		cmocka_unit_test(a_failure_runs_down_the_chain),
		cmocka_unit_test(a_job_after_an_ended_one_runs_or_fails_at_once),
		cmocka_unit_test(an_identical_request_attaches),
		cmocka_unit_test(attaching_does_not_jump_over_another_job_of_the_key),
		cmocka_unit_test(a_canceled_job_is_not_attached_to),
		cmocka_unit_test(a_queued_job_is_canceled_at_once),
		cmocka_unit_test(a_running_job_sees_its_cancel),
		cmocka_unit_test(a_keys_jobs_are_canceled_by_choice),
		cmocka_unit_test(a_deadline_ends_a_job),
		cmocka_unit_test(a_key_held_by_another_process_is_waited_for),
		cmocka_unit_test(a_job_waiting_for_another_process_can_be_canceled),
		cmocka_unit_test(keys_that_cannot_be_taken_fail_the_job),
		cmocka_unit_test(keys_are_taken_in_sorted_order),
		cmocka_unit_test(lanes_do_not_starve_each_other),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(history_of_canceled_jobs_is_bounded_too),
		cmocka_unit_test(a_failure_somebody_waits_for_is_not_forgotten),
		cmocka_unit_test(a_slow_listener_never_sees_a_job_go_back),
		cmocka_unit_test(stages_target_and_timings_are_told),
		cmocka_unit_test(closing_cancels_and_frees_everything),
		cmocka_unit_test(a_stopped_scheduler_refuses_quietly),
		cmocka_unit_test(many_threads_submit_and_cancel),
		cmocka_unit_test(parts_are_told_as_they_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
