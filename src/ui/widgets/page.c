/* SPDX-License-Identifier: MIT */
/*
 * A page of facts.
 */
#include "ui/widgets/page.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

#define ROWS_FEW 15
#define PAGE_ROWS 1000 /* no page is longer */

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

static int farthest(const struct page_scroll *p)
{
	return MAX(0, p->rows - p->rect.h);
}

/* Rows leave the last cell free: the mark alone stands there where the word has no room. */
static void mark_below(struct canvas *c, int end, int y)
{
	const char *word = _("▼ more");
	int w = utf8_str_width(word);

	for (int x = end - w - 1; x < end; x++) {
		const struct cell *cell = canvas_at(c, x, y);

		if (!cell || (cell->text[0] && strcmp(cell->text, " ") != 0))
			word = "▼";
	}
	canvas_right(c, end - w, y, ROLE_DIM, w, word);
}

struct rect page_begin(struct page_scroll *p, struct canvas *c, struct rect r)
{
	p->rect = r;
	p->top = MIN(p->top, farthest(p));
	p->clip = canvas_clip(c, r);
	return (struct rect){r.x, r.y - p->top, r.w, PAGE_ROWS};
}

void page_end(struct page_scroll *p, struct canvas *c, struct rect page, bool marks)
{
	struct rect r = p->rect;

	canvas_clip(c, p->clip);
	p->rows = page.y - r.y + p->top;
	if (marks && p->top > 0)
		canvas_right(c, r.x, r.y, ROLE_DIM, r.w, "▲");
	if (marks && p->top < farthest(p))
		mark_below(c, r.x + r.w, r.y + r.h - 1);
}

bool page_act(struct page_scroll *p, enum action a)
{
	int page = MAX(1, p->rect.h - 1);

	if (a == ACTION_DOWN || a == ACTION_UP)
		p->top += a == ACTION_DOWN ? 1 : -1;
	else if (a == ACTION_PAGE_DOWN || a == ACTION_PAGE_UP)
		p->top += a == ACTION_PAGE_DOWN ? page : -page;
	else if (a == ACTION_TOP || a == ACTION_BOTTOM)
		p->top = a == ACTION_TOP ? 0 : farthest(p);
	else
		return false;
	p->top = MAX(0, MIN(p->top, farthest(p)));
	return true;
}
