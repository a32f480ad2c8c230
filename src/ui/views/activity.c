/* SPDX-License-Identifier: MIT */
/*
 * Activity: what runs, what waits, and what ran, newest first, two lines each.
 */
#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/app.h"
#include "ui/text.h"
#include "ui/views/table.h"
#include "ui/views/views.h"
#include "ui/widgets/chart.h"

#include <stdio.h>
#include <string.h>

struct activity {
	struct view view;
	struct table table;
	char id[24]; /* rows_id's answer */
};

enum { COL_WHAT, COL_STATE, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_WHAT] = {N_("WHAT"), 20, 44, 0, false, -1},
	[COL_STATE] = {N_("HOW FAR"), 12, 0, 0, false, -1},
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

static void activity_recalc(struct view *view, unsigned changed)
{
	struct list *l = &((struct activity *)view)->table.list;

	(void)changed;
	/* Who stands on the newest job wants the newest job. */
	if (l->cursor == 0)
		l->anchor[0] = 0;
	list_recalc(l);
}

struct job_face {
	const char *glyph;
	enum role role;
};

static struct job_face face_of(const struct job *j)
{
	static const struct job_face faces[JOB_STATE_COUNT] = {
		[JOB_QUEUED] = {"◌", ROLE_DIM}, [JOB_RUNNING] = {"●", ROLE_BUSY},  [JOB_DONE] = {"✓", ROLE_OK},
		[JOB_FAILED] = {"✗", ROLE_ERR}, [JOB_CANCELED] = {"×", ROLE_WARN},
	};

	return faces[j->state];
}

/* "61%  212M/347M  48M/s  3s left" */
static void progress_text(const struct job *j, char *ret, size_t size)
{
	char done[SIZE_TEXT], total[SIZE_TEXT], rate[TEXT_SHORT], left[TEXT_SHORT];
	size_t n = 0;

	ret[0] = 0;
	if (j->total > 0 && j->done >= 0)
		n = (size_t)snprintf(ret, size, "%3d%%  %s/%s", (int)(MIN(j->done, j->total) * 100 / j->total),
				     size_human((uint64_t)j->done, done), size_human((uint64_t)j->total, total));
	else if (j->steps)
		n = (size_t)snprintf(ret, size, "%d/%d", j->step, j->steps);
	if (j->rate > 0 && n < size)
		n += (size_t)snprintf(ret + n, size - n, "  %s/s", text_rate((uint64_t)j->rate, rate));
	if (j->rate > 0 && j->total > j->done && n < size)
		snprintf(ret + n, size - n, _("  %s left"), text_age((j->total - j->done) * 1000 / j->rate, left));
}

static void paint_state(struct activity *v, const struct job *j, struct canvas *c, int x, int y, int w)
{
	char text[128], took[TEXT_SHORT];
	int permille = job_permille(j);

	if (j->state == JOB_QUEUED) {
		canvas_textf(c, x, y, ROLE_DIM, w, j->waiting_for[0] ? _("waiting for %s") : _("waiting"),
			     j->waiting_for);
	} else if (j->state == JOB_RUNNING) {
		if (permille >= 0 && w > 30) {
			chart_bar(c, x, y, 15, ROLE_BUSY, permille);
			x += 17;
			w -= 17;
		}
		progress_text(j, text, sizeof(text));
		x += canvas_textf(c, x, y, ROLE_TEXT, w, "%s", text) + 2;
		canvas_text(c, x, y, ROLE_DIM, MAX(0, w - 24),
			    text_duration(j->started_ms ? app_wall_ms(v->view.app) - j->started_ms : 0, took));
	} else {
		canvas_textf(c, x, y, face_of(j).role, w, "%s  %s", job_state_to_string(j->state),
			     j->ended_ms && j->started_ms ? text_took(j->ended_ms - j->started_ms, took) : "");
	}
}

static void paint_row(struct view *view, struct canvas *c, int x, int y, int w, size_t i, bool here)
{
	struct activity *v = (struct activity *)view;
	const struct job *j = &app_world(view->app)->jobs[i];
	const struct column_place *p = v->table.places;
	struct job_face face = face_of(j);
	char at[TEXT_SHORT];

	canvas_text(c, x, y, face.role, 1, face.glyph);
	canvas_textf(c, x + 2, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_WHAT].w - 2, "%s %s",
		     request_kind_to_string(j->kind), j->target);
	paint_state(v, j, c, x + p[COL_STATE].x, y, p[COL_STATE].w);
	x += 2;
	w -= 2;
	if (j->state == JOB_FAILED)
		canvas_textf(c, x, y + 1, ROLE_ERR, w, "%s%s%s", j->err.msg, j->err.hint[0] ? " — " : "", j->err.hint);
	else
		canvas_textf(c, x, y + 1, ROLE_DIM, w, "%s%s%s  op %s%s%s", text_clock(j->queued_ms, at),
			     job_is_active(j) && j->stage[0] ? "  " : "", job_is_active(j) ? j->stage : "", j->op_id,
			     j->state == JOB_RUNNING && j->detail[0] ? "   " : "", j->state == JOB_RUNNING ? j->detail : "");
	if (!job_is_active(j) && j->timings[0] && j->state != JOB_FAILED)
		canvas_text(c, x + 27, y + 1, ROLE_DIM, w - 27, j->timings);
	if (!j->local && job_is_active(j))
		canvas_textf(c, x + 44, y + 1, ROLE_WARN, w - 44, _("run by process %d"), (int)j->owner);
}

static struct table_look look_of(void)
{
	return (struct table_look){_("Activity"), columns, COL_COUNT, _("nothing has been done yet"), 2, paint_row};
}

static void activity_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct table_look look = look_of();

	table_paint(view, &((struct activity *)view)->table, &look, c, r);
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
		return j && is_repeatable(j) ? fallback : NULL;
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
