/* SPDX-License-Identifier: MIT */
/*
 * A page of facts, painted from the top down: headings, and rows of a label and what it says, in as many lines as that takes.
 */
#ifndef UI_WIDGETS_PAGE_H
#define UI_WIDGETS_PAGE_H

#include "ui/action.h"
#include "ui/canvas.h"

#define PAGE_LABEL 12 /* cells of a label, the gap included */

/* Both take what they paint off the top of *r; what has no room is left out. On a terminal with few rows a heading has no line above. */
void page_heading(struct canvas *c, struct rect *r, const char *text);
void page_row(struct canvas *c, struct rect *r, uint16_t style, const char *label, const char *text);

/* A page that may be longer than its place: painted higher than it is cut. */
struct page_scroll {
	struct rect rect; /* as painted */
	int top, rows;	  /* lines it is scrolled, and has */
	struct rect clip; /* between begin and end: what was cut before */
};

/* Begin to paint at r: returns the page, as long as it may be. */
struct rect page_begin(struct page_scroll *p, struct canvas *c, struct rect r);
/* `page` is what is left of it. `marks`: say in its first and last row where there is more. */
void page_end(struct page_scroll *p, struct canvas *c, struct rect page, bool marks);
/* Down, up, pages, top, bottom. False when the action is none of these. */
bool page_act(struct page_scroll *p, enum action a);

#endif
