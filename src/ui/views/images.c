/* SPDX-License-Identifier: MIT */
/*
 * Images: local ones and the catalogue's in one list. Enter makes a machine from a local one and pulls another.
 */
#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/app.h"
#include "ui/views/objects.h"
#include "ui/views/table.h"
#include "ui/views/views.h"

#include <stdio.h>
#include <string.h>

struct images {
	struct view view;
	struct table table;
};

enum { COL_NAME, COL_WHERE, COL_SIZE, COL_DISK, COL_USERS, COL_ABOUT, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_NAME] = {N_("NAME"), 14, 32, 0, false, 0},	 [COL_WHERE] = {N_("WHERE"), 10, 22, 0, false, 1},
	[COL_SIZE] = {N_("SIZE"), 6, 7, 1, true, 2},	 [COL_DISK] = {N_("ON DISK"), 7, 8, 2, true, 3},
	[COL_USERS] = {N_("USED BY"), 7, 8, 3, true, 4}, [COL_ABOUT] = {N_("WHAT IT IS"), 16, 0, 4, false, -1},
};

static struct object object_of(const struct image *img)
{
	return (struct object){.name = img->name,
			       .about = img->about,
			       .local = img->local,
			       .in_catalog = img->in_catalog,
			       .alloc_bytes = img->alloc_bytes,
			       .users = img->users};
}

static size_t rows_count(const void *arg)
{
	return ((const struct world *)arg)->n_images;
}

static const char *rows_id(const void *arg, size_t i)
{
	return ((const struct world *)arg)->images[i].name;
}

static bool rows_match(const void *arg, size_t i, const char *text)
{
	struct object o = object_of(&((const struct world *)arg)->images[i]);

	return object_match(&o, text);
}

static int rows_compare(const void *arg, size_t x, size_t y, int column)
{
	const struct world *w = arg;
	const struct image *a = &w->images[x], *b = &w->images[y];
	struct object oa = object_of(a), ob = object_of(b);

	switch (column) {
	case COL_WHERE:
		return object_compare_where(&oa, &ob);
	case COL_SIZE:
		return (a->used_bytes < b->used_bytes) - (a->used_bytes > b->used_bytes);
	case COL_DISK:
		return object_compare_disk(&oa, &ob);
	case COL_USERS:
		return b->users - a->users;
	default:
		return strcmp(a->name, b->name);
	}
}

static const struct list_rows rows = {rows_count, rows_id, rows_match, rows_compare};

static const struct image *current(const struct images *v)
{
	size_t row;

	return list_current(&v->table.list, &row) ? &app_world(v->view.app)->images[row] : NULL;
}

static struct view *images_open(struct app *app)
{
	struct images *v = xcalloc(1, sizeof(*v));

	v->view = (struct view){&images_view, app};
	list_init(&v->table.list, &rows, app_world(app), COL_ABOUT);
	v->table.list.sort = COL_WHERE;
	list_recalc(&v->table.list);
	return &v->view;
}

static void images_close(struct view *view)
{
	list_done(&((struct images *)view)->table.list);
	free(view);
}

static unsigned images_context(const struct view *view)
{
	(void)view;
	return CTX_IMAGES;
}

static void images_recalc(struct view *view, unsigned changed)
{
	(void)changed;
	list_recalc(&((struct images *)view)->table.list);
}

static void paint_row(struct view *view, struct canvas *c, int x, int y, int w, size_t i, bool here)
{
	struct images *v = (struct images *)view;
	const struct world *world = app_world(view->app);
	const struct image *img = &world->images[i];
	struct object o = object_of(img);
	const struct column_place *p = v->table.places;
	char text[SIZE_TEXT];

	(void)w;
	canvas_text(c, x + p[COL_NAME].x, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_NAME].w, img->name);
	object_paint_where(world, &o, REQ_IMAGE_PULL, c, x + p[COL_WHERE].x, y, p[COL_WHERE].w);
	if (img->local) {
		canvas_right(c, x + p[COL_SIZE].x, y, ROLE_TEXT, p[COL_SIZE].w, size_human(img->used_bytes, text));
		canvas_right(c, x + p[COL_DISK].x, y, ROLE_TEXT, p[COL_DISK].w, size_human(img->alloc_bytes, text));
		snprintf(text, sizeof(text), "%d", img->users);
		canvas_right(c, x + p[COL_USERS].x, y, ROLE_DIM, p[COL_USERS].w, text);
	}
	canvas_text(c, x + p[COL_ABOUT].x, y, ROLE_DIM, p[COL_ABOUT].w, img->about);
}

static struct table_look look_of(void)
{
	return (struct table_look){_("Images"), columns, COL_COUNT, _("no images, and no catalogue"), 1, paint_row};
}

static void images_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct table_look look = look_of();

	table_paint(view, &((struct images *)view)->table, &look, c, r);
}

static void ask_delete(struct images *v, const struct image *img)
{
	struct object o = object_of(img);
	char title[96], used[160];

	snprintf(title, sizeof(title), _("Delete image %.60s?"), img->name);
	snprintf(used, sizeof(used),
		 ngettext("%d machine is made from it: this is refused while it exists",
			  "%d machines are made from it: this is refused while they exist", img->users),
		 img->users);
	object_ask_delete(v->view.app, REQ_IMAGE_DELETE, &o, title, img->users ? used : NULL);
}

static void pull(struct images *v, const struct image *img)
{
	struct object o = object_of(img);

	object_pull(v->view.app, REQ_IMAGE_PULL, &o);
}

static bool images_act(struct view *view, enum action a)
{
	struct images *v = (struct images *)view;
	const struct image *img = current(v);

	if (!img)
		return false;
	if (a == ACTION_OPEN && !img->local)
		a = ACTION_PULL;
	switch (a) {
	case ACTION_OPEN:
	case ACTION_NEW:
		app_new_vm(view->app, img->name);
		return true;
	case ACTION_PULL:
		pull(v, img);
		return true;
	case ACTION_DELETE:
		ask_delete(v, img);
		return true;
	default:
		return false;
	}
}

static bool images_mouse(struct view *view, const struct mouse *m)
{
	struct table_look look = look_of();
	bool open, taken = table_mouse(&((struct images *)view)->table, &look, m, &open);

	if (open)
		images_act(view, ACTION_OPEN);
	return taken;
}

static struct list *images_list(struct view *view)
{
	return &((struct images *)view)->table.list;
}

static const char *images_label(const struct view *view, enum action a, const char *fallback)
{
	const struct image *img = current((const struct images *)view);

	if (a == ACTION_OPEN)
		return !img ? NULL : img->local ? _("new machine") : _("pull");
	if (a == ACTION_DELETE)
		return img && img->local ? fallback : NULL;
	return fallback;
}

const struct view_ops images_view = {
	.title = N_("Images"),
	.watches = WORLD_IMAGES | WORLD_JOBS | WORLD_SYNC,
	.open = images_open,
	.close = images_close,
	.context = images_context,
	.recalc = images_recalc,
	.paint = images_paint,
	.act = images_act,
	.mouse = images_mouse,
	.list = images_list,
	.label = images_label,
};
