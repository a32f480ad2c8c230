/* SPDX-License-Identifier: MIT */
/*
 * The console object, shared by console.c (pipe), console_view.c (view and search) and console_copy.c (copy mode).
 */
#ifndef UI_TERM_CONSOLE_PRIV_H
#define UI_TERM_CONSOLE_PRIV_H

#include "ui/term/console.h"

enum select_kind { SELECT_NONE, SELECT_CHARS, SELECT_LINES, SELECT_RECT };

struct copy {
	bool on;
	enum select_kind kind;
	struct emu_mark at, anchor; /* absolute */
};

struct console {
	char *name;
	char *why;
	enum console_state state;
	struct emu *emu;
	struct console_io io;
	struct buf queue; /* for the guest */
	bool untried;	  /* bytes of the queue the pipe was not offered yet */
	bool more;	  /* the last turn stopped at its limit */
	void (*tap)(void *arg, const void *data, size_t n);
	void *tap_arg;

	int offset;	    /* rows the view is back */
	bool alt;	    /* as of the last sync */
	uint64_t rows_seen; /* emu_dropped() + emu_history() then */
	uint64_t dropped_seen;

	char *needle;
	bool has_hit;
	struct emu_mark hit;

	struct copy copy;
	struct emu_cell *row; /* emu_cols() cells of scratch */
};

/* After the emulator took bytes: what the person looks at stays under their eyes. */
void console_sync(struct console *c);
/* Absolute row at the top of the view. */
int console_top(const struct console *c);
/* Load an absolute row into c->row; true when it wraps. */
bool console_load(struct console *c, int row);
int console_last_row(const struct console *c);
/* Scroll no further than needed to show this absolute row. */
void console_show(struct console *c, int row);
/* Is this cell selected in copy mode? */
bool console_selected(const struct console *c, int row, int x);

#endif
