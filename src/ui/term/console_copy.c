/* SPDX-License-Identifier: MIT */
/*
 * Copy mode: a cursor of its own walks through screen and scrollback while the guest goes on below.
 *
 * One table maps vi and emacs keys to motions, so both kinds of fingers work without a setting. Rows that wrap are one
 * line of text when copied.
 */
#include "ui/term/console_priv.h"

#include <string.h>

/* clang-format off */
enum motion {
	M_NONE, M_LEFT, M_RIGHT, M_UP, M_DOWN, M_BOL, M_INDENT, M_EOL, M_TOP, M_BOTTOM, M_HIGH, M_MIDDLE, M_LOW,
	M_PAGE_UP, M_PAGE_DOWN, M_HALF_UP, M_HALF_DOWN, M_WORD, M_WORD_END, M_WORD_BACK, M_PARA_UP, M_PARA_DOWN,
	M_CHARS, M_LINES, M_RECT, M_OTHER_END, M_SEARCH, M_SEARCH_BACK, M_NEXT, M_PREV, M_COPY, M_LEAVE,
};
/* clang-format on */

#define C(ch)                                                                                                          \
	{                                                                                                              \
		.cp = (ch)                                                                                             \
	}
#define CTRL(ch)                                                                                                       \
	{                                                                                                              \
		.cp = (ch), .mods = KEYENC_CTRL                                                                        \
	}
#define ALT(ch)                                                                                                        \
	{                                                                                                              \
		.cp = (ch), .mods = KEYENC_ALT                                                                         \
	}
#define N(nm)                                                                                                          \
	{                                                                                                              \
		.name = KEYENC_##nm                                                                                    \
	}

/* clang-format off */
static const struct {
	struct keyenc_key key;
	enum motion m;
} keymap[] = {
	{C('h'), M_LEFT}, {N(LEFT), M_LEFT}, {CTRL('h'), M_LEFT}, {N(BACKSPACE), M_LEFT},
	{C('l'), M_RIGHT}, {N(RIGHT), M_RIGHT},
	{C('k'), M_UP}, {N(UP), M_UP}, {CTRL('p'), M_UP},
	{C('j'), M_DOWN}, {N(DOWN), M_DOWN}, {CTRL('n'), M_DOWN},
	{C('0'), M_BOL}, {N(HOME), M_BOL}, {CTRL('a'), M_BOL}, {C('^'), M_INDENT}, {ALT('m'), M_INDENT},
	{C('$'), M_EOL}, {N(END), M_EOL}, {CTRL('e'), M_EOL},
	{C('g'), M_TOP}, {ALT('<'), M_TOP}, {C('G'), M_BOTTOM}, {ALT('>'), M_BOTTOM},
	{C('H'), M_HIGH}, {C('M'), M_MIDDLE}, {ALT('r'), M_MIDDLE}, {C('L'), M_LOW},
	{N(PGUP), M_PAGE_UP}, {CTRL('b'), M_PAGE_UP}, {ALT('v'), M_PAGE_UP},
	{N(PGDN), M_PAGE_DOWN}, {CTRL('f'), M_PAGE_DOWN},
	{CTRL('u'), M_HALF_UP}, {CTRL('d'), M_HALF_DOWN},
	{C('w'), M_WORD}, {C('e'), M_WORD_END}, {ALT('f'), M_WORD_END}, {C('b'), M_WORD_BACK}, {ALT('b'), M_WORD_BACK},
	{C('{'), M_PARA_UP}, {ALT('{'), M_PARA_UP}, {C('}'), M_PARA_DOWN}, {ALT('}'), M_PARA_DOWN},
	{C(' '), M_CHARS}, {C('v'), M_CHARS}, {CTRL(' '), M_CHARS}, {C('V'), M_LINES}, {CTRL('v'), M_RECT},
	{C('o'), M_OTHER_END}, {CTRL('x'), M_OTHER_END},
	{C('/'), M_SEARCH}, {CTRL('s'), M_SEARCH}, {C('?'), M_SEARCH_BACK}, {CTRL('r'), M_SEARCH_BACK},
	{C('n'), M_NEXT}, {C('N'), M_PREV},
	{C('y'), M_COPY}, {N(ENTER), M_COPY}, {ALT('w'), M_COPY},
	{C('q'), M_LEAVE}, {N(ESC), M_LEAVE}, {CTRL('g'), M_LEAVE}, {CTRL('c'), M_LEAVE},
};
/* clang-format on */

static enum motion motion_of(const struct keyenc_key *k)
{
	for (size_t i = 0; i < ARRAY_LEN(keymap); i++)
		if (keyenc_equal(k, &keymap[i].key))
			return keymap[i].m;
	return M_NONE;
}

void console_copy_enter(struct console *c)
{
	struct emu_cursor cursor;
	int top = console_top(c);

	emu_get_cursor(c->emu, &cursor);
	c->copy = (struct copy){.on = true};
	c->copy.at = (struct emu_mark){emu_history(c->emu) + cursor.y, cursor.x};
	if (c->copy.at.row >= top + emu_rows(c->emu)) /* scrolled back: start where the eyes are */
		c->copy.at = (struct emu_mark){top + emu_rows(c->emu) - 1, 0};
}

bool console_in_copy(const struct console *c)
{
	return c->copy.on;
}

/* --- selection --- */

static bool before(const struct emu_mark *a, const struct emu_mark *b)
{
	return a->row != b->row ? a->row < b->row : a->x < b->x;
}

/* The cells [*x0, *x1) of a row inside the selection; false when there are none. */
static bool selected_span(const struct console *c, int row, int *x0, int *x1)
{
	const struct emu_mark *a = &c->copy.anchor, *b = &c->copy.at;
	const struct emu_mark *from = before(a, b) ? a : b, *to = from == a ? b : a;

	if (c->copy.kind == SELECT_NONE || row < from->row || row > to->row)
		return false;
	*x0 = 0;
	*x1 = emu_cols(c->emu);
	if (c->copy.kind == SELECT_RECT) {
		*x0 = MIN(a->x, b->x);
		*x1 = MAX(a->x, b->x) + 1;
	} else if (c->copy.kind == SELECT_CHARS) {
		*x0 = row == from->row ? from->x : 0;
		*x1 = row == to->row ? to->x + 1 : *x1;
	}
	return *x0 < *x1;
}

bool console_selected(const struct console *c, int row, int x)
{
	int x0, x1;

	return c->copy.on && selected_span(c, row, &x0, &x1) && x >= x0 && x < x1;
}

static void add_cells(struct console *c, struct buf *out, int x0, int x1, bool trim)
{
	char text[EMU_CELL_TEXT];
	size_t start = out->len;

	for (int x = x0; x < MIN(x1, emu_cols(c->emu)); x++)
		buf_add(out, text, emu_cell_text(&c->row[x], text));
	while (trim && out->len > start && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

static void selected_text(struct console *c, struct buf *out)
{
	int first = MIN(c->copy.anchor.row, c->copy.at.row), last = MAX(c->copy.anchor.row, c->copy.at.row), x0, x1;

	for (int row = first; row <= last; row++) {
		bool joins = console_load(c, row) && c->copy.kind != SELECT_RECT;

		if (!selected_span(c, row, &x0, &x1))
			continue;
		add_cells(c, out, x0, x1, !(joins && x1 == emu_cols(c->emu)));
		if ((row < last && !joins) || (row == last && c->copy.kind == SELECT_LINES))
			buf_addc(out, '\n');
	}
}

static void select_kind(struct console *c, enum select_kind kind)
{
	if (c->copy.kind == SELECT_NONE)
		c->copy.anchor = c->copy.at;
	c->copy.kind = c->copy.kind == kind ? SELECT_NONE : kind;
}

/* --- motions --- */

static bool is_blank(const struct emu_cell *c)
{
	return c->width == 1 && (c->n == 0 || c->cps[0] == ' ');
}

/* Cells up to the last one with text. */
static int text_length(struct console *c, int row)
{
	int n = emu_cols(c->emu);

	console_load(c, row);
	while (n > 0 && is_blank(&c->row[n - 1]))
		n--;
	return n;
}

static int indent(struct console *c, int row)
{
	int n = text_length(c, row), x = 0;

	while (x < n && is_blank(&c->row[x]))
		x++;
	return x;
}

/* One cell on in that direction, over the ends of rows. False at the end of everything. */
static bool step(struct console *c, int by)
{
	struct emu_mark *m = &c->copy.at;

	if (m->x + by >= 0 && m->x + by < emu_cols(c->emu)) {
		m->x += by;
		return true;
	}
	if (m->row + by < 0 || m->row + by > console_last_row(c))
		return false;
	m->row += by;
	m->x = by > 0 ? 0 : emu_cols(c->emu) - 1;
	console_load(c, m->row);
	return true;
}

static bool on_blank(const struct console *c)
{
	return is_blank(&c->row[c->copy.at.x]);
}

static void word_forward(struct console *c)
{
	int row = c->copy.at.row;

	console_load(c, row);
	while (!on_blank(c) && c->copy.at.row == row && step(c, 1))
		;
	while (on_blank(c) && step(c, 1))
		;
}

/* To the last cell of a word that begins (forward) or ends (back) behind the cursor. */
static void word_edge(struct console *c, int by)
{
	console_load(c, c->copy.at.row);
	if (!step(c, by))
		return;
	while (on_blank(c) && step(c, by))
		;
	for (;;) {
		int x = c->copy.at.x + by;

		if (x < 0 || x >= emu_cols(c->emu) || is_blank(&c->row[x]))
			return;
		c->copy.at.x = x;
	}
}

static void paragraph(struct console *c, int by)
{
	int row = c->copy.at.row + by, last = console_last_row(c);

	while (row > 0 && row < last && text_length(c, row) == 0)
		row += by;
	while (row > 0 && row < last && text_length(c, row) > 0)
		row += by;
	row = MAX(0, MIN(row, last));
	c->copy.at = (struct emu_mark){row, 0};
}

/* clang-format off */
static void move(struct console *c, enum motion m)
{
	struct emu_mark *at = &c->copy.at;
	int rows = emu_rows(c->emu), top = console_top(c), last = console_last_row(c);

	switch (m) {
	case M_LEFT: at->x--; break;
	case M_RIGHT: at->x++; break;
	case M_UP: at->row--; break;
	case M_DOWN: at->row++; break;
	case M_BOL: at->x = 0; break;
	case M_INDENT: at->x = indent(c, at->row); break;
	case M_EOL: at->x = text_length(c, at->row) - 1; break;
	case M_TOP: *at = (struct emu_mark){0, 0}; break;
	case M_BOTTOM: *at = (struct emu_mark){last, 0}; break;
	case M_HIGH: at->row = top; break;
	case M_MIDDLE: at->row = top + rows / 2; break;
	case M_LOW: at->row = top + rows - 1; break;
	case M_PAGE_UP: at->row -= rows; break;
	case M_PAGE_DOWN: at->row += rows; break;
	case M_HALF_UP: at->row -= rows / 2; break;
	case M_HALF_DOWN: at->row += rows / 2; break;
	case M_WORD: word_forward(c); break;
	case M_WORD_END: word_edge(c, 1); break;
	case M_WORD_BACK: word_edge(c, -1); break;
	case M_PARA_UP: paragraph(c, -1); break;
	case M_PARA_DOWN: paragraph(c, 1); break;
	default: break;
	}
	at->row = MAX(0, MIN(at->row, last));
	at->x = MAX(0, MIN(at->x, emu_cols(c->emu) - 1));
	console_load(c, at->row);
	if (c->row[at->x].width == 0) /* a wide character is one step */
		at->x = MAX(0, at->x + (m == M_RIGHT && at->x + 1 < emu_cols(c->emu) ? 1 : -1));
	console_show(c, at->row);
}
/* clang-format on */

static enum console_copy leave(struct console *c, enum console_copy how)
{
	c->copy = (struct copy){0};
	console_scroll_end(c);
	return how;
}

static void other_end(struct console *c)
{
	struct emu_mark at = c->copy.at;

	if (c->copy.kind == SELECT_NONE)
		return;
	c->copy.at = c->copy.anchor;
	c->copy.anchor = at;
	console_show(c, c->copy.at.row);
}

/* clang-format off */
enum console_copy console_copy_key(struct console *c, const struct keyenc_key *k, struct buf *ret_text, bool *ret_back)
{
	enum motion m = motion_of(k);

	if (!c->copy.on)
		return CONSOLE_COPY_LEFT;
	switch (m) {
	case M_LEAVE:
		if (k->name == KEYENC_ESC && c->copy.kind != SELECT_NONE) {
			c->copy.kind = SELECT_NONE;
			return CONSOLE_COPY_STAY;
		}
		return leave(c, CONSOLE_COPY_LEFT);
	case M_COPY:
		selected_text(c, ret_text);
		return leave(c, CONSOLE_COPY_DONE);
	case M_SEARCH:
	case M_SEARCH_BACK:
		*ret_back = m == M_SEARCH_BACK;
		return CONSOLE_COPY_SEARCH;
	case M_NEXT:
	case M_PREV:
		console_search_next(c, m == M_PREV);
		break;
	case M_CHARS: select_kind(c, SELECT_CHARS); break;
	case M_LINES: select_kind(c, SELECT_LINES); break;
	case M_RECT: select_kind(c, SELECT_RECT); break;
	case M_OTHER_END: other_end(c); break;
	default: move(c, m); break;
	}
	return CONSOLE_COPY_STAY;
}
/* clang-format on */
