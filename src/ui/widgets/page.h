/* SPDX-License-Identifier: MIT */
/*
 * A page of facts, painted from the top down: headings, and rows of a label and what it says, in as many lines as that takes.
 */
#ifndef UI_WIDGETS_PAGE_H
#define UI_WIDGETS_PAGE_H

#include "ui/canvas.h"

#define PAGE_LABEL 12 /* cells of a label, the gap included */

/* Both take what they paint off the top of *r; what has no room is left out. On a terminal with few rows a heading has no line above. */
void page_heading(struct canvas *c, struct rect *r, const char *text);
void page_row(struct canvas *c, struct rect *r, uint16_t style, const char *label, const char *text);

#endif
