/* SPDX-License-Identifier: MIT */
/*
 * Keys and mouse of the terminal, decoded; the other file behind which curses stands. screen_open() comes first.
 */
#ifndef UI_INPUT_H
#define UI_INPUT_H

#include "ui/key.h"

enum input_kind { INPUT_NONE, INPUT_KEY, INPUT_MOUSE, INPUT_END };

struct input {
	enum input_kind kind;
	struct key key;
	struct mouse mouse;
};

/* Teach curses the sequences it does not know: paste brackets and modified arrows. Once, after screen_open(). */
void input_init(void);
/* The next one that is there; never waits. INPUT_END: the terminal went away. */
void input_next(struct input *ret);

#endif
