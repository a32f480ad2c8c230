/* SPDX-License-Identifier: MIT */
/*
 * A terminal emulator without a terminal: bytes of a guest in, cells out.
 *
 * The facade over whichever library interprets the sequences (today libvterm, behind emu_vterm.c alone). Nothing here
 * calls back: the owner feeds bytes and then asks what changed (damage, bell, replies). The guest is hostile: whatever
 * it sends, memory stays bounded, the title is cleaned and short, replies are few, and nothing it sent is ever echoed
 * back as if it had been typed.
 *
 * Rows have two addresses. On the screen: 0 … rows-1. Absolute: 0 is the oldest row of the scrollback, emu_history()
 * the first row of the screen, emu_history() + rows - 1 the last. When the scrollback is full its oldest rows go and
 * every absolute address sinks; emu_dropped() says by how much, in all.
 *
 * Not thread-safe: an emulator belongs to the thread that made it. Nothing here blocks.
 */
#ifndef UI_TERM_EMU_H
#define UI_TERM_EMU_H

#include "base/attrs.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMU_CELL_CPS 5	      /* a base and four combining marks; further marks are dropped */
#define EMU_SIZE_MAX 1000     /* cells a side; sizes are clamped to 1 … this */
#define EMU_TITLE_MAX 200     /* bytes of a title, cut at a character */
#define EMU_HISTORY_MAX 10000 /* rows of scrollback */
#define EMU_HISTORY_BYTES (8u << 20)

/* Colours: -1 the terminal's own, 0-255 the xterm palette, or EMU_RGB | 0xrrggbb. */
#define EMU_DEFAULT (-1)
#define EMU_RGB 0x1000000

enum emu_attr {
	EMU_BOLD = 1 << 0,
	EMU_UNDERLINE = 1 << 1,
	EMU_ITALIC = 1 << 2,
	EMU_BLINK = 1 << 3, /* to be shown steady */
	EMU_REVERSE = 1 << 4,
	EMU_STRIKE = 1 << 5,
	/* Set by console_paint() alone, never by a guest: */
	EMU_SELECTED = 1 << 8, /* inside the selection of copy mode */
	EMU_MATCH = 1 << 9,    /* a hit of the search */
};

struct emu_cell {
	uint32_t cps[EMU_CELL_CPS]; /* n of them; n == 0 is a blank */
	int32_t fg, bg;
	uint16_t attrs;
	uint8_t n;
	uint8_t width; /* 1, 2, or 0 for the right half of a wide character */
};

enum emu_shape { EMU_SHAPE_BLOCK, EMU_SHAPE_UNDERLINE, EMU_SHAPE_BAR };

struct emu_cursor {
	int x, y; /* on the screen */
	bool visible;
	bool blink;
	enum emu_shape shape;
};

enum emu_mouse { EMU_MOUSE_OFF, EMU_MOUSE_X10, EMU_MOUSE_CLICK, EMU_MOUSE_DRAG, EMU_MOUSE_MOVE };
enum emu_mouse_form { EMU_MOUSE_BYTES, EMU_MOUSE_SGR };

/* What the guest asked of the keyboard side, and the alternate screen (xterm ctlseqs, "Private Modes"). */
struct emu_modes {
	bool alt_screen;		/* 47, 1047, 1049 */
	bool app_cursor;		/* 1: DECCKM */
	bool app_keypad;		/* DECKPAM, 66 */
	bool paste;			/* 2004 */
	bool focus;			/* 1004 */
	bool reverse;			/* 5: the whole screen inverted; whoever paints applies it */
	enum emu_mouse mouse;		/* 9, 1000, 1002, 1003 */
	enum emu_mouse_form mouse_form; /* 1006 */
};

struct emu_rect {
	int x, y, w, h; /* w == 0: empty */
};

/* A place in the text that is followed through a resize. `row` is absolute. */
struct emu_mark {
	int row, x;
};

struct emu;

/* A blank screen. Never NULL; the caller frees it. */
struct emu *emu_new(int cols, int rows);
void emu_free(struct emu *e); /* NULL is fine */

static inline void emu_free_ptr(struct emu **e)
{
	emu_free(*e);
}

#define auto_emu __attribute__((cleanup(emu_free_ptr))) struct emu *

/* Interpret n bytes; sequences may be cut anywhere. */
void emu_feed(struct emu *e, const void *data, size_t n);

/* New size. Text of the main screen and the scrollback is wrapped anew, nothing is lost; the alternate screen is cut or
 * padded (its program repaints). The marks (may be NULL) are moved along with the text they stand on. */
void emu_resize(struct emu *e, int cols, int rows, struct emu_mark *marks, size_t n_marks);

int emu_cols(const struct emu *e);
int emu_rows(const struct emu *e);

/* A cell of the screen; borrowed until the next feed or resize. Outside the screen: a blank. */
const struct emu_cell *emu_cell(const struct emu *e, int x, int y);
/* The absolute row as emu_cols() cells in ret; padded with blanks. True when its text goes on in the next row. */
bool emu_row(const struct emu *e, int row, struct emu_cell *ret);
int emu_history(const struct emu *e);	   /* rows of scrollback; 0 on the alternate screen */
uint64_t emu_dropped(const struct emu *e); /* rows lost at the old end since the start */
void emu_clear_history(struct emu *e);
size_t emu_memory(const struct emu *e); /* bytes held by the scrollback */

void emu_get_cursor(const struct emu *e, struct emu_cursor *ret);
const struct emu_modes *emu_modes(const struct emu *e);
const char *emu_title(const struct emu *e); /* never NULL, clean UTF-8; borrowed until the next feed */

/* The smallest rectangle holding every cell changed since the last take, and forget it. False when nothing changed. */
bool emu_take_damage(struct emu *e, struct emu_rect *ret);
/* The bell has rung since the last take. */
bool emu_take_bell(struct emu *e);
/* Move the bytes that answer the guest's questions (device attributes, cursor position) to the end of out. At most
 * EMU_REPLY_MAX bytes are made between two calls; more questions stay unanswered. */
#define EMU_REPLY_MAX 256
void emu_take_replies(struct emu *e, struct buf *out);

/* The text of a cell as UTF-8, a blank as one space; the right half of a wide character is "". Returns its length. */
#define EMU_CELL_TEXT (EMU_CELL_CPS * 4 + 1)
size_t emu_cell_text(const struct emu_cell *c, char ret[EMU_CELL_TEXT]);

#endif
