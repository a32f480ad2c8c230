/* SPDX-License-Identifier: MIT */
/*
 * From keys, mouse and pasted text to the bytes a program in the guest expects, xterm style (xterm ctlseqs: "PC-Style
 * Function Keys", "Mouse Tracking", "Bracketed Paste Mode"; terminfo entry xterm-256color).
 */
#ifndef UI_TERM_KEYENC_H
#define UI_TERM_KEYENC_H

#include "ui/term/emu.h"

enum keyenc_name {
	KEYENC_CHAR, /* cp counts */
	KEYENC_UP,
	KEYENC_DOWN,
	KEYENC_RIGHT,
	KEYENC_LEFT,
	KEYENC_HOME,
	KEYENC_END,
	KEYENC_INSERT,
	KEYENC_DELETE,
	KEYENC_PGUP,
	KEYENC_PGDN,
	KEYENC_ENTER,
	KEYENC_TAB,
	KEYENC_BACKSPACE,
	KEYENC_ESC,
	KEYENC_KP_ENTER,
	KEYENC_F1, /* … KEYENC_F1 + 11 is F12 */
	KEYENC_F12 = KEYENC_F1 + 11,
	KEYENC_COUNT
};

enum keyenc_mod { KEYENC_SHIFT = 1, KEYENC_ALT = 2, KEYENC_CTRL = 4 };

struct keyenc_key {
	enum keyenc_name name;
	uint32_t cp;   /* KEYENC_CHAR: the character, as typed (shift already in it); Ctrl-A is 'a' with KEYENC_CTRL */
	unsigned mods; /* of enum keyenc_mod */
};

enum keyenc_button {
	KEYENC_LEFT_BUTTON,
	KEYENC_MIDDLE_BUTTON,
	KEYENC_RIGHT_BUTTON,
	KEYENC_NO_BUTTON,
	KEYENC_WHEEL_UP,
	KEYENC_WHEEL_DOWN
};
enum keyenc_motion { KEYENC_PRESS, KEYENC_RELEASE, KEYENC_MOVE };

struct keyenc_mouse {
	enum keyenc_button button; /* of a move: the one held, or KEYENC_NO_BUTTON */
	enum keyenc_motion motion;
	int x, y; /* cell on the guest's screen, from 0 */
	unsigned mods;
};

#define KEYENC_MAX 32 /* bytes of one key or mouse event */

/* The bytes of a key in ret, not terminated; returns how many. 0: no such thing in this terminal. */
size_t keyenc_key(const struct emu_modes *m, const struct keyenc_key *k, char ret[KEYENC_MAX]);
/* The bytes of a mouse event; 0 when the guest did not ask for it. */
size_t keyenc_mouse(const struct emu_modes *m, const struct keyenc_mouse *ev, char ret[KEYENC_MAX]);
/* "We have the focus (not)"; 0 when the guest did not ask. */
size_t keyenc_focus(const struct emu_modes *m, bool in, char ret[KEYENC_MAX]);
/* Append pasted text: newlines become CR, other control characters but tab are dropped (so that the text cannot end
 * the bracket), and it is bracketed when the guest asked for that. */
void keyenc_paste(const struct emu_modes *m, const char *text, size_t n, struct buf *out);

/* Parse "ctrl-]", "alt-x", "f12", "ctrl-space", "a", as written in the configuration. False when it is none. */
bool keyenc_parse(const char *s, struct keyenc_key *ret);
/* The same name back, for title bars: "ctrl-]". */
void keyenc_format(const struct keyenc_key *k, char *ret, size_t size);
bool keyenc_equal(const struct keyenc_key *a, const struct keyenc_key *b);

#endif
