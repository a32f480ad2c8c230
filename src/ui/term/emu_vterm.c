/* SPDX-License-Identifier: MIT */
/*
 * libvterm's only door: its state layer (vterm.h, "State layer") says where characters land and what moves; the cells
 * are ours (grid.c).
 *
 * Its screen layer is not used: it cannot wrap anew on resize, has its own opinion of widths, and costs half the time.
 * What reaches the library went through seq.c and emu.c: printable ASCII, harmless controls, and the sequences about
 * position, tabs, regions and character sets with small numbers. A character beyond ASCII reaches it as one of two
 * stand-ins, of one cell and of two, and is put back here: so widths are those of base/utf8.h everywhere, and its
 * combining buffer, which has no bound, is never used.
 */
#include "ui/term/emu_priv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <vterm.h>

#define NARROW 0x00e9u
#define WIDE 0x4e00u
#define QUEUE (EMU_OUT / 2) /* a stand-in takes at least two bytes of e->out */

struct emu_vterm {
	VTerm *vt;
	VTermState *state;
	struct emu *e;
	uint32_t queue[QUEUE]; /* the characters behind the stand-ins, in order */
	size_t head, tail;
};

static uint32_t real_character(struct emu_vterm *v, uint32_t c)
{
	if (c != NARROW && c != WIDE)
		return c;
	return v->head < v->tail ? v->queue[v->head++] : 0xfffd;
}

/* The row above goes on here when it was filled and nothing moved the cursor since. */
static void note_wrap(struct emu *e, struct grid *g, VTermPos pos, int width)
{
	if (e->wrap_y >= 0 && pos.col == 0 && pos.row == e->wrap_y + 1 && pos.row < g->rows) {
		if (e->wrap_end == g->cols)
			g->row[e->wrap_y]->wrap = GRID_WRAPS;
		else if (width == 2)
			g->row[e->wrap_y]->wrap = GRID_WRAPS_PADDED;
	}
	e->wrap_end = pos.col + width;
	e->wrap_y = e->wrap_end >= g->cols - 1 ? pos.row : -1;
}

static int on_glyph(VTermGlyphInfo *info, VTermPos pos, void *arg)
{
	struct emu_vterm *v = arg;
	struct emu *e = v->e;
	struct grid *g = emu_grid(e);
	uint32_t cp = real_character(v, info->chars[0]);

	note_wrap(e, g, pos, info->width);
	grid_put(g, pos.col, pos.row, cp, info->width, &e->pen);
	emu_widen(e, pos.col - 1, pos.row, pos.col + info->width + 1, pos.row + 1);
	e->last_x = pos.col;
	e->last_y = pos.row;
	return 1;
}

static int on_cursor(VTermPos pos, UNUSED VTermPos old, UNUSED int visible, void *arg)
{
	struct emu *e = ((struct emu_vterm *)arg)->e;

	if (pos.row != e->wrap_y || pos.col < emu_grid(e)->cols - 1)
		e->wrap_y = -1;
	return 1;
}

static int on_scroll(VTermRect r, int up, int left, void *arg)
{
	struct emu *e = ((struct emu_vterm *)arg)->e;
	struct grid *g = emu_grid(e);

	if (r.start_row == 0 && r.start_col == 0 && r.end_col >= g->cols && left == 0 && up > 0 && !e->modes.alt_screen)
		emu_push_rows(e, MIN(up, r.end_row));
	grid_scroll(g, r.start_col, r.start_row, r.end_col, r.end_row, up, left, e->pen.bg);
	emu_widen(e, r.start_col - 1, r.start_row, r.end_col + 1, r.end_row);
	if (e->wrap_y >= r.start_row && e->wrap_y < r.end_row)
		e->wrap_y = MAX(e->wrap_y - up, -1);
	return 1;
}

static int on_erase(VTermRect r, UNUSED int selective, void *arg)
{
	struct emu *e = ((struct emu_vterm *)arg)->e;

	grid_erase(emu_grid(e), r.start_col, r.start_row, r.end_col, r.end_row, e->pen.bg);
	emu_widen(e, r.start_col - 1, r.start_row, r.end_col + 1, r.end_row);
	return 1;
}

static int on_bell(void *arg)
{
	((struct emu_vterm *)arg)->e->bell = true;
	return 1;
}

static int accept_prop(UNUSED VTermProp prop, UNUSED VTermValue *val, UNUSED void *arg)
{
	return 1;
}

static const VTermStateCallbacks callbacks = {
	.putglyph = on_glyph,
	.movecursor = on_cursor,
	.scrollrect = on_scroll,
	.erase = on_erase,
	.settermprop = accept_prop,
	.bell = on_bell,
};

/* Every answer is ours (emu.c): what the library would say is thrown away. */
static void discard(UNUSED const char *s, UNUSED size_t len, UNUSED void *arg) {}

struct emu_vterm *emu_vterm_new(struct emu *e, int cols, int rows)
{
	struct emu_vterm *v = xcalloc(1, sizeof(*v));

	v->e = e;
	v->vt = vterm_new(rows, cols);
	assert(v->vt);
	vterm_set_utf8(v->vt, 1);
	vterm_output_set_callback(v->vt, discard, NULL);
	v->state = vterm_obtain_state(v->vt);
	vterm_state_set_callbacks(v->state, &callbacks, v);
	vterm_state_reset(v->state, 1);
	return v;
}

void emu_vterm_free(struct emu_vterm *v)
{
	if (!v)
		return;
	vterm_free(v->vt);
	free(v);
}

void emu_vterm_write(struct emu_vterm *v, const char *s, size_t n)
{
	vterm_input_write(v->vt, s, n);
	v->head = v->tail = 0;
}

void emu_vterm_glyph(struct emu_vterm *v, uint32_t cp, int width)
{
	struct emu *e = v->e;
	const char *s = width == 2 ? "\xe4\xb8\x80" : "\xc3\xa9";
	size_t len = width == 2 ? 3 : 2;

	assert(e->n_out + len <= EMU_OUT && v->tail < QUEUE);
	memcpy(e->out + e->n_out, s, len);
	e->n_out += len;
	v->queue[v->tail++] = cp;
}

struct emu_place emu_vterm_cursor(const struct emu_vterm *v)
{
	VTermPos pos;

	vterm_state_get_cursorpos(v->state, &pos);
	return (struct emu_place){.x = pos.col, .y = pos.row};
}

void emu_vterm_resize(struct emu_vterm *v, int cols, int rows, struct emu_place cursor)
{
	char move[32];

	/* The top of a scroll region below the new last row would stay there: no region across a resize. */
	emu_vterm_write(v, "\x1b[r", 3);
	vterm_set_size(v->vt, rows, cols);
	int n = snprintf(move, sizeof(move), "\x1b[%d;%dH", cursor.y + 1, cursor.x + 1);
	emu_vterm_write(v, move, (size_t)n);
	v->e->wrap_y = -1;
}
