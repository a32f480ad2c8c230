/* SPDX-License-Identifier: MIT */
/*
 * Charts.
 *
 * A graph maps `span_s` seconds onto 2 * width dot columns; a dot column shows the mean of the seconds it stands for,
 * so a short spike shrinks when an hour is shown instead of hiding its neighbours. Braille cells: Unicode U+2800, the
 * bits of the left column from the bottom are 0x40 0x04 0x02 0x01, of the right 0x80 0x20 0x10 0x08.
 */
#include "ui/widgets/chart.h"

static int level_of(uint64_t v, uint64_t max, int levels)
{
	if (v == HIST_GAP)
		return -1;
	if (!v)
		return 0;
	if (v >= max)
		return levels;
	return MAX(1, (int)((v * (uint64_t)levels + max / 2) / max));
}

void chart_spark(struct canvas *c, int x, int y, int w, uint16_t style, const struct hist *h, enum hist_series s,
		 uint64_t max)
{
	for (int i = 0; i < w; i++) {
		int level = level_of(hist_get(h, s, (size_t)(w - 1 - i)), MAX(max, (uint64_t)1), 7);

		if (level >= 0)
			canvas_cp(c, x + i, y, style, 0x2581 + (uint32_t)level);
	}
}

void chart_bar(struct canvas *c, int x, int y, int w, uint16_t style, int permille)
{
	int full = permille <= 0 ? 0 : MAX(1, (MIN(permille, 1000) * w + 500) / 1000);

	for (int i = 0; i < w; i++)
		canvas_cp(c, x + i, y, i < full ? style : ROLE_RULE, i < full ? 0x2593 : 0x2591);
}

/* Level of one dot column, counted from the right edge. */
static int column_level(const struct graph *g, int dot, int dots, int levels)
{
	size_t from = (size_t)dot * g->span_s / (size_t)dots, to = (size_t)(dot + 1) * g->span_s / (size_t)dots;

	return level_of(hist_mean(g->hist, g->series, g->offset_s + from, MAX(to - from, (size_t)1)),
			MAX(g->max, (uint64_t)1), levels);
}

static uint32_t dots_of(int level, int row_from_bottom, bool right)
{
	static const uint8_t bits[2][4] = {{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}};
	uint32_t cell = 0;
	int filled = level - row_from_bottom * 4;

	if (level == 0 && row_from_bottom == 0)
		filled = 1; /* a known zero is a line on the ground; a gap is nothing */
	for (int i = 0; i < 4 && i < filled; i++)
		cell |= bits[right][i];
	return cell;
}

void chart_graph(struct canvas *c, struct rect r, const struct graph *g)
{
	int dots = r.w * 2, levels = r.h * 4;

	for (int x = 0; x < r.w; x++) {
		int right = column_level(g, dots - 1 - (2 * x + 1), dots, levels);
		int left = column_level(g, dots - 1 - 2 * x, dots, levels);

		for (int row = 0; row < r.h; row++) {
			uint32_t cell = (left < 0 ? 0 : dots_of(left, row, false)) |
					(right < 0 ? 0 : dots_of(right, row, true));

			if (cell)
				canvas_cp(c, r.x + x, r.y + r.h - 1 - row, g->style, 0x2800 + cell);
		}
	}
}
