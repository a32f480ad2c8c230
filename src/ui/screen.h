/* SPDX-License-Identifier: MIT */
/*
 * The terminal: canvas out, and everything that must be put back at the end.
 *
 * One of the two files behind which curses stands. What is written is the difference to what the terminal shows. The
 * terminal is given back on every way out: screen_close(), and from a crash through base/crash.h by a fixed string and
 * the saved modes. There is one screen in a process.
 */
#ifndef UI_SCREEN_H
#define UI_SCREEN_H

#include "base/err.h"
#include "ui/canvas.h"

#include <stdbool.h>

struct screen_args {
	const char *theme; /* theme_choose(); NULL = auto */
	bool ascii;	   /* also when the locale is not UTF-8 */
	bool mouse;
};

/* ERR_USAGE, with the terminal untouched, when standard input or output is none, or TERM names nothing usable. */
NODISCARD int screen_open(const struct screen_args *a, struct err *e);
void screen_close(void);
void screen_size(int *ret_cols, int *ret_rows);
/* After SIGWINCH: ask the terminal for its size. */
void screen_resized(void);
/* Will what is drawn become ASCII? */
bool screen_is_ascii(void);
/* Show the canvas; may change it to ASCII. Blocks only as long as the terminal takes. */
void screen_draw(struct canvas *c);
/* The next draw repaints every cell. */
void screen_redraw(void);
void screen_mouse(bool on);
/* Give the terminal to somebody who asks a question on it, and take it back. Between the two nothing of screen.h is called, and
 * ctrl-z stops us and them, as in a shell. */
void screen_leave(void);
void screen_return(void);
/* ctrl-z: give the terminal back and stop; returns when the shell lets us go on. */
void screen_suspend(void);
/* OSC 52: put text into the terminal's clipboard. Too long a text is refused: false. */
bool screen_copy(const char *text);
/* The fixed string that undoes whatever a full-screen program may have switched on. */
const char *screen_reset_string(void);

#endif
