/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's queue: the jobs in their order, which of them may run, and which are forgotten.
 *
 * One list in submission order. A job may run when no earlier live job shares a key with it and no later one holds it:
 * that one rule gives both exclusivity and order. The scans are linear: queues here are tens of jobs, at most a few
 * thousand in a bulk action.
 */
#include "core/engine/sched_priv.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_MAX 200

bool sched_node_is_live(const struct sched_node *n)
{
	return n->pub.state == JOB_QUEUED || n->pub.state == JOB_RUNNING;
}

struct sched_node *sched_queue_find(struct sched_queue *q, uint64_t id)
{
	for (struct sched_node *n = q->jobs; n; n = n->next)
		if (n->pub.id == id)
			return n;
	return NULL;
}

void sched_node_free(struct sched_node *n)
{
	assert(!n->op && !n->busy && !n->taking);
	if (n->free_arg)
		n->free_arg(n->arg);
	free(n);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct sched_node *sched_node_new(const struct sched_job *j)
{
	struct sched_node *n = xcalloc(1, sizeof(*n));

	assert(j->run && j->lane < LANE_COUNT && j->kind < REQ_KIND_COUNT);
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
	/* The same key twice would be held by the job itself; an empty one is no file name. */
	for (int i = 0; i < n->nkeys; i++)
		assert(n->keys[i][0] && (i == 0 || strcmp(n->keys[i - 1], n->keys[i]) != 0));
	for (int i = 0; i < SCHED_KEYS_MAX; i++)
		n->key_fds[i] = -1;
	n->lane = j->lane;
	memcpy(n->after, j->after, sizeof(n->after));
	str_copy(n->single, sizeof(n->single), j->single ? j->single : "");
	n->quiet = j->quiet;
	n->timeout_ms = j->timeout_ms;
	n->run = j->run;
	n->free_arg = j->free_arg;
	n->arg = j->arg;
	return n;
}

/* Does a live job come after this one? Its end must be known until that job has seen it. */
static bool is_awaited(const struct sched_queue *q, uint64_t id)
{
	for (const struct sched_node *n = q->jobs; n; n = n->next)
		for (size_t i = 0; i < ARRAY_LEN(n->after); i++)
			if (n->after[i] == id && sched_node_is_live(n))
				return true;
	return false;
}

/* Where the job that ended next after `since` hangs in the list; NULL when there is none. */
static struct sched_node **find_ended(struct sched_queue *q, uint64_t since)
{
	struct sched_node **oldest = NULL;

	for (struct sched_node **p = &q->jobs; *p; p = &(*p)->next)
		if ((*p)->end_seq > since && (!oldest || (*p)->end_seq < (*oldest)->end_seq))
			oldest = p;
	return oldest;
}

void sched_queue_end(struct sched_queue *q, struct sched_node *n)
{
	struct sched_node **p;
	uint64_t since = 0;

	assert(!sched_node_is_live(n) && !n->busy && !n->op && n->end_seq == 0);
	n->end_seq = ++q->next_end;
	q->ended++;
	while (q->ended > HISTORY_MAX && (p = find_ended(q, since))) {
		struct sched_node *old = *p;

		assert(!sched_node_is_live(old) && !old->arg);
		since = old->end_seq;
		if (is_awaited(q, old->pub.id))
			continue;
		*p = old->next;
		q->ended--;
		free(old);
	}
}

static bool shares_key(const struct sched_node *a, const struct sched_node *b)
{
	for (int i = 0; i < a->nkeys; i++)
		for (int j = 0; j < b->nkeys; j++)
			if (strcmp(a->keys[i], b->keys[j]) == 0)
				return true;
	return false;
}

struct sched_node *sched_queue_blocker(struct sched_queue *q, struct sched_node *n, struct sched_node **ret_failed)
{
	assert(n->pub.state == JOB_QUEUED);
	*ret_failed = NULL;
	for (size_t i = 0; i < ARRAY_LEN(n->after); i++) {
		struct sched_node *dep = n->after[i] ? sched_queue_find(q, n->after[i]) : NULL;

		if (dep && sched_node_is_live(dep))
			return dep;
		if (dep && dep->pub.state != JOB_DONE) {
			*ret_failed = dep;
			return NULL;
		}
	}
	for (struct sched_node *other = q->jobs; other; other = other->next) {
		if (other == n)
			break;
		if (sched_node_is_live(other) && shares_key(n, other))
			return other;
	}
	/* Later in the list but running: an earlier job cannot take what it holds. */
	for (struct sched_node *other = n->next; other; other = other->next)
		if ((other->pub.state == JOB_RUNNING || other->taking) && shares_key(n, other))
			return other;
	return NULL;
}

struct sched_node *sched_queue_find_single(struct sched_queue *q, const char *single)
{
	struct sched_node *found = NULL;

	for (struct sched_node *n = q->jobs; single && n; n = n->next) {
		if (!sched_node_is_live(n))
			continue;
		if (!n->cancel && strcmp(n->single, single) == 0)
			found = n;
		else if (found && shares_key(n, found))
			found = NULL;
	}
	return found;
}

void sched_queue_add(struct sched_queue *q, struct sched_node *n, bool front)
{
	struct sched_node **p = &q->jobs;

	assert(n->pub.id != 0 && n->pub.state == JOB_QUEUED && n->end_seq == 0 && !n->next);
	while (!front && *p)
		p = &(*p)->next;
	n->next = *p;
	*p = n;
}

bool sched_queue_any_live(const struct sched_queue *q)
{
	for (const struct sched_node *n = q->jobs; n; n = n->next)
		if (sched_node_is_live(n))
			return true;
	return false;
}
