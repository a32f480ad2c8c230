/* SPDX-License-Identifier: MIT */
/*
 * The help page.
 */
#include "ui/help.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/text.h"

#include <string.h>

#define KEYS_WIDTH 18
#define KEYS_WIDTH_NARROW 8 /* ": ctrl-p" */
#define NAME_WIDTH 16
#define NAMES_FROM 60 /* columns of the terminal */

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

/* The columns of the page: a narrow terminal has fewer keys and no names, so that the sentences have room. */
struct columns {
	int keys, names, text; /* widths; names 0 = none */
};

static struct columns columns_of(int width)
{
	bool narrow = width < NAMES_FROM;
	struct columns c = {narrow ? KEYS_WIDTH_NARROW : KEYS_WIDTH, narrow ? 0 : NAME_WIDTH, 0};

	c.text = MAX(1, width - c.keys - 2 - c.names);
	return c;
}

/* The first key, and as many more as the column holds whole. */
static void keys_of(const struct keymap *m, enum action a, bool ascii, int width, struct buf *out)
{
	for (size_t i = 0; i < m->n; i++) {
		char name[KEY_NAME_SIZE];

		if (m->bindings[i].action != a)
			continue;
		key_show(m->bindings[i].key, ascii, name);
		if (out->len && utf8_str_width(out->data) + 1 + utf8_str_width(name) > width)
			return;
		buf_addf(out, "%s%s", out->len ? " " : "", name);
	}
}

/* An action's lines go beneath the h->rows lines before it, as far as they are in sight. Returns how many there are. */
static int paint_action(const struct help *h, const struct keymap *m, enum action a, struct canvas *c, struct rect r)
{
	const struct action_info *info = action_info(a);
	struct columns w = columns_of(r.w);
	int x = r.x + w.keys + 2, row = 0;
	auto_buf keys = {0};

	keys_of(m, a, c->ascii, w.keys, &keys);
	for (const char *text = _(info->help); row == 0 || *text; row++) {
		size_t n = utf8_fit_words(text, w.text);
		int y = r.y + h->rows + row - h->top;

		if (rect_contains(r, r.x, y)) {
			if (row == 0) {
				canvas_right(c, r.x, y, ROLE_KEY, w.keys, keys.len ? keys.data : ":");
				canvas_text(c, x, y, ROLE_DIM, w.names - 1, info->name);
			}
			canvas_textf(c, x + w.names, y, ROLE_TEXT, w.text, "%.*s", (int)n, text);
		}
		text += n;
		text += strspn(text, " ");
	}
	return row;
}

void help_paint(struct help *h, const struct keymap *m, struct canvas *c, struct rect r)
{
	struct rect whole = r, head = rect_take_top(&r, 2);
	int top = h->top;

	canvas_fill(c, head, ROLE_TEXT);
	canvas_fill(c, r, ROLE_TEXT);
	canvas_text(c, head.x + 1, head.y, ROLE_TITLE, head.w - 2, _("Keys here"));
	if (h->finding || h->filter.text[0])
		edit_paint(&h->filter, c, head.x + 14, head.y, head.w - 16, ROLE_ACCENT, h->finding);
	else
		canvas_right(c, head.x, head.y, ROLE_DIM, head.w - 1, _("/ find   esc back"));
	canvas_hline(c, head.x, head.y + 1, head.w, ROLE_RULE);
	h->height = r.h;
	h->rows = 0;
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info(a);

		if (!(info->ctx & h->ctx))
			continue;
		if (!text_contains(info->name, h->filter.text) && !text_contains(_(info->help), h->filter.text))
			continue;
		h->rows += paint_action(h, m, a, c, r);
	}
	scroll(h, 0);
	if (h->top != top) /* a wider terminal has fewer lines */
		help_paint(h, m, c, whole);
}
