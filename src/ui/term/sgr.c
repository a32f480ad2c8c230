/* SPDX-License-Identifier: MIT */
/*
 * The pen (see sgr.h).
 *
 * Extended colours come in two shapes: 38;5;N and 38;2;R;G;B with semicolons, where the arguments eat the following
 * parameters, and 38:5:N, 38:2:R:G:B or 38:2:SPACE:R:G:B with colons, where they stand in a group of their own.
 */
#include "ui/term/sgr.h"

void sgr_reset(struct emu_cell *pen)
{
	*pen = (struct emu_cell){.fg = EMU_DEFAULT, .bg = EMU_DEFAULT, .width = 1};
}

/* Parameters joined by colons from i on. */
static int group_length(const struct seq_csi *c, int i)
{
	int n = 1;

	while (i + n < c->n && (c->sub >> (i + n - 1) & 1))
		n++;
	return n;
}

static int32_t rgb(const uint16_t *p)
{
	return EMU_RGB | (MIN(p[0], 255) << 16) | (MIN(p[1], 255) << 8) | MIN(p[2], 255);
}

/* The colour whose 38 (48, 58) stands at i. Returns the parameters it takes; *ret stays when it is incomplete. */
static int extended(const struct seq_csi *c, int i, int32_t *ret)
{
	int group = group_length(c, i), left = c->n - i;
	int kind = left > 1 ? c->param[i + 1] : 0;

	if (kind == 5 && left > 2) {
		*ret = MIN(c->param[i + 2], 255);
		return group > 1 ? group : 3;
	}
	if (kind == 2 && group >= 6) {
		*ret = rgb(&c->param[i + 3]);
		return group;
	}
	if (kind == 2 && left > 4) {
		*ret = rgb(&c->param[i + 2]);
		return group > 1 ? group : 5;
	}
	return group > 1 ? group : left;
}

static const struct {
	uint8_t on, off;
	uint16_t attr;
} attributes[] = {
	{1, 22, EMU_BOLD},  {3, 23, EMU_ITALIC},  {4, 24, EMU_UNDERLINE}, {21, 24, EMU_UNDERLINE},
	{5, 25, EMU_BLINK}, {7, 27, EMU_REVERSE}, {9, 29, EMU_STRIKE},
};

static void attribute(struct emu_cell *pen, int p, bool off_by_sub)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (p == attributes[i].off || (p == attributes[i].on && off_by_sub))
			pen->attrs &= (uint16_t)~attributes[i].attr;
		else if (p == attributes[i].on)
			pen->attrs |= attributes[i].attr;
	}
}

static void simple(struct emu_cell *pen, const struct seq_csi *c, int i)
{
	int p = c->param[i];

	if (p == 0)
		sgr_reset(pen);
	else if (p >= 30 && p <= 37)
		pen->fg = p - 30;
	else if (p == 39)
		pen->fg = EMU_DEFAULT;
	else if (p >= 40 && p <= 47)
		pen->bg = p - 40;
	else if (p == 49)
		pen->bg = EMU_DEFAULT;
	else if (p >= 90 && p <= 97)
		pen->fg = p - 90 + 8;
	else if (p >= 100 && p <= 107)
		pen->bg = p - 100 + 8;
	else /* 4:0 is "no underline", 4:1 to 4:5 its kinds */
		attribute(pen, p, group_length(c, i) > 1 && c->param[i + 1] == 0);
}

void sgr_apply(struct emu_cell *pen, const struct seq_csi *c)
{
	int32_t ignored;

	if (c->n == 0)
		sgr_reset(pen);
	for (int i = 0; i < c->n;) {
		int p = c->param[i];

		if (p == 38 || p == 48 || p == 58) {
			i += extended(c, i, p == 38 ? &pen->fg : p == 48 ? &pen->bg : &ignored);
		} else {
			simple(pen, c, i);
			i += group_length(c, i);
		}
	}
}
