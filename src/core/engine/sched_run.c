/* SPDX-License-Identifier: MIT */
/*
 * One job while it runs: its op, its stages and progress on the way to the listener, and its end.
 */
#include "core/engine/sched_priv.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

#include <assert.h>
#include <string.h>

#define PROGRESS_MS 100 /* progress reaches the listener at most this often */

/* Keep the rate: over at least half a second of one stage, -1 until then. Called locked. */
static void update_rate(struct sched_node *n, const struct op_stage *st, int64_t now, bool moved)
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
	struct sched_node *n = r->n;
	int64_t now = clock_mono_ms();
	const char *name = st->name ? st->name : "";
	struct job copy;
	bool moved, due;

	assert(st->step >= 0 && st->step <= st->steps);
	sched_lock(r->s);
	moved = strcmp(n->pub.stage, name) != 0 || n->pub.step != st->step;
	update_rate(n, st, now, moved);
	str_copy(n->pub.stage, sizeof(n->pub.stage), name);
	str_copy(n->pub.detail, sizeof(n->pub.detail), st->detail);
	n->pub.step = st->step;
	n->pub.steps = st->steps;
	n->pub.done = st->done;
	n->pub.total = st->total;
	due = moved || now - n->told_ms >= PROGRESS_MS;
	if (due)
		n->told_ms = now;
	copy = n->pub;
	sched_unlock(r->s);
	if (due)
		sched_tell(r->s, &copy);
}

static void release_keys(struct sched_node *n)
{
	for (int i = 0; i < n->nkeys; i++)
		fd_close(&n->key_fds[i]);
}

static void log_end(const struct job *j, const struct op *op)
{
	if (j->state == JOB_FAILED)
		log_err(op, &j->err);
	else
		log_info(op, "%s %s: %s", request_kind_to_string(j->kind), j->target, job_state_to_string(j->state));
}

static void begin_run(struct sched *s, struct sched_node *n, struct op *op)
{
	struct job copy;

	sched_lock(s);
	assert(n->pub.state == JOB_RUNNING && !n->op && !n->busy);
	str_copy(op->id, sizeof(op->id), n->pub.op_id);
	n->op = op;
	if (n->cancel)
		op_cancel(op);
	n->pub.started_ms = clock_wall_ms();
	n->pub.waiting_for[0] = '\0';
	copy = n->pub;
	sched_unlock(s);
	sched_tell(s, &copy);
	if (!n->quiet)
		log_info(op, "%s %s: begin", request_kind_to_string(copy.kind), copy.target);
}

/* Record the end; the node may be trimmed from here on. */
static void end_run(struct sched *s, struct sched_node *n, int rc, const struct err *e, struct job *ret)
{
	sched_lock(s);
	assert(n->pub.state == JOB_RUNNING && !n->op && !n->busy);
	n->pub.state = rc == 0 ? JOB_DONE : e->code == ERR_CANCELED ? JOB_CANCELED : JOB_FAILED;
	n->pub.err = *e;
	n->pub.ended_ms = clock_wall_ms();
	n->free_arg = NULL;
	n->arg = NULL;
	*ret = n->pub;
	sched_queue_end(&s->queue, n);
	pthread_cond_broadcast(&s->work);
	pthread_cond_broadcast(&s->idle);
	sched_unlock(s);
}

void sched_run_node(struct sched *s, struct sched_node *n)
{
	struct op op;
	struct sched_run r = {s, n};
	struct err e = {0};
	struct job ended;
	bool quiet = n->quiet;
	int rc;

	op_init(&op, n->timeout_ms);
	op.on_stage = on_stage;
	op.arg = &r;
	begin_run(s, n, &op);
	rc = n->run(n->arg, &op, &r, &e);
	assert(rc == 0 || err_is_set(&e));
	if (n->free_arg)
		n->free_arg(n->arg);
	release_keys(n);
	sched_lock(s);
	n->op = NULL;
	sched_unlock(s);
	end_run(s, n, rc, &e, &ended);
	if (!quiet)
		log_end(&ended, &op);
	op_done(&op);
	sched_tell(s, &ended);
}

void sched_run_set_target(struct sched_run *r, const char *target, const char *vm_id)
{
	sched_lock(r->s);
	str_copy(r->n->pub.target, sizeof(r->n->pub.target), target);
	str_copy(r->n->pub.vm_id, sizeof(r->n->pub.vm_id), vm_id);
	sched_unlock(r->s);
}

void sched_run_set_timings(struct sched_run *r, const char *timings)
{
	sched_lock(r->s);
	str_copy(r->n->pub.timings, sizeof(r->n->pub.timings), timings);
	sched_unlock(r->s);
}

uint64_t sched_run_id(const struct sched_run *r)
{
	return r->n->pub.id;
}
