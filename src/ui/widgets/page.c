/* SPDX-License-Identifier: MIT */
/*
 * A page of facts.
 */
#include "ui/widgets/page.h"

#include "base/mem.h"

#define ROWS_FEW 15

void page_row(struct canvas *c, struct rect *r, uint16_t style, const char *label, const char *text)
{
	struct rect at = {r->x + 2 + PAGE_LABEL, r->y, r->w - PAGE_LABEL - 3, r->h};

	if (r->h > 0)
		canvas_text(c, r->x + 2, r->y, ROLE_DIM, PAGE_LABEL, label);
	rect_take_top(r, MAX(1, canvas_wrap(c, at, style, text)));
}

void page_heading(struct canvas *c, struct rect *r, const char *text)
{
	struct rect line;

	if (c->rows > ROWS_FEW)
		rect_take_top(r, 1);
	line = rect_take_top(r, 1);
	if (line.h)
		canvas_text(c, line.x + 1, line.y, ROLE_TITLE, line.w - 2, text);
}
