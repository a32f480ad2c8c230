/* SPDX-License-Identifier: MIT */
/*
 * Themes: a table of looks per depth and background.
 *
 * The base is the terminal's own foreground and background with the 16 ANSI colours; 256 colours only refine it. No
 * black or white is hard-coded and no dark blue is put on a dark ground, so both backgrounds stay readable.
 */
#include "ui/style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct paint {
	int16_t fg;
	uint16_t attrs;
};

/* Indexed by role; 16 colours first (8-15 become bold where only 8 exist), then 256 on dark, then 256 on light. */
static const struct paint paint_16[ROLE_COUNT] = {
	[ROLE_TEXT] = {-1, 0}, [ROLE_DIM] = {8, 0},	     [ROLE_ACCENT] = {6, 0}, [ROLE_TITLE] = {-1, STYLE_BOLD},
	[ROLE_HEAD] = {8, 0},  [ROLE_KEY] = {6, STYLE_BOLD}, [ROLE_OK] = {2, 0},     [ROLE_BUSY] = {6, 0},
	[ROLE_WARN] = {3, 0},  [ROLE_ERR] = {1, STYLE_BOLD}, [ROLE_GRAPH] = {6, 0},  [ROLE_RULE] = {8, 0},
	[ROLE_RAW] = {-1, 0},
};
static const struct paint paint_256_dark[ROLE_COUNT] = {
	[ROLE_TEXT] = {-1, 0},	 [ROLE_DIM] = {245, 0},
	[ROLE_ACCENT] = {80, 0}, [ROLE_TITLE] = {-1, STYLE_BOLD},
	[ROLE_HEAD] = {245, 0},	 [ROLE_KEY] = {80, STYLE_BOLD},
	[ROLE_OK] = {78, 0},	 [ROLE_BUSY] = {117, 0},
	[ROLE_WARN] = {221, 0},	 [ROLE_ERR] = {209, STYLE_BOLD},
	[ROLE_GRAPH] = {74, 0},	 [ROLE_RULE] = {239, 0},
	[ROLE_RAW] = {-1, 0},
};
static const struct paint paint_256_light[ROLE_COUNT] = {
	[ROLE_TEXT] = {-1, 0},	 [ROLE_DIM] = {242, 0},
	[ROLE_ACCENT] = {24, 0}, [ROLE_TITLE] = {-1, STYLE_BOLD},
	[ROLE_HEAD] = {242, 0},	 [ROLE_KEY] = {24, STYLE_BOLD},
	[ROLE_OK] = {22, 0},	 [ROLE_BUSY] = {25, 0},
	[ROLE_WARN] = {94, 0},	 [ROLE_ERR] = {124, STYLE_BOLD},
	[ROLE_GRAPH] = {25, 0},	 [ROLE_RULE] = {250, 0},
	[ROLE_RAW] = {-1, 0},
};

#define SELECTED_BG_DARK 236
#define SELECTED_BG_LIGHT 254

static const struct paint *paint_of(const struct theme *t, enum role role)
{
	if (t->depth == DEPTH_256)
		return t->light ? &paint_256_light[role] : &paint_256_dark[role];
	return &paint_16[role];
}

static struct look look_mono(enum role role, uint16_t flags)
{
	struct look l = {COLOUR_DEFAULT, COLOUR_DEFAULT, flags};

	if (role == ROLE_DIM || role == ROLE_HEAD || role == ROLE_RULE)
		l.attrs |= STYLE_DIM;
	else if (role == ROLE_TITLE || role == ROLE_KEY || role == ROLE_ERR || role == ROLE_ACCENT)
		l.attrs |= STYLE_BOLD;
	return l;
}

struct look theme_look(const struct theme *t, uint16_t style, int32_t fg, int32_t bg)
{
	enum role role = style & STYLE_ROLE_MASK;
	uint16_t flags = style & ~(STYLE_ROLE_MASK | STYLE_SELECTED);
	const struct paint *p = paint_of(t, role);
	struct look l = {p->fg, COLOUR_DEFAULT, flags | p->attrs};

	if (t->depth == DEPTH_MONO)
		l = look_mono(role, flags);
	else if (role == ROLE_RAW)
		l = (struct look){theme_colour(t->depth, fg), theme_colour(t->depth, bg), flags};
	if (t->depth != DEPTH_MONO && t->depth != DEPTH_256 && role != ROLE_RAW && l.fg == 8) {
		/* Bright black is invisible on some palettes with 8 colours: the faint attribute says the same. */
		if (t->depth == DEPTH_8)
			l = (struct look){COLOUR_DEFAULT, COLOUR_DEFAULT, l.attrs | STYLE_DIM};
	}
	if (style & STYLE_SELECTED) {
		/* One even bar: with few colours a row of inverted colours would be a patchwork. */
		if (t->depth == DEPTH_256)
			l.bg = t->light ? SELECTED_BG_LIGHT : SELECTED_BG_DARK;
		else
			l = (struct look){COLOUR_DEFAULT, COLOUR_DEFAULT, (l.attrs & ~STYLE_DIM) | STYLE_REVERSE};
	}
	return l;
}

static int cube_step(int v)
{
	return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40;
}

static int32_t rgb_to_256(int r, int g, int b)
{
	if (abs(r - g) < 10 && abs(g - b) < 10) {
		int level = (r + g + b) / 3;

		if (level < 8)
			return 16;
		return level > 238 ? 231 : 232 + (level - 8) / 10;
	}
	return 16 + 36 * cube_step(r) + 6 * cube_step(g) + cube_step(b);
}

static int32_t rgb_to_16(int r, int g, int b)
{
	int max = MAX(r, MAX(g, b)), half = max / 2 + 1;
	int32_t hue = (r >= half ? 1 : 0) | (g >= half ? 2 : 0) | (b >= half ? 4 : 0);

	if (max < 50)
		return 0;
	return hue + (max > 200 ? 8 : 0);
}

static void index_to_rgb(int i, int *r, int *g, int *b)
{
	static const uint8_t steps[6] = {0, 95, 135, 175, 215, 255};

	if (i >= 232) {
		*r = *g = *b = 8 + 10 * (i - 232);
		return;
	}
	i -= 16;
	*r = steps[i / 36];
	*g = steps[i / 6 % 6];
	*b = steps[i % 6];
}

int32_t theme_colour(enum depth d, int32_t colour)
{
	int r, g, b;

	if (colour < 0 || d == DEPTH_MONO)
		return COLOUR_DEFAULT;
	if (colour & COLOUR_RGB) {
		r = colour >> 16 & 255;
		g = colour >> 8 & 255;
		b = colour & 255;
		if (d == DEPTH_256)
			return rgb_to_256(r, g, b);
		colour = rgb_to_16(r, g, b);
	} else if (colour >= 16 && d != DEPTH_256) {
		index_to_rgb(colour, &r, &g, &b);
		colour = rgb_to_16(r, g, b);
	}
	return d == DEPTH_8 ? colour & 7 : colour;
}

/* rxvt, konsole and others say "15;0": the last number is the background. */
static bool environment_is_light(void)
{
	const char *v = getenv("COLORFGBG"), *last = v ? strrchr(v, ';') : NULL;
	long bg;

	if (!last)
		return false;
	bg = strtol(last + 1, NULL, 10);
	return bg == 7 || (bg > 8 && bg <= 15);
}

static bool theme_word(struct theme *t, const char *w, size_t n)
{
	if (n == 4 && !strncmp(w, "dark", n))
		t->light = false;
	else if (n == 5 && !strncmp(w, "light", n))
		t->light = true;
	else if (n == 4 && !strncmp(w, "mono", n))
		t->depth = DEPTH_MONO;
	else if (n == 2 && !strncmp(w, "16", n))
		t->depth = MIN(t->depth, DEPTH_16);
	else if (n == 1 && *w == '8')
		t->depth = MIN(t->depth, DEPTH_8);
	else if (n && !(n == 4 && !strncmp(w, "auto", n)) && !(n == 3 && !strncmp(w, "256", n)))
		return false;
	return true;
}

bool theme_choose(struct theme *t, const char *name, enum depth depth)
{
	const char *no_color = getenv("NO_COLOR");
	bool ok = true;

	t->depth = no_color && *no_color ? DEPTH_MONO : depth;
	t->light = environment_is_light();
	for (const char *w = name ? name : ""; *w;) {
		size_t n = strcspn(w, ",");

		ok &= theme_word(t, w, n);
		w += n + (w[n] == ',');
	}
	return ok;
}
