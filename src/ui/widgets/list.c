/* SPDX-License-Identifier: MIT */
/*
 * The list: an index over someone else's rows.
 *
 * Sorting 10 000 positions takes a few milliseconds at worst and happens only when rows changed; moving and painting
 * touch only what is shown.
 */
#include "ui/widgets/list.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

void list_init(struct list *l, const struct list_rows *rows, const void *arg, int n_sorts)
{
	assert(rows->count && rows->match && rows->id && n_sorts >= 0);
	*l = (struct list){.rows = rows, .arg = arg, .n_sorts = n_sorts, .sort = -1, .height = 1};
}

void list_done(struct list *l)
{
	free(l->order);
	free(l->marks);
	*l = (struct list){0};
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct list *l = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int c = l->sort < 0 || !l->rows->compare ? 0 : l->rows->compare(l->arg, x, y, l->sort);

	if (c)
		return l->reverse ? -c : c;
	return x < y ? -1 : x > y;
}

static bool row_shown(const struct list *l, size_t i)
{
	const char *text = l->filter;
	bool invert = *text == '!';

	text += invert;
	if (!*text)
		return true;
	return l->rows->match(l->arg, i, text) != invert;
}

static bool is_sorted(const struct list *l)
{
	for (size_t i = 1; i < l->n; i++)
		if (compare_rows(&l->order[i - 1], &l->order[i], (void *)(uintptr_t)l) > 0)
			return false;
	return true;
}

static void remember_anchor(struct list *l)
{
	size_t row;

	if (list_current(l, &row))
		str_copy(l->anchor, sizeof(l->anchor), l->rows->id(l->arg, row));
}

static void restore_cursor(struct list *l)
{
	if (l->anchor[0])
		for (size_t i = 0; i < l->n; i++)
			if (!strcmp(l->rows->id(l->arg, l->order[i]), l->anchor)) {
				/* The row keeps its place on the screen, the rest moves around it. */
				if (i > l->cursor)
					l->top += l->hold ? 0 : MIN(i - l->cursor, l->n);
				else
					l->top -= l->hold ? 0 : MIN(l->top, l->cursor - i);
				l->cursor = i;
				return;
			}
	if (l->cursor >= l->n)
		l->cursor = l->n ? l->n - 1 : 0;
}

void list_recalc(struct list *l)
{
	l->total = l->rows->count(l->arg);
	if (l->total > l->cap) {
		l->cap = l->total + l->total / 4 + 16;
		l->order = xrealloc(l->order, l->cap, sizeof(*l->order));
	}
	assert(l->total <= l->cap && l->total <= UINT32_MAX);
	l->n = 0;
	for (size_t i = 0; i < l->total; i++)
		if (row_shown(l, i))
			l->order[l->n++] = (uint32_t)i;
	if (l->sort >= 0 && !l->hold && !is_sorted(l))
		qsort_r(l->order, l->n, sizeof(*l->order), compare_rows, l);
	restore_cursor(l);
	list_scroll(l, l->height);
	assert(l->n ? l->cursor < l->n : l->cursor == 0);
	remember_anchor(l);
}

size_t list_at(const struct list *l, size_t n)
{
	assert(n < l->n);
	return l->order[n];
}

bool list_current(const struct list *l, size_t *ret)
{
	if (l->cursor >= l->n)
		return false;
	*ret = l->order[l->cursor];
	return true;
}

bool list_select(struct list *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->rows->id(l->arg, l->order[i]), id) != 0)
			continue;
		l->cursor = i;
		list_scroll(l, l->height);
		remember_anchor(l);
		return true;
	}
	return false;
}

void list_move(struct list *l, long by)
{
	long to = (long)l->cursor + by;

	if (!l->n)
		return;
	l->cursor = (size_t)MAX(0L, MIN(to, (long)l->n - 1));
	list_scroll(l, l->height);
	remember_anchor(l);
}

bool list_act(struct list *l, enum action a)
{
	long page = MAX(1, l->height - 1);

	switch (a) {
	case ACTION_DOWN:
		list_move(l, 1);
		return true;
	case ACTION_UP:
		list_move(l, -1);
		return true;
	case ACTION_PAGE_DOWN:
		list_move(l, page);
		return true;
	case ACTION_PAGE_UP:
		list_move(l, -page);
		return true;
	case ACTION_TOP:
		list_move(l, -(long)l->n);
		return true;
	case ACTION_BOTTOM:
		list_move(l, (long)l->n);
		return true;
	default:
		return false;
	}
}

void list_scroll(struct list *l, int height)
{
	size_t h = (size_t)MAX(height, 1);

	l->height = (int)h;
	if (l->cursor < l->top)
		l->top = l->cursor;
	if (l->cursor >= l->top + h)
		l->top = l->cursor - h + 1;
	if (l->top + h > l->n)
		l->top = l->n > h ? l->n - h : 0;
}

void list_set_filter(struct list *l, const char *text)
{
	str_copy(l->filter, sizeof(l->filter), text);
	list_recalc(l);
}

void list_set_sort(struct list *l, int column, bool reverse)
{
	l->reverse = reverse;
	l->sort = column;
	list_recalc(l);
}

static size_t mark_place(const struct list *l, const char *id, bool *ret_found)
{
	size_t lo = 0, hi = l->n_marks;

	*ret_found = false;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(l->marks[mid], id);

		if (!c) {
			*ret_found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool list_is_marked(const struct list *l, const char *id)
{
	bool found;

	mark_place(l, id, &found);
	return found;
}

void list_toggle_mark(struct list *l, const char *id)
{
	bool found;
	size_t at = mark_place(l, id, &found);

	if (found) {
		memmove(&l->marks[at], &l->marks[at + 1], (l->n_marks - at - 1) * sizeof(*l->marks));
		l->n_marks--;
		return;
	}
	if (l->n_marks == l->cap_marks) {
		l->cap_marks = MAX(l->cap_marks * 2, (size_t)8);
		l->marks = xrealloc(l->marks, l->cap_marks, sizeof(*l->marks));
	}
	memmove(&l->marks[at + 1], &l->marks[at], (l->n_marks - at) * sizeof(*l->marks));
	str_copy(l->marks[at], sizeof(l->marks[at]), id);
	l->n_marks++;
}

void list_mark_all(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *id = l->rows->id(l->arg, l->order[i]);

		if (!list_is_marked(l, id))
			list_toggle_mark(l, id);
	}
}

void list_clear_marks(struct list *l)
{
	l->n_marks = 0;
}
