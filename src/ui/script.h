/* SPDX-License-Identifier: MIT */
/*
 * --script FILE: the console driven by a file, for tests and demonstrations. One command a line, # comments:
 *
 *	key NAME…		press keys ("key down down enter")
 *	type TEXT		press the characters of TEXT
 *	expect [SECONDS] TEXT	go on once the screen shows TEXT; after SECONDS (10) the script has failed
 *	reject [SECONDS] TEXT	go on once the screen no longer shows TEXT
 *	run COMMAND		as typed after ":" ("run save-screen /tmp/x")
 *	resize COLSxROWS	pretend the terminal has this size
 *
 * At the end of the file the console goes on as ever; a script that shall end it says "key q".
 */
#ifndef UI_SCRIPT_H
#define UI_SCRIPT_H

#include "base/err.h"
#include "ui/app.h"

struct script;

/* Reads the file at once (at most 1 MiB). NULL with e set. */
NODISCARD struct script *script_load(const char *path, struct err *e);
NODISCARD struct script *script_parse(const char *text, const char *name, struct err *e);
void script_free(struct script *s);

enum script_result { SCRIPT_GOES_ON, SCRIPT_WAITS, SCRIPT_DONE, SCRIPT_FAILED };

/* One command, against the frame that was just painted. WAITS: call again after the next frame, at the latest in
 * script_wait_ms(). FAILED sets e, naming file and line, with the screen in it. */
enum script_result script_step(struct script *s, struct app *app, const struct canvas *frame, int64_t now_ms,
			       struct err *e);
int64_t script_wait_ms(const struct script *s, int64_t now_ms);

#endif
