/* SPDX-License-Identifier: MIT */
/*
 * One job while it runs: its op, its stages and progress on the way to the listener, and its end.
 */
#include "core/engine/sched_priv.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_MS 100 /* progress reaches the listener at most this often */

/* Is there something whose speed can be told? Not while it waits or is looked through. */
static bool is_moving(enum op_part_state s)
{
	return s == OP_PART_MOVING || s == OP_PART_RETRYING;
}

/* Part i as it is now. Has it changed since it was told last? */
static bool take_part(struct sched_run *r, size_t i, const struct op_part *p, int64_t now)
{
	struct sched_part *mine;
	struct job_part fresh;

	if (i == r->cap_parts) {
		r->cap_parts = r->cap_parts * 2 + JOB_PARTS_PIECE;
		r->parts = xrealloc(r->parts, r->cap_parts, sizeof(*r->parts));
	}
	mine = &r->parts[i];
	if (i == r->n_parts) {
		*mine = (struct sched_part){0};
		r->n_parts++;
	}
	memset(&fresh, 0, sizeof(fresh)); /* compared whole */
	fresh.state = p->state;
	fresh.done = p->done;
	fresh.total = p->total;
	fresh.kept = p->kept;
	fresh.rate = -1;
	str_copy(fresh.name, sizeof(fresh.name), p->name);
	if (is_moving(p->state))
		fresh.rate = meter_rate(&mine->meter, now, MAX((int64_t)0, p->done - p->kept));
	else
		mine->meter = (struct meter){0};
	if (memcmp(&fresh, &mine->told, sizeof(fresh)) == 0)
		return false;
	mine->told = fresh;
	return true;
}

/* Ask for the parts, and tell those pieces in which one changed. */
static void tell_parts(struct sched_run *r, const struct job *j, int64_t now)
{
	uint64_t changed[(OP_PARTS_MAX / JOB_PARTS_PIECE + 63) / 64] = {0};
	struct op_part p = {0};
	size_t n = 0;

	for (; n < OP_PARTS_MAX && r->op->part(r->op->part_arg, n, &p); n++)
		if (take_part(r, n, &p, now))
			changed[n / JOB_PARTS_PIECE / 64] |= (uint64_t)1 << (n / JOB_PARTS_PIECE % 64);
	for (size_t at = 0; at < n; at += JOB_PARTS_PIECE) {
		struct job_parts piece = {.job = j->id, .count = (uint32_t)n, .first = (uint32_t)at};

		if (!(changed[at / JOB_PARTS_PIECE / 64] >> (at / JOB_PARTS_PIECE % 64) & 1))
			continue;
		piece.n = (uint8_t)MIN(n - at, (size_t)JOB_PARTS_PIECE);
		for (size_t i = 0; i < piece.n; i++)
			piece.parts[i] = r->parts[at + i].told;
		r->s->hooks.on_parts(r->s->hooks.ctx, j, &piece);
	}
}

/* A rate is of one stage. */
static int64_t rate_of(struct sched_run *r, const struct op_stage *st, int64_t now, bool moved)
{
	if (moved || st->done < 0 || st->kept < 0)
		r->meter = (struct meter){0};
	return st->done < 0 || st->kept < 0 ? -1 : meter_rate(&r->meter, now, MAX((int64_t)0, st->done - st->kept));
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
	n->pub.rate = rate_of(r, st, now, moved);
	str_copy(n->pub.stage, sizeof(n->pub.stage), name);
	n->pub.step = st->step;
	n->pub.steps = st->steps;
	n->pub.done = st->done;
	n->pub.total = st->total;
	due = moved || now - r->told_ms >= PROGRESS_MS;
	copy = n->pub;
	sched_unlock(r->s);
	if (!due)
		return;
	r->told_ms = now;
	sched_tell(r->s, &copy);
	if (r->op->part && r->s->hooks.on_parts)
		tell_parts(r, &copy, now);
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
	struct sched_run r = {.s = s, .n = n, .op = &op};
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
	free(r.parts);
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
