/* SPDX-License-Identifier: MIT */
/*
 * One embedded console: an emulator, the pipe that feeds it, a place in the scrollback, copy mode.
 *
 * The pipe is anything with the small table below: an SSH channel (console_ssh.h), a socket or a pty (console_fd.h).
 * Nothing blocks; the owner polls console_fd() for console_events() and calls console_turn(). A turn reads at most
 * CONSOLE_TURN_BYTES, so a flood in one console never delays a key in another. When the pipe ends, the console is dead:
 * it keeps its screen, its scrollback and the reason, can still be scrolled and copied from, and console_attach()
 * gives it a new pipe.
 *
 * It belongs to one thread.
 */
#ifndef UI_TERM_CONSOLE_H
#define UI_TERM_CONSOLE_H

#include "base/err.h"
#include "ui/term/emu.h"
#include "ui/term/keyenc.h"

#define CONSOLE_TURN_BYTES 65536
#define CONSOLE_QUEUE_MAX                                                                                              \
	(4u << 20) /* bytes typed or pasted that the guest has not taken; beyond it they are refused */

enum console_io_result {
	CONSOLE_IO_OK,
	CONSOLE_IO_WAIT,   /* nothing until poll() says so */
	CONSOLE_IO_END,	   /* the other side ended in order; why() may tell how */
	CONSOLE_IO_FAILED, /* e is set */
};

/* What a console needs of its pipe. `self` is the pipe's own object. */
struct console_io_ops {
	/* Get to the point where bytes flow. OK = live, and stays so. NULL: live from the start. */
	enum console_io_result (*step)(void *self, struct err *e);
	/* OK with *ret_n > 0 bytes. */
	enum console_io_result (*read)(void *self, void *data, size_t n, size_t *ret_n, struct err *e);
	/* OK with *ret_n > 0 of n bytes taken. */
	enum console_io_result (*write)(void *self, const void *data, size_t n, size_t *ret_n, struct err *e);
	/* Tell the other side the size of its screen. NULL: it cannot be told. */
	void (*resize)(void *self, int cols, int rows);
	int (*fd)(void *self);
	/* What to poll for, both directions. NULL: POLLIN, and POLLOUT while bytes wait. */
	short (*events)(void *self);
	/* Bytes are waiting that poll() cannot see. NULL: never. */
	bool (*pending)(void *self);
	/* After CONSOLE_IO_END: how it ended, translated ("exit status 1"). NULL or "": nothing to tell. */
	void (*why)(void *self, char *ret, size_t size);
	/* Close and free self. */
	void (*close)(void *self);
};

struct console_io {
	const struct console_io_ops *ops; /* NULL: no pipe */
	void *self;
};

enum console_state { CONSOLE_CONNECTING, CONSOLE_LIVE, CONSOLE_DEAD };

/* What a turn brought, or'ed. */
enum console_event {
	CONSOLE_CHANGED = 1, /* the picture: paint when it suits */
	CONSOLE_BELL = 2,
	CONSOLE_TITLE = 4,
	CONSOLE_STATE = 8, /* console_state() is another one now */
};

struct console;

/* Blank, dead without a reason ("not connected") until console_attach(). `name` is what the tab says, copied. Never
 * NULL; the caller frees it. */
struct console *console_new(const char *name, int cols, int rows);
void console_free(struct console *c); /* closes the pipe; NULL is fine */

static inline void console_free_ptr(struct console **c)
{
	console_free(*c);
}

#define auto_console __attribute__((cleanup(console_free_ptr))) struct console *

/* Give it a pipe, which it owns from now on; one it had is closed. Screen and scrollback stay, so a reconnected session
 * goes on below the old one. */
void console_attach(struct console *c, struct console_io io);
/* Close the pipe; the console is dead with this reason (cleaned and copied). */
void console_detach(struct console *c, const char *why);

int console_fd(const struct console *c); /* -1 when there is nothing to poll */
short console_events(const struct console *c);
/* Poll with a time-out of 0: there is more to do (a key just queued counts; or call console_turn() at once). */
bool console_pending(const struct console *c);
/* Connect on, write what is queued, read at most CONSOLE_TURN_BYTES. Returns enum console_event bits. */
unsigned console_turn(struct console *c);

enum console_state console_state(const struct console *c);
const char *console_why(const struct console *c); /* of a dead console; never NULL */
const char *console_name(const struct console *c);
const char *console_title(const struct console *c); /* the guest's, clean; never NULL */
struct emu *console_emu(struct console *c);	    /* borrowed */

/* Everything the guest sends from now on also goes there, as it comes: session recording. NULL ends it. */
void console_tap(struct console *c, void (*fn)(void *arg, const void *data, size_t n), void *arg);

/* Size of the picture and of the guest's screen. */
void console_resize(struct console *c, int cols, int rows);

/* --- to the guest; each returns to the newest rows, and does nothing while the console is not live --- */
void console_key(struct console *c, const struct keyenc_key *k);
/* True when the guest wanted it; else a wheel has scrolled the history (or the alternate screen by arrow keys). */
bool console_mouse(struct console *c, const struct keyenc_mouse *ev);
void console_focus(struct console *c, bool in);
void console_paste(struct console *c, const char *text, size_t n);
void console_send(struct console *c, const void *data, size_t n);

/* --- the view: how many rows back in the history its lowest row is --- */
void console_scroll(struct console *c, int rows_back); /* relative; > 0 goes back */
void console_scroll_end(struct console *c);
int console_offset(const struct console *c); /* 0: following the newest */
/* Find the text (smart case: an upper-case letter makes it exact) from the view, copy-mode cursor or last hit, towards
 * the old end (or the new), going round. The view moves there; hits are painted EMU_MATCH. False: not found. "" clears. */
bool console_search(struct console *c, const char *text, bool back);
bool console_search_next(struct console *c, bool back);
const char *console_needle(const struct console *c); /* never NULL */

/* --- copy mode: keys move a cursor through screen and scrollback --- */
enum console_copy {
	CONSOLE_COPY_STAY,
	CONSOLE_COPY_SEARCH, /* ask for a text, then console_search(); back in *ret_back */
	CONSOLE_COPY_DONE,   /* left; the selected text is in ret_text (may be empty) */
	CONSOLE_COPY_LEFT,   /* left without */
};
void console_copy_enter(struct console *c);
bool console_in_copy(const struct console *c);
/*
 * vi and emacs keys at once: hjkl arrows w b 0 ^ $ g G H M L { } PgUp PgDn ctrl-u ctrl-d ctrl-b ctrl-f,
 * ctrl-a ctrl-e ctrl-n ctrl-p alt-f alt-b alt-< alt-> ; Space or v or ctrl-space start, V lines, ctrl-v rectangle,
 * o the other end; / ? ctrl-s ctrl-r search, n N; y Enter alt-w copy and leave; q Esc ctrl-g ctrl-c leave.
 */
enum console_copy console_copy_key(struct console *c, const struct keyenc_key *k, struct buf *ret_text, bool *ret_back);

/* Where a console paints itself. */
struct console_sink {
	void *arg;
	/* Every cell of the picture, x and y from 0; a wide character comes once, at its left cell. */
	void (*put)(void *arg, int x, int y, const struct emu_cell *cell);
	/* The cursor, when it is inside the picture. */
	void (*cursor)(void *arg, const struct emu_cursor *cursor);
};
void console_paint(struct console *c, const struct console_sink *sink);

#endif
