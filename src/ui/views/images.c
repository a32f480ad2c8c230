/* SPDX-License-Identifier: MIT */
/*
 * Images: local ones and the catalogue's in one list. Enter makes a machine from a local one and pulls another.
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
	const struct image *img = &((const struct world *)arg)->images[i];

	return text_contains(img->name, text) || text_contains(img->about, text);
}

static int rows_compare(const void *arg, size_t x, size_t y, int column)
{
	const struct world *w = arg;
	const struct image *a = &w->images[x], *b = &w->images[y];

	switch (column) {
	case COL_WHERE:
		return (b->local - a->local) ?: strcmp(a->name, b->name);
	case COL_SIZE:
		return (a->used_bytes < b->used_bytes) - (a->used_bytes > b->used_bytes);
	case COL_DISK:
		return (a->alloc_bytes < b->alloc_bytes) - (a->alloc_bytes > b->alloc_bytes);
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

static void paint_where(const struct world *w, const struct image *img, struct canvas *c, int x, int y, int width)
{
	const struct job *j = world_target_job(w, REQ_IMAGE_PULL, img->name);

	if (!j) {
		canvas_text(c, x, y, img->local ? ROLE_OK : ROLE_DIM, width,
			    img->local ? _("● local") : _("○ catalogue"));
		return;
	}
	if (j->total > 0 && width >= 20) {
		chart_bar(c, x, y, 8, ROLE_BUSY, (int)(MAX((int64_t)0, j->done) * 1000 / j->total));
		x += 9;
		width -= 9;
	}
	canvas_text(c, x, y, ROLE_BUSY, width, j->stage[0] ? j->stage : _("waiting"));
}

static void paint_row(struct view *view, struct canvas *c, int x, int y, int w, size_t i, bool here)
{
	struct images *v = (struct images *)view;
	const struct world *world = app_world(view->app);
	const struct image *img = &world->images[i];
	const struct column_place *p = v->table.places;
	char text[SIZE_TEXT];

	(void)w;
	canvas_text(c, x + p[COL_NAME].x, y, here ? ROLE_TITLE : ROLE_TEXT, p[COL_NAME].w, img->name);
	paint_where(world, img, c, x + p[COL_WHERE].x, y, p[COL_WHERE].w);
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
	struct ask q = {.req = {.kind = REQ_IMAGE_DELETE}, .n_refs = 1};
	char size[SIZE_TEXT];

	if (!img->local) {
		app_toast(v->view.app, ROLE_DIM, _("%s is not on this host"), img->name);
		return;
	}
	snprintf(q.title, sizeof(q.title), _("Delete image %.60s?"), img->name);
	snprintf(q.lines[0], sizeof(q.lines[0]), _("%s of disk"), size_human(img->alloc_bytes, size));
	if (img->users)
		snprintf(q.lines[1], sizeof(q.lines[1]),
			 ngettext("%d machine is made from it: this is refused while it exists",
				  "%d machines are made from it: this is refused while they exist", img->users),
			 img->users);
	else
		str_copy(q.lines[1], sizeof(q.lines[1]),
			 img->in_catalog ? _("it can be pulled again") : _("it is in no catalogue"));
	str_copy(q.yes, sizeof(q.yes), _("Delete"));
	str_copy(q.keep, sizeof(q.keep), _("Keep"));
	q.refs = xcalloc(1, sizeof(*q.refs));
	str_copy(q.refs[0], LIST_ID_SIZE, img->name);
	app_ask(v->view.app, &q);
}

static void pull(struct images *v, const struct image *img)
{
	struct request r = {.kind = REQ_IMAGE_PULL};

	if (app_readonly(v->view.app)) {
		app_toast(v->view.app, ROLE_WARN, _("this console is read-only"));
		return;
	}
	str_copy(r.ref, sizeof(r.ref), img->name);
	app_submit(v->view.app, &r);
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
