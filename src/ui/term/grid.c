/* SPDX-License-Identifier: MIT */
/*
 * The cells of one screen (see grid.h).
 *
 * Callers hand in rectangles a library computed from a guest's numbers: everything is clipped here once more.
 */
#include "ui/term/grid.h"

#include <assert.h>
#include <string.h>

static void blank(struct emu_cell *c, int n, int32_t bg)
{
	struct emu_cell b = grid_blank(bg);

	for (int i = 0; i < n; i++)
		c[i] = b;
}

static struct grid_row *row_new(int cols)
{
	struct grid_row *r = xmalloc(sizeof(*r) + (size_t)cols * sizeof(r->cells[0]));

	assert(cols > 0);
	r->wrap = GRID_ENDS;
	blank(r->cells, cols, EMU_DEFAULT);
	return r;
}

void grid_init(struct grid *g, int cols, int rows)
{
	assert(cols > 0 && rows > 0);
	g->cols = cols;
	g->rows = rows;
	g->row = xcalloc((size_t)rows, sizeof(g->row[0]));
	for (int y = 0; y < rows; y++)
		g->row[y] = row_new(cols);
}

void grid_done(struct grid *g)
{
	for (int y = 0; g->row && y < g->rows; y++)
		free(g->row[y]);
	free(g->row);
	*g = (struct grid){0};
}

/* A boundary is about to run between x-1 and x: blank a wide character that stands across it. */
static void split(struct grid *g, int x, int y)
{
	struct emu_cell *c = g->row[y]->cells;

	if (x <= 0 || x >= g->cols || c[x].width != 0)
		return;
	blank(&c[x - 1], 1, c[x - 1].bg);
	blank(&c[x], 1, c[x].bg);
}

void grid_put(struct grid *g, int x, int y, uint32_t cp, int width, const struct emu_cell *pen)
{
	if (x < 0 || y < 0 || x >= g->cols || y >= g->rows)
		return;
	if (x + width > g->cols) {
		cp = 0xfffd;
		width = 1;
	}

	assert(width == 1 || width == 2);

	struct grid_row *r = g->row[y];
	struct emu_cell *c = &r->cells[x];

	split(g, x, y);
	split(g, x + width, y);
	*c = *pen;
	c->cps[0] = cp;
	c->n = 1;
	c->width = (uint8_t)width;
	if (width == 2) {
		c[1] = *pen;
		c[1].n = 0;
		c[1].width = 0;
	}
	if (x + width == g->cols)
		r->wrap = GRID_ENDS;
}

static void clip(const struct grid *g, int *x0, int *y0, int *x1, int *y1)
{
	*x0 = MAX(*x0, 0);
	*y0 = MAX(*y0, 0);
	*x1 = MIN(*x1, g->cols);
	*y1 = MIN(*y1, g->rows);
}

void grid_erase(struct grid *g, int x0, int y0, int x1, int y1, int32_t bg)
{
	clip(g, &x0, &y0, &x1, &y1);
	assert(x0 >= 0 && y0 >= 0 && x1 <= g->cols && y1 <= g->rows);
	for (int y = y0; y < y1 && x0 < x1; y++) {
		split(g, x0, y);
		split(g, x1, y);
		blank(&g->row[y]->cells[x0], x1 - x0, bg);
		if (x1 == g->cols)
			g->row[y]->wrap = GRID_ENDS;
	}
}

static void reverse(struct grid_row **r, int n)
{
	for (int i = 0; i < n / 2; i++) {
		struct grid_row *t = r[i];

		r[i] = r[n - 1 - i];
		r[n - 1 - i] = t;
	}
}

/* Turn the rows [y0, y1) so that what was at y0 + up comes to y0. */
static void rotate(struct grid *g, int y0, int y1, int up)
{
	int n = y1 - y0, k = up < 0 ? n + up : up;

	assert(y0 >= 0 && y1 <= g->rows && k > 0 && k < n);
	if (up == 1) {
		struct grid_row *first = g->row[y0];

		memmove(&g->row[y0], &g->row[y0 + 1], (size_t)(n - 1) * sizeof(g->row[0]));
		g->row[y1 - 1] = first;
		return;
	}
	reverse(&g->row[y0], k);
	reverse(&g->row[y0 + k], n - k);
	reverse(&g->row[y0], n);
}

static void move_cells(struct grid *g, int x0, int y0, int x1, int y1, int up, int left)
{
	int n = x1 - x0 - abs(left), from = x0 + MAX(left, 0), to = x0 + MAX(-left, 0);
	int step = up < 0 ? -1 : 1, rows = y1 - y0 - abs(up), y = up < 0 ? y1 - 1 : y0;

	assert(n >= 0 && rows >= 0 && x0 >= 0 && x1 <= g->cols && y0 >= 0 && y1 <= g->rows);
	for (int i = 0; i < rows; i++, y += step)
		memmove(&g->row[y]->cells[to], &g->row[y + up]->cells[from], (size_t)n * sizeof(struct emu_cell));
}

void grid_scroll(struct grid *g, int x0, int y0, int x1, int y1, int up, int left, int32_t bg)
{
	clip(g, &x0, &y0, &x1, &y1);
	if (x0 >= x1 || y0 >= y1)
		return;
	up = MAX(MIN(up, y1 - y0), y0 - y1);
	left = MAX(MIN(left, x1 - x0), x0 - x1);

	bool whole_rows = x0 == 0 && x1 == g->cols && left == 0;

	if (whole_rows && abs(up) < y1 - y0) {
		if (up)
			rotate(g, y0, y1, up);
	} else {
		for (int y = y0; y < y1; y++) {
			split(g, x0, y);
			split(g, x1, y);
			split(g, left > 0 ? x0 + left : x1 + left, y);
			g->row[y]->wrap = GRID_ENDS;
		}
		move_cells(g, x0, y0, x1, y1, up, left);
	}
	if (up > 0)
		grid_erase(g, x0, y1 - up, x1, y1, bg);
	else if (up < 0)
		grid_erase(g, x0, y0, x1, y0 - up, bg);
	if (left > 0)
		grid_erase(g, x1 - left, y0, x1, y1, bg);
	else if (left < 0)
		grid_erase(g, x0, y0, x0 - left, y1, bg);
}

void grid_resize(struct grid *g, int cols, int rows)
{
	struct grid n;

	grid_init(&n, cols, rows);
	for (int y = 0; y < MIN(rows, g->rows); y++) {
		if (cols < g->cols)
			split(g, cols, y);
		memcpy(n.row[y]->cells, g->row[y]->cells, (size_t)MIN(cols, g->cols) * sizeof(struct emu_cell));
	}
	grid_done(g);
	*g = n;
}

int grid_used(const struct grid *g)
{
	for (int y = g->rows; y > 0; y--)
		for (int x = 0; x < g->cols; x++)
			if (!grid_cell_is_blank(&g->row[y - 1]->cells[x]))
				return y;
	return 0;
}
