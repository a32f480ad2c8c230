/* SPDX-License-Identifier: MIT */
/*
 * One line of text being typed, with readline's usual keys. UTF-8; the cursor stands between characters.
 */
#ifndef UI_WIDGETS_EDIT_H
#define UI_WIDGETS_EDIT_H

#include "ui/canvas.h"
#include "ui/key.h"

#define EDIT_MAX 1024 /* a path is the longest that is typed */

struct edit {
	char text[EDIT_MAX];
	size_t cursor; /* byte offset */
};

void edit_set(struct edit *ed, const char *text); /* cursor at the end */
/* Take a key; false when it means nothing here (enter, esc, arrows up and down, …). */
bool edit_key(struct edit *ed, struct key k);
/* Paint in `w` cells, scrolled so that the cursor is seen, and place the terminal's cursor when it has the focus. */
void edit_paint(const struct edit *ed, struct canvas *c, int x, int y, int w, uint16_t style, bool focus);

#endif
