/* SPDX-License-Identifier: MIT */
/*
 * Forms.
 */
#include "ui/widgets/form.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <string.h>

#define LABEL_WIDTH 12 /* at least; labels are translated */
#define VALUE_WIDTH 32

bool form_is_right(const struct form *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->fields[i].error[0])
			return false;
	return true;
}

bool form_focus_error(struct form *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!f->fields[i].error[0])
			continue;
		f->focus = i;
		return true;
	}
	return false;
}

static enum form_result flip(struct field *fd)
{
	fd->on = !fd->on;
	fd->touched = true;
	return FORM_CHANGED;
}

static enum form_result field_key(struct field *fd, struct key k)
{
	bool space = k.sym == SYM_CHAR && k.cp == ' ' && !k.mods;

	if (fd->kind == FIELD_SWITCH)
		return space || k.sym == SYM_LEFT || k.sym == SYM_RIGHT ? flip(fd) : FORM_PASS;
	if (fd->kind == FIELD_CHOICE && (space || k.sym == SYM_RIGHT))
		return FORM_CYCLE_NEXT;
	if (fd->kind == FIELD_CHOICE && k.sym == SYM_LEFT)
		return FORM_CYCLE_PREV;
	if (!edit_key(&fd->edit, k))
		return FORM_PASS;
	fd->touched = true;
	return FORM_CHANGED;
}

enum form_result form_key(struct form *f, struct key k)
{
	bool back = k.sym == SYM_UP || (k.sym == SYM_TAB && k.mods == KEY_MOD_SHIFT);

	if (k.sym == SYM_ESC)
		return FORM_CANCEL;
	if (k.sym == SYM_ENTER)
		return FORM_SUBMIT;
	if (back || k.sym == SYM_DOWN || k.sym == SYM_TAB) {
		f->focus = (f->focus + (back ? f->n - 1 : 1)) % f->n;
		return FORM_TAKEN;
	}
	return field_key(&f->fields[f->focus], k);
}

enum form_result form_mouse(struct form *f, const struct mouse *m)
{
	if (m->kind != MOUSE_CLICK && m->kind != MOUSE_DOUBLE)
		return FORM_PASS;
	for (size_t i = 0; i < f->n; i++) {
		if (!rect_contains(f->fields[i].rect, m->x, m->y))
			continue;
		f->focus = i;
		if (f->fields[i].kind == FIELD_SWITCH)
			return flip(&f->fields[i]);
		return f->fields[i].kind == FIELD_CHOICE ? FORM_CYCLE_NEXT : FORM_TAKEN;
	}
	return FORM_PASS;
}

/* The longest label and a blank, and never more than half the width. */
static int label_width(const struct form *f, int width)
{
	int w = LABEL_WIDTH;

	for (size_t i = 0; i < f->n; i++)
		w = MAX(w, utf8_str_width(f->fields[i].label) + 1);
	return MAX(1, MIN(w, width / 2));
}

static void paint_field(struct field *fd, struct canvas *c, struct rect r, bool focus, int label)
{
	int x = r.x + 4 + label, w = MAX(8, MIN(VALUE_WIDTH, r.x + r.w - x - 1));
	uint16_t style = ROLE_TEXT | (focus ? STYLE_SELECTED : 0);

	fd->rect = (struct rect){r.x, r.y, r.w, 1};
	canvas_text(c, r.x + 2, r.y, ROLE_ACCENT, 1, focus ? "▸" : " ");
	canvas_text(c, r.x + 4, r.y, focus ? ROLE_TITLE : ROLE_DIM, label - 1, fd->label);
	if (fd->kind == FIELD_SWITCH) {
		canvas_text(c, x, r.y, style, 3, fd->on ? "[x]" : "[ ]");
		if (focus)
			canvas_cursor(c, x + 1, r.y, true);
	} else {
		edit_paint(&fd->edit, c, x, r.y, w, style, focus);
	}
	canvas_text(c, x + w + 2, r.y, ROLE_DIM, r.x + r.w - x - w - 3, fd->note);
	if (fd->error[0])
		canvas_text(c, x, r.y + 1, ROLE_ERR, r.x + r.w - x - 1, fd->error);
}

static int field_height(const struct field *fd)
{
	return 1 + (fd->error[0] != 0);
}

int form_height(const struct form *f)
{
	int rows = 0;

	for (size_t i = 0; i < f->n; i++)
		rows += field_height(&f->fields[i]);
	return rows;
}

int form_paint(struct form *f, struct canvas *c, struct rect r)
{
	size_t first = 0;
	int y = r.y, need = 0, label = label_width(f, r.w);

	for (size_t i = 0; i <= f->focus; i++)
		need += field_height(&f->fields[i]);
	while (need > r.h && first < f->focus)
		need -= field_height(&f->fields[first++]);
	for (size_t i = 0; i < f->n; i++) {
		struct field *fd = &f->fields[i];

		fd->rect = (struct rect){0};
		if (i < first || y + field_height(fd) > r.y + r.h)
			continue;
		paint_field(fd, c, (struct rect){r.x, y, r.w, 1}, i == f->focus, label);
		y += field_height(fd);
	}
	return y;
}
