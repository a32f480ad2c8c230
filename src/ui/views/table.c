/* SPDX-License-Identifier: MIT */
/*
 * Plain list views.
 */
#include "ui/views/table.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <stdio.h>

static void paint_title(struct table *t, const struct table_look *look, struct canvas *c, struct rect r)
{
	int x = r.x + 1;

	x += canvas_text(c, x, r.y, ROLE_TITLE, r.w - 2, look->title) + 2;
	x += canvas_textf(c, x, r.y, ROLE_DIM, r.x + r.w - x, _("%zu of %zu"), t->list.n, t->list.total) + 3;
	if (t->list.filter[0])
		canvas_textf(c, x, r.y, ROLE_ACCENT, r.x + r.w - x, "/%s", t->list.filter);
}

/* In US-ASCII the mark is a letter, and stands apart where there is room. */
void table_column_title(struct canvas *c, int x, int y, const struct column *col, int w, bool sorted, bool reverse)
{
	const char *title = col->title[0] ? _(col->title) : "", *mark = !sorted ? "" : reverse ? "▲" : "▼";
	const char *gap = sorted && c->ascii && utf8_str_width(title) + 2 <= w ? " " : "";
	uint16_t style = sorted ? ROLE_ACCENT : ROLE_HEAD;
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", title, gap, mark);
	if (col->right)
		canvas_right(c, x, y, style, w, text);
	else
		canvas_text(c, x, y, style, w, text);
}

bool table_paint_unopened(const struct world *w, struct canvas *c, struct rect r)
{
	struct rect text = {r.x + 2, r.y + 1, r.w - 4, r.h - 1};

	if (w->failed) {
		rect_take_top(&text, canvas_wrap(c, text, ROLE_ERR, w->failure.msg));
		canvas_wrap(c, text, ROLE_TEXT, w->failure.hint);
	} else if (!w->synced) {
		canvas_text(c, r.x + 3, r.y, ROLE_DIM, r.w - 4, _("opening the store…"));
	}
	return w->failed || !w->synced;
}

static void paint_head(struct table *t, const struct table_look *look, struct canvas *c, struct rect r)
{
	columns_layout(look->columns, look->n_columns, r.w - 4, t->places);
	for (size_t i = 0; i < look->n_columns; i++) {
		const struct column *col = &look->columns[i];
		bool sorted = t->list.sort >= 0 && t->list.sort == col->sort;

		if (t->places[i].w && col->title[0])
			table_column_title(c, r.x + 3 + t->places[i].x, r.y, col, t->places[i].w, sorted, t->list.reverse);
	}
}

int table_head_height(int view_height)
{
	return view_height > 11 ? 3 : 2;
}

void table_paint(struct view *v, struct table *t, const struct table_look *look, struct canvas *c, struct rect r)
{
	int height;

	paint_title(t, look, c, rect_take_top(&r, table_head_height(look->view_height ? look->view_height : r.h) - 1));
	paint_head(t, look, c, rect_take_top(&r, 1));
	t->rows = r;
	height = MAX(1, r.h / look->row_height);
	list_scroll(&t->list, height);
	if (!t->list.n)
		canvas_text(c, r.x + 3, r.y, ROLE_DIM, r.w - 4,
			    t->list.filter[0] ? _("nothing matches; esc clears the filter") : look->empty);
	for (int i = 0; i < height && t->list.top + (size_t)i < t->list.n; i++) {
		int y = r.y + i * look->row_height;
		bool here = t->list.top + (size_t)i == t->list.cursor;

		if (here)
			canvas_text(c, r.x + 1, y, ROLE_ACCENT, 1, "▸");
		look->row(v, c, r.x + 3, y, r.w - 4, list_at(&t->list, t->list.top + (size_t)i), here);
		if (here) {
			canvas_mark(c, (struct rect){r.x, y, r.w, look->row_height}, STYLE_SELECTED);
			canvas_cursor(c, r.x + 1, y, false);
		}
	}
}

bool table_mouse(struct table *t, const struct table_look *look, const struct mouse *m, bool *ret_open)
{
	int row = (m->y - t->rows.y) / look->row_height;

	*ret_open = false;
	if (m->kind != MOUSE_CLICK && m->kind != MOUSE_DOUBLE)
		return false;
	if (!rect_contains((struct rect){t->rows.x, t->rows.y - 1, t->rows.w, t->rows.h + 1}, m->x, m->y) || t->rows.h == 0)
		return false;
	if (m->y == t->rows.y - 1) {
		int col = columns_hit(t->places, look->n_columns, m->x - t->rows.x - 3);

		if (col >= 0 && look->columns[col].sort >= 0)
			list_set_sort(&t->list, look->columns[col].sort,
				      t->list.sort == look->columns[col].sort && !t->list.reverse);
		return true;
	}
	if (t->list.top + (size_t)row >= t->list.n)
		return false;
	list_move(&t->list, (long)t->list.top + row - (long)t->list.cursor);
	*ret_open = m->kind == MOUSE_DOUBLE;
	return true;
}
