/* SPDX-License-Identifier: MIT */
/*
 * Between emu.c (what the guest may do), emu_modes.c (the modes it may set) and emu_vterm.c (where it ends up on the
 * screen). Nobody else includes this.
 */
#ifndef UI_TERM_EMU_PRIV_H
#define UI_TERM_EMU_PRIV_H

#include "ui/term/emu.h"
#include "ui/term/grid.h"
#include "ui/term/scrollback.h"
#include "ui/term/seq.h"

#define EMU_OUT 4096 /* bytes handed to the library at once; it puts four times as much on its stack */

struct emu_vterm;

struct emu_place {
	int x, y;
};

struct emu {
	struct seq seq;
	struct emu_vterm *vt;
	struct grid main, alt;
	struct scrollback *history;
	uint64_t dropped;
	struct emu_modes modes;
	struct emu_cursor cursor; /* x and y are asked of the library */
	struct emu_cell pen;
	struct emu_cell saved_pen;
	struct emu_place main_cursor; /* of the main screen, while the alternate one is shown */
	struct emu_rect damage;
	bool bell;
	bool autowrap, origin, insert; /* as set, for DECRQM */
	char title[EMU_TITLE_MAX + 1];
	struct buf replies;
	size_t reply_room;
	uint32_t repeat; /* the character REP repeats, 0 = none */
	int repeat_width;
	int last_x, last_y; /* the cell written last: a mark joins it; -1 = none */
	int wrap_y,
		wrap_end; /* a row filled to here: a character at the start of the next one continues it; -1 = none */
	size_t n_out;
	char out[EMU_OUT];
};

static inline struct grid *emu_grid(struct emu *e)
{
	return e->modes.alt_screen ? &e->alt : &e->main;
}

void emu_widen(struct emu *e, int x0, int y0, int x1, int y1); /* damage */
void emu_widen_all(struct emu *e);
/* Text for the library waits in e->out; who needs to know where it ended up, or changes the pen, flushes first. */
void emu_flush(struct emu *e);
void emu_passf(struct emu *e, const char *fmt, ...) PRINTF(2, 3);
/* The top rows of the main screen leave it upwards. */
void emu_push_rows(struct emu *e, int n);

/* emu_modes.c: DECSC and DECRC; SM and RM with any leader; DECSTR; RIS; and for DECRQM 1 set, 0 reset, -1 unknown. */
void emu_save_cursor(struct emu *e);
void emu_restore_cursor(struct emu *e);
void emu_set_modes(struct emu *e, const struct seq_csi *c, bool on);
void emu_reset_state(struct emu *e); /* what DECSTR and RIS have in common, without the library's part */
void emu_soft_reset(struct emu *e);
void emu_hard_reset(struct emu *e);
int emu_mode_state(const struct emu *e, int mode);

/* The library's side. Text is queued in e->out and interpreted by emu_flush(). */
struct emu_vterm *emu_vterm_new(struct emu *e, int cols, int rows);
void emu_vterm_free(struct emu_vterm *v);
void emu_vterm_write(struct emu_vterm *v, const char *s, size_t n);
/* One character beyond ASCII: the library sees a stand-in of that width and hands this one to the grid. */
void emu_vterm_glyph(struct emu_vterm *v, uint32_t cp, int width);
struct emu_place emu_vterm_cursor(const struct emu_vterm *v);
/* The library's idea of the size, scroll region reset, and where the cursor is then. */
void emu_vterm_resize(struct emu_vterm *v, int cols, int rows, struct emu_place cursor);

#endif
