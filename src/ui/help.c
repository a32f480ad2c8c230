/* SPDX-License-Identifier: MIT */
/*
 * The help page.
 */
#include "ui/help.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define KEYS_WIDTH 18
#define NAME_WIDTH 16

void help_open(struct help *h, unsigned ctx)
{
	*h = (struct help){.open = true, .ctx = ctx};
}

static void scroll(struct help *h, int by)
{
	h->top = MAX(0, MIN(h->top + by, h->rows - h->height));
}

static bool find_key(struct help *h, struct key k)
{
	if (k.sym == SYM_ENTER || k.sym == SYM_ESC) {
		h->finding = false;
		if (k.sym == SYM_ESC)
			edit_set(&h->filter, "");
		return true;
	}
	h->top = 0;
	edit_key(&h->filter, k);
	return true;
}

bool help_key(struct help *h, const struct keymap *m, struct key k)
{
	if (h->finding)
		return find_key(h, k);
	if (k.sym == SYM_CHAR && k.cp == '/') {
		h->finding = true;
		return true;
	}
	switch (keymap_find(m, CTX_TEXT | CTX_MAIN, k)) {
	case ACTION_DOWN:
		scroll(h, 1);
		return true;
	case ACTION_UP:
		scroll(h, -1);
		return true;
	case ACTION_PAGE_DOWN:
		scroll(h, h->height);
		return true;
	case ACTION_PAGE_UP:
		scroll(h, -h->height);
		return true;
	case ACTION_TOP:
		scroll(h, -h->rows);
		return true;
	case ACTION_BOTTOM:
		scroll(h, h->rows);
		return true;
	case ACTION_BACK:
	case ACTION_QUIT:
	case ACTION_HELP:
		h->open = false;
		return false;
	default:
		return true;
	}
}

static void keys_of(const struct keymap *m, enum action a, bool ascii, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < m->n && n < size; i++) {
		char name[KEY_NAME_SIZE];

		if (m->bindings[i].action == a)
			n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? " " : "",
					      key_show(m->bindings[i].key, ascii, name));
	}
}

static void paint_row(const struct keymap *m, enum action a, struct canvas *c, struct rect r, int y)
{
	const struct action_info *info = action_info(a);
	int names = r.w >= 60 ? NAME_WIDTH : 0;
	char keys[64];

	keys_of(m, a, c->ascii, keys, sizeof(keys));
	canvas_right(c, r.x, y, ROLE_KEY, KEYS_WIDTH, keys[0] ? keys : ":");
	if (names)
		canvas_text(c, r.x + KEYS_WIDTH + 2, y, ROLE_DIM, names - 1, info->name);
	canvas_text(c, r.x + KEYS_WIDTH + 2 + names, y, ROLE_TEXT, r.w - KEYS_WIDTH - 2 - names, _(info->help));
}

void help_paint(struct help *h, const struct keymap *m, struct canvas *c, struct rect r)
{
	struct rect head = rect_take_top(&r, 2);
	int row = 0;

	canvas_fill(c, head, ROLE_TEXT);
	canvas_fill(c, r, ROLE_TEXT);
	canvas_text(c, head.x + 1, head.y, ROLE_TITLE, head.w - 2, _("Keys here"));
	if (h->finding || h->filter.text[0])
		edit_paint(&h->filter, c, head.x + 14, head.y, head.w - 16, ROLE_ACCENT, h->finding);
	else
		canvas_right(c, head.x, head.y, ROLE_DIM, head.w - 1, _("/ find   esc back"));
	canvas_hline(c, head.x, head.y + 1, head.w, ROLE_RULE);
	h->height = r.h;
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info(a);

		if (!(info->ctx & h->ctx))
			continue;
		if (!text_contains(info->name, h->filter.text) && !text_contains(_(info->help), h->filter.text))
			continue;
		if (row >= h->top && row < h->top + r.h)
			paint_row(m, a, c, r, r.y + row - h->top);
		row++;
	}
	h->rows = row;
	scroll(h, 0);
}
