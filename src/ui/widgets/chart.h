/* SPDX-License-Identifier: MIT */
/*
 * Small pictures of numbers: sparklines, bars and graphs. A gap in the data is a gap in the picture, never a zero.
 */
#ifndef UI_WIDGETS_CHART_H
#define UI_WIDGETS_CHART_H

#include "ui/canvas.h"
#include "ui/hist.h"

/* One row of blocks, newest at the right; `max` is the full height. */
void chart_spark(struct canvas *c, int x, int y, int w, uint16_t style, const struct hist *h, enum hist_series s,
		 uint64_t max);
/* "▓▓▓░░░░░": permille filled; more than 1000 is full, negative is empty. */
void chart_bar(struct canvas *c, int x, int y, int w, uint16_t style, int permille);

struct graph {
	const struct hist *hist;
	enum hist_series series;
	uint64_t max;	 /* full height; at least 1 */
	size_t span_s;	 /* seconds shown across the whole width */
	size_t offset_s; /* seconds between the newest sample and the right edge (frozen graphs) */
	uint16_t style;
};

/* Braille dots, two samples a cell and four levels a row. */
void chart_graph(struct canvas *c, struct rect r, const struct graph *g);

#endif
