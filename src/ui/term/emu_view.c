/* SPDX-License-Identifier: MIT */
/*
 * The emulator seen from outside: cells, rows, cursor, what changed; and its new size.
 *
 * A resize of the main screen sends its rows to the scrollback, wraps everything anew there, and takes the newest rows
 * back: one mechanism for text above and below the edge, so nothing is lost or doubled whichever way it grows.
 */
#include "ui/term/emu_priv.h"

#include "base/utf8.h"

#include <string.h>

int emu_cols(const struct emu *e)
{
	return e->main.cols;
}

int emu_rows(const struct emu *e)
{
	return e->main.rows;
}

static const struct grid *shown(const struct emu *e)
{
	return e->modes.alt_screen ? &e->alt : &e->main;
}

const struct emu_cell *emu_cell(const struct emu *e, int x, int y)
{
	static const struct emu_cell nothing = {.fg = EMU_DEFAULT, .bg = EMU_DEFAULT, .width = 1};
	const struct grid *g = shown(e);

	if (x < 0 || y < 0 || x >= g->cols || y >= g->rows)
		return &nothing;
	return &g->row[y]->cells[x];
}

bool emu_row(const struct emu *e, int row, struct emu_cell *ret)
{
	const struct grid *g = shown(e);
	int y = row - emu_history(e);
	bool wrapped = false;

	if (y < 0) {
		scrollback_get(e->history, row < 0 ? SIZE_MAX : (size_t)row, ret, g->cols, &wrapped);
	} else if (y < g->rows) {
		memcpy(ret, g->row[y]->cells, (size_t)g->cols * sizeof(*ret));
		wrapped = g->row[y]->wrap != GRID_ENDS;
	} else {
		scrollback_get(e->history, SIZE_MAX, ret, g->cols, NULL);
	}
	return wrapped;
}

int emu_history(const struct emu *e)
{
	return e->modes.alt_screen ? 0 : (int)scrollback_rows(e->history);
}

uint64_t emu_dropped(const struct emu *e)
{
	return e->dropped;
}

size_t emu_memory(const struct emu *e)
{
	return scrollback_bytes(e->history);
}

void emu_clear_history(struct emu *e)
{
	e->dropped += scrollback_rows(e->history);
	scrollback_clear(e->history);
}

void emu_get_cursor(const struct emu *e, struct emu_cursor *ret)
{
	struct emu_place at = emu_vterm_cursor(e->vt);

	*ret = e->cursor;
	ret->x = MIN(MAX(at.x, 0), e->main.cols - 1);
	ret->y = MIN(MAX(at.y, 0), e->main.rows - 1);
}

const struct emu_modes *emu_modes(const struct emu *e)
{
	return &e->modes;
}

const char *emu_title(const struct emu *e)
{
	return e->title;
}

bool emu_take_damage(struct emu *e, struct emu_rect *ret)
{
	struct emu_rect d = e->damage;
	int x0 = MAX(d.x, 0), y0 = MAX(d.y, 0);
	int x1 = MIN(d.x + d.w, e->main.cols), y1 = MIN(d.y + d.h, e->main.rows);

	e->damage = (struct emu_rect){0};
	*ret = (struct emu_rect){x0, y0, x1 - x0, y1 - y0};
	return d.w > 0;
}

bool emu_take_bell(struct emu *e)
{
	bool bell = e->bell;

	e->bell = false;
	return bell;
}

void emu_take_replies(struct emu *e, struct buf *out)
{
	buf_add(out, buf_cstr(&e->replies), e->replies.len);
	buf_reset(&e->replies);
	e->reply_room = EMU_REPLY_MAX;
}

size_t emu_cell_text(const struct emu_cell *c, char ret[EMU_CELL_TEXT])
{
	size_t len = 0;

	if (c->n == 0 && c->width)
		ret[len++] = ' ';
	for (int i = 0; i < c->n && i < EMU_CELL_CPS; i++)
		len += (size_t)utf8_encode(c->cps[i], ret + len);
	ret[len] = '\0';
	return len;
}

/* --- resize --- */

#define MARKS_MAX 16

/* Take the newest n rows of the scrollback back as the top of the screen. */
static void pull_rows(struct emu *e, int n)
{
	auto_free struct emu_cell *cells = xcalloc((size_t)e->main.cols, sizeof(*cells));

	for (int y = n - 1; y >= 0; y--) {
		bool wrapped;
		size_t last = scrollback_rows(e->history) - 1;
		int had = scrollback_get(e->history, last, cells, e->main.cols, &wrapped);

		memcpy(e->main.row[y]->cells, cells, (size_t)e->main.cols * sizeof(*cells));
		e->main.row[y]->wrap = !wrapped ? GRID_ENDS : had < e->main.cols ? GRID_WRAPS_PADDED : GRID_WRAPS;
		scrollback_pop(e->history);
	}
}

static void lose(struct emu *e, struct emu_mark *marks, size_t n, size_t lost)
{
	e->dropped += lost;
	for (size_t i = 0; i < n; i++)
		marks[i].row = MAX(marks[i].row - (int)lost, 0);
}

/* marks[0] is the start of the screen, marks[1] the cursor; all absolute, before and after. */
static void resize_main(struct emu *e, int cols, int rows, struct emu_mark *marks, size_t n)
{
	int used = MAX(grid_used(&e->main), marks[1].row - marks[0].row + 1);
	bool full = used == e->main.rows && marks[0].row > 0;
	uint64_t dropped = e->dropped;
	size_t lost = 0;

	emu_push_rows(e, used);
	lost = (size_t)(e->dropped - dropped);
	e->dropped = dropped;
	lose(e, marks, n, lost);
	if (cols != e->main.cols) {
		e->history = scrollback_reflow(e->history, cols, marks, n, &lost);
		e->dropped += lost;
	}
	grid_done(&e->main);
	grid_init(&e->main, cols, rows);

	int total = (int)scrollback_rows(e->history), screen = total - marks[0].row;

	pull_rows(e, MIN(rows, full ? total : screen));
}

void emu_resize(struct emu *e, int cols, int rows, struct emu_mark *marks, size_t n_marks)
{
	struct emu_mark all[MARKS_MAX];
	bool alt = e->modes.alt_screen;
	struct emu_place at = emu_vterm_cursor(e->vt), main_at = alt ? e->main_cursor : at;
	int history = (int)scrollback_rows(e->history);

	cols = MAX(1, MIN(cols, EMU_SIZE_MAX));
	rows = MAX(1, MIN(rows, EMU_SIZE_MAX));
	if (cols == e->main.cols && rows == e->main.rows)
		return;
	n_marks = MIN(n_marks, MARKS_MAX - 2);
	all[0] = (struct emu_mark){.row = history};
	all[1] = (struct emu_mark){.row = history + main_at.y, .x = main_at.x};
	for (size_t i = 0; i < n_marks; i++)
		all[2 + i] = marks[i];
	resize_main(e, cols, rows, all, 2 + n_marks);
	grid_resize(&e->alt, cols, rows);
	for (size_t i = 0; i < n_marks && !alt; i++)
		marks[i] = all[2 + i];

	main_at.y = MAX(0, MIN(all[1].row - (int)scrollback_rows(e->history), rows - 1));
	main_at.x = MIN(all[1].x, cols - 1);
	e->main_cursor = main_at;
	if (alt) {
		main_at.y = MIN(at.y, rows - 1);
		main_at.x = MIN(at.x, cols - 1);
	}
	emu_vterm_resize(e->vt, cols, rows, main_at);
	e->last_x = -1;
	emu_widen(e, 0, 0, cols, rows);
}
