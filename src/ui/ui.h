/* SPDX-License-Identifier: MIT */
/*
 * The console: a full-screen program over an engine.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include "core/engine/engine.h"

struct console_io;
struct ssh;

struct ui_args {
	/* Opens the engine; called once, after the first frame is on the screen. `arg` is handed through. The port is
	 * closed by the console at its end, after the terminal was given back. Should not block for long: the store is
	 * opened behind it. */
	int (*open_engine)(void *arg, struct engine_port *ret, struct err *e);
	void *arg;
	const char *theme;				      /* theme_choose(); NULL = auto */
	const char *escape;				      /* the consoles' prefix key; NULL = ctrl-] */
	struct console_io (*console_io)(struct ssh *session); /* as in app.h; NULL but in tests */
	bool ascii;
	bool mouse;
	bool readonly;
	const char *script; /* keys and expectations to play (ui/script.h); NULL = none */
	bool ready_only;    /* leave after the first frame: for measuring the start */
};

/* Runs until the person quits. Blocks SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH in the calling thread, which must be
 * the first. -1: no usable terminal (ERR_USAGE, nothing was drawn), or a script that failed (its line is named). */
NODISCARD int ui_main(const struct ui_args *a, struct err *e);

#endif
