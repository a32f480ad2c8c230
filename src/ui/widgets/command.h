/* SPDX-License-Identifier: MIT */
/*
 * The command line that does what a form does: words quoted for a shell, shown beneath the fields, copied by a key.
 */
#ifndef UI_WIDGETS_COMMAND_H
#define UI_WIDGETS_COMMAND_H

#include "ui/app.h"
#include "ui/canvas.h"

/* Append a blank and the word as a shell takes it for one, whatever its bytes are; the result is printable. */
void command_word(struct buf *out, const char *word);
/* With what copies it behind it, where both have room. Returns the rows it takes, at most max_rows; paints nothing without a canvas. */
int command_paint(struct canvas *c, struct rect r, const char *text, int max_rows);
/* Into the clipboard, and say so. */
void command_copy(struct app *app, const struct buf *line);

#endif
