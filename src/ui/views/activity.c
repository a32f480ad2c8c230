/* SPDX-License-Identifier: MIT */
/*
 * Activity: what runs, what waits, and what ran, newest first, two lines each; beneath, the parts of the one under the cursor.
 */
#include "base/i18n.h"
#include "base/utf8.h"
#include "ui/app.h"
#include "ui/text.h"
#include "ui/views/job_parts.h"
#include "ui/views/table.h"
#include "ui/views/views.h"
#include "ui/widgets/chart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_HEIGHT 2
#define BAR_WIDTH 15
#define WITH_BAR 33   /* cells of "how far" for a bar beside what is done */
#define WITH_SPEED 56 /* ... and for how fast, which stands beneath where there are fewer */
#define NARROW 60     /* cells of a row: in fewer the time of day gives way */
#define ROOMY 13      /* rows of the view: in as few, the parts of a job leave room for one job */
#define JOBS_KEPT 3   /* ... and in more, for so many */

struct activity {
	struct view view;
	struct table table;
	char id[24]; /* rows_id's answer */
};

enum { COL_WHAT, COL_STATE, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_WHAT] = {N_("WHAT"), 20, 40, 0, false, -1},
	[COL_STATE] = {N_("HOW FAR"), 15, 0, 0, false, -1},
};

static const struct world *world_of(const void *arg)
{
	return app_world(((const struct activity *)arg)->view.app);
}

static size_t rows_count(const void *arg)
{
	return world_of(arg)->n_jobs;
}

static const char *rows_id(const void *arg, size_t i)
{
	struct activity *v = (struct activity *)(uintptr_t)arg;

	snprintf(v->id, sizeof(v->id), "%llu", (unsigned long long)world_of(arg)->jobs[i].id);
	return v->id;
}

static bool rows_match(const void *arg, size_t i, const char *text)
{
	const struct job *j = &world_of(arg)->jobs[i];

	return text_contains(j->target, text) || text_contains(request_kind_to_string(j->kind), text) ||
	       text_contains(job_state_to_string(j->state), text) || text_contains(j->op_id, text);
}

static const struct list_rows rows = {rows_count, rows_id, rows_match, NULL};

static const struct job *current(const struct activity *v)
{
	size_t row;

	return list_current(&v->table.list, &row) ? &app_world(v->view.app)->jobs[row] : NULL;
}

static struct view *activity_open(struct app *app)
{
	struct activity *v = xcalloc(1, sizeof(*v));

	v->view = (struct view){&activity_view, app};
	list_init(&v->table.list, &rows, v, 0);
	list_recalc(&v->table.list);
	return &v->view;
}

static void activity_close(struct view *view)
{
	list_done(&((struct activity *)view)->table.list);
	free(view);
}

static unsigned activity_context(const struct view *view)
{
	(void)view;
	return CTX_ACTIVITY;
}

/* Is there something to be seen going on, in the job under the cursor? Asked before the list knows of a newer one. */
static bool is_watched(const struct activity *v)
{
	const struct job *j = world_job(app_world(v->view.app), strtoull(v->table.list.anchor, NULL, 10));

	return j && job_is_active(j) && world_job_parts(app_world(v->view.app), j->id);
}

static void activity_recalc(struct view *view, unsigned changed)
{
	struct activity *v = (struct activity *)view;
	struct list *l = &v->table.list;
	uint64_t wanted = app_shown_job(view->app);
	char id[sizeof(v->id)];

	(void)changed;
	/* Who stands on the newest job wants the newest job, but is not taken from one that is under way. */
	if (l->cursor == 0 && !is_watched(v))
		l->anchor[0] = 0;
	list_recalc(l);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)wanted);
	if (wanted && list_select(l, id))
		app_show_job(view->app, 0);
}

struct job_face {
	const char *glyph;
	enum role role;
};

static struct job_face face_of(const struct job *j)
{
	static const struct job_face faces[JOB_STATE_COUNT] = {
		[JOB_QUEUED] = {"◌", ROLE_DIM}, [JOB_RUNNING] = {"●", ROLE_BUSY},  [JOB_DONE] = {"✓", ROLE_OK},
		[JOB_FAILED] = {"✗", ROLE_ERR}, [JOB_CANCELED] = {"×", ROLE_WARN}, [JOB_ENDED] = {"○", ROLE_DIM},
	};

	return faces[j->state];
}

/* How long already, at the right. */
static void paint_elapsed(struct activity *v, const struct job *j, struct canvas *c, int x, int y, int w)
{
	char took[TEXT_SHORT];

	text_duration(j->started_ms ? app_wall_ms(v->view.app) - j->started_ms : 0, took);
	if (utf8_str_width(took) + 2 <= w)
		canvas_right(c, x, y, ROLE_DIM, w, took);
}

static void paint_state(struct activity *v, const struct job *j, struct canvas *c, int x, int y, int w)
{
	char text[128], took[TEXT_SHORT];
	int n;
	int permille = job_permille(j);
	bool speed = w >= WITH_SPEED;

	if (j->state == JOB_QUEUED) {
		canvas_textf(c, x, y, ROLE_DIM, w, j->waiting_for[0] ? _("waiting for %s") : _("waiting"),
			     j->waiting_for);
	} else if (j->state == JOB_RUNNING) {
		if (permille >= 0 && w >= WITH_BAR) {
			chart_bar(c, x, y, BAR_WIDTH, ROLE_BUSY, permille);
			x += BAR_WIDTH + 2;
			w -= BAR_WIDTH + 2;
		}
		n = canvas_text(c, x, y, ROLE_TEXT, w, job_progress_text(j, speed, w, text, sizeof(text)));
		paint_elapsed(v, j, c, x + n, y, w - n);
	} else {
		n = canvas_textf(c, x, y, face_of(j).role, w, "%s  %s", job_state_to_string(j->state),
				 j->ended_ms && j->started_ms ? text_took(j->ended_ms - j->started_ms, took) : "");
		if (j->state != JOB_DONE && j->total > 0)
			canvas_text(c, x + n + 2, y, ROLE_DIM, w - n - 2, job_progress_text(j, false, w - n - 2, text, sizeof(text)));
	}
}

/* Pieces of a line with two cells between them. */
static void put(struct canvas *c, int *x, int *w, int y, enum role role, const char *text)
{
	int n = *text ? canvas_text(c, *x, y, role, *w, text) + 2 : 0;

	*x += n;
	*w -= n;
}

/* The second line: what the first has no room for, and what is for later. */
static void paint_second(const struct job *j, struct canvas *c, int x, int y, int w, int state_w)
{
	char text[96];

	if (j->state == JOB_FAILED) {
		canvas_textf(c, x, y, ROLE_ERR, w, "%s%s%s", j->err.msg, j->err.hint[0] ? " — " : "", j->err.hint);
		return;
	}
	if (w >= NARROW || !job_is_active(j))
		put(c, &x, &w, y, ROLE_DIM, text_clock(j->queued_ms, text));
	if (job_is_active(j))
		put(c, &x, &w, y, ROLE_DIM, j->stage);
	if (j->state == JOB_RUNNING && state_w < WITH_SPEED)
		put(c, &x, &w, y, j->rate == 0 ? ROLE_WARN : ROLE_TEXT, job_speed_text(j, text, sizeof(text)));
	if (!j->local && job_is_active(j)) {
		snprintf(text, sizeof(text), _("run by process %d"), (int)j->owner);
		put(c, &x, &w, y, ROLE_WARN, text);
	}
	snprintf(text, sizeof(text), "op %s", j->op_id);
	put(c, &x, &w, y, ROLE_DIM, text);
	if (!job_is_active(j))
		put(c, &x, &w, y, ROLE_DIM, j->timings);
}

static void paint_row(struct view *view, struct canvas *c, int x, int y, int w, size_t i, bool here)
{
	struct activity *v = (struct activity *)view;
	const struct job *j = &app_world(view->app)->jobs[i];
	const struct column_place *p = v->table.places;
	struct job_face face = face_of(j);
	char tail[OBJ_NAME_SIZE + 4];
	int n;

	canvas_text(c, x, y, face.role, 1, face.glyph);
	n = canvas_textf(c, x + 2, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_WHAT].w - 2, "%s ", request_kind_to_string(j->kind));
	canvas_text(c, x + 2 + n, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_WHAT].w - 2 - n,
		    utf8_tail(j->target, p[COL_WHAT].w - 2 - n, tail, sizeof(tail)));
	paint_state(v, j, c, x + p[COL_STATE].x, y, p[COL_STATE].w);
	paint_second(j, c, x + 2, y + 1, w - 2, p[COL_STATE].w);
}

static struct table_look look_of(void)
{
	return (struct table_look){_("Activity"), columns, COL_COUNT, _("nothing has been done yet"), ROW_HEIGHT, 0, paint_row};
}

/* The parts stand right beneath the jobs, of which at least a few keep their place. */
static struct rect room_for_jobs(struct activity *v, struct canvas *c, struct rect r, const struct job *j, const struct world_parts *parts)
{
	int head = table_head_height(r.h), jobs = (int)MIN(v->table.list.n, (size_t)r.h) * ROW_HEIGHT;
	int least = MIN(jobs, (r.h > ROOMY ? JOBS_KEPT : 1) * ROW_HEIGHT), pane = MIN(job_parts_height(parts), r.h - head - least);
	struct rect top = rect_take_top(&r, head + MIN(jobs, r.h - head - pane));

	job_parts_paint(c, r, j, parts);
	return top;
}

static void activity_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct activity *v = (struct activity *)view;
	const struct job *j = current(v);
	const struct world_parts *parts = j ? world_job_parts(app_world(view->app), j->id) : NULL;
	struct table_look look = look_of();

	look.view_height = r.h;
	table_paint(view, &v->table, &look, c, parts ? room_for_jobs(v, c, r, j, parts) : r);
}

/* Only what needs nothing but a reference can be asked for again. */
static bool is_repeatable(const struct job *j)
{
	return !job_is_active(j) && j->kind != REQ_VM_CREATE && j->kind != REQ_VM_SET && j->kind != REQ_VM_REAP &&
	       j->kind != REQ_VM_COMMIT && j->kind != REQ_IMAGE_IMPORT && j->kind != REQ_IMAGE_REGISTER && j->kind != REQ_KERNEL_IMPORT;
}

static void retry(struct activity *v, const struct job *j)
{
	struct request r = {.kind = j->kind};

	if (!is_repeatable(j)) {
		app_toast(v->view.app, ROLE_DIM, _("this cannot be asked for again"));
		return;
	}
	str_copy(r.ref, sizeof(r.ref), j->vm_id[0] ? j->vm_id : j->target);
	app_submit(v->view.app, &r);
}

static bool activity_act(struct view *view, enum action a)
{
	struct activity *v = (struct activity *)view;
	const struct job *j = current(v);

	if (!j)
		return false;
	if (a == ACTION_CANCEL && !job_is_active(j))
		app_toast(view->app, ROLE_DIM, _("it has ended"));
	else if (a == ACTION_CANCEL)
		app_cancel(view->app, j->id);
	else if (a == ACTION_RETRY)
		retry(v, j);
	else
		return false;
	return true;
}

static bool activity_mouse(struct view *view, const struct mouse *m)
{
	struct table_look look = look_of();
	bool open;

	return table_mouse(&((struct activity *)view)->table, &look, m, &open);
}

static struct list *activity_list(struct view *view)
{
	return &((struct activity *)view)->table.list;
}

static const char *activity_label(const struct view *view, enum action a, const char *fallback)
{
	const struct job *j = current((const struct activity *)view);

	if (a == ACTION_OPEN)
		return NULL;
	if (a == ACTION_CANCEL)
		return j && job_is_active(j) ? fallback : NULL;
	if (a == ACTION_RETRY)
		return !j || !is_repeatable(j) ? NULL : world_job_parts(app_world(view->app), j->id) ? _("resume") : fallback;
	return fallback;
}

const struct view_ops activity_view = {
	.title = N_("Activity"),
	.watches = WORLD_JOBS | WORLD_SYNC,
	.open = activity_open,
	.close = activity_close,
	.context = activity_context,
	.recalc = activity_recalc,
	.paint = activity_paint,
	.act = activity_act,
	.mouse = activity_mouse,
	.list = activity_list,
	.label = activity_label,
};
