/* SPDX-License-Identifier: MIT */
/*
 * A list of rows someone else owns: filter, order, marks, cursor and scrolling.
 *
 * Rows are named by a stable id. The cursor is anchored to an id, not to a position: when rows come, go or change their
 * order, the cursor stays on its row; when that row goes, it stays at its place. list_recalc() rebuilds the order from
 * the owner's rows and must run after they changed and before anything else is asked.
 */
#ifndef UI_WIDGETS_LIST_H
#define UI_WIDGETS_LIST_H

#include "core/model/name.h"
#include "ui/action.h"
#include "ui/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_FILTER_MAX 64
#define LIST_ID_SIZE OBJ_NAME_SIZE

struct list_rows {
	size_t (*count)(const void *arg);
	/* Borrowed until the rows change. */
	const char *(*id)(const void *arg, size_t i);
	/* Does the row hold this text? The text is never empty. */
	bool (*match)(const void *arg, size_t i, const char *text);
	/* <0, 0, >0 by the column; ties keep the owner's order. */
	int (*compare)(const void *arg, size_t a, size_t b, int column);
};

struct list {
	const struct list_rows *rows;
	const void *arg;
	uint32_t *order; /* positions in the owner's rows, filtered and sorted */
	size_t n, total; /* shown, and all there are */
	size_t cap;
	size_t cursor, top;
	int height; /* rows of the last paint: what a page is */
	char anchor[LIST_ID_SIZE];
	char filter[LIST_FILTER_MAX];
	int n_sorts; /* columns that can order: 0 … n_sorts-1 */
	int sort;    /* column, -1 = the owner's order */
	bool reverse;
	char (*marks)[LIST_ID_SIZE]; /* sorted ids */
	size_t n_marks, cap_marks;
	bool hold; /* a dialog about these rows is open: keep order and top where they are */
};

/* `n_sorts`: how many columns `compare` knows. */
void list_init(struct list *l, const struct list_rows *rows, const void *arg, int n_sorts);
void list_done(struct list *l);
void list_recalc(struct list *l);
/* Position in the owner's rows of a shown row; n must be < l->n. */
size_t list_at(const struct list *l, size_t n);
/* The same for the cursor; false when nothing is shown. */
bool list_current(const struct list *l, size_t *ret);
/* Put the cursor on an id; false when it is not shown. */
bool list_select(struct list *l, const char *id);
void list_move(struct list *l, long by);
/* Down, up, pages, top, bottom. False when the action is none of these. */
bool list_act(struct list *l, enum action a);
/* Keep the cursor inside `height` rows; the first row to paint is l->top. */
void list_scroll(struct list *l, int height);
void list_set_filter(struct list *l, const char *text);
/* The same column again reverses. */
void list_set_sort(struct list *l, int column, bool reverse);

bool list_is_marked(const struct list *l, const char *id);
void list_toggle_mark(struct list *l, const char *id);
/* Everything shown; marks on rows that are filtered out stay. */
void list_mark_all(struct list *l);
void list_clear_marks(struct list *l);

/* Columns: who gets room, in a given width. */
struct column {
	const char *title; /* untranslated */
	int min, max;	   /* cells; max 0 = as much as is left */
	int priority;	   /* 0 is always there; the highest goes first when there is no room */
	bool right;
	int sort; /* the column for list_set_sort, -1 = none */
};

#define COLUMNS_MAX 16

struct column_place {
	int x, w; /* w = 0: not shown */
};

/* Places relative to x = 0, one cell between columns. */
void columns_layout(const struct column *cols, size_t n, int width, struct column_place ret[COLUMNS_MAX]);
/* The column under cell x, or -1. */
int columns_hit(const struct column_place *places, size_t n, int x);

#endif
