/* SPDX-License-Identifier: MIT */
/*
 * What the list of a directory looks like, also while a path is typed over it. Names are bytes of others: cleaned here, row by row.
 */
#include "ui/views/import.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/size.h"
#include "ui/text.h"

#include <string.h>

static const struct column columns[IMPORT_COLUMNS] = {
	[IMPORT_COL_NAME] = {N_("NAME"), 16, 0, 0, false, IMPORT_COL_NAME},
	[IMPORT_COL_SIZE] = {N_("SIZE"), 6, 7, 1, true, IMPORT_COL_SIZE},
	[IMPORT_COL_AGE] = {N_("AGE"), 4, 5, 2, true, IMPORT_COL_AGE},
};

static const struct world_dir *dir_of(const struct import *v)
{
	return &app_world(v->view.app)->dir;
}

int import_paint_path(struct canvas *c, int x, int y, uint16_t style, int w, const char *path)
{
	auto_buf clean = {0};
	const char *s;
	bool cut = false;

	utf8_clean(&clean, path, strlen(path), false);
	s = buf_cstr(&clean);
	while (*s && utf8_str_width(s) > w - cut) {
		uint32_t cp;

		s += utf8_decode(s, strlen(s), &cp);
		cut = true;
	}
	if (cut && w > 0)
		canvas_text(c, x, y, style, 1, "…");
	return cut + canvas_text(c, x + cut, y, style, w - cut, s);
}

static const char *kind_word(const struct dir_entry *e)
{
	if (e->kind == DIR_BROKEN)
		return _("link to nothing");
	if (e->kind == DIR_OTHER)
		return _("special");
	return e->link ? _("link") : "";
}

static void paint_row(struct view *view, struct canvas *c, int x, int y, int w UNUSED, size_t i, bool here)
{
	const struct import *v = (const struct import *)view;
	const struct column_place *p = v->table.places;
	const struct dir_entry *e = import_at(v, i);
	bool stale = dir_of(v)->reading;
	enum role role = here ? ROLE_TITLE : ROLE_TEXT;
	char text[SIZE_TEXT];
	auto_buf name = {0};
	int used;

	if (e)
		utf8_clean(&name, e->name, strlen(e->name), false);
	else
		buf_adds(&name, "..");
	if (!e || e->kind == DIR_FOLDER)
		buf_addc(&name, '/');
	if (stale || (e && e->kind != DIR_FOLDER && (e->kind != DIR_FILE || !v->kind->looks_right(e->name))))
		role = ROLE_DIM;
	else if (!here && (!e || e->kind == DIR_FOLDER))
		role = ROLE_ACCENT;
	used = canvas_text(c, x + p[IMPORT_COL_NAME].x, y, role, p[IMPORT_COL_NAME].w, buf_cstr(&name)) + 2;
	if (!e)
		return;
	if (used < p[IMPORT_COL_NAME].w)
		canvas_text(c, x + p[IMPORT_COL_NAME].x + used, y, ROLE_DIM, p[IMPORT_COL_NAME].w - used, kind_word(e));
	if (e->kind == DIR_FILE)
		canvas_right(c, x + p[IMPORT_COL_SIZE].x, y, role == ROLE_DIM ? ROLE_DIM : ROLE_TEXT, p[IMPORT_COL_SIZE].w,
			     size_human(e->bytes, text));
	if (e->changed_ms)
		canvas_right(c, x + p[IMPORT_COL_AGE].x, y, ROLE_DIM, p[IMPORT_COL_AGE].w, text_age(app_wall_ms(view->app) - e->changed_ms, text));
}

/* "38 of 40, 2 hidden", or what keeps them away. */
static void count_text(const struct import *v, struct buf *out)
{
	const struct world_dir *d = dir_of(v);
	const struct list *l = &v->table.list;
	bool up = v->n_shown && v->shown[0] == UP_ROW;

	if (d->reading || v->wanted) {
		buf_adds(out, v->n_shown ? _("reading…") : ""); /* else it stands in the list */
		return;
	}
	if (err_is_set(&d->err))
		return;
	if (l->filter[0])
		buf_addf(out, _("%zu of %zu"), l->n, v->n_shown - up);
	else
		buf_addf(out, ngettext("%zu entry", "%zu entries", v->n_shown - up), v->n_shown - up);
	if (v->n_hidden)
		buf_addf(out, _(", %zu hidden"), v->n_hidden);
	if (d->cut)
		buf_adds(out, _(", and more that are not shown"));
}

static void paint_error(const struct import *v, struct canvas *c, struct rect r)
{
	const struct err *e = &dir_of(v)->err;
	auto_buf msg = {0};

	utf8_clean(&msg, e->msg, strlen(e->msg), false);
	rect_take_left(&r, 3);
	rect_take_right(&r, 1);
	rect_take_top(&r, canvas_wrap(c, r, ROLE_ERR, buf_cstr(&msg)));
	canvas_wrap(c, r, ROLE_DIM, v->face == IMPORT_PATH ? _("esc goes back to where you were") : _("← goes up, p takes another path, ~ goes home"));
}

static const char *nothing(const struct import *v)
{
	const struct world_dir *d = dir_of(v);

	if (d->reading || v->wanted)
		return _("reading…");
	if (err_is_set(&d->err))
		return "";
	if (v->face == IMPORT_PATH)
		return _("nothing here begins like that");
	return v->n_hidden ? _("nothing but hidden files; . shows them") : _("the directory is empty");
}

struct table_look import_look(const struct import *v)
{
	return (struct table_look){"", columns, IMPORT_COLUMNS, nothing(v), 1, 0, paint_row};
}

static void paint_list(struct import *v, struct canvas *c, struct rect r)
{
	struct rect head = {r.x, r.y, r.w, 1};
	auto_buf count = {0};
	struct table_look look;
	struct list *l = &v->table.list;
	int x;

	if (dir_of(v)->reading) /* what was there grows too old */
		import_rows(v);
	look = import_look(v);
	count_text(v, &count);
	table_paint(&v->view, &v->table, &look, c, r);
	canvas_fill(c, head, ROLE_TEXT);
	if (v->face == IMPORT_PATH) {
		import_path_paint(v, c, head);
	} else {
		int room = r.w - 4 - utf8_str_width(buf_cstr(&count)) - (l->filter[0] ? utf8_str_width(l->filter) + 4 : 0);

		x = r.x + 1 + import_paint_path(c, r.x + 1, r.y, ROLE_TITLE, MAX(8, room), import_cwd(v)) + 2;
		x += canvas_text(c, x, r.y, ROLE_DIM, r.x + r.w - x, buf_cstr(&count)) + 3;
		if (l->filter[0])
			canvas_textf(c, x, r.y, ROLE_ACCENT, r.x + r.w - x, "/%s", l->filter);
	}
	if (err_is_set(&dir_of(v)->err) && !dir_of(v)->reading)
		paint_error(v, c, (struct rect){v->table.rows.x, v->table.rows.y + (l->n > 0), v->table.rows.w, v->table.rows.h - (l->n > 0)});
}

void import_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct import *v = (struct import *)view;
	int x;

	if (v->face == IMPORT_NAME) {
		import_name_paint(v, c, r);
		return;
	}
	if (r.h > 11) {
		struct rect title = rect_take_top(&r, 1);

		x = canvas_text(c, title.x + 1, title.y, ROLE_TITLE, title.w - 2, _(v->kind->title));
		canvas_hline(c, title.x + x + 2, title.y, title.w - x - 3, ROLE_RULE);
		if (v->face == IMPORT_PATH)
			import_path_hint(c, title);
	}
	paint_list(v, c, r);
}
