/* SPDX-License-Identifier: MIT */
/*
 * Machines: the serial log and the events tab of the pane.
 *
 * The log follows its end; scrolling back holds it and says so. Lines are walked from the end, so the cost of a frame
 * is what is shown, not what is kept; a line is at most LINE_MAX_BYTES however long the guest made it.
 */
#include "base/i18n.h"
#include "base/utf8.h"
#include "ui/text.h"
#include "ui/views/vms.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

/* Start of the line that ends at `end` (exclusive, the newline's place). */
static const char *line_start(const char *text, const char *end)
{
	const char *nl = memrchr(text, '\n', (size_t)(end - text));

	return nl ? nl + 1 : text;
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 0;

	for (const char *p = text; (p = memchr(p, '\n', (size_t)(text + len - p))); p++)
		n++;
	return n;
}

/* Paint one line upwards from row y; returns the rows it took. */
static int paint_line(struct canvas *c, struct rect r, int bottom, const char *line, size_t n, bool wrap)
{
	char text[LINE_MAX_BYTES + 1];
	const char *parts[64];
	int rows = 0, cells;

	str_copy(text, MIN(sizeof(text), n + 1), line);
	if (!wrap) {
		canvas_text(c, r.x, bottom, ROLE_TEXT, r.w, text);
		return 1;
	}
	for (const char *p = text; rows < (int)ARRAY_LEN(parts) && (*p || !rows);) {
		size_t fit = utf8_fit(p, r.w, &cells);

		parts[rows++] = p;
		if (!fit)
			break;
		p += fit;
	}
	for (int i = 0; i < rows; i++) {
		char part[LINE_MAX_BYTES + 1];
		size_t len = i + 1 < rows ? (size_t)(parts[i + 1] - parts[i]) : strlen(parts[i]);

		str_copy(part, MIN(sizeof(part), len + 1), parts[i]);
		if (bottom - rows + 1 + i >= r.y)
			canvas_text(c, r.x, bottom - rows + 1 + i, ROLE_TEXT, r.w, part);
	}
	return rows;
}

void detail_paint_log(struct vms *v, const struct world_vm *vm, struct canvas *c, struct rect r)
{
	const struct world_log *log = &app_world(v->view.app)->log;
	const char *text = buf_cstr(&log->text), *end = text + log->text.len;
	struct rect foot = rect_take_bottom(&r, 1);
	size_t lines = count_lines(text, log->text.len);
	int y = r.y + r.h - 1;

	if (strcmp(log->vm_id, vm->vm.id) != 0 || !log->text.len) {
		canvas_text(c, r.x, r.y, ROLE_DIM, r.w, _("nothing on the serial line yet"));
		return;
	}
	v->detail.back = MIN(v->detail.back, lines > (size_t)r.h ? lines - (size_t)r.h : 0);
	if (end[-1] == '\n')
		end--;
	if (!v->detail.wrap && lines < (size_t)r.h) /* a short log starts at the top */
		y = r.y + (int)count_lines(text, (size_t)(end - text));
	for (size_t i = 0; i < v->detail.back && end > text; i++) {
		end = line_start(text, end);
		end -= end > text;
	}
	while (y >= r.y && end > text) {
		const char *start = line_start(text, end);

		y -= paint_line(c, r, y, start, (size_t)(end - start), v->detail.wrap);
		if (start == text)
			break;
		end = start - 1;
	}
	if (v->detail.back)
		canvas_textf(c, foot.x, foot.y, ROLE_WARN, foot.w, _("held %zu lines back, G follows again"),
			     v->detail.back);
	else
		canvas_text(c, foot.x, foot.y, ROLE_DIM, foot.w, _("following · w wraps"));
}

static enum role job_role(const struct job *j)
{
	return j->state == JOB_DONE	  ? ROLE_OK
	       : j->state == JOB_FAILED	  ? ROLE_ERR
	       : j->state == JOB_CANCELED ? ROLE_WARN
	       : j->state == JOB_ENDED	  ? ROLE_DIM
					  : ROLE_BUSY;
}

void detail_paint_events(struct vms *v, const struct world_vm *vm, struct canvas *c, struct rect r)
{
	const struct world *w = app_world(v->view.app);
	int y = r.y;

	for (size_t i = 0; i < w->n_jobs && y < r.y + r.h; i++) {
		const struct job *j = &w->jobs[i];
		char at[TEXT_SHORT], took[TEXT_SHORT] = "";
		int x = r.x;

		if (strcmp(j->vm_id, vm->vm.id) != 0)
			continue;
		if (j->ended_ms && j->started_ms)
			text_took(j->ended_ms - j->started_ms, took);
		x += canvas_text(c, x, y, ROLE_DIM, r.w, text_clock(j->queued_ms, at)) + 2;
		x += canvas_text(c, x, y, job_role(j), r.x + r.w - x, request_kind_to_string(j->kind)) + 2;
		x += canvas_text(c, x, y, ROLE_DIM, r.x + r.w - x, took) + 2;
		canvas_text(c, x, y++, j->err.msg[0] ? job_role(j) : ROLE_DIM, r.x + r.w - x,
			    j->err.msg[0]      ? j->err.msg
			    : job_is_active(j) ? j->stage
					       : j->timings);
	}
	if (y == r.y)
		canvas_text(c, r.x, y, ROLE_DIM, r.w, _("nothing was done to it since the console started"));
}
