/* SPDX-License-Identifier: MIT */
/*
 * Images and kernels alike: see objects.h.
 */
#include "ui/views/objects.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/ociref.h"
#include "ui/app.h"
#include "ui/text.h"
#include "ui/views/table.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/page.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BAR_WIDTH 8
#define BAR_FROM 20 /* columns, for a bar to stand beside the words */

#define LIST_LEAST 58 /* columns of the list beside a pane */
#define NAMES_REST 32 /* bytes of " and 9999 more", translated */

/* The pane about the current row. */
struct pane {
	bool focused;
	struct page_scroll scroll; /* its rect has w = 0 when it is not painted */
	char about[LIST_ID_SIZE];
};

struct objects {
	struct view view;
	const struct object_kind *kind;
	struct table table;
	struct pane pane;
	bool zoom;			/* only what has the focus is shown */
	char (*coming)[OBJ_NAME_SIZE];	/* being pulled and in no list yet: rows behind the kind's own */
	size_t n_coming;
};

static const struct world *world_of(const struct objects *v)
{
	return app_world(v->view.app);
}

/* Is it one the world has, not only on its way? */
static bool is_known(const struct objects *v, size_t i)
{
	return i < v->kind->count(world_of(v));
}

static struct object at(const struct objects *v, size_t i)
{
	size_t known = v->kind->count(world_of(v));

	if (i < known)
		return v->kind->at(world_of(v), i);
	return (struct object){.name = i - known < v->n_coming ? v->coming[i - known] : "", .about = "", .pullable = true};
}

static size_t rows_count(const void *arg)
{
	const struct objects *v = arg;

	return v->kind->count(world_of(v)) + v->n_coming;
}

static bool has_row(const struct objects *v, const char *name)
{
	size_t n = rows_count(v);

	for (size_t i = 0; i < n; i++)
		if (strcmp(at(v, i).name, name) == 0)
			return true;
	return false;
}

/* What is pulled by a reference nobody knew is there as soon as it is asked for, under the name it is going to have. */
static void find_coming(struct objects *v)
{
	const struct world *w = world_of(v);

	v->n_coming = 0;
	for (size_t i = 0; i < w->n_jobs; i++) {
		const struct job *j = &w->jobs[i];

		if (!job_is_active(j) || j->kind != v->kind->pull || has_row(v, j->target))
			continue;
		v->coming = xrealloc(v->coming, v->n_coming + 1, sizeof(*v->coming));
		str_copy(v->coming[v->n_coming++], sizeof(*v->coming), j->target);
	}
}

static const char *rows_id(const void *arg, size_t i)
{
	return at(arg, i).name;
}

static bool rows_match(const void *arg, size_t i, const char *text)
{
	struct object o = at(arg, i);

	return text_contains(o.name, text) || text_contains(o.about, text);
}

static int rows_compare(const void *arg, size_t x, size_t y, int column)
{
	const struct objects *v = arg;
	struct object a = at(v, x), b = at(v, y);

	switch ((enum object_column)column) {
	case OBJ_WHERE:
		return (b.local - a.local) ?: strcmp(a.name, b.name);
	case OBJ_OWN:
		if (!is_known(v, x) || !is_known(v, y))
			return is_known(v, y) - is_known(v, x);
		return v->kind->own_compare(world_of(v), x, y);
	case OBJ_DISK:
		return (a.alloc_bytes < b.alloc_bytes) - (a.alloc_bytes > b.alloc_bytes);
	case OBJ_AGE:
		return (a.created_ms < b.created_ms) - (a.created_ms > b.created_ms);
	case OBJ_USERS:
		return b.users - a.users;
	default:
		return strcmp(a.name, b.name);
	}
}

static const struct list_rows rows = {rows_count, rows_id, rows_match, rows_compare};

static bool current(const struct objects *v, struct object *ret)
{
	size_t row;

	if (!list_current(&v->table.list, &row))
		return false;
	*ret = at(v, row);
	return true;
}

struct view *objects_open(struct app *app, const struct object_kind *kind)
{
	struct objects *v = xcalloc(1, sizeof(*v));

	v->view = (struct view){kind->ops, app};
	v->kind = kind;
	list_init(&v->table.list, &rows, v, OBJ_ABOUT);
	v->table.list.sort = OBJ_WHERE;
	find_coming(v);
	list_recalc(&v->table.list);
	return &v->view;
}

void objects_close(struct view *view)
{
	struct objects *v = (struct objects *)view;

	list_done(&v->table.list);
	free(v->coming);
	free(v);
}

unsigned objects_context(const struct view *view)
{
	return ((const struct objects *)view)->kind->context;
}

void objects_recalc(struct view *view, unsigned changed UNUSED)
{
	struct objects *v = (struct objects *)view;

	find_coming(v);
	list_recalc(&v->table.list);
}

static const struct job *pull_of(const struct objects *v, const struct object *o)
{
	return world_target_job(world_of(v), v->kind->pull, o->name);
}

static const char *where_text(const struct objects *v, const struct object *o)
{
	if (pull_of(v, o))
		return _("◌ on its way");
	return !o->local ? _("○ catalogue") : o->in_place ? _("● in place") : _("● local");
}

/* Local, in the catalogue, or how far its pull is. */
static void paint_where(const struct objects *v, const struct object *o, struct canvas *c, int x, int y, int width)
{
	const struct job *j = pull_of(v, o);

	if (!j) {
		canvas_text(c, x, y, o->local ? ROLE_OK : ROLE_DIM, width, where_text(v, o));
		return;
	}
	if (j->total > 0 && width >= BAR_FROM) {
		chart_bar(c, x, y, BAR_WIDTH, ROLE_BUSY, (int)(MAX((int64_t)0, j->done) * 1000 / j->total));
		x += BAR_WIDTH + 1;
		width -= BAR_WIDTH + 1;
	}
	if (j->total > 0)
		canvas_textf(c, x, y, ROLE_BUSY, width, "%d%% %s", job_permille(j) / 10, j->stage);
	else
		canvas_text(c, x, y, ROLE_BUSY, width, j->stage[0] ? j->stage : _("waiting"));
}

static void paint_row(struct view *view, struct canvas *c, int x, int y, int w UNUSED, size_t i, bool here)
{
	const struct objects *v = (struct objects *)view;
	const struct object o = at(v, i);
	const struct column_place *p = v->table.places;
	char text[SIZE_TEXT], name[OCI_REF_SIZE], tail[OCI_REF_SIZE + 4];

	canvas_text(c, x + p[OBJ_NAME].x, y, here ? ROLE_TITLE : ROLE_TEXT, p[OBJ_NAME].w,
		    utf8_tail(oci_ref_short(o.name, name), p[OBJ_NAME].w, tail, sizeof(tail)));
	paint_where(v, &o, c, x + p[OBJ_WHERE].x, y, p[OBJ_WHERE].w);
	if (o.local) {
		const char *own = v->kind->own(world_of(v), i, text);
		if (v->kind->columns[OBJ_OWN].right)
			canvas_right(c, x + p[OBJ_OWN].x, y, ROLE_TEXT, p[OBJ_OWN].w, own);
		else
			canvas_text(c, x + p[OBJ_OWN].x, y, ROLE_TEXT, p[OBJ_OWN].w, own);
		canvas_right(c, x + p[OBJ_DISK].x, y, ROLE_TEXT, p[OBJ_DISK].w, size_human(o.alloc_bytes, text));
		canvas_right(c, x + p[OBJ_AGE].x, y, ROLE_DIM, p[OBJ_AGE].w,
			     o.created_ms ? text_age(app_wall_ms(view->app) - o.created_ms, text) : "");
		snprintf(text, sizeof(text), "%d", o.users);
		canvas_right(c, x + p[OBJ_USERS].x, y, ROLE_DIM, p[OBJ_USERS].w, text);
	}
	canvas_text(c, x + p[OBJ_ABOUT].x, y, ROLE_DIM, p[OBJ_ABOUT].w, o.about);
}

static struct table_look look_of(const struct objects *v)
{
	const struct world *w = world_of(v);
	const char *empty = w->synced && !w->failed ? _(v->kind->empty) : "";

	return (struct table_look){_(v->kind->title), v->kind->columns, OBJ_COLUMNS, empty, 1, 0, paint_row};
}

static void fact_made(struct canvas *c, struct rect *page, int64_t created_ms)
{
	time_t at = (time_t)(created_ms / 1000);
	char text[32];
	struct tm tm;

	if (created_ms && localtime_r(&at, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm))
		page_row(c, page, ROLE_TEXT, _("made"), text);
}

/* The names of a row's users in at most `room` bytes, and how many more there are. Returns how many it has. */
static int add_users(const struct world *w, const struct object_kind *kind, size_t i, struct buf *names, size_t room)
{
	int users = 0, named = 0;

	for (size_t n = 0; n < w->n_vms; n++) {
		const char *name = w->vms[n]->vm.name;

		if (!kind->uses(w, i, &w->vms[n]->vm))
			continue;
		if (named == users && names->len + strlen(name) + 2 <= room) {
			buf_addf(names, "%s%s", named ? ", " : "", name);
			named++;
		}
		users++;
	}
	if (named < users)
		buf_addf(names, _(" and %d more"), users - named);
	return users;
}

static void fact_users(const struct world *w, const struct object_kind *kind, size_t i, struct canvas *c, struct rect *page)
{
	auto_buf names = {0};

	add_users(w, kind, i, &names, SIZE_MAX);
	page_row(c, page, names.len ? ROLE_TEXT : ROLE_DIM, _("used by"), names.len ? buf_cstr(&names) : _("no machine"));
}

static void paint_pane_title(const struct objects *v, const struct object *o, struct canvas *c, struct rect r)
{
	char name[OCI_REF_SIZE];
	int where = MIN(r.w / 2, utf8_str_width(where_text(v, o)));
	uint16_t style = v->pane.focused ? ROLE_ACCENT | STYLE_BOLD : ROLE_TITLE;
	int used = canvas_text(c, r.x, r.y, style, r.w - where - 2, oci_ref_short(o->name, name));

	canvas_right(c, r.x + used + 1, r.y, o->local ? ROLE_OK : ROLE_DIM, MAX(0, r.w - used - 2), where_text(v, o));
}

static void paint_pane(struct objects *v, struct canvas *c, struct rect r)
{
	struct pane *p = &v->pane;
	struct rect page;
	size_t row;

	if (!list_current(&v->table.list, &row))
		return;
	struct object o = at(v, row);
	struct rect title = rect_take_top(&r, r.h > 8 ? 2 : 1);
	rect_take_left(&title, 1);
	paint_pane_title(v, &o, c, title);
	if (strcmp(p->about, o.name) != 0)
		p->scroll.top = 0;
	str_copy(p->about, sizeof(p->about), o.name);
	page = page_begin(&p->scroll, c, r);
	page.x--; /* as far from the rule as the title */
	page.w++;
	if (is_known(v, row))
		v->kind->facts(world_of(v), row, c, &page);
	else
		page_row(c, &page, ROLE_TEXT, _("reference"), o.name);
	if (o.local) {
		fact_made(c, &page, o.created_ms);
		fact_users(world_of(v), v->kind, row, c, &page);
	}
	page_end(&p->scroll, c, page, true);
}

void objects_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct objects *v = (struct objects *)view;
	struct table_look look = look_of(v);
	struct object o;

	v->pane.scroll.rect = v->table.rows = (struct rect){0};
	v->pane.focused = v->pane.focused && current(v, &o);
	if (r.w >= LAYOUT_TWO_PANES && !v->zoom && current(v, &o)) {
		table_paint(view, &v->table, &look, c, rect_take_left(&r, MAX(LIST_LEAST, r.w * 11 / 20)));
		canvas_vline(c, r.x, r.y, r.h, ROLE_RULE);
		rect_take_left(&r, 1);
		paint_pane(v, c, r);
	} else if (v->pane.focused) {
		paint_pane(v, c, r);
	} else {
		table_paint(view, &v->table, &look, c, r);
		if (!v->table.list.total)
			table_paint_unopened(world_of(v), c, v->table.rows);
	}
}

/* Which of list and pane has the focus and is shown, and what the pane does with keys. */
static bool pane_act(struct objects *v, enum action a)
{
	bool was = v->pane.focused;

	switch (a) {
	case ACTION_FOCUS:
		v->pane.focused = !was;
		return true;
	case ACTION_FOCUS_DETAIL:
	case ACTION_FOCUS_LIST:
		v->pane.focused = a == ACTION_FOCUS_DETAIL;
		return true;
	case ACTION_ZOOM:
		v->zoom = !v->zoom;
		return true;
	case ACTION_BACK:
		v->pane.focused = false;
		return was;
	default:
		return was && page_act(&v->pane.scroll, a);
	}
}

/* The engine would refuse it: said before it is asked for, with the names of those that are in the way. */
static bool explain_use(struct objects *v, const struct object *o)
{
	struct ask q = {0};
	auto_buf names = {0};
	size_t row;
	int users = !list_current(&v->table.list, &row) || !is_known(v, row) ? 0 : add_users(world_of(v), v->kind, row, &names, sizeof(q.lines[1]) - NAMES_REST);

	users = MAX(users, o->users);
	if (!users)
		return false;
	v->kind->in_use(o, users, q.title, sizeof(q.title), q.lines[0], sizeof(q.lines[0]));
	str_copy(q.lines[1], sizeof(q.lines[1]), buf_cstr(&names));
	str_copy(q.keep, sizeof(q.keep), _("Close"));
	app_ask(v->view.app, &q);
	return true;
}

static void ask_delete(struct objects *v, const struct object *o)
{
	struct ask q = {.req = {.kind = v->kind->delete}, .n_refs = 1};
	char size[SIZE_TEXT];

	if (!o->local) {
		app_toast(v->view.app, ROLE_DIM, _("%s is not on this host"), o->name);
		return;
	}
	if (explain_use(v, o))
		return;
	snprintf(q.lines[0], sizeof(q.lines[0]), _("%s of disk"), size_human(o->alloc_bytes, size));
	str_copy(q.lines[1], sizeof(q.lines[1]), o->pullable ? _("it can be pulled again") : _("it is in no catalogue"));
	if (o->in_place) {
		str_copy(q.lines[0], sizeof(q.lines[0]), _("its file stays where it is"));
		str_copy(q.lines[1], sizeof(q.lines[1]), o->about);
	}
	v->kind->ask(o, q.title, sizeof(q.title));
	str_copy(q.yes, sizeof(q.yes), _("Delete"));
	str_copy(q.keep, sizeof(q.keep), _("Keep"));
	q.refs = xcalloc(1, sizeof(*q.refs));
	str_copy(q.refs[0], LIST_ID_SIZE, o->name);
	app_ask(v->view.app, &q);
}

static void pull(struct objects *v, const struct object *o)
{
	struct request r = {.kind = v->kind->pull};

	if (app_readonly(v->view.app)) {
		app_toast(v->view.app, ROLE_WARN, _("this console is read-only"));
		return;
	}
	if (!o->pullable) {
		app_toast(v->view.app, ROLE_DIM, _("%s is in no catalogue and of no registry: there is nothing to pull"), o->name);
		return;
	}
	str_copy(r.ref, sizeof(r.ref), o->name);
	app_submit(v->view.app, &r);
}

/* Enter on what is on its way shows how far it is; on what is not here yet, brings it; on what is, makes a machine of it, where one is
 * made of such. */
static enum action opens(const struct objects *v, const struct object *o)
{
	if (pull_of(v, o))
		return ACTION_VIEW_ACTIVITY;
	return !o->local ? ACTION_PULL : v->kind->use ? ACTION_NEW : ACTION_NONE;
}

bool objects_act(struct view *view, enum action a)
{
	struct objects *v = (struct objects *)view;
	struct object o;

	if (!current(v, &o))
		return false;
	if (pane_act(v, a))
		return true;
	if (a == ACTION_OPEN && pull_of(v, &o)) {
		app_show_job(view->app, pull_of(v, &o)->id);
		return true;
	}
	if (a == ACTION_OPEN)
		a = opens(v, &o);
	switch (a) {
	case ACTION_NEW:
		if (!v->kind->use)
			return false;
		v->kind->use(view->app, o.name);
		return true;
	case ACTION_PULL:
		pull(v, &o);
		return true;
	case ACTION_DELETE:
		ask_delete(v, &o);
		return true;
	default:
		return false;
	}
}

bool objects_mouse(struct view *view, const struct mouse *m)
{
	struct objects *v = (struct objects *)view;
	struct table_look look = look_of(v);

	if (rect_contains(v->pane.scroll.rect, m->x, m->y)) {
		bool wheel = m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN;

		for (int i = 0; wheel && i < 3; i++)
			page_act(&v->pane.scroll, m->kind == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
		v->pane.focused = v->pane.focused || !wheel;
		return true;
	}
	bool open, taken = table_mouse(&v->table, &look, m, &open);
	v->pane.focused = v->pane.focused && !taken;
	if (open)
		objects_act(view, ACTION_OPEN);
	return taken;
}

struct list *objects_list(struct view *view)
{
	return &((struct objects *)view)->table.list;
}

static const char *open_label(const struct objects *v, const struct object *o)
{
	enum action a = opens(v, o);

	if (a == ACTION_VIEW_ACTIVITY)
		return _("how far");
	if (app_readonly(v->view.app))
		return NULL;
	return a == ACTION_PULL ? _("pull") : a == ACTION_NEW ? _("new machine") : NULL;
}

const char *objects_label(const struct view *view, enum action a, const char *fallback)
{
	const struct objects *v = (const struct objects *)view;
	struct object o;
	bool any = current(v, &o);

	switch (a) {
	case ACTION_OPEN:
		return any ? open_label(v, &o) : NULL;
	case ACTION_DELETE:
		return any && o.local ? fallback : NULL;
	case ACTION_PULL:
		return any && o.pullable && !pull_of(v, &o) ? fallback : NULL;
	default:
		return fallback;
	}
}
