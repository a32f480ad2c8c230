/* SPDX-License-Identifier: MIT */
/*
 * A key press as the program sees it, whatever terminal it came from, and its name ("ctrl-d", "shift-tab", "space").
 */
#ifndef UI_KEY_H
#define UI_KEY_H

#include "base/attrs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_sym {
	SYM_NONE,
	SYM_CHAR, /* cp says which; with KEY_CTRL cp is the lower-case letter */
	SYM_UP,
	SYM_DOWN,
	SYM_LEFT,
	SYM_RIGHT,
	SYM_HOME,
	SYM_END,
	SYM_PGUP,
	SYM_PGDN,
	SYM_INSERT,
	SYM_DELETE,
	SYM_BACKSPACE,
	SYM_TAB,
	SYM_ENTER,
	SYM_ESC,
	SYM_F1, /* to SYM_F1 + 11 */
	SYM_F12 = SYM_F1 + 11,
	SYM_PASTE_BEGIN, /* what follows until SYM_PASTE_END was pasted, not typed */
	SYM_PASTE_END,
	SYM_FOCUS_IN,
	SYM_FOCUS_OUT,
	SYM_COUNT
};

#define KEY_MOD_SHIFT 1u
#define KEY_MOD_ALT 2u
#define KEY_MOD_CTRL 4u

struct key {
	enum key_sym sym;
	uint32_t cp;
	unsigned mods;
};

enum mouse_kind { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct mouse {
	enum mouse_kind kind;
	int x, y; /* cell, from 0 */
};

#define KEY_NAME_SIZE 40

static inline bool key_equal(struct key a, struct key b)
{
	return a.sym == b.sym && a.cp == b.cp && a.mods == b.mods;
}

/* "a", "A", "ctrl-d", "alt-x", "shift-tab", "f1", "pgup", "space". False when malformed. */
NODISCARD bool key_parse(const char *name, struct key *ret);
/* Parses back. Returns buf. */
char *key_format(struct key k, char buf[KEY_NAME_SIZE]);
/* For the key bar: as key_format, with "⏎" for enter and arrows for arrows unless `ascii`. */
char *key_show(struct key k, bool ascii, char buf[KEY_NAME_SIZE]);

#endif
