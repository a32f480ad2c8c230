/* SPDX-License-Identifier: MIT */
/*
 * Activity: what runs, what waits, and what ran, newest first, two lines each; beneath, of the one under the cursor, why it failed and
 * its parts. Enter on one that failed shows that alone, where it may have more lines than there are rows.
 */
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/ociref.h"
#include "ui/app.h"
#include "ui/text.h"
#include "ui/views/job_parts.h"
#include "ui/views/job_why.h"
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
#define WHAT_LEAST 40 /* cells of the first column, as far as there are so many */
#define STATE_MOST 64 /* ... of the second, which can use no more */
#define MARGIN 3      /* as tables have it at the left */

enum { COL_WHAT, COL_STATE, COL_COUNT };

struct activity {
	struct view view;
	struct table table;
	struct column columns[COL_COUNT]; /* as wide as the terminal lets them be */
	struct job_page page;
	char id[24]; /* rows_id's answer */
};

static const struct column columns[COL_COUNT] = {
	[COL_WHAT] = {N_("WHAT"), 20, WHAT_LEAST, 0, false, -1},
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
	memcpy(v->columns, columns, sizeof(columns));
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
	if (l->cursor == 0 && !v->page.job && !is_watched(v))
		l->anchor[0] = 0;
	list_recalc(l);
	if (v->page.job && !world_job(app_world(view->app), v->page.job))
		v->page.job = 0;
	snprintf(id, sizeof(id), "%llu", (unsigned long long)wanted);
	if (wanted && list_select(l, id)) {
		v->page.job = 0;
		app_show_job(view->app, 0);
	}
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

/* Is it another process that pulls the same? */
static bool waits_for_same(const struct activity *v, const struct job *j)
{
	return world_is_pull(j) && j->waiting_for[0] &&
	       world_running_elsewhere(app_world(v->view.app), j->kind, j->target);
}

static void paint_state(struct activity *v, const struct job *j, struct canvas *c, int x, int y, int w)
{
	char text[128], took[TEXT_SHORT];
	int n;
	int permille = job_permille(j);
	bool speed = w >= WITH_SPEED;
	const struct world_parts *parts = world_job_parts(app_world(v->view.app), j->id);

	if (j->state == JOB_QUEUED && waits_for_same(v, j)) {
		canvas_text(c, x, y, ROLE_DIM, w, _("waits for another banger-tui's pull"));
	} else if (j->state == JOB_QUEUED) {
		canvas_textf(c, x, y, ROLE_DIM, w, j->waiting_for[0] ? _("waiting for %s") : _("waiting"),
			     j->waiting_for);
	} else if (j->state == JOB_RUNNING) {
		if (permille >= 0 && w >= WITH_BAR) {
			chart_bar(c, x, y, BAR_WIDTH, ROLE_BUSY, permille);
			x += BAR_WIDTH + 2;
			w -= BAR_WIDTH + 2;
		}
		n = canvas_text(c, x, y, ROLE_TEXT, w, job_progress_text(j, parts, speed && !job_parts_elsewhere(parts), w, text, sizeof(text)));
		paint_elapsed(v, j, c, x + n, y, w - n);
	} else {
		n = canvas_textf(c, x, y, face_of(j).role, w, "%s  %s", job_state_to_string(j->state),
				 j->ended_ms && j->started_ms ? text_took(j->ended_ms - j->started_ms, took) : "");
		if (j->state != JOB_DONE && j->total > 0)
			canvas_text(c, x + n + 2, y, ROLE_DIM, w - n - 2, job_progress_text(j, NULL, false, w - n - 2, text, sizeof(text)));
	}
}

/* Pieces of a line with two cells between them. */
static void put(struct canvas *c, int *x, int *w, int y, enum role role, const char *text)
{
	int n = *text ? canvas_text(c, *x, y, role, *w, text) + 2 : 0;

	*x += n;
	*w -= n;
}

/* The second line: what the first has no room for, and what is for later. Why the one under the cursor failed stands beneath. */
static void paint_second(const struct job *j, const struct world_parts *parts, struct canvas *c, int x, int y, int w, int state_w, bool here)
{
	bool waits = j->state == JOB_RUNNING && job_parts_elsewhere(parts);
	char text[96];

	if (j->state == JOB_FAILED && !here) {
		canvas_textf(c, x, y, ROLE_ERR, w, "%s%s%s", j->err.msg, j->err.hint[0] ? " — " : "", j->err.hint);
		return;
	}
	if (w >= NARROW || !job_is_active(j))
		put(c, &x, &w, y, ROLE_DIM, text_clock(j->queued_ms, text));
	if (job_is_active(j))
		put(c, &x, &w, y, ROLE_DIM, j->stage);
	if (waits)
		put(c, &x, &w, y, ROLE_WARN, _("waits for another banger-tui's pull"));
	else if (j->state == JOB_RUNNING && state_w < WITH_SPEED)
		put(c, &x, &w, y, j->rate == 0 ? ROLE_WARN : ROLE_TEXT, job_speed_text(j, parts, text, sizeof(text)));
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
	char name[OCI_REF_SIZE], tail[OBJ_NAME_SIZE + 4];
	int n;

	canvas_text(c, x, y, face.role, 1, face.glyph);
	n = canvas_textf(c, x + 2, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_WHAT].w - 2, "%s ", request_kind_to_string(j->kind));
	canvas_text(c, x + 2 + n, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_WHAT].w - 2 - n,
		    utf8_tail(oci_ref_short(j->target, name), p[COL_WHAT].w - 2 - n, tail, sizeof(tail)));
	paint_state(v, j, c, x + p[COL_STATE].x, y, p[COL_STATE].w);
	paint_second(j, world_job_parts(app_world(view->app), j->id), c, x + 2, y + 1, w - 2, p[COL_STATE].w, here);
}

static struct table_look look_of(const struct activity *v)
{
	return (struct table_look){_("Activity"), v->columns, COL_COUNT, _("nothing has been done yet"), ROW_HEIGHT, 0, paint_row};
}

/* What stands beneath the list: a rule and the reason, a rule and the parts. */
static int pane_height(struct canvas *c, int w, const struct job *j, const struct world_parts *parts)
{
	int why = job_why_paint(c, (struct rect){0, 0, w - MARGIN - 1, 0}, j);

	return (why ? why + 1 : 0) + (parts ? job_parts_height(parts) : 0);
}

static void paint_pane(struct canvas *c, struct rect r, const struct job *j, const struct world_parts *parts)
{
	int why = job_why_paint(c, (struct rect){0, 0, r.w - MARGIN - 1, 0}, j);
	struct rect at;

	if (why && r.h > why)
		canvas_hline(c, r.x, rect_take_top(&r, 1).y, r.w, ROLE_RULE);
	at = rect_take_top(&r, why);
	job_why_paint(c, (struct rect){at.x + MARGIN, at.y, at.w - MARGIN - 1, at.h}, j);
	if (at.h && at.h < why)
		canvas_text(c, at.x + at.w - 1, at.y + at.h - 1, ROLE_ERR, 1, "…");
	if (parts && r.h > 0)
		job_parts_paint(c, r, j, parts);
}

/* It stands right beneath the jobs, of which at least a few keep their place. */
static struct rect room_for_jobs(struct activity *v, struct canvas *c, struct rect r, const struct job *j, const struct world_parts *parts)
{
	int head = table_head_height(r.h), jobs = (int)MIN(v->table.list.n, (size_t)r.h) * ROW_HEIGHT;
	int least = MIN(jobs, (r.h > ROOMY ? JOBS_KEPT : 1) * ROW_HEIGHT), pane = MIN(pane_height(c, r.w, j, parts), r.h - head - least);
	struct rect top = rect_take_top(&r, head + MIN(jobs, r.h - head - pane));

	paint_pane(c, r, j, parts);
	return top;
}

static void activity_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct activity *v = (struct activity *)view;
	const struct job *read = v->page.job ? world_job(app_world(view->app), v->page.job) : NULL, *j = current(v);
	const struct world_parts *parts = j ? world_job_parts(app_world(view->app), j->id) : NULL;
	struct table_look look = look_of(v);

	if (read) {
		v->table.rows = (struct rect){0};
		job_page_paint(&v->page, read, c, r);
		return;
	}
	v->columns[COL_WHAT].max = MAX(WHAT_LEAST, r.w - STATE_MOST);
	look.view_height = r.h;
	table_paint(view, &v->table, &look, c, j && pane_height(c, r.w, j, parts) ? room_for_jobs(v, c, r, j, parts) : r);
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
	uint64_t job;

	if (!is_repeatable(j)) {
		app_toast(v->view.app, ROLE_DIM, _("this cannot be asked for again"));
		return;
	}
	str_copy(r.ref, sizeof(r.ref), j->vm_id[0] ? j->vm_id : j->target);
	job = app_submit(v->view.app, &r);
	if (job)
		app_show_job(v->view.app, job);
}

/* Of what was pulled, where it is now; of what failed, why. */
enum opens { OPENS_NOTHING, OPENS_WHY, OPENS_OBJECT };

static enum opens opens(const struct job *j)
{
	if (j->state == JOB_FAILED)
		return OPENS_WHY;
	return world_is_pull(j) && (j->state == JOB_DONE || j->state == JOB_ENDED) ? OPENS_OBJECT : OPENS_NOTHING;
}

static void open_job(struct activity *v, const struct job *j)
{
	enum view_id at = j->kind == REQ_KERNEL_PULL ? VIEW_KERNELS : VIEW_IMAGES;
	char name[OBJ_NAME_SIZE], shown[OCI_REF_SIZE];

	if (opens(j) == OPENS_WHY) {
		v->page = (struct job_page){.job = j->id};
		app_dirty(v->view.app);
		return;
	}
	str_copy(name, sizeof(name), j->target);
	if (!app_show_row(v->view.app, at, name))
		app_toast(v->view.app, ROLE_DIM, _("%s is not here any more"), oci_ref_short(name, shown));
}

static void cancel(struct activity *v, const struct job *j)
{
	if (!job_is_active(j))
		app_toast(v->view.app, ROLE_DIM, _("it has ended"));
	else if (!j->local)
		app_toast(v->view.app, ROLE_DIM, _("it is run by process %d, and cancelled there"), (int)j->owner);
	else
		app_cancel(v->view.app, j->id);
}

/* While a reason is read; what is about the list leads back to it. */
static bool page_act(struct activity *v, enum action a)
{
	if (job_page_scroll(&v->page, a))
		return true;
	if (a == ACTION_BACK || a == ACTION_OPEN || a == ACTION_FILTER || a == ACTION_RETRY)
		v->page.job = 0;
	return a == ACTION_BACK || a == ACTION_OPEN;
}

/* What keys are about: the job whose reason is read, whatever the list has come to stand on beneath. */
static const struct job *subject(const struct activity *v)
{
	return v->page.job ? world_job(app_world(v->view.app), v->page.job) : current(v);
}

static bool activity_act(struct view *view, enum action a)
{
	struct activity *v = (struct activity *)view;
	const struct job *j = subject(v); /* before the page is left */

	if (v->page.job && page_act(v, a))
		return true;
	if (a == ACTION_BACK)
		return !v->table.list.filter[0] && app_go_back(view->app);
	if (!j)
		return false;
	if (a == ACTION_OPEN && opens(j) != OPENS_NOTHING)
		open_job(v, j);
	else if (a == ACTION_CANCEL)
		cancel(v, j);
	else if (a == ACTION_RETRY)
		retry(v, j);
	else
		return false;
	return true;
}

static bool activity_mouse(struct view *view, const struct mouse *m)
{
	struct activity *v = (struct activity *)view;
	struct table_look look = look_of(v);
	bool open, taken;

	if (v->page.job) {
		for (int i = 0; i < 3 && (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN); i++)
			job_page_scroll(&v->page, m->kind == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
		return true;
	}
	taken = table_mouse(&v->table, &look, m, &open);
	if (open)
		activity_act(view, ACTION_OPEN);
	return taken;
}

/* Who comes again comes for the list. */
static void activity_shown(struct view *view, bool shown UNUSED)
{
	((struct activity *)view)->page.job = 0;
}

static struct list *activity_list(struct view *view)
{
	return &((struct activity *)view)->table.list;
}

static const char *activity_label(const struct view *view, enum action a, const char *fallback)
{
	const struct activity *v = (const struct activity *)view;
	const struct job *j = subject(v);

	if (a == ACTION_OPEN && v->page.job)
		return _("back");
	if (a == ACTION_OPEN)
		return !j ? NULL : opens(j) == OPENS_WHY ? _("why") : opens(j) == OPENS_OBJECT ? _("show it") : NULL;
	if (a == ACTION_CANCEL)
		return j && job_is_active(j) && j->local ? fallback : NULL;
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
	.shown = activity_shown,
	.list = activity_list,
	.label = activity_label,
};
