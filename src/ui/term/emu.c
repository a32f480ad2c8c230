/* SPDX-License-Identifier: MIT */
/*
 * What a guest may do to its console.
 *
 * Every sequence the guest sends is looked at here and passed on only when it is on the list: position, erasing,
 * scrolling, tabs and character sets go to the library; looks, modes, title, cursor shape and questions are answered
 * here. Whatever is not listed does nothing. In particular there is no clipboard (OSC 52), no hyperlink, no palette, no
 * window manipulation, no DECRQSS, and no answer that repeats bytes of the guest's choosing.
 *
 * Text is collected in `out` and given to the library in pieces; anything that depends on where it ended up calls
 * emu_flush() first.
 */
#include "ui/term/emu_priv.h"

#include "base/utf8.h"
#include "ui/term/sgr.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct seq_ops ops;

void emu_flush(struct emu *e)
{
	assert(e->n_out <= EMU_OUT);
	if (e->n_out)
		emu_vterm_write(e->vt, e->out, e->n_out);
	e->n_out = 0;
}

static void pass(struct emu *e, const char *s, size_t n)
{
	while (n > 0) {
		size_t room = EMU_OUT - e->n_out, take = MIN(n, room);

		memcpy(e->out + e->n_out, s, take);
		e->n_out += take;
		s += take;
		n -= take;
		if (e->n_out == EMU_OUT)
			emu_flush(e);
	}
}

void emu_passf(struct emu *e, const char *fmt, ...)
{
	char s[64];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	assert(n > 0 && n < (int)sizeof(s));
	pass(e, s, (size_t)n);
}

void emu_widen(struct emu *e, int x0, int y0, int x1, int y1)
{
	struct emu_rect *d = &e->damage;

	assert(x0 <= x1 && y0 <= y1);
	if (d->w == 0) {
		*d = (struct emu_rect){x0, y0, x1 - x0, y1 - y0};
		return;
	}
	x1 = MAX(x1, d->x + d->w);
	y1 = MAX(y1, d->y + d->h);
	d->x = MIN(x0, d->x);
	d->y = MIN(y0, d->y);
	d->w = x1 - d->x;
	d->h = y1 - d->y;
}

void emu_widen_all(struct emu *e)
{
	emu_widen(e, 0, 0, emu_grid(e)->cols, emu_grid(e)->rows);
}

void emu_push_rows(struct emu *e, int n)
{
	for (int y = 0; y < n && y < e->main.rows; y++) {
		const struct grid_row *r = e->main.row[y];
		int cells = e->main.cols - (r->wrap == GRID_WRAPS_PADDED);

		e->dropped += scrollback_push(e->history, r->cells, cells, r->wrap != GRID_ENDS);
	}
}

/* --- text --- */

static void on_text(void *arg, const char *s, size_t n)
{
	struct emu *e = arg;
	assert(n > 0);
	unsigned char last = (unsigned char)s[n - 1];

	e->repeat = last >= 0x20 ? last : 0;
	e->repeat_width = 1;
	pass(e, s, n);
}

static void on_glyph(void *arg, uint32_t cp, int width)
{
	struct emu *e = arg;

	if (e->n_out + 3 > EMU_OUT)
		emu_flush(e);
	e->repeat = cp;
	e->repeat_width = width;
	emu_vterm_glyph(e->vt, cp, width);
}

/* A mark joins the character written last, if the cursor is still behind it. */
static void on_mark(void *arg, uint32_t cp)
{
	struct emu *e = arg;

	emu_flush(e);
	if (e->last_x < 0)
		return;

	assert(e->last_x < emu_grid(e)->cols && e->last_y >= 0 && e->last_y < emu_grid(e)->rows);
	struct grid *g = emu_grid(e);
	struct emu_place at = emu_vterm_cursor(e->vt);
	struct emu_cell *c = &g->row[e->last_y]->cells[e->last_x];
	int behind = MIN(e->last_x + c->width, g->cols - 1);

	if (at.y != e->last_y || at.x != behind || c->n == 0 || c->n >= EMU_CELL_CPS)
		return;
	c->cps[c->n++] = cp;
	emu_widen(e, e->last_x, e->last_y, e->last_x + c->width, e->last_y + 1);
}

static void repeat(struct emu *e, int n)
{
	char c = (char)e->repeat;
	uint32_t cp = e->repeat;

	for (n = MIN(n, emu_grid(e)->cols); n > 0 && cp; n--)
		if (cp < 0x80)
			pass(e, &c, 1);
		else
			on_glyph(e, cp, e->repeat_width);
}

/* --- answers --- */

static void reply(struct emu *e, const char *fmt, ...) PRINTF(2, 3);
static void reply(struct emu *e, const char *fmt, ...)
{
	char s[48];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	assert(n > 0 && n < (int)sizeof(s));
	if ((size_t)n > e->reply_room)
		return;
	e->reply_room -= (size_t)n;
	buf_add(&e->replies, s, (size_t)n);
}

static void device_status(struct emu *e, const struct seq_csi *c)
{
	if (seq_param(c, 0, 0) == 5 && !c->leader)
		reply(e, "\x1b[0n");
	if (seq_param(c, 0, 0) != 6)
		return;
	emu_flush(e);

	struct emu_place at = emu_vterm_cursor(e->vt);

	reply(e, c->leader ? "\x1b[?%d;%dR" : "\x1b[%d;%dR", at.y + 1, at.x + 1);
}

/* DECRPM: 0 unknown, 1 set, 2 reset. */
static void report_mode(struct emu *e, int mode)
{
	int state = emu_mode_state(e, mode);

	reply(e, "\x1b[?%d;%d$y", mode, state < 0 ? 0 : state ? 1 : 2);
}

/* --- sequences --- */

static void cursor_shape(struct emu *e, int n)
{
	e->cursor.blink = n % 2 == 1 || n == 0;
	e->cursor.shape = n >= 5 ? EMU_SHAPE_BAR : n >= 3 ? EMU_SHAPE_UNDERLINE : EMU_SHAPE_BLOCK;
}

/* Hand on a sequence the library knows, with at most two parameters. It may wait with the text: who changes the pen
 * flushes first, so erasing and scrolling use the background of now. */
static void pass_csi(struct emu *e, const struct seq_csi *c)
{
	if (c->n == 0)
		emu_passf(e, "\x1b[%c", c->final);
	else if (c->n == 1)
		emu_passf(e, "\x1b[%u%c", c->param[0], c->final);
	else
		emu_passf(e, "\x1b[%u;%u%c", c->param[0], c->param[1], c->final);
	e->repeat = 0;
}

static void scroll_region(struct emu *e, const struct seq_csi *c)
{
	pass_csi(e, c);
	emu_passf(e, "\x1b[H"); /* DECSTBM homes the cursor; the library leaves that out */
}

static void erase_display(struct emu *e, const struct seq_csi *c)
{
	if (seq_param(c, 0, 0) != 3) {
		pass_csi(e, c);
	} else if (!e->modes.alt_screen) {
		emu_flush(e);
		emu_clear_history(e);
	}
}

/* clang-format off */
static void plain_csi(struct emu *e, const struct seq_csi *c)
{
	switch (c->final) {
	case 'm':
		emu_flush(e);
		sgr_apply(&e->pen, c);
		break;
	case '@': case 'A': case 'B': case 'C': case 'D': case 'E': case 'F': case 'G': case 'H': case 'I': case 'K':
	case 'L': case 'M': case 'P': case 'S': case 'X': case 'Z': case '`': case 'a': case 'd': case 'e': case 'f':
	case 'g': case 'j': case 'k':
		pass_csi(e, c);
		break;
	case 'J': erase_display(e, c); break;
	case 'T': /* with more parameters it is xterm's highlight tracking */
		if (c->n <= 1)
			pass_csi(e, c);
		break;
	case 'b': repeat(e, seq_param(c, 0, 1)); break;
	case 'c':
		if (seq_param(c, 0, 0) == 0)
			reply(e, "\x1b[?62;22c"); /* a VT220 with colours */
		break;
	case 'h': case 'l': emu_set_modes(e, c, c->final == 'h'); break;
	case 'n': device_status(e, c); break;
	case 'r': scroll_region(e, c); break;
	case 's': emu_save_cursor(e); break;
	case 'u': emu_restore_cursor(e); break;
	default: break;
	}
}
/* clang-format on */

static void private_csi(struct emu *e, const struct seq_csi *c)
{
	if (c->leader == '?' && (c->final == 'h' || c->final == 'l'))
		emu_set_modes(e, c, c->final == 'h');
	else if (c->leader == '?' && c->final == 'n')
		device_status(e, c);
	else if (c->leader == '>' && c->final == 'c' && seq_param(c, 0, 0) == 0)
		reply(e, "\x1b[>1;100;0c");
	else if (c->leader == '?' && (c->final == 'J' || c->final == 'K') && seq_param(c, 0, 0) < 3) {
		struct seq_csi plain = *c; /* no character is ever protected: the same as without the mark */

		plain.leader = 0;
		pass_csi(e, &plain);
	}
}

static void on_csi(void *arg, const struct seq_csi *c)
{
	struct emu *e = arg;

	if (c->leader && !c->intermed)
		private_csi(e, c);
	else if (!c->leader && !c->intermed)
		plain_csi(e, c);
	else if (c->leader == '?' && c->intermed == '$' && c->final == 'p')
		report_mode(e, seq_param(c, 0, 0));
	else if (!c->leader && c->intermed == '!' && c->final == 'p')
		emu_soft_reset(e);
	else if (!c->leader && c->intermed == ' ' && c->final == 'q')
		cursor_shape(e, seq_param(c, 0, 0));
}

/* DECALN: E everywhere, no margins, cursor home. */
static void alignment_pattern(struct emu *e)
{
	struct grid *g = emu_grid(e);
	struct emu_cell pen;

	emu_passf(e, "\x1b[r\x1b[H");
	emu_flush(e);
	sgr_reset(&pen);
	for (int y = 0; y < g->rows; y++)
		for (int x = 0; x < g->cols; x++)
			grid_put(g, x, y, 'E', 1, &pen);
	emu_widen_all(e);
}

/* clang-format off */
static void on_esc(void *arg, char intermed, char final)
{
	struct emu *e = arg;

	if (intermed == '(' || intermed == ')') {
		if (final == '0' || final == 'B' || final == 'A')
			emu_passf(e, "\x1b%c%c", intermed, final);
	} else if (intermed == '#' && final == '8') {
		alignment_pattern(e);
	} else if (!intermed) {
		switch (final) {
		case '7': emu_save_cursor(e); break;
		case '8': emu_restore_cursor(e); break;
		case '=': e->modes.app_keypad = true; break;
		case '>': e->modes.app_keypad = false; break;
		case 'c': emu_hard_reset(e); break;
		case 'D': case 'E': case 'H': case 'M': emu_passf(e, "\x1b%c", final); break;
		default: break;
		}
	}
	e->repeat = 0;
}
/* clang-format on */

static void on_osc(void *arg, const char *s, size_t n)
{
	struct emu *e = arg;
	auto_buf clean = {0};

	if (n < 2 || (s[0] != '0' && s[0] != '2') || s[1] != ';')
		return;
	utf8_clean(&clean, s + 2, n - 2, false);

	size_t len = MIN(clean.len, EMU_TITLE_MAX);

	while (len < clean.len && len > 0 && ((unsigned char)clean.data[len] & 0xc0) == 0x80)
		len--;
	memcpy(e->title, buf_cstr(&clean), len);
	e->title[len] = '\0';
}

static const struct seq_ops ops = {
	.text = on_text,
	.glyph = on_glyph,
	.mark = on_mark,
	.esc = on_esc,
	.csi = on_csi,
	.osc = on_osc,
};

/* --- life --- */

struct emu *emu_new(int cols, int rows)
{
	struct emu *e = xcalloc(1, sizeof(*e));

	cols = MAX(1, MIN(cols, EMU_SIZE_MAX));
	rows = MAX(1, MIN(rows, EMU_SIZE_MAX));
	seq_init(&e->seq, &ops, e);
	grid_init(&e->main, cols, rows);
	grid_init(&e->alt, cols, rows);
	e->history = scrollback_new(EMU_HISTORY_MAX, EMU_HISTORY_BYTES);
	e->reply_room = EMU_REPLY_MAX;
	e->last_x = e->wrap_y = -1;
	emu_reset_state(e);
	e->vt = emu_vterm_new(e, cols, rows);
	emu_widen_all(e);
	return e;
}

void emu_free(struct emu *e)
{
	if (!e)
		return;
	emu_vterm_free(e->vt);
	grid_done(&e->main);
	grid_done(&e->alt);
	scrollback_free(e->history);
	buf_done(&e->replies);
	free(e);
}

void emu_feed(struct emu *e, const void *data, size_t n)
{
	seq_feed(&e->seq, data, n);
	emu_flush(e);
}
