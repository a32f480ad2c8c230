/* SPDX-License-Identifier: MIT */
/*
 * Progress of jobs on stderr: one moving line on a terminal, one line per finished job elsewhere.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "core/engine/event.h"

#include <stdbool.h>

void progress_job(const struct job *j, bool tty);
/* Remove the moving line. */
void progress_end(bool tty);

#endif
