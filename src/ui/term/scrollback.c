/* SPDX-License-Identifier: MIT */
/*
 * The packed history of a console.
 *
 * One allocation a row: a header, runs of equal looks {cells, attrs, fg, bg}, then the text. Cell boundaries are not
 * stored: the width table tells them again (what is on the screen was put there by the same table). Rows hang in a ring
 * that grows to max_rows.
 */
#include "ui/term/scrollback.h"

#include "base/utf8.h"
#include "ui/term/grid.h"

#include <assert.h>
#include <string.h>

struct run {
	uint16_t cells;
	uint16_t attrs;
	int32_t fg, bg;
};

struct row {
	uint32_t text; /* bytes */
	uint16_t runs;
	uint16_t cells;
	bool wrapped;
	bool ascii; /* a byte a cell */
	struct run run[];
};

struct scrollback {
	struct row **ring;
	size_t cap, first, n;
	size_t bytes; /* of the rows */
	size_t max_rows, max_bytes;
};

#define MALLOC_SLACK 16
#define RING_MIN 64

struct scrollback *scrollback_new(size_t max_rows, size_t max_bytes)
{
	struct scrollback *s = xcalloc(1, sizeof(*s));

	assert(max_rows > 0);
	s->max_rows = max_rows;
	s->max_bytes = max_bytes;
	return s;
}

static size_t row_size(const struct row *r)
{
	return sizeof(*r) + r->runs * sizeof(r->run[0]) + r->text + MALLOC_SLACK;
}

static struct row *row_at(const struct scrollback *s, size_t i)
{
	assert(i < s->n && s->n <= s->cap && s->first < s->cap);
	return s->ring[(s->first + i) % s->cap];
}

void scrollback_clear(struct scrollback *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(row_at(s, i));
	free(s->ring);
	s->ring = NULL;
	s->cap = s->first = s->n = s->bytes = 0;
}

void scrollback_free(struct scrollback *s)
{
	if (!s)
		return;
	scrollback_clear(s);
	free(s);
}

size_t scrollback_rows(const struct scrollback *s)
{
	return s->n;
}

size_t scrollback_bytes(const struct scrollback *s)
{
	return s->bytes + s->cap * sizeof(s->ring[0]);
}

static void grow(struct scrollback *s)
{
	size_t cap = MAX(s->cap * 2, RING_MIN);
	struct row **ring = xcalloc(cap, sizeof(ring[0]));

	for (size_t i = 0; i < s->n; i++)
		ring[i] = row_at(s, i);
	free(s->ring);
	s->ring = ring;
	s->cap = cap;
	s->first = 0;
}

static void drop_oldest(struct scrollback *s)
{
	struct row *r = row_at(s, 0);

	assert(s->bytes >= row_size(r));
	s->bytes -= row_size(r);
	free(r);
	s->first = (s->first + 1) % s->cap;
	s->n--;
}

/* Append a row, then keep the limits; the row itself stays in any case. */
static size_t append(struct scrollback *s, struct row *r)
{
	size_t lost = 0;

	if (s->n == s->cap)
		grow(s);
	s->ring[(s->first + s->n++) % s->cap] = r;
	s->bytes += row_size(r);
	for (; s->n > 1 && (s->n > s->max_rows || scrollback_bytes(s) > s->max_bytes); lost++)
		drop_oldest(s);
	assert(s->n >= 1 && s->n <= s->max_rows);
	return lost;
}

static bool same_look(const struct emu_cell *a, const struct emu_cell *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

/* Bytes of text and number of runs that n cells need. */
static void measure(const struct emu_cell *c, int n, size_t *ret_text, size_t *ret_runs)
{
	char buf[EMU_CELL_TEXT];
	size_t text = 0, runs = 0;

	for (int i = 0; i < n; i++) {
		text += c[i].n == 1 && c[i].cps[0] < 0x80 ? 1 : emu_cell_text(&c[i], buf);
		runs += i == 0 || !same_look(&c[i], &c[i - 1]);
	}
	*ret_text = text;
	*ret_runs = runs;
}

static void fill(struct row *r, const struct emu_cell *c, int n)
{
	char *text = (char *)&r->run[r->runs], buf[EMU_CELL_TEXT];
	struct run *next = r->run, *run = NULL;

	for (int i = 0; i < n; i++) {
		if (i == 0 || !same_look(&c[i], &c[i - 1]))
			*(run = next++) = (struct run){.attrs = c[i].attrs, .fg = c[i].fg, .bg = c[i].bg};
		run->cells++;
		if (c[i].n == 1 && c[i].cps[0] < 0x80) {
			*text++ = (char)c[i].cps[0];
			continue;
		}
		size_t len = emu_cell_text(&c[i], buf);

		memcpy(text, buf, len);
		text += len;
	}
	/* What measure() counted is what was written. */
	assert(next == r->run + r->runs && text == (char *)&r->run[r->runs] + r->text);
}

static struct row *pack(const struct emu_cell *c, int n, bool wrapped)
{
	size_t text, runs;

	measure(c, n, &text, &runs);
	assert(n >= 0 && runs <= (size_t)n && runs <= UINT16_MAX && n <= UINT16_MAX);

	struct row *r = xmalloc(sizeof(*r) + runs * sizeof(r->run[0]) + text);

	r->text = (uint32_t)text;
	r->runs = (uint16_t)runs;
	r->cells = (uint16_t)n;
	r->wrapped = wrapped;
	r->ascii = text == (size_t)n;
	fill(r, c, n);
	return r;
}

size_t scrollback_push(struct scrollback *s, const struct emu_cell *cells, int n, bool wrapped)
{
	n = MIN(n, EMU_SIZE_MAX);
	while (!wrapped && n > 0 && grid_cell_is_blank(&cells[n - 1]))
		n--;
	return append(s, pack(cells, n, wrapped));
}

static void put_text(struct emu_cell *c, uint32_t cp, int width)
{
	c->cps[0] = cp;
	c->n = cp == ' ' ? 0 : 1;
	c->width = (uint8_t)width;
}

/* The text of a row into at most n cells (each blank before). */
static void unpack_text(const struct row *r, struct emu_cell *c, int n)
{
	const char *p = (const char *)&r->run[r->runs], *end = p + r->text;
	struct emu_cell *last = NULL;
	uint32_t cp;

	for (int i = 0; r->ascii && i < MIN(n, (int)r->cells); i++)
		put_text(&c[i], (unsigned char)p[i], 1);
	for (int x = 0; !r->ascii && p < end;) {
		p += utf8_decode(p, (size_t)(end - p), &cp);

		int width = utf8_width(cp);

		if (width <= 0) {
			if (last && last->n < EMU_CELL_CPS)
				last->cps[last->n++] = cp;
			continue;
		}
		if (x + width > n)
			return;
		last = &c[x];
		put_text(last, cp, width);
		if (width == 2)
			c[x + 1].width = 0;
		x += width;
	}
}

static void unpack_looks(const struct row *r, struct emu_cell *c, int n)
{
	int x = 0;

	for (int i = 0; i < r->runs; i++)
		for (int k = 0; k < r->run[i].cells && x < n; k++, x++) {
			c[x].fg = r->run[i].fg;
			c[x].bg = r->run[i].bg;
			c[x].attrs = r->run[i].attrs;
		}
}

int scrollback_get(const struct scrollback *s, size_t i, struct emu_cell *cells, int n, bool *ret_wrapped)
{
	for (int x = 0; x < n; x++)
		cells[x] = grid_blank(EMU_DEFAULT);
	if (ret_wrapped)
		*ret_wrapped = i < s->n && row_at(s, i)->wrapped;
	if (i >= s->n)
		return 0;
	unpack_text(row_at(s, i), cells, n);
	unpack_looks(row_at(s, i), cells, n);
	return row_at(s, i)->cells;
}

void scrollback_pop(struct scrollback *s)
{
	if (s->n == 0)
		return;

	struct row *r = row_at(s, s->n - 1);

	assert(s->bytes >= row_size(r));
	s->bytes -= row_size(r);
	free(r);
	s->n--;
}

/* --- wrapping anew --- */

#define JOINED_MAX 65536 /* cells of one line; a longer one is broken here */

struct joined {
	struct emu_cell *cells;
	int n, cap;
};

static void join(struct joined *j, const struct scrollback *s, size_t i)
{
	int n = row_at(s, i)->cells;

	if (j->n + n > j->cap) {
		j->cap = MAX(j->cap * 2, j->n + n);
		j->cells = xrealloc(j->cells, (size_t)j->cap, sizeof(j->cells[0]));
	}
	j->n += scrollback_get(s, i, j->cells + j->n, n, NULL);
}

/* Cells of the next piece from `at`: cols, or one less when a wide character would be cut. */
static int piece_length(const struct joined *j, int at, int cols)
{
	int n = MIN(cols, j->n - at);

	if (at + n < j->n && n > 1 && j->cells[at + n].width == 0)
		n--;
	return MAX(n, 0);
}

struct flow {
	struct scrollback *out;
	size_t lost;
	struct emu_mark *marks, *moved;
	size_t n_marks;
	int cols;
};

/* A mark at `offset` cells into the line, when that lies in the piece of n cells from `at` (or behind the last). */
static void move_marks(struct flow *f, const int *offset, int at, int n, bool last)
{
	for (size_t m = 0; m < f->n_marks; m++)
		if (offset[m] >= at && (offset[m] < at + n || last)) {
			f->moved[m].row = (int)(f->out->n + f->lost) - 1;
			f->moved[m].x = MIN(offset[m] - at, f->cols - 1);
		}
}

static void cut(struct flow *f, const struct joined *j, const int *offset, bool open_end)
{
	int at = 0;

	do {
		int n = piece_length(j, at, f->cols);
		bool last = at + n >= j->n;

		f->lost += append(f->out, pack(j->cells + at, n, !last || open_end));
		move_marks(f, offset, at, n, last);
		at += n;
	} while (at < j->n);
}

struct scrollback *scrollback_reflow(struct scrollback *s, int cols, struct emu_mark *marks, size_t n_marks,
				     size_t *ret_lost)
{
	struct flow f = {
		.out = scrollback_new(s->max_rows, s->max_bytes), .marks = marks, .n_marks = n_marks, .cols = cols};
	struct joined j = {.cells = xcalloc(1, sizeof(j.cells[0])), .cap = 1};
	auto_free int *offset = xcalloc(n_marks + 1, sizeof(*offset));

	f.moved = xcalloc(n_marks + 1, sizeof(*f.moved));
	for (size_t m = 0; m < n_marks; m++) {
		f.moved[m] = marks[m];
		offset[m] = -1;
	}
	for (size_t i = 0; i < s->n; i++) {
		for (size_t m = 0; m < n_marks; m++)
			if (marks[m].row == (int)i)
				offset[m] = j.n + marks[m].x;
		join(&j, s, i);
		bool wraps = row_at(s, i)->wrapped && i + 1 < s->n;

		if (wraps && j.n < JOINED_MAX)
			continue;
		cut(&f, &j, offset, row_at(s, i)->wrapped);
		j.n = 0;
		for (size_t m = 0; m < n_marks; m++)
			offset[m] = -1;
	}
	for (size_t m = 0; m < n_marks; m++) {
		f.moved[m].row = MAX(f.moved[m].row - (int)f.lost, 0);
		marks[m] = f.moved[m];
	}
	free(f.moved);
	free(j.cells);
	scrollback_free(s);
	if (ret_lost)
		*ret_lost = f.lost;
	return f.out;
}
