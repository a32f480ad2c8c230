/* SPDX-License-Identifier: MIT */
/*
 * Progress of jobs on stderr: one moving line on a terminal, one line per finished job elsewhere.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "core/engine/event.h"

#include <stdbool.h>

/* What the moving line says of a job that waits or runs, in fewer than `cols` cells:
 * "pull image x: download  61%  212M/347M  48M/s  3s left"; what has no room goes from the end, and of a long name its beginning. Returns
 * `ret`. */
char *progress_line(const struct job *j, int cols, char *ret, size_t size);
void progress_job(const struct job *j, bool tty);
/* Remove the moving line. */
void progress_end(bool tty);

#endif
