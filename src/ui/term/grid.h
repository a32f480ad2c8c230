/* SPDX-License-Identifier: MIT */
/*
 * A screenful of cells: what the emulator writes to. Scrolling moves row pointers, not cells. A wide character never
 * stands half: whatever cuts through one blanks both of its cells.
 */
#ifndef UI_TERM_GRID_H
#define UI_TERM_GRID_H

#include "ui/term/emu.h"

enum grid_wrap {
	GRID_ENDS,
	GRID_WRAPS,	   /* the text goes on in the next row */
	GRID_WRAPS_PADDED, /* the same, but the last cell was left free: a wide character did not fit */
};

struct grid_row {
	enum grid_wrap wrap;
	struct emu_cell cells[];
};

struct grid {
	int cols, rows;
	struct grid_row **row;
};

static inline struct emu_cell grid_blank(int32_t bg)
{
	return (struct emu_cell){.fg = EMU_DEFAULT, .bg = bg, .width = 1};
}

static inline bool grid_cell_is_blank(const struct emu_cell *c)
{
	return c->width == 1 && (c->n == 0 || (c->n == 1 && c->cps[0] == ' ')) && c->attrs == 0 && c->bg == EMU_DEFAULT;
}

/* Sizes are those of the emulator: 1 … EMU_SIZE_MAX. */
void grid_init(struct grid *g, int cols, int rows);
void grid_done(struct grid *g);
/* Put a character with the looks of `pen`; clipped to its row. */
void grid_put(struct grid *g, int x, int y, uint32_t cp, int width, const struct emu_cell *pen);
/* Blank the cells [x0, x1) of the rows [y0, y1) in the background colour. */
void grid_erase(struct grid *g, int x0, int y0, int x1, int y1, int32_t bg);
/* Move the rectangle's content up (down when negative) and left (right), blanking what comes free. */
void grid_scroll(struct grid *g, int x0, int y0, int x1, int y1, int up, int left, int32_t bg);
/* Cut or pad to the new size, rows at the bottom. */
void grid_resize(struct grid *g, int cols, int rows);
/* Rows up to the last one with anything in it. */
int grid_used(const struct grid *g);

#endif
