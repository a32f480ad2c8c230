/* SPDX-License-Identifier: MIT */
/*
 * What stands for our glyphs where only US-ASCII can be shown: utf8_ascii() for a grid, where a character keeps its cell,
 * utf8_to_ascii() for running text, which may grow.
 */
#include "base/utf8.h"

#include "base/mem.h"

#include <string.h>

static char ascii_braille(uint32_t cp)
{
	static const char by_dots[] = " ..::||##";

	return by_dots[__builtin_popcount(cp & 0xff)];
}

/* U+00C0 to U+00FF: the letter without its accent, for translations. */
static char ascii_letter(uint32_t cp)
{
	static const char letters[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

	return letters[cp - 0xc0];
}

char utf8_ascii(uint32_t cp)
{
	static const struct {
		uint32_t cp;
		char c;
	} table[] = {
		{0x2502, '|'}, {0x2500, '-'},  {0x2501, '='}, {0x250c, '+'}, {0x2510, '+'}, {0x2514, '+'},
		{0x2518, '+'}, {0x252c, '+'},  {0x2534, '+'}, {0x251c, '+'}, {0x2524, '+'}, {0x253c, '+'},
		{0x25cf, '*'}, {0x25cb, 'o'},  {0x25d0, '~'}, {0x25cc, '.'}, {0x2717, 'x'}, {0x2713, '+'},
		{0x25b8, '>'}, {0x25b2, '^'},  {0x25bc, 'v'}, {0x2026, '.'}, {0x2192, '>'}, {0x2190, '<'},
		{0x2191, '^'}, {0x2193, 'v'},  {0x00b7, '-'}, {0x2016, '"'}, {0x23ce, '_'}, {0x2591, '.'},
		{0x2592, ':'}, {0x2593, '#'},  {0x2588, '#'}, {0x2731, '*'}, {0x2013, '-'}, {0x2014, '-'},
		{0x00d7, 'x'}, {0x2019, '\''}, {0x00aa, 'a'}, {0x00ba, 'o'},
	};

	if (cp < 0x7f)
		return (char)cp;
	if (cp >= 0xc0 && cp <= 0xff)
		return ascii_letter(cp);
	if (cp >= 0x2800 && cp <= 0x28ff)
		return ascii_braille(cp);
	if (cp >= 0x2581 && cp <= 0x2587)
		return "_..::||"[cp - 0x2581];
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].cp == cp)
			return table[i].c;
	return '?';
}

/* NULL: one character is enough. */
static const char *ascii_word(uint32_t cp)
{
	switch (cp) {
	case 0x2026:
		return "...";
	case 0x2192:
		return "->";
	case 0x2190:
		return "<-";
	default:
		return NULL;
	}
}

void utf8_to_ascii(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = (size_t)utf8_decode(s + i, n - i, &cp);
		const char *word = ascii_word(cp);

		if (word)
			buf_adds(out, word);
		else if (cp < 0x80)
			buf_addc(out, s[i]);
		else if (utf8_width(cp) != 0) /* a combining mark goes with its letter */
			buf_addc(out, utf8_ascii(cp));
		i += len;
	}
}
