/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 decoding, measuring and cleaning (RFC 3629).
 *
 * The decoder never reads past n and always makes progress, whatever a guest sends. Cleaning is what stands between
 * text from outside and the terminal: no control sequence and no bidirectional override survives it.
 */
#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT 0xfffd

/* Table 3-7 of the Unicode Standard: the second byte's range excludes overlong forms and surrogates. */
static int sequence_length(unsigned char lead, unsigned char *lo, unsigned char *hi)
{
	*lo = 0x80;
	*hi = 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef) {
		if (lead == 0xe0)
			*lo = 0xa0;
		if (lead == 0xed)
			*hi = 0x9f;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		if (lead == 0xf0)
			*lo = 0x90;
		if (lead == 0xf4)
			*hi = 0x8f;
		return 4;
	}
	return 0;
}

/* 0 when malformed, else the length. */
static int decode(const unsigned char *s, size_t n, uint32_t *ret_cp)
{
	unsigned char lo;
	unsigned char hi;

	if (s[0] < 0x80) {
		*ret_cp = s[0];
		return 1;
	}
	int len = sequence_length(s[0], &lo, &hi);
	if (len == 0 || (size_t)len > n || s[1] < lo || s[1] > hi)
		return 0;
	uint32_t cp = s[0] & (0x7fU >> len);
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	*ret_cp = cp;
	return len;
}

int utf8_decode(const char *s, size_t n, uint32_t *ret_cp)
{
	if (n == 0) {
		*ret_cp = 0;
		return 0;
	}
	int len = decode((const unsigned char *)s, n, ret_cp);
	if (len == 0) {
		*ret_cp = REPLACEMENT;
		return 1;
	}
	return len;
}

int utf8_encode(uint32_t cp, char ret[4])
{
	if (cp < 0x80) {
		ret[0] = (char)cp;
		return 1;
	}
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	int len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (int i = len - 1; i > 0; i--) {
		ret[i] = (char)(0x80 | (cp & 0x3f));
		cp >>= 6;
	}
	ret[0] = (char)((0xf00U >> len & 0xff) | cp);
	return len;
}

int utf8_str_width(const char *s)
{
	int cells;

	utf8_fit(s, INT32_MAX, &cells);
	return cells;
}

size_t utf8_fit(const char *s, int cells, int *ret_cells)
{
	size_t left = strlen(s);
	const char *p = s;
	int used = 0;
	uint32_t cp;

	while (left > 0) {
		int n = utf8_decode(p, left, &cp);
		int w = utf8_width(cp);
		if (w > cells - used)
			break;
		used += w > 0 ? w : 0;
		p += n;
		left -= (size_t)n;
	}
	if (ret_cells)
		*ret_cells = used;
	return (size_t)(p - s);
}

size_t utf8_fit_words(const char *s, int cells)
{
	size_t n = utf8_fit(s, cells, NULL), word = n;
	uint32_t cp;

	if (!s[n])
		return n;
	while (word > 0 && s[word] != ' ')
		word--;
	if (word > 0)
		return word;
	return n > 0 ? n : (size_t)utf8_decode(s, strlen(s), &cp);
}

/* Characters that reorder the text around them (UAX #9): they can make a name read as another. */
static bool is_bidi_control(uint32_t cp)
{
	return cp == 0x61c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

static uint32_t clean(uint32_t cp, bool keep_lines)
{
	if (cp == '\t')
		return ' ';
	if (cp == '\n')
		return keep_lines ? '\n' : ' ';
	if (utf8_width(cp) < 0 || is_bidi_control(cp) || cp == 0x2028 || cp == 0x2029)
		return REPLACEMENT;
	return cp;
}

void utf8_clean(struct buf *out, const char *s, size_t n, bool keep_lines)
{
	char text[4];
	uint32_t cp;

	while (n > 0) {
		int used = utf8_decode(s, n, &cp);
		buf_add(out, text, (size_t)utf8_encode(clean(cp, keep_lines), text));
		s += used;
		n -= (size_t)used;
	}
}

bool utf8_valid(const char *s, size_t n)
{
	uint32_t cp;

	while (n > 0) {
		int used = decode((const unsigned char *)s, n, &cp);
		if (used == 0)
			return false;
		s += used;
		n -= (size_t)used;
	}
	return true;
}
