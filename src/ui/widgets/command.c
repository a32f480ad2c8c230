/* SPDX-License-Identifier: MIT */
/*
 * Command lines beneath forms.
 */
#include "ui/widgets/command.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

/* Control characters and bytes that are no text: what is copied must not do things to the terminal it is pasted in. */
static bool is_printable(const char *word)
{
	size_t n = strlen(word);
	auto_buf clean = {0};

	utf8_clean(&clean, word, n, false);
	return clean.len == n && memcmp(buf_cstr(&clean), word, n) == 0;
}

static void add_escaped(struct buf *out, const char *word)
{
	buf_adds(out, "$'");
	for (; *word; word++)
		if (*word == '\'' || *word == '\\')
			buf_addf(out, "\\%c", *word);
		else if (*word >= ' ' && *word < 0x7f)
			buf_addc(out, *word);
		else
			buf_addf(out, "\\%03o", (unsigned char)*word);
	buf_addc(out, '\'');
}

static void add_quoted(struct buf *out, const char *word)
{
	buf_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	buf_addc(out, '\'');
}

void command_word(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,";

	buf_addc(out, ' ');
	if (*word && !word[strspn(word, plain)])
		buf_adds(out, word);
	else if (is_printable(word))
		add_quoted(out, word);
	else
		add_escaped(out, word);
}

int command_paint(struct canvas *c, struct rect r, const char *text, int max_rows)
{
	const char *hint = _("(ctrl-y copies)");
	int rows = 0, hint_w = utf8_str_width(hint) + 2;

	for (;;) {
		bool last = ++rows >= max_rows;
		int left = utf8_str_width(text), y = r.y + rows - 1;
		size_t n = utf8_fit_words(text, r.w);
		char row[512];

		if (left + hint_w <= r.w || last) {
			int room = r.w < 60 && left + hint_w > r.w ? r.w : r.w - hint_w;

			if (c)
				left = canvas_text(c, r.x, y, ROLE_DIM, room, text);
			if (c && room < r.w)
				canvas_text(c, r.x + (left ? left + 2 : 0), y, ROLE_DIM, hint_w - 2, hint);
			return rows;
		}
		str_copy(row, MIN(sizeof(row), n + 1), text);
		if (c)
			canvas_text(c, r.x, y, ROLE_DIM, r.w, row);
		text += n + (text[n] == ' ');
	}
}

void command_copy(struct app *app, const struct buf *line)
{
	app_copy(app, buf_cstr(line));
	app_toast(app, ROLE_OK, "%s", _("command line copied"));
}
