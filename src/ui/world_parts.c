/* SPDX-License-Identifier: MIT */
/*
 * The parts of jobs under way: layers of images. Few jobs have parts at a time, so they are searched.
 */
#include "ui/world.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

const struct world_parts *world_job_parts(const struct world *w, uint64_t id)
{
	for (size_t i = 0; i < w->n_parts; i++)
		if (w->parts[i].job == id)
			return &w->parts[i];
	return NULL;
}

static struct world_parts *parts_of(struct world *w, uint64_t job)
{
	struct world_parts *known = (struct world_parts *)world_job_parts(w, job);

	if (known)
		return known;
	w->parts = xrealloc(w->parts, w->n_parts + 1, sizeof(*w->parts));
	w->parts[w->n_parts] = (struct world_parts){.job = job};
	return &w->parts[w->n_parts++];
}

void world_parts_in(struct world *w, const struct job_parts *p)
{
	const struct job *j = world_job(w, p->job);
	struct world_parts *mine;

	if (!j || !job_is_active(j) || p->count > OP_PARTS_MAX || p->n > JOB_PARTS_PIECE || p->first + p->n > p->count)
		return;
	mine = parts_of(w, p->job);
	if (mine->n != p->count) {
		mine->parts = xrealloc(mine->parts, p->count, sizeof(*mine->parts));
		if (p->count > mine->n)
			memset(mine->parts + mine->n, 0, (p->count - mine->n) * sizeof(*mine->parts));
		mine->n = p->count;
	}
	memcpy(mine->parts + p->first, p->parts, p->n * sizeof(*mine->parts));
	w->changed |= WORLD_JOBS;
}

void world_parts_tidy(struct world *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n_parts; i++) {
		const struct job *j = world_job(w, w->parts[i].job);

		if (j && j->state != JOB_DONE)
			w->parts[kept++] = w->parts[i];
		else
			free(w->parts[i].parts);
	}
	w->n_parts = kept;
}

void world_parts_done(struct world *w)
{
	for (size_t i = 0; i < w->n_parts; i++)
		free(w->parts[i].parts);
	free(w->parts);
	w->parts = NULL;
	w->n_parts = 0;
}
