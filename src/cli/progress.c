/* SPDX-License-Identifier: MIT */
/*
 * Progress of jobs on stderr: see progress.h. Jobs of other processes and of the engine itself (probing, recovering) are not told.
 */
#include "cli/progress.h"

#include "base/i18n.h"
#include "base/tell.h"
#include "base/utf8.h"
#include "core/model/eta.h"
#include "core/model/size.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TARGET_LEAST 16 /* cells */

/* A line that grows by whole pieces; where one has no room, nothing follows. */
struct line {
	char *text;
	size_t size;
	int cols;
};

static void PRINTF(2, 3) add(struct line *l, const char *fmt, ...)
{
	char piece[256];
	size_t n = strlen(l->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(piece, sizeof(piece), fmt, ap);
	va_end(ap);
	if (utf8_str_width(l->text) + utf8_str_width(piece) < l->cols && n + strlen(piece) < l->size)
		snprintf(l->text + n, l->size - n, "%s", piece);
	else
		l->cols = 0;
}

/* Of a name that takes too much of the line the end: of references it is what tells them apart. */
static void add_target(struct line *l, const char *target)
{
	char tail[256];

	add(l, "%s", utf8_tail(target, MAX(TARGET_LEAST, l->cols / 2), tail, sizeof(tail)));
}

static void add_numbers(struct line *l, const struct job *j)
{
	char done[SIZE_TEXT], total[SIZE_TEXT], left[ETA_TEXT], text[64];
	int64_t left_ms = eta_ms(j->done, j->total, j->rate);

	if (j->done >= 0 && j->total > 0) {
		add(l, "  %d%%", (int)(MIN(j->done, j->total) * 100 / j->total));
		add(l, "  %s/%s", size_human((uint64_t)j->done, done), size_human((uint64_t)j->total, total));
	} else if (j->done > 0) {
		add(l, "  %s", size_human((uint64_t)j->done, done));
	}
	if (j->rate > 0)
		add(l, "  %s/s", size_human((uint64_t)j->rate, total));
	else if (j->rate == 0 && j->done < j->total)
		add(l, "  %s", _("stalled"));
	if (left_ms >= 0) {
		snprintf(text, sizeof(text), _("%s left"), eta_text(left_ms, left));
		add(l, "  %s", text);
	}
}

char *progress_line(const struct job *j, int cols, char *ret, size_t size)
{
	struct line l = {ret, size, cols};

	ret[0] = '\0';
	add(&l, "%s ", request_kind_to_string(j->kind));
	add_target(&l, j->target);
	if (j->state == JOB_QUEUED && j->waiting_for[0])
		add(&l, _(": waiting for %s"), j->waiting_for);
	else if (j->stage[0])
		add(&l, ": %s", j->stage);
	add_numbers(&l, j);
	return ret;
}

static void moving_line(const struct job *j)
{
	struct winsize ws = {0};
	char line[512];

	tell_again(stderr);
	tell(stderr, "%s", progress_line(j, ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col ? ws.ws_col : 80, line, sizeof(line)));
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
