/* SPDX-License-Identifier: MIT */
/*
 * What a console shows: the view into screen and scrollback, search, painting, and a new size.
 *
 * The view is `offset` rows back from the newest. While it is back, new output pushes the offset up, so that the rows
 * being read stay where they are; absolute rows (hit, selection) sink when the scrollback loses its oldest.
 */
#include "ui/term/console_priv.h"

#include "base/utf8.h"

#include <string.h>
#include <wctype.h>

int console_last_row(const struct console *c)
{
	return emu_history(c->emu) + emu_rows(c->emu) - 1;
}

int console_top(const struct console *c)
{
	return emu_history(c->emu) - c->offset;
}

bool console_load(struct console *c, int row)
{
	return emu_row(c->emu, row, c->row);
}

static void remember(struct console *c)
{
	c->alt = emu_modes(c->emu)->alt_screen;
	c->dropped_seen = emu_dropped(c->emu);
	c->rows_seen = c->dropped_seen + (uint64_t)emu_history(c->emu);
}

static void sink(struct emu_mark *m, int rows, int last)
{
	m->row = MAX(0, MIN(m->row - rows, last));
}

void console_sync(struct console *c)
{
	uint64_t dropped = emu_dropped(c->emu), rows = dropped + (uint64_t)emu_history(c->emu);
	int lost = (int)(dropped - c->dropped_seen);

	if (emu_modes(c->emu)->alt_screen != c->alt) {
		c->offset = 0;
		c->has_hit = false;
		lost = 0;
	} else if (c->offset > 0 || c->copy.on) {
		c->offset += (int)(rows - c->rows_seen);
	}
	c->offset = MIN(c->offset, emu_history(c->emu));
	sink(&c->hit, lost, console_last_row(c));
	sink(&c->copy.at, lost, console_last_row(c));
	sink(&c->copy.anchor, lost, console_last_row(c));
	remember(c);
}

void console_scroll(struct console *c, int rows_back)
{
	c->offset = MAX(0, MIN(c->offset + rows_back, emu_history(c->emu)));
}

void console_scroll_end(struct console *c)
{
	c->offset = 0;
}

int console_offset(const struct console *c)
{
	return c->offset;
}

void console_show(struct console *c, int row)
{
	int top = console_top(c), rows = emu_rows(c->emu);

	if (row < top)
		console_scroll(c, top - row);
	else if (row >= top + rows)
		console_scroll(c, top + rows - 1 - row);
}

void console_resize(struct console *c, int cols, int rows)
{
	struct emu_mark marks[4] = {{.row = console_top(c)}, c->hit, c->copy.at, c->copy.anchor};
	bool back = c->offset > 0;

	emu_resize(c->emu, cols, rows, marks, ARRAY_LEN(marks));
	c->row = xrealloc(c->row, (size_t)emu_cols(c->emu), sizeof(c->row[0]));
	c->hit = marks[1];
	c->copy.at = marks[2];
	c->copy.anchor = marks[3];
	c->offset = back ? MAX(0, MIN(emu_history(c->emu) - marks[0].row, emu_history(c->emu))) : 0;
	remember(c);
	console_sync(c);
	if (c->copy.on)
		console_show(c, c->copy.at.row);
	if (c->state == CONSOLE_LIVE && c->io.ops->resize)
		c->io.ops->resize(c->io.self, emu_cols(c->emu), emu_rows(c->emu));
}

/* --- search --- */

#define NEEDLE_MAX 256

struct needle {
	uint32_t cps[NEEDLE_MAX];
	int n;
	bool exact;
};

static void needle_parse(struct needle *p, const char *text)
{
	size_t len = strlen(text);

	*p = (struct needle){0};
	for (size_t i = 0; i < len && p->n < NEEDLE_MAX;) {
		uint32_t cp;

		i += (size_t)utf8_decode(text + i, len - i, &cp);
		if (utf8_width(cp) <= 0)
			continue;
		p->cps[p->n++] = cp;
		p->exact = p->exact || iswupper((wint_t)cp);
	}
}

static bool same_character(const struct needle *p, const struct emu_cell *c, uint32_t want)
{
	uint32_t have = c->n ? c->cps[0] : ' ';

	return have == want || (!p->exact && (uint32_t)towlower((wint_t)have) == want);
}

/* The cell behind a hit that begins at x of the row in c->row, or -1. */
static int match_end(const struct needle *p, const struct emu_cell *row, int cols, int x)
{
	if (row[x].width == 0)
		return -1;
	for (int i = 0; i < p->n; i++) {
		if (x >= cols || !same_character(p, &row[x], p->cps[i]))
			return -1;
		x += MAX(row[x].width, 1);
	}
	return x;
}

/* The first hit at x or after (back: the last at x or before) in the row in c->row; -1 = none. */
static int find_in_row(const struct console *c, const struct needle *p, int x, bool back)
{
	int cols = emu_cols(c->emu);

	for (; x >= 0 && x < cols; x += back ? -1 : 1)
		if (match_end(p, c->row, cols, x) >= 0)
			return x;
	return -1;
}

/* From beyond `from` in that direction, once around. */
static bool find(struct console *c, const struct needle *p, struct emu_mark from, bool back)
{
	int rows = console_last_row(c) + 1, cols = emu_cols(c->emu), row = from.row, x = from.x + (back ? -1 : 1);

	for (int i = 0; i <= rows; i++) {
		console_load(c, row);

		int at = find_in_row(c, p, x, back);

		if (at >= 0) {
			c->hit = (struct emu_mark){row, at};
			return true;
		}
		row = (row + (back ? rows - 1 : 1)) % rows;
		x = back ? cols - 1 : 0;
	}
	return false;
}

static struct emu_mark search_start(const struct console *c, bool back)
{
	int bottom = MIN(console_top(c) + emu_rows(c->emu) - 1, console_last_row(c));

	if (c->copy.on)
		return c->copy.at;
	if (c->has_hit)
		return c->hit;
	if (back)
		return (struct emu_mark){bottom, emu_cols(c->emu)};
	return (struct emu_mark){console_top(c), -1};
}

bool console_search_next(struct console *c, bool back)
{
	struct needle p;

	needle_parse(&p, c->needle);
	if (p.n == 0 || !find(c, &p, search_start(c, back), back))
		return false;
	c->has_hit = true;
	if (c->copy.on)
		c->copy.at = c->hit;
	console_show(c, c->hit.row);
	return true;
}

bool console_search(struct console *c, const char *text, bool back)
{
	free(c->needle);
	c->needle = xstrdup(text);
	c->has_hit = false;
	return console_search_next(c, back);
}

const char *console_needle(const struct console *c)
{
	return c->needle;
}

/* --- paint --- */

static void mark_hits(struct console *c, const struct needle *p)
{
	int cols = emu_cols(c->emu);

	for (int x = 0; p->n > 0 && x < cols; x++) {
		int end = match_end(p, c->row, cols, x);

		for (int i = x; i < end && i < cols; i++)
			c->row[i].attrs |= EMU_MATCH;
		if (end > x)
			x = end - 1;
	}
}

static void paint_row(struct console *c, const struct console_sink *s, const struct needle *p, int y)
{
	int row = console_top(c) + y;
	bool reverse = emu_modes(c->emu)->reverse;

	console_load(c, row);
	mark_hits(c, p);
	for (int x = 0; x < emu_cols(c->emu); x++) {
		if (c->row[x].width == 0)
			continue;
		if (reverse)
			c->row[x].attrs ^= EMU_REVERSE;
		if (console_selected(c, row, x))
			c->row[x].attrs |= EMU_SELECTED;
		s->put(s->arg, x, y, &c->row[x]);
	}
}

static void paint_cursor(const struct console *c, const struct console_sink *s)
{
	struct emu_cursor cursor;

	emu_get_cursor(c->emu, &cursor);
	if (c->copy.on) {
		cursor = (struct emu_cursor){.x = c->copy.at.x, .y = c->copy.at.row - console_top(c), .visible = true};
	} else {
		cursor.y += c->offset;
		cursor.visible = cursor.visible && c->state == CONSOLE_LIVE;
	}
	if (s->cursor && cursor.y >= 0 && cursor.y < emu_rows(c->emu))
		s->cursor(s->arg, &cursor);
}

void console_paint(struct console *c, const struct console_sink *s)
{
	struct needle p;

	needle_parse(&p, c->needle);
	for (int y = 0; y < emu_rows(c->emu); y++)
		paint_row(c, s, &p, y);
	paint_cursor(c, s);
}
