/* SPDX-License-Identifier: MIT */
/*
 * The escape prefix of embedded consoles (see prefix.h): one table says which key is which command, and the help page
 * is made of the same file.
 */
#include "ui/term/prefix.h"

#include "base/i18n.h"

#include <string.h>

#define PREFIX_DEFAULT "ctrl-]"

/* clang-format off */
static const struct {
	struct keyenc_key key;
	enum prefix_act act;
} commands[] = {
	{{.cp = 'd'}, PREFIX_LEAVE},	{{.cp = 'q'}, PREFIX_LEAVE},
	{{.cp = 'c'}, PREFIX_COPY},	{{.cp = '['}, PREFIX_COPY},
	{{.cp = '/'}, PREFIX_SEARCH},	{{.name = KEYENC_PGUP}, PREFIX_PAGE_UP},
	{{.name = KEYENC_PGDN}, PREFIX_PAGE_DOWN},
	{{.cp = 'n'}, PREFIX_NEXT},	{{.name = KEYENC_TAB}, PREFIX_NEXT},
	{{.cp = 'p'}, PREFIX_PREV},	{{.cp = 's'}, PREFIX_SPLIT},
	{{.cp = 'z'}, PREFIX_ZOOM},	{{.cp = 't'}, PREFIX_NEW},
	{{.cp = 'x'}, PREFIX_CLOSE},	{{.cp = 'r'}, PREFIX_RECORD},
	{{.cp = 'l'}, PREFIX_REDRAW},	{{.cp = ']'}, PREFIX_PASTE},
	{{.cp = '?'}, PREFIX_HELP},	{{.name = KEYENC_F1}, PREFIX_HELP},
};
/* clang-format on */

/* No key that text is made of, and none that a terminal sends as another: ctrl-i is Tab, ctrl-[ is Esc. */
static bool is_chord(const struct keyenc_key *k)
{
	if (k->name >= KEYENC_F1 && k->name <= KEYENC_F12)
		return !k->mods;
	if (k->name != KEYENC_CHAR)
		return false;
	if (k->mods & KEYENC_CTRL)
		return k->cp && k->cp < 0x80 && strchr(" abcdefgklnopqrstuvwxyz\\]^_", (int)k->cp);
	return k->mods & KEYENC_ALT;
}

bool prefix_init(struct prefix *p, const char *name)
{
	bool good;

	*p = (struct prefix){0};
	good = !name || (keyenc_parse(name, &p->key) && is_chord(&p->key));
	if (!good || !name)
		good = keyenc_parse(PREFIX_DEFAULT, &p->key) && good;
	return good;
}

static enum prefix_act command(struct prefix *p, const struct keyenc_key *k)
{
	if (k->name == KEYENC_CHAR && k->mods == 0 && k->cp >= '1' && k->cp <= '9') {
		p->number = (int)(k->cp - '0');
		return PREFIX_SELECT;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (keyenc_equal(k, &commands[i].key))
			return commands[i].act;
	return PREFIX_NOTHING;
}

enum prefix_act prefix_feed(struct prefix *p, const struct keyenc_key *k)
{
	bool is_prefix = keyenc_equal(k, &p->key);

	if (!p->armed) {
		p->armed = is_prefix;
		return is_prefix ? PREFIX_ARMED : PREFIX_PASS;
	}
	p->armed = false;
	return is_prefix ? PREFIX_LITERAL : command(p, k);
}

void prefix_reset(struct prefix *p)
{
	p->armed = false;
}

const struct prefix_help *prefix_help(size_t i)
{
	static const struct prefix_help help[] = {
		{"d q", N_("leave; the session goes on")},
		{"c [", N_("copy mode")},
		{"/", N_("search the scrollback")},
		{"PgUp PgDn", N_("scroll")},
		{"n Tab p", N_("next and previous console")},
		{"1-9", N_("that console")},
		{"t", N_("another console of this machine")},
		{"]", N_("paste what was copied last")},
		{"l", N_("draw again")},
		{"x", N_("end the session")},
		{"?", N_("this help")},
	};
	static struct prefix_help shown;

	if (i >= ARRAY_LEN(help))
		return NULL;
	shown = (struct prefix_help){help[i].keys, _(help[i].what)};
	return &shown;
}
