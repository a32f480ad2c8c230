/* SPDX-License-Identifier: MIT */
/*
 * Rectangle arithmetic: pure functions, every one total.
 */
#include "ui/layout.h"

#include "base/attrs.h"

bool rect_contains(struct rect r, int x, int y)
{
	return x >= r.x && y >= r.y && x < r.x + r.w && y < r.y + r.h;
}

struct rect rect_intersect(struct rect a, struct rect b)
{
	int x = MAX(a.x, b.x), y = MAX(a.y, b.y);
	int w = MIN(a.x + a.w, b.x + b.w) - x, h = MIN(a.y + a.h, b.y + b.h) - y;

	w = MAX(w, 0);
	h = MAX(h, 0);
	return (struct rect){x, y, w, h};
}

static int clamp(int n, int max)
{
	return n < 0 ? 0 : MIN(n, max);
}

struct rect rect_take_top(struct rect *r, int n)
{
	struct rect cut = {r->x, r->y, r->w, clamp(n, r->h)};

	r->y += cut.h;
	r->h -= cut.h;
	return cut;
}

struct rect rect_take_bottom(struct rect *r, int n)
{
	int h = clamp(n, r->h);

	r->h -= h;
	return (struct rect){r->x, r->y + r->h, r->w, h};
}

struct rect rect_take_left(struct rect *r, int n)
{
	struct rect cut = {r->x, r->y, clamp(n, r->w), r->h};

	r->x += cut.w;
	r->w -= cut.w;
	return cut;
}

struct rect rect_take_right(struct rect *r, int n)
{
	int w = clamp(n, r->w);

	r->w -= w;
	return (struct rect){r->x + r->w, r->y, w, r->h};
}

struct rect rect_centre(struct rect r, int w, int h)
{
	w = clamp(w, r.w);
	h = clamp(h, r.h);
	return (struct rect){r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h};
}
