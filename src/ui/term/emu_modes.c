/* SPDX-License-Identifier: MIT */
/*
 * The modes a guest may set, and what takes them back: DEC private modes, the alternate screen, the saved cursor, DECSTR
 * and RIS. Which sequence asks for what is emu.c's.
 */
#include "ui/term/emu_priv.h"

#include "ui/term/sgr.h"

void emu_save_cursor(struct emu *e)
{
	e->saved_pen = e->pen;
	emu_passf(e, "\x1b"
		     "7");
}

/* The library puts the cursor where it was saved even when the screen has shrunk since; the CSI behind it, which does
 * nothing else, makes it look again. */
void emu_restore_cursor(struct emu *e)
{
	emu_passf(e, "\x1b"
		     "8\x1b[1g");
	emu_flush(e);
	e->pen = e->saved_pen;
}

static void alt_screen(struct emu *e, bool on, bool with_cursor)
{
	if (e->modes.alt_screen == on)
		return;
	emu_flush(e);
	if (on) {
		e->main_cursor = emu_vterm_cursor(e->vt);
		if (with_cursor)
			emu_save_cursor(e);
		emu_flush(e);
		e->modes.alt_screen = true;
		grid_erase(&e->alt, 0, 0, e->alt.cols, e->alt.rows, EMU_DEFAULT);
	} else {
		e->modes.alt_screen = false;
		if (with_cursor) {
			emu_restore_cursor(e);
			emu_passf(e, "\x1b[?6l\x1b[%d;%dH", e->main_cursor.y + 1, e->main_cursor.x + 1);
			emu_flush(e);
		}
	}
	e->last_x = e->wrap_y = -1;
	emu_widen_all(e);
}

static void mouse_mode(struct emu *e, enum emu_mouse m, bool on)
{
	e->modes.mouse = on ? m : EMU_MOUSE_OFF;
}

/* Modes that are the library's business too. */
static void library_mode(struct emu *e, bool *mine, char leader, int mode, bool on)
{
	*mine = on;
	if (leader)
		emu_passf(e, "\x1b[?%d%c", mode, on ? 'h' : 'l');
	else
		emu_passf(e, "\x1b[%d%c", mode, on ? 'h' : 'l');
}

static void reverse_screen(struct emu *e, bool on)
{
	e->modes.reverse = on;
	emu_widen_all(e);
}

/* clang-format off */
static void dec_mode(struct emu *e, int mode, bool on)
{
	switch (mode) {
	case 1: e->modes.app_cursor = on; break;
	case 5: reverse_screen(e, on); break;
	case 6: library_mode(e, &e->origin, '?', mode, on); break;
	case 7: library_mode(e, &e->autowrap, '?', mode, on); break;
	case 9: mouse_mode(e, EMU_MOUSE_X10, on); break;
	case 12: e->cursor.blink = on; break;
	case 25: e->cursor.visible = on; break;
	case 47: case 1047: alt_screen(e, on, false); break;
	case 66: e->modes.app_keypad = on; break;
	case 1000: mouse_mode(e, EMU_MOUSE_CLICK, on); break;
	case 1002: mouse_mode(e, EMU_MOUSE_DRAG, on); break;
	case 1003: mouse_mode(e, EMU_MOUSE_MOVE, on); break;
	case 1004: e->modes.focus = on; break;
	case 1006: e->modes.mouse_form = on ? EMU_MOUSE_SGR : EMU_MOUSE_BYTES; break;
	case 1048: on ? emu_save_cursor(e) : emu_restore_cursor(e); break;
	case 1049: alt_screen(e, on, true); break;
	case 2004: e->modes.paste = on; break;
	default: break;
	}
}
/* clang-format on */

void emu_set_modes(struct emu *e, const struct seq_csi *c, bool on)
{
	for (int i = 0; i < c->n; i++) {
		if (c->leader == '?')
			dec_mode(e, c->param[i], on);
		else if (c->param[i] == 4)
			library_mode(e, &e->insert, 0, 4, on);
		else if (c->param[i] == 20)
			emu_passf(e, "\x1b[20%c", on ? 'h' : 'l');
	}
}

/* What DECSTR and RIS have in common. */
void emu_reset_state(struct emu *e)
{
	bool alt = e->modes.alt_screen;

	e->modes = (struct emu_modes){.alt_screen = alt};
	e->cursor = (struct emu_cursor){.visible = true, .blink = true};
	e->autowrap = true;
	e->origin = e->insert = false;
	e->repeat = 0;
	sgr_reset(&e->pen);
	sgr_reset(&e->saved_pen);
}

/* The cursor stays: ending the origin mode and the region would send it home. */
void emu_soft_reset(struct emu *e)
{
	emu_flush(e);

	struct emu_place at = emu_vterm_cursor(e->vt);

	emu_reset_state(e);
	emu_passf(e, "\x1b[?6l\x1b[?7h\x1b[4l\x1b[r\x1b(B\x1b)B\x0f\x1b[%d;%dH", at.y + 1, at.x + 1);
	emu_flush(e);
	emu_widen_all(e);
}

void emu_hard_reset(struct emu *e)
{
	alt_screen(e, false, false);
	emu_flush(e);
	emu_reset_state(e);
	e->title[0] = '\0';
	emu_passf(e, "\x1b"
		     "c");
	emu_flush(e);
	e->last_x = e->wrap_y = -1;
	emu_widen_all(e);
}

/* clang-format off */
int emu_mode_state(const struct emu *e, int mode)
{
	const struct emu_modes *m = &e->modes;

	switch (mode) {
	case 1: return m->app_cursor;
	case 5: return m->reverse;
	case 6: return e->origin;
	case 7: return e->autowrap;
	case 12: return e->cursor.blink;
	case 25: return e->cursor.visible;
	case 47: case 1047: case 1049: return m->alt_screen;
	case 66: return m->app_keypad;
	case 1000: return m->mouse == EMU_MOUSE_CLICK;
	case 1002: return m->mouse == EMU_MOUSE_DRAG;
	case 1003: return m->mouse == EMU_MOUSE_MOVE;
	case 1004: return m->focus;
	case 1006: return m->mouse_form == EMU_MOUSE_SGR;
	case 2004: return m->paste;
	default: return -1;
	}
}
/* clang-format on */
