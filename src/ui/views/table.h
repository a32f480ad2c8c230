/* SPDX-License-Identifier: MIT */
/*
 * What the plain list views (images, kernels, activity) share: a title line, a header, rows under a cursor.
 */
#ifndef UI_VIEWS_TABLE_H
#define UI_VIEWS_TABLE_H

#include "ui/canvas.h"
#include "ui/view.h"

struct table {
	struct list list;
	struct rect rows; /* as painted */
	struct column_place places[COLUMNS_MAX];
};

struct table_look {
	const char *title; /* translated */
	const struct column *columns;
	size_t n_columns;
	const char *empty; /* what to say when there is nothing, translated */
	int row_height;	   /* cells a row takes, 1 or 2 */
	int view_height;   /* of the view, where the table is but a part of it: it has its air by that; 0: all of it */
	/* Paint row `i` of the owner's rows at y; places are relative to x. */
	void (*row)(struct view *v, struct canvas *c, int x, int y, int w, size_t i, bool here);
};

/* Rows above the first of the list's, in a view of so many. */
int table_head_height(int view_height);
void table_paint(struct view *v, struct table *t, const struct table_look *look, struct canvas *c, struct rect r);
/* A column's title, with a mark where it is what the rows are ordered by. */
void table_column_title(struct canvas *c, int x, int y, const struct column *col, int w, bool sorted, bool reverse);
/* Why there are no rows yet, or none at all: the store is being opened, or cannot be. False: it is open, and nothing was painted. */
bool table_paint_unopened(const struct world *w, struct canvas *c, struct rect r);
/* Clicks move the cursor, clicks on the header sort; true also for a double click, which sets *ret_open. What is beside the table as
 * it was painted, or not painted, is nothing of its. */
bool table_mouse(struct table *t, const struct table_look *look, const struct mouse *m, bool *ret_open);

#endif
