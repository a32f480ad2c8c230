/* SPDX-License-Identifier: MIT */
/*
 * Kernels: local ones and the catalogue's in one list.
 */
#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/app.h"
#include "ui/views/objects.h"
#include "ui/views/table.h"
#include "ui/views/views.h"

#include <stdio.h>
#include <string.h>

struct kernels {
	struct view view;
	struct table table;
};

enum { COL_NAME, COL_WHERE, COL_RELEASE, COL_DISK, COL_USERS, COL_ABOUT, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_NAME] = {N_("NAME"), 14, 32, 0, false, 0},	      [COL_WHERE] = {N_("WHERE"), 10, 22, 0, false, 1},
	[COL_RELEASE] = {N_("RELEASE"), 14, 28, 1, false, 2}, [COL_DISK] = {N_("ON DISK"), 7, 8, 2, true, 3},
	[COL_USERS] = {N_("USED BY"), 7, 8, 3, true, 4},      [COL_ABOUT] = {N_("WHAT IT IS"), 16, 0, 4, false, -1},
};

static struct object object_of(const struct kernel *k)
{
	return (struct object){.name = k->name,
			       .about = k->about,
			       .local = k->local,
			       .in_catalog = k->in_catalog,
			       .alloc_bytes = k->alloc_bytes,
			       .users = k->users};
}

static size_t rows_count(const void *arg)
{
	return ((const struct world *)arg)->n_kernels;
}

static const char *rows_id(const void *arg, size_t i)
{
	return ((const struct world *)arg)->kernels[i].name;
}

static bool rows_match(const void *arg, size_t i, const char *text)
{
	struct object o = object_of(&((const struct world *)arg)->kernels[i]);

	return object_match(&o, text);
}

static int rows_compare(const void *arg, size_t x, size_t y, int column)
{
	const struct world *w = arg;
	const struct kernel *a = &w->kernels[x], *b = &w->kernels[y];
	struct object oa = object_of(a), ob = object_of(b);

	switch (column) {
	case COL_WHERE:
		return object_compare_where(&oa, &ob);
	case COL_RELEASE:
		return strcmp(a->release, b->release);
	case COL_DISK:
		return object_compare_disk(&oa, &ob);
	case COL_USERS:
		return b->users - a->users;
	default:
		return strcmp(a->name, b->name);
	}
}

static const struct list_rows rows = {rows_count, rows_id, rows_match, rows_compare};

static const struct kernel *current(const struct kernels *v)
{
	size_t row;

	return list_current(&v->table.list, &row) ? &app_world(v->view.app)->kernels[row] : NULL;
}

static struct view *kernels_open(struct app *app)
{
	struct kernels *v = xcalloc(1, sizeof(*v));

	v->view = (struct view){&kernels_view, app};
	list_init(&v->table.list, &rows, app_world(app), COL_ABOUT);
	v->table.list.sort = COL_WHERE;
	list_recalc(&v->table.list);
	return &v->view;
}

static void kernels_close(struct view *view)
{
	list_done(&((struct kernels *)view)->table.list);
	free(view);
}

static unsigned kernels_context(const struct view *view)
{
	(void)view;
	return CTX_KERNELS;
}

static void kernels_recalc(struct view *view, unsigned changed)
{
	(void)changed;
	list_recalc(&((struct kernels *)view)->table.list);
}

static void paint_row(struct view *view, struct canvas *c, int x, int y, int w, size_t i, bool here)
{
	struct kernels *v = (struct kernels *)view;
	const struct world *world = app_world(view->app);
	const struct kernel *k = &world->kernels[i];
	struct object o = object_of(k);
	const struct column_place *p = v->table.places;
	char text[SIZE_TEXT];

	(void)w;
	canvas_text(c, x + p[COL_NAME].x, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_NAME].w, k->name);
	object_paint_where(world, &o, REQ_KERNEL_PULL, c, x + p[COL_WHERE].x, y, p[COL_WHERE].w);
	if (k->local) {
		canvas_text(c, x + p[COL_RELEASE].x, y, ROLE_TEXT, p[COL_RELEASE].w, k->release);
		canvas_right(c, x + p[COL_DISK].x, y, ROLE_TEXT, p[COL_DISK].w, size_human(k->alloc_bytes, text));
		snprintf(text, sizeof(text), "%d", k->users);
		canvas_right(c, x + p[COL_USERS].x, y, ROLE_DIM, p[COL_USERS].w, text);
	}
	canvas_text(c, x + p[COL_ABOUT].x, y, ROLE_DIM, p[COL_ABOUT].w, k->about);
}

static struct table_look look_of(void)
{
	return (struct table_look){_("Kernels"), columns, COL_COUNT, _("no kernels, and no catalogue"), 1, paint_row};
}

static void kernels_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct table_look look = look_of();

	table_paint(view, &((struct kernels *)view)->table, &look, c, r);
}

static void ask_delete(struct kernels *v, const struct kernel *k)
{
	struct object o = object_of(k);
	char title[96], used[160];

	snprintf(title, sizeof(title), _("Delete kernel %.60s?"), k->name);
	snprintf(used, sizeof(used),
		 ngettext("%d machine uses it: this is refused while it exists",
			  "%d machines use it: this is refused while they exist", k->users),
		 k->users);
	object_ask_delete(v->view.app, REQ_KERNEL_DELETE, &o, title, k->users ? used : NULL);
}

static void pull(struct kernels *v, const struct kernel *k)
{
	struct object o = object_of(k);

	object_pull(v->view.app, REQ_KERNEL_PULL, &o);
}

static bool kernels_act(struct view *view, enum action a)
{
	struct kernels *v = (struct kernels *)view;
	const struct kernel *k = current(v);

	if (!k)
		return false;
	switch (a) {
	case ACTION_OPEN:
	case ACTION_PULL:
		pull(v, k);
		return true;
	case ACTION_DELETE:
		ask_delete(v, k);
		return true;
	default:
		return false;
	}
}

static bool kernels_mouse(struct view *view, const struct mouse *m)
{
	struct table_look look = look_of();
	bool open, taken = table_mouse(&((struct kernels *)view)->table, &look, m, &open);

	if (open)
		kernels_act(view, ACTION_OPEN);
	return taken;
}

static struct list *kernels_list(struct view *view)
{
	return &((struct kernels *)view)->table.list;
}

static const char *kernels_label(const struct view *view, enum action a, const char *fallback)
{
	const struct kernel *k = current((const struct kernels *)view);

	if (a == ACTION_OPEN)
		return NULL;
	if (a == ACTION_DELETE)
		return k && k->local ? fallback : NULL;
	return fallback;
}

const struct view_ops kernels_view = {
	.title = N_("Kernels"),
	.watches = WORLD_KERNELS | WORLD_JOBS | WORLD_SYNC,
	.open = kernels_open,
	.close = kernels_close,
	.context = kernels_context,
	.recalc = kernels_recalc,
	.paint = kernels_paint,
	.act = kernels_act,
	.mouse = kernels_mouse,
	.list = kernels_list,
	.label = kernels_label,
};
