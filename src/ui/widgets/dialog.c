/* SPDX-License-Identifier: MIT */
/*
 * Dialogs: y says yes, Enter presses the focused button, everything that means "no" elsewhere keeps.
 */
#include "ui/widgets/dialog.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define DIALOG_WIDTH 72

void dialog_open(struct dialog *d, const struct ask *q)
{
	dialog_close(d);
	*d = (struct dialog){.open = true, .ask = *q};
}

void dialog_close(struct dialog *d)
{
	free(d->ask.refs);
	*d = (struct dialog){0};
}

static bool typed_right(const struct dialog *d)
{
	return !d->ask.typed[0] || !strcmp(d->typed.text, d->ask.typed);
}

/* Can it be said now? What only explains has no yes. */
static bool has_yes(const struct dialog *d)
{
	return d->ask.yes[0] && typed_right(d);
}

static enum dialog_answer answer_yes(const struct dialog *d)
{
	return has_yes(d) ? DIALOG_YES : DIALOG_PENDING;
}

static bool is_char(struct key k, uint32_t cp)
{
	return k.sym == SYM_CHAR && k.cp == cp && !k.mods;
}

enum dialog_answer dialog_key(struct dialog *d, struct key k)
{
	switch (k.sym) {
	case SYM_ESC:
		return DIALOG_KEEP;
	case SYM_ENTER:
		return d->on_yes ? answer_yes(d) : DIALOG_KEEP;
	case SYM_TAB:
	case SYM_UP:
	case SYM_DOWN:
		d->on_yes = !d->on_yes && has_yes(d);
		return DIALOG_PENDING;
	case SYM_LEFT:
	case SYM_RIGHT:
		d->on_yes = k.sym == SYM_LEFT && has_yes(d);
		return DIALOG_PENDING;
	default:
		break;
	}
	if (k.sym == SYM_CHAR && k.cp == 'c' && k.mods == KEY_MOD_CTRL)
		return DIALOG_KEEP;
	/* While a phrase is asked for, letters are its letters. */
	if (d->ask.typed[0] && !typed_right(d)) {
		edit_key(&d->typed, k);
		return DIALOG_PENDING;
	}
	if (is_char(k, 'y'))
		return answer_yes(d);
	if (is_char(k, 'n') || is_char(k, 'q'))
		return DIALOG_KEEP;
	if (d->ask.typed[0] && k.sym == SYM_BACKSPACE)
		edit_key(&d->typed, k);
	return DIALOG_PENDING;
}

/* Cells at either side: where the screen is as narrow as the dialog, words need them more. */
static int margin(struct rect r)
{
	return r.w < DIALOG_WIDTH ? 1 : 2;
}

static int text_rows(const struct ask *q, int width)
{
	int rows = 0;

	for (int i = 0; i < ASK_LINES && q->lines[i][0]; i++)
		rows += canvas_wrap(NULL, (struct rect){.w = width}, ROLE_TEXT, q->lines[i]);
	return rows;
}

/* Title, what is lost, a free row, buttons, a rule; the free row goes first when there are few. */
static struct rect dialog_rect(const struct dialog *d, struct rect screen)
{
	struct rect r = rect_centre(screen, DIALOG_WIDTH, 0);
	int rows = text_rows(&d->ask, r.w - 2 * margin(r)) + 4 + (d->ask.typed[0] ? 2 : 0);

	return rect_centre(screen, DIALOG_WIDTH, rows);
}

/* "Delete y" and "Keep esc" at the right of the last row but one. Without a word for yes there is only the other. */
static void button_places(const struct dialog *d, struct rect r, struct rect *yes, struct rect *keep)
{
	int wy = utf8_str_width(d->ask.yes) + 4, wk = utf8_str_width(d->ask.keep) + 6, y = r.y + r.h - 2;

	*keep = (struct rect){r.x + r.w - wk - 2, y, wk, 1};
	*yes = (struct rect){keep->x - wy - 1, y, d->ask.yes[0] ? wy : 0, 1};
}

enum dialog_answer dialog_mouse(struct dialog *d, const struct mouse *m, struct rect screen)
{
	struct rect yes, keep;

	button_places(d, dialog_rect(d, screen), &yes, &keep);
	if (m->kind != MOUSE_CLICK && m->kind != MOUSE_DOUBLE)
		return DIALOG_PENDING;
	if (rect_contains(yes, m->x, m->y))
		return answer_yes(d);
	return rect_contains(keep, m->x, m->y) ? DIALOG_KEEP : DIALOG_PENDING;
}

static void paint_button(struct canvas *c, struct rect r, const char *word, const char *key, bool focus)
{
	uint16_t flags = focus ? STYLE_REVERSE : 0;
	int x = r.x + 1;

	canvas_fill(c, r, ROLE_TEXT | flags);
	x += canvas_text(c, x, r.y, ROLE_TITLE | flags, r.x + r.w - x, word) + 1;
	canvas_text(c, x, r.y, (focus ? ROLE_TEXT : ROLE_KEY) | flags, r.x + r.w - x, key);
	if (focus)
		canvas_cursor(c, r.x, r.y, false);
}

void dialog_paint(const struct dialog *d, struct canvas *c)
{
	struct rect r = dialog_rect(d, canvas_rect(c)), yes, keep, text, old;
	int y = r.y, x, edge = margin(r), typed_y, end;

	canvas_fill(c, r, ROLE_TEXT);
	canvas_hline(c, r.x, y, r.w, ROLE_ACCENT);
	x = r.x + 2;
	canvas_text(c, x - 1, y, ROLE_TITLE, 1, " ");
	canvas_text(c, x + MIN(utf8_str_width(d->ask.title), r.w - 4), y, ROLE_TITLE, 1, " ");
	canvas_text(c, x, y++, ROLE_TITLE, r.w - 4, d->ask.title);
	button_places(d, r, &yes, &keep);
	typed_y = keep.y - 1;
	end = d->ask.typed[0] ? typed_y : keep.y;
	text = (struct rect){r.x, y, r.w, end > y ? end - y : 0};
	old = canvas_clip(c, text);
	for (int i = 0; i < ASK_LINES && d->ask.lines[i][0]; i++)
		y += canvas_wrap(c, (struct rect){r.x + edge, y, r.w - 2 * edge, r.h}, ROLE_TEXT, d->ask.lines[i]);
	canvas_clip(c, old);
	if (d->ask.yes[0])
		paint_button(c, yes, d->ask.yes, "y", d->on_yes);
	paint_button(c, keep, d->ask.keep, "esc", !d->on_yes);
	if (d->ask.typed[0]) {
		typed_y = MIN(y + 1, typed_y);
		x += canvas_textf(c, x, typed_y, ROLE_WARN, r.w - 4, _("type '%s' first: "), d->ask.typed);
		edit_paint(&d->typed, c, x, typed_y, MAX(1, r.x + r.w - 2 - x), ROLE_TEXT | STYLE_UNDERLINE, !typed_right(d));
	}
	canvas_hline(c, r.x, r.y + r.h - 1, r.w, ROLE_RULE);
}
