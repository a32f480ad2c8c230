/* SPDX-License-Identifier: MIT */
/*
 * See jobrows.h.
 */
#include "core/engine/jobrows.h"

#include "base/mem.h"
#include "base/spawn.h"
#include "core/engine/request.h"
#include "core/store/jobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A row as it should be. */
struct row {
	struct row *next;
	struct job_row data;
	bool dirty, gone;
};

struct jobrows {
	struct row *first;
	uint64_t start_time; /* of this process */
};

struct jobrows *jobrows_new(void)
{
	struct jobrows *r = xcalloc(1, sizeof(*r));

	r->start_time = proc_start_time(getpid());
	return r;
}

void jobrows_free(struct jobrows *r)
{
	if (!r)
		return;
	while (r->first) {
		struct row *row = r->first;

		r->first = row->next;
		free(row);
	}
	free(r);
}

static struct row **find(struct jobrows *r, const char *op_id)
{
	struct row **p = &r->first;

	while (*p && strcmp((*p)->data.op_id, op_id) != 0)
		p = &(*p)->next;
	return p;
}

static void fill(const struct jobrows *r, const struct job *j, struct job_row *ret)
{
	memset(ret, 0, sizeof(*ret));
	str_copy(ret->op_id, sizeof(ret->op_id), j->op_id);
	ret->pid = getpid();
	ret->start_time = r->start_time;
	str_copy(ret->kind, sizeof(ret->kind), request_kind_to_string(j->kind));
	str_copy(ret->target, sizeof(ret->target), j->target);
	str_copy(ret->vm_id, sizeof(ret->vm_id), j->vm_id);
	str_copy(ret->stage, sizeof(ret->stage), j->stage);
	ret->step = j->step;
	ret->steps = j->steps;
	ret->started_ms = j->started_ms;
}

static bool is_same(const struct job_row *a, const struct job_row *b)
{
	return strcmp(a->target, b->target) == 0 && strcmp(a->vm_id, b->vm_id) == 0 &&
	       strcmp(a->stage, b->stage) == 0 && a->step == b->step && a->steps == b->steps &&
	       a->started_ms == b->started_ms;
}

void jobrows_note(struct jobrows *r, const struct job *j)
{
	struct row **p = find(r, j->op_id), *row = *p;
	struct job_row fresh;

	assert(j->op_id[0]);
	if (j->state == JOB_QUEUED || j->kind == REQ_CONSOLE_OPEN)
		return;
	if (j->state != JOB_RUNNING) {
		if (row)
			row->gone = true;
		return;
	}
	fill(r, j, &fresh);
	if (!row) {
		row = *p = xcalloc(1, sizeof(*row));
		row->dirty = true;
	}
	assert(!row->gone); /* an ended job does not run again */
	row->dirty |= !is_same(&row->data, &fresh);
	row->data = fresh;
}

void jobrows_flush(struct jobrows *r, struct store *s)
{
	struct row **p = &r->first;

	if (!s || store_is_read_only(s))
		return;
	while (*p) {
		struct row *row = *p;

		if (row->gone && jobs_remove(s, row->data.op_id, NULL) == 0) {
			*p = row->next;
			free(row);
			continue;
		}
		if (row->dirty && !row->gone && jobs_put(s, &row->data, NULL) == 0)
			row->dirty = false;
		p = &row->next;
	}
}

int jobrows_sweep_dead(struct store *s)
{
	auto_free struct job_row *rows = NULL;
	int n = 0, dead = 0;

	if (store_is_read_only(s) || jobs_list(s, &rows, &n, NULL) < 0)
		return 0;
	for (int i = 0; i < n; i++)
		if (!proc_is_alive(rows[i].pid, rows[i].start_time) && jobs_remove(s, rows[i].op_id, NULL) == 0)
			dead++;
	return dead;
}
