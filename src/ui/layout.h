/* SPDX-License-Identifier: MIT */
/*
 * Rectangles of cells, and cutting them up. Nothing here ever yields a negative size.
 */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H

#include <stdbool.h>

struct rect {
	int x, y, w, h;
};

/* The smallest terminal the program draws on; below it, a sentence. */
#define LAYOUT_MIN_COLS 40
#define LAYOUT_MIN_ROWS 10
/* From this width on there is room for a list and a detail pane side by side. */
#define LAYOUT_TWO_PANES 100

bool rect_contains(struct rect r, int x, int y);
struct rect rect_intersect(struct rect a, struct rect b);
/* Cut `n` rows (columns) off and return them; the rest stays in *r. More than there is: all of it. */
struct rect rect_take_top(struct rect *r, int n);
struct rect rect_take_bottom(struct rect *r, int n);
struct rect rect_take_left(struct rect *r, int n);
struct rect rect_take_right(struct rect *r, int n);
/* w x h in the middle of r, never larger than r. */
struct rect rect_centre(struct rect r, int w, int h);

#endif
