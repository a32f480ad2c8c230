/* SPDX-License-Identifier: MIT */
/*
 * A console on the fake engine, driven by the names of keys: for unit tests of what keys lead to. One at a time.
 */
#ifndef TESTS_LIB_UIBENCH_H
#define TESTS_LIB_UIBENCH_H

#include "tests/lib/fake_engine.h"
#include "ui/app.h"

struct uibench {
	struct fake *f;
	struct engine_port port;
	struct app *app;
	struct canvas c;
};

extern struct uibench b;
extern int64_t now; /* what its clocks say, in ms */

/* A first frame, then the engine and what it has to say. Its clocks are the bench's, which stand still between ticks. 80x24 where `aa`
 * says nothing. */
void bench_begin(struct fake_args fa, struct app_args aa);
/* The same in two: no engine yet, and then one. */
void bench_alone(struct app_args aa);
void bench_attach(struct fake_args fa);
/* The console, and the engine where there is one. */
void bench_finish(void);
/* Everything the engine has said, and a frame. */
void settle(void);
/* The engine goes on n times, a quarter of a second each. */
void tick(int n);
/* Keys by name, with blanks between them; "~~" is a tick. A frame after each. */
void press(const char *names);
/* Characters as they are. */
void type(const char *text);
bool screen_has(const char *text);
/* What was asked of the engine last; NULL: nothing. */
const struct request *last(void);

#endif
