/* SPDX-License-Identifier: MIT */
/*
 * The parts of a job beneath the list of jobs: of a pull, one line for each layer of the image.
 */
#ifndef UI_VIEWS_JOB_PARTS_H
#define UI_VIEWS_JOB_PARTS_H

#include "ui/canvas.h"
#include "ui/world.h"

/* The rows it would like to have. */
int job_parts_height(const struct world_parts *parts);
/* Paint them into r. Where not all have room, those that are on their way come first, and the last line counts the rest. */
void job_parts_paint(struct canvas *c, struct rect r, const struct job *j, const struct world_parts *parts);

/* Is all that is under way done by another process, so that it can only wait? */
bool job_parts_elsewhere(const struct world_parts *parts);

/* `parts` may be NULL in both. How far a running job is, "61%  212M/347M", and with `speed` how fast, "48M/s  3s left": as much of it as fits into `max` cells; what
 * has no room goes from the end. Returns `ret`. */
char *job_progress_text(const struct job *j, const struct world_parts *parts, bool speed, int max, char *ret, size_t size);
/* "48M/s  3s left", "stalled", or nothing. Returns `ret`. */
char *job_speed_text(const struct job *j, const struct world_parts *parts, char *ret, size_t size);

#endif
