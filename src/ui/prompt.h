/* SPDX-License-Identifier: MIT */
/*
 * The line that takes text over the key bar: "/" filters as you type, ":" is the palette with completion and history.
 */
#ifndef UI_PROMPT_H
#define UI_PROMPT_H

#include "ui/widgets/edit.h"
#include "ui/world.h"

#define PROMPT_HISTORY 32
#define PROMPT_MATCHES 64

enum prompt_kind { PROMPT_NONE, PROMPT_FILTER, PROMPT_COMMAND };
enum prompt_result { PROMPT_GOES_ON, PROMPT_CHANGED, PROMPT_ACCEPTED, PROMPT_ABANDONED };

struct prompt {
	enum prompt_kind kind;
	struct edit edit;
	char *history[PROMPT_HISTORY]; /* newest last; commands only */
	size_t n_history, at_history;
	char typed[EDIT_MAX]; /* what the present completion started from */
	size_t completion;    /* 0 = none, else 1 + which of the matches stands in the line */
	char wrong[512];      /* why the line came back; until it is changed */
};

void prompt_done(struct prompt *p);
void prompt_open(struct prompt *p, enum prompt_kind kind, const char *text);
/* The command just accepted was refused: it comes back as it was typed, with the reason above it. */
void prompt_come_back(struct prompt *p, const char *wrong);
/* Accepted commands go into the history; the prompt is closed by ACCEPTED and ABANDONED, its text stays readable. */
enum prompt_result prompt_key(struct prompt *p, struct key k, const struct world *w);
/* Paints the line into r (one row) and, for commands, what it can become above it. */
void prompt_paint(const struct prompt *p, struct canvas *c, struct rect r, const struct world *w);
/* The completions of a command line: whole lines, at most PROMPT_MATCHES. */
size_t prompt_complete(const struct world *w, const char *line, char (*ret)[EDIT_MAX]);

#endif
