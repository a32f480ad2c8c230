/* SPDX-License-Identifier: MIT */
/*
 * A grid of cells that views paint on; no terminal is involved.
 *
 * A cell holds one user-perceived character (base and combining marks) as UTF-8 and its style. A wide character owns two
 * cells, the right one empty with width 0. Whatever is painted is clipped, and control characters never get in: they
 * become U+FFFD, wherever the text came from.
 */
#ifndef UI_CANVAS_H
#define UI_CANVAS_H

#include "base/attrs.h"
#include "base/buf.h"
#include "ui/layout.h"
#include "ui/style.h"

#define CELL_TEXT 20 /* a base and four marks; further marks are dropped */

struct cell {
	char text[CELL_TEXT]; /* NUL-padded, so cells compare with memcmp */
	int32_t fg, bg;	      /* ROLE_RAW only */
	uint16_t style;
	uint8_t width; /* 1, 2, or 0 for the right half of a wide character */
	uint8_t pad;
};

struct canvas {
	int cols, rows;
	struct cell *cells;
	struct rect clip;
	int cursor_x, cursor_y;
	bool ascii;  /* it will go through canvas_to_ascii(): a key is better named than drawn */
	bool cursor; /* show the terminal's cursor there; it is placed in any case (screen readers follow it) */
};

/* Size it (again), blank. Sizes are clamped to 1-1000 a side. */
void canvas_init(struct canvas *c, int cols, int rows);
void canvas_done(struct canvas *c);
void canvas_clear(struct canvas *c);

/* Paint only inside r from now on; returns the clip before, to be put back. */
struct rect canvas_clip(struct canvas *c, struct rect r);
struct rect canvas_rect(const struct canvas *c);

/* Borrowed; NULL outside the canvas. */
const struct cell *canvas_at(const struct canvas *c, int x, int y);

/* The enter key, for a person to read. */
static inline const char *canvas_enter(const struct canvas *c)
{
	return c->ascii ? "enter" : "⏎";
}

/* Paint at most max cells of s; what does not fit is cut with an ellipsis. Returns the cells used. */
int canvas_text(struct canvas *c, int x, int y, uint16_t style, int max, const char *s);
int canvas_textf(struct canvas *c, int x, int y, uint16_t style, int max, const char *fmt, ...) PRINTF(6, 7);
/* Running text in r, broken at blanks (and in words that are longer than a line), top down; what has no room is left out. Returns
 * the lines it takes, whether painted or not: with r.h = 0 it only counts, and c may be NULL. */
int canvas_wrap(struct canvas *c, struct rect r, uint16_t style, const char *s);
/* Right-aligned in the `w` cells from x. */
void canvas_right(struct canvas *c, int x, int y, uint16_t style, int w, const char *s);
void canvas_cp(struct canvas *c, int x, int y, uint16_t style, uint32_t cp);
void canvas_hline(struct canvas *c, int x, int y, int w, uint16_t style);
void canvas_vline(struct canvas *c, int x, int y, int h, uint16_t style);
/* Blank r in a style. */
void canvas_fill(struct canvas *c, struct rect r, uint16_t style);
/* Or flags (STYLE_*) into every cell of r. */
void canvas_mark(struct canvas *c, struct rect r, uint16_t flags);
/* A guest's cell: colours of its own. `text` is one character with its marks, width 1 or 2. */
void canvas_raw(struct canvas *c, int x, int y, const char *text, int width, uint16_t flags, int32_t fg, int32_t bg);
/* Place the cursor; visible or only for whoever follows it. */
void canvas_cursor(struct canvas *c, int x, int y, bool visible);

/* The picture as text, one line a row, trailing blanks cut: goldens, :save-screen, expect. */
void canvas_to_text(const struct canvas *c, struct buf *out);
/* Replace every character outside US-ASCII by its stand-in. */
void canvas_to_ascii(struct canvas *c);

#endif
