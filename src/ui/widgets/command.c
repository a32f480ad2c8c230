/* SPDX-License-Identifier: MIT */
/*
 * Command lines beneath forms.
 */
#include "ui/widgets/command.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/shword.h"
#include "base/utf8.h"

#include <string.h>

void command_word(struct buf *out, const char *word)
{
	buf_addc(out, ' ');
	shword_add(out, word);
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
