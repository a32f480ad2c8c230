/* SPDX-License-Identifier: MIT */
/*
 * Progress of jobs on stderr: see progress.h. Jobs of other processes and of the engine itself (probing, recovering) are not told.
 */
#include "cli/progress.h"

#include "base/i18n.h"
#include "base/tell.h"
#include "core/model/size.h"

#include <inttypes.h>
#include <stdio.h>

static void moving_line(const struct job *j)
{
	char done[SIZE_TEXT], total[SIZE_TEXT];

	tell_again(stderr);
	tell(stderr, "%s %s", request_kind_to_string(j->kind), j->target);
	if (j->state == JOB_QUEUED && j->waiting_for[0])
		tell(stderr, _(": waiting for %s"), j->waiting_for);
	else if (j->stage[0])
		tell(stderr, ": %s", j->stage);
	if (j->done >= 0 && j->total > 0)
		tell(stderr, "  %s/%s", size_human((uint64_t)j->done, done), size_human((uint64_t)j->total, total));
	else if (j->done > 0)
		tell(stderr, "  %s", size_human((uint64_t)j->done, done));
	fflush(stderr);
}

static void end_line(const struct job *j)
{
	int64_t ms = j->ended_ms - j->started_ms;

	if (j->state != JOB_DONE)
		return; /* the verb says what went wrong */
	tell(stderr, "%s %s: %" PRId64 ".%" PRId64 "s", request_kind_to_string(j->kind), j->target, ms / 1000, ms % 1000 / 100);
	if (j->timings[0])
		tell(stderr, " (%s)", j->timings);
	fputc('\n', stderr);
}

void progress_job(const struct job *j, bool tty)
{
	if (!j->local || j->kind == REQ_HOST_PROBE || j->kind == REQ_VM_REAP || j->kind == REQ_HOST_SWEEP)
		return;
	if (j->state == JOB_QUEUED || j->state == JOB_RUNNING) {
		if (tty)
			moving_line(j);
		return;
	}
	progress_end(tty);
	end_line(j);
}

void progress_end(bool tty)
{
	if (tty)
		tell_again(stderr);
}
