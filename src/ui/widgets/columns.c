/* SPDX-License-Identifier: MIT */
/*
 * Columns of a list: the least important go when there is no room, the elastic ones share what is left.
 */
#include "base/mem.h"
#include "ui/widgets/list.h"

#include <assert.h>

static int min_width(const struct column *cols, size_t n, int up_to_priority)
{
	int w = 0;

	for (size_t i = 0; i < n; i++)
		if (cols[i].priority <= up_to_priority)
			w += cols[i].min + (w > 0);
	return w;
}

static int highest_that_fits(const struct column *cols, size_t n, int width)
{
	int best = 0, top = 0;

	for (size_t i = 0; i < n; i++)
		top = MAX(top, cols[i].priority);
	for (int p = 0; p <= top; p++)
		if (min_width(cols, n, p) <= width)
			best = p;
	return best;
}

void columns_layout(const struct column *cols, size_t n, int width, struct column_place ret[COLUMNS_MAX])
{
	int priority = highest_that_fits(cols, n, width), left = width - min_width(cols, n, priority), x = 0;

	assert(n <= COLUMNS_MAX);
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct column_place){0, cols[i].priority <= priority ? cols[i].min : 0};
	/* One cell at a time, left to right, so that columns grow together. */
	for (bool grown = true; left > 0 && grown;) {
		grown = false;
		for (size_t i = 0; i < n && left > 0; i++) {
			if (!ret[i].w || (cols[i].max && ret[i].w >= cols[i].max))
				continue;
			ret[i].w++;
			left--;
			grown = true;
		}
	}
	for (size_t i = 0; i < n; i++) {
		ret[i].x = x;
		if (ret[i].w)
			x += ret[i].w + 1;
		if (ret[i].w && ret[i].x + ret[i].w > width)
			ret[i].w = MAX(0, width - ret[i].x);
	}
}

int columns_hit(const struct column_place *places, size_t n, int x)
{
	for (size_t i = 0; i < n; i++)
		if (places[i].w && x >= places[i].x && x <= places[i].x + places[i].w)
			return (int)i;
	return -1;
}
