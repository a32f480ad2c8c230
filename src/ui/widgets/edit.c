/* SPDX-License-Identifier: MIT */
/*
 * The line editor of prompts and forms.
 */
#include "ui/widgets/edit.h"

#include "base/utf8.h"

#include <string.h>

void edit_set(struct edit *ed, const char *text)
{
	str_copy(ed->text, sizeof(ed->text), text);
	ed->cursor = strlen(ed->text);
}

static size_t before(const struct edit *ed, size_t at)
{
	while (at > 0 && ((unsigned char)ed->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct edit *ed, size_t at)
{
	while (ed->text[at] && ((unsigned char)ed->text[++at] & 0xc0) == 0x80)
		;
	return at;
}

static void cut(struct edit *ed, size_t from, size_t to)
{
	memmove(ed->text + from, ed->text + to, strlen(ed->text + to) + 1);
	ed->cursor = from;
}

static void insert(struct edit *ed, uint32_t cp)
{
	char text[4];
	size_t n, len = strlen(ed->text);

	if (utf8_width(cp) < 0)
		return;
	n = (size_t)utf8_encode(cp, text);
	if (!n || len + n >= sizeof(ed->text))
		return;
	memmove(ed->text + ed->cursor + n, ed->text + ed->cursor, len - ed->cursor + 1);
	memcpy(ed->text + ed->cursor, text, n);
	ed->cursor += n;
}

static size_t word_start(const struct edit *ed)
{
	size_t at = ed->cursor;

	while (at > 0 && ed->text[at - 1] == ' ')
		at--;
	while (at > 0 && ed->text[at - 1] != ' ')
		at--;
	return at;
}

static bool control(struct edit *ed, uint32_t cp)
{
	switch (cp) {
	case 'a':
		ed->cursor = 0;
		return true;
	case 'e':
		ed->cursor = strlen(ed->text);
		return true;
	case 'u':
		cut(ed, 0, ed->cursor);
		return true;
	case 'k':
		ed->text[ed->cursor] = 0;
		return true;
	case 'w':
		cut(ed, word_start(ed), ed->cursor);
		return true;
	default:
		return false;
	}
}

bool edit_key(struct edit *ed, struct key k)
{
	if (k.sym == SYM_CHAR && k.mods == KEY_MOD_CTRL)
		return control(ed, k.cp);
	if (k.mods & ~KEY_MOD_SHIFT)
		return false;
	switch (k.sym) {
	case SYM_CHAR:
		insert(ed, k.cp);
		return true;
	case SYM_LEFT:
		ed->cursor = before(ed, ed->cursor);
		return true;
	case SYM_RIGHT:
		ed->cursor = after(ed, ed->cursor);
		return true;
	case SYM_HOME:
		ed->cursor = 0;
		return true;
	case SYM_END:
		ed->cursor = strlen(ed->text);
		return true;
	case SYM_BACKSPACE:
		cut(ed, before(ed, ed->cursor), ed->cursor);
		return true;
	case SYM_DELETE:
		cut(ed, ed->cursor, after(ed, ed->cursor));
		return true;
	default:
		return false;
	}
}

void edit_paint(const struct edit *ed, struct canvas *c, int x, int y, int w, uint16_t style, bool focus)
{
	char head[EDIT_MAX];
	size_t from = 0;

	str_copy(head, MIN(sizeof(head), ed->cursor + 1), ed->text);
	while (utf8_str_width(head + from) >= w && head[from])
		from = after(ed, from);
	canvas_fill(c, (struct rect){x, y, w, 1}, style);
	canvas_text(c, x, y, style, w, ed->text + from);
	if (focus)
		canvas_cursor(c, x + utf8_str_width(head + from), y, true);
}
