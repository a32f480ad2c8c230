/* SPDX-License-Identifier: MIT */
/*
 * Why a job failed, whole: beneath the list of jobs, and as a page of its own where that has no room.
 */
#ifndef UI_VIEWS_JOB_WHY_H
#define UI_VIEWS_JOB_WHY_H

#include "core/engine/event.h"
#include "ui/action.h"
#include "ui/canvas.h"

/* Message and hint, in as many lines as they take; nothing of a job that has not failed. Returns those, whether painted or not: with
 * r.h = 0 it only counts. */
int job_why_paint(struct canvas *c, struct rect r, const struct job *j);

struct job_page {
	uint64_t job; /* whose reason is read; 0 = none is */
	int top;      /* first row in sight */
	int rows, height; /* how many it has and there is room for, as painted */
};

void job_page_paint(struct job_page *p, const struct job *j, struct canvas *c, struct rect r);
/* False when the action is not one of moving. */
bool job_page_scroll(struct job_page *p, enum action a);

#endif
