/* SPDX-License-Identifier: MIT */
/*
 * Key names, both ways, from one table.
 */
#include "ui/key.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum key_sym sym;
	const char *glyph; /* for the key bar; NULL = the name */
} names[] = {
	{"up", SYM_UP, "↑"},
	{"down", SYM_DOWN, "↓"},
	{"left", SYM_LEFT, "←"},
	{"right", SYM_RIGHT, "→"},
	{"home", SYM_HOME, NULL},
	{"end", SYM_END, NULL},
	{"pgup", SYM_PGUP, NULL},
	{"pgdn", SYM_PGDN, NULL},
	{"insert", SYM_INSERT, NULL},
	{"delete", SYM_DELETE, NULL},
	{"backspace", SYM_BACKSPACE, NULL},
	{"tab", SYM_TAB, NULL},
	{"enter", SYM_ENTER, "⏎"},
	{"esc", SYM_ESC, NULL},
	{"paste-begin", SYM_PASTE_BEGIN, NULL},
	{"paste-end", SYM_PASTE_END, NULL},
	{"focus-in", SYM_FOCUS_IN, NULL},
	{"focus-out", SYM_FOCUS_OUT, NULL},
};

static const struct {
	const char *prefix;
	unsigned mod;
} mods[] = {{"ctrl-", KEY_MOD_CTRL}, {"alt-", KEY_MOD_ALT}, {"shift-", KEY_MOD_SHIFT}};

static bool parse_base(const char *name, struct key *k)
{
	uint32_t cp;
	int n;

	if (!strcmp(name, "space"))
		name = " ";
	if (name[0] == 'f' && name[1] >= '1' && name[1] <= '9') {
		int num = name[1] - '0';

		if (name[2] >= '0' && name[2] <= '2' && num == 1)
			num = 10 + name[2] - '0';
		k->sym = SYM_F1 + num - 1;
		return strlen(name) == (num > 9 ? 3u : 2u);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(names[i].name, name)) {
			k->sym = names[i].sym;
			return true;
		}
	}
	n = utf8_decode(name, strlen(name), &cp);
	if (!*name || name[n] || utf8_width(cp) < 0)
		return false;
	k->sym = SYM_CHAR;
	k->cp = cp;
	return true;
}

bool key_parse(const char *name, struct key *ret)
{
	struct key k = {0};

	for (size_t i = 0; i < ARRAY_LEN(mods); i++) {
		size_t n = strlen(mods[i].prefix);

		if (!strncmp(name, mods[i].prefix, n) && name[n]) {
			k.mods |= mods[i].mod;
			name += n;
		}
	}
	if (!parse_base(name, &k))
		return false;
	*ret = k;
	return true;
}

static void format_base(struct key k, bool glyphs, char *buf, size_t size)
{
	if (k.sym == SYM_CHAR && k.cp == ' ') {
		str_copy(buf, size, "space");
		return;
	}
	if (k.sym == SYM_CHAR) {
		char text[5] = {0};

		utf8_encode(k.cp, text);
		str_copy(buf, size, text);
		return;
	}
	if (k.sym >= SYM_F1 && k.sym <= SYM_F12) {
		snprintf(buf, size, "f%d", (int)(k.sym - SYM_F1) + 1);
		return;
	}
	str_copy(buf, size, "?");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].sym == k.sym)
			str_copy(buf, size, glyphs && names[i].glyph ? names[i].glyph : names[i].name);
}

static char *format(struct key k, bool glyphs, char buf[KEY_NAME_SIZE])
{
	char base[16];

	format_base(k, glyphs, base, sizeof(base));
	snprintf(buf, KEY_NAME_SIZE, "%s%s%s%s", k.mods & KEY_MOD_CTRL ? "ctrl-" : "",
		 k.mods & KEY_MOD_ALT ? "alt-" : "", k.mods & KEY_MOD_SHIFT ? "shift-" : "", base);
	return buf;
}

char *key_format(struct key k, char buf[KEY_NAME_SIZE])
{
	return format(k, false, buf);
}

char *key_show(struct key k, bool ascii, char buf[KEY_NAME_SIZE])
{
	return format(k, !ascii, buf);
}
