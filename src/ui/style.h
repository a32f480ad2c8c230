/* SPDX-License-Identifier: MIT */
/*
 * What a cell means, apart from how a terminal shows it.
 *
 * Views paint roles ("this is dim", "this is an error"); the theme turns a role into colours and attributes when the
 * canvas reaches the terminal. So a view never knows how many colours there are, and a golden test needs no terminal.
 * No state is told by colour alone: every role that matters comes with a glyph or a word.
 */
#ifndef UI_STYLE_H
#define UI_STYLE_H

#include "base/attrs.h"

#include <stdbool.h>
#include <stdint.h>

enum role {
	ROLE_TEXT,
	ROLE_DIM,    /* units, labels, what is not in focus */
	ROLE_ACCENT, /* the one colour of focus */
	ROLE_TITLE,
	ROLE_HEAD, /* column headers */
	ROLE_KEY,  /* a key in the key bar */
	ROLE_OK,
	ROLE_BUSY,
	ROLE_WARN,
	ROLE_ERR,
	ROLE_GRAPH,
	ROLE_RULE, /* lines between panes, tracks of bars */
	ROLE_RAW,  /* a guest's own cell: fg and bg of the cell count */
	ROLE_COUNT
};

/* A style is a role with any of these. */
#define STYLE_BOLD 0x0100
#define STYLE_UNDERLINE 0x0200
#define STYLE_REVERSE 0x0400
#define STYLE_SELECTED 0x0800 /* the row under the cursor */
#define STYLE_ITALIC 0x1000
#define STYLE_STRIKE 0x2000
#define STYLE_DIM 0x4000
#define STYLE_ROLE_MASK 0x00ff

/* Colours: -1 the terminal's own, 0-255 the xterm palette, or 24 bits with COLOUR_RGB. */
#define COLOUR_DEFAULT (-1)
#define COLOUR_RGB 0x1000000

enum depth { DEPTH_MONO, DEPTH_8, DEPTH_16, DEPTH_256 };

struct theme {
	enum depth depth;
	bool light;
	bool ascii; /* nothing outside US-ASCII reaches the terminal */
};

/* How one cell is shown. `attrs` are STYLE_BOLD, _UNDERLINE, _REVERSE, _ITALIC, _STRIKE and _DIM. */
struct look {
	int32_t fg, bg;
	uint16_t attrs;
};

/* The look of a style; fg and bg are the cell's own and count for ROLE_RAW only. */
struct look theme_look(const struct theme *t, uint16_t style, int32_t fg, int32_t bg);

/* The nearest colour a terminal of this depth has. */
int32_t theme_colour(enum depth d, int32_t colour);

#define THEME_WORDS "auto, dark, light, mono, 256, 16, 8"
/* From the name in --theme or banger.conf ("dark", "light", "mono", "16", "256", comma-separated; NULL or "auto" =
 * look at the environment: NO_COLOR, COLORFGBG). `depth` is what the terminal can do. False for an unknown word, with
 * the rest applied. */
bool theme_choose(struct theme *t, const char *name, enum depth depth);

#endif
