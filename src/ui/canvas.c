/* SPDX-License-Identifier: MIT */
/*
 * The cell grid.
 *
 * The one delicate thing is a wide character half painted over: whoever writes into one half blanks the other, so that
 * the grid never holds a lonely half and the terminal's idea of columns stays ours.
 */
#include "ui/canvas.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SIDE_MAX 1000

static const struct cell blank = {.text = " ", .width = 1, .fg = COLOUR_DEFAULT, .bg = COLOUR_DEFAULT};

void canvas_init(struct canvas *c, int cols, int rows)
{
	cols = MAX(1, MIN(cols, SIDE_MAX));
	rows = MAX(1, MIN(rows, SIDE_MAX));
	if (!c->cells || cols != c->cols || rows != c->rows) {
		c->cells = xrealloc(c->cells, (size_t)cols * (size_t)rows, sizeof(*c->cells));
		c->cols = cols;
		c->rows = rows;
	}
	canvas_clear(c);
}

void canvas_done(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){0};
}

void canvas_clear(struct canvas *c)
{
	assert(c->cells || c->cols * c->rows == 0);
	for (int i = 0; i < c->cols * c->rows; i++)
		c->cells[i] = blank;
	c->clip = canvas_rect(c);
	c->cursor = false;
	c->cursor_x = c->cursor_y = 0;
}

struct rect canvas_rect(const struct canvas *c)
{
	return (struct rect){0, 0, c->cols, c->rows};
}

struct rect canvas_clip(struct canvas *c, struct rect r)
{
	struct rect old = c->clip;

	c->clip = rect_intersect(canvas_rect(c), r);
	return old;
}

const struct cell *canvas_at(const struct canvas *c, int x, int y)
{
	if (!rect_contains(canvas_rect(c), x, y))
		return NULL;
	return &c->cells[y * c->cols + x];
}

static struct cell *cell_at(struct canvas *c, int x, int y)
{
	assert(x >= 0 && x < c->cols && y >= 0 && y < c->rows);
	return &c->cells[y * c->cols + x];
}

/* Make the cell ours: a wide neighbour reaching into it loses its other half. */
static void detach(struct canvas *c, int x, int y)
{
	struct cell *cell = cell_at(c, x, y);

	if (cell->width == 0 && x > 0) {
		uint16_t style = cell_at(c, x - 1, y)->style;

		*cell_at(c, x - 1, y) = blank;
		cell_at(c, x - 1, y)->style = style;
	}
	if (cell->width == 2 && x + 1 < c->cols) {
		*cell_at(c, x + 1, y) = blank;
		cell_at(c, x + 1, y)->style = cell->style;
	}
}

static bool put(struct canvas *c, int x, int y, const char *text, size_t n, int width, const struct cell *like)
{
	struct cell *cell;

	assert((width == 1 || width == 2) && n > 0);
	if (!rect_contains(c->clip, x, y) || (width == 2 && !rect_contains(c->clip, x + 1, y)))
		return false;
	detach(c, x, y);
	cell = cell_at(c, x, y);
	*cell = *like;
	memset(cell->text, 0, sizeof(cell->text));
	memcpy(cell->text, text, MIN(n, sizeof(cell->text) - 1));
	cell->width = (uint8_t)width;
	if (width == 2) {
		detach(c, x + 1, y);
		cell = cell_at(c, x + 1, y);
		*cell = *like;
		memset(cell->text, 0, sizeof(cell->text));
		cell->width = 0;
	}
	assert(canvas_at(c, x, y)->width == width); /* the second half did not take the first one away */
	return true;
}

static void add_mark(struct canvas *c, int x, int y, const char *text, size_t n)
{
	struct cell *cell;
	size_t have;

	if (!rect_contains(c->clip, x, y))
		return;
	cell = cell_at(c, x, y);
	if (cell->width == 0 && x > 0)
		cell = cell_at(c, x - 1, y);
	have = strlen(cell->text);
	if (have + n < sizeof(cell->text))
		memcpy(cell->text + have, text, n);
}

/* Paint characters while they fit in max cells. Returns the cells used. */
static int put_run(struct canvas *c, int x, int y, uint16_t style, int max, const char *s)
{
	struct cell like = blank;
	size_t n = strlen(s);
	int used = 0;

	like.style = style;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		int len = utf8_decode(s + i, n - i, &cp), w = utf8_width(cp);
		bool bad = w < 0 || cp == 0xfffd;

		if (used + (bad ? 1 : w) > max)
			break;
		if (bad)
			put(c, x + used, y, "\xef\xbf\xbd", 3, 1, &like);
		else if (w)
			put(c, x + used, y, s + i, (size_t)len, w, &like);
		else if (used)
			add_mark(c, x + used - 1, y, s + i, (size_t)len);
		used += bad ? 1 : w;
		assert(len > 0);
		i += (size_t)len;
	}
	assert(used <= MAX(max, 0));
	return used;
}

/* utf8_str_width counts control characters as nothing; here each takes a cell, as U+FFFD. */
static int shown_width(const char *s)
{
	int w = utf8_str_width(s);

	for (; *s; s++)
		w += (unsigned char)*s < 0x20 || *s == 0x7f;
	return w;
}

int canvas_text(struct canvas *c, int x, int y, uint16_t style, int max, const char *s)
{
	int used;

	if (max <= 0)
		return 0;
	if (shown_width(s) <= max)
		return put_run(c, x, y, style, max, s);
	used = put_run(c, x, y, style, max - 1, s);
	return used + put_run(c, x + used, y, style, 1, "…");
}

int canvas_textf(struct canvas *c, int x, int y, uint16_t style, int max, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return canvas_text(c, x, y, style, max, text);
}

int canvas_wrap(struct canvas *c, struct rect r, uint16_t style, const char *s)
{
	int lines = 0;

	while (*s && r.w > 0) {
		size_t n = utf8_fit_words(s, r.w);
		if (lines < r.h)
			canvas_textf(c, r.x, r.y + lines, style, r.w, "%.*s", (int)n, s);
		lines++;
		s += n;
		s += strspn(s, " ");
	}
	return lines;
}

void canvas_right(struct canvas *c, int x, int y, uint16_t style, int w, const char *s)
{
	int have = shown_width(s);

	canvas_text(c, x + MAX(0, w - have), y, style, w, s);
}

void canvas_cp(struct canvas *c, int x, int y, uint16_t style, uint32_t cp)
{
	char text[5];

	text[utf8_encode(cp, text)] = 0;
	put_run(c, x, y, style, 1, text);
}

void canvas_hline(struct canvas *c, int x, int y, int w, uint16_t style)
{
	for (int i = 0; i < w; i++)
		canvas_cp(c, x + i, y, style, 0x2500);
}

void canvas_vline(struct canvas *c, int x, int y, int h, uint16_t style)
{
	for (int i = 0; i < h; i++)
		canvas_cp(c, x, y + i, style, 0x2502);
}

void canvas_fill(struct canvas *c, struct rect r, uint16_t style)
{
	struct cell like = blank;

	like.style = style;
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			put(c, x, y, " ", 1, 1, &like);
}

void canvas_mark(struct canvas *c, struct rect r, uint16_t flags)
{
	r = rect_intersect(r, c->clip);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			cell_at(c, x, y)->style |= flags;
}

void canvas_raw(struct canvas *c, int x, int y, const char *text, int width, uint16_t flags, int32_t fg, int32_t bg)
{
	struct cell like = blank;
	size_t n = 0, len = strlen(text);
	uint32_t cp;

	like.style = ROLE_RAW | flags;
	like.fg = fg;
	like.bg = bg;
	while (n < len) {
		int used = utf8_decode(text + n, len - n, &cp);

		if (n + (size_t)used >= CELL_TEXT)
			break;
		if (utf8_width(cp) < 0) { /* a guest's control character ends here */
			put(c, x, y, "\xef\xbf\xbd", 3, 1, &like);
			return;
		}
		n += (size_t)used;
	}
	put(c, x, y, n ? text : " ", n ? n : 1, width == 2 ? 2 : 1, &like);
}

void canvas_cursor(struct canvas *c, int x, int y, bool visible)
{
	c->cursor_x = MAX(0, MIN(x, c->cols - 1));
	c->cursor_y = MAX(0, MIN(y, c->rows - 1));
	c->cursor = visible;
}

void canvas_to_text(const struct canvas *c, struct buf *out)
{
	for (int y = 0; y < c->rows; y++) {
		size_t keep = out->len;

		for (int x = 0; x < c->cols; x++) {
			const struct cell *cell = &c->cells[y * c->cols + x];

			buf_adds(out, cell->text);
			if (strcmp(cell->text, " ") != 0 && cell->width)
				keep = out->len;
		}
		out->len = keep;
		buf_addc(out, '\n');
	}
}

void canvas_to_ascii(struct canvas *c)
{
	for (int i = 0; i < c->cols * c->rows; i++) {
		struct cell *cell = &c->cells[i];
		uint32_t cp;

		if (!cell->width || !(cell->text[0] & 0x80)) {
			if (cell->width)
				memset(cell->text + 1, 0, sizeof(cell->text) - 1);
			continue;
		}
		utf8_decode(cell->text, strlen(cell->text), &cp);
		memset(cell->text, 0, sizeof(cell->text));
		cell->text[0] = utf8_ascii(cp);
		if (cell->width == 2) {
			cell->width = 1;
			cell[1] = *cell;
		}
	}
}
