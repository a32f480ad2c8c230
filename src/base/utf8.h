/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 (RFC 3629) and cell widths.
 *
 * Widths come from our own table (East Asian Width W/F = 2, combining and zero-width = 0), never from libc's wcwidth:
 * terminal, tmux and libc disagree. Anything shown that came from outside goes through utf8_clean() first.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Decode one code point from at most n bytes. Returns bytes used (>= 1 when n > 0). Malformed input yields U+FFFD and
 * uses one byte; surrogates and overlong forms are malformed. */
int utf8_decode(const char *s, size_t n, uint32_t *ret_cp);
/* Encode; returns 1-4, or 0 for an invalid code point. */
int utf8_encode(uint32_t cp, char ret[4]);
/* 0, 1 or 2 cells; -1 for control characters. */
int utf8_width(uint32_t cp);
/* Cells of a string (control characters count 0). */
int utf8_str_width(const char *s);
/* Longest prefix of s with at most `cells` cells; returns its length in bytes, the cells used through ret_cells. */
size_t utf8_fit(const char *s, int cells, int *ret_cells);
/* The same in whole words where there is more than one: the bytes before the last blank that fits, a word cut where one alone is too
 * long. Never 0 unless s is empty: what starts with a cell too many is taken all the same. */
size_t utf8_fit_words(const char *s, int cells);
/* The end of s in at most `cells` cells, "…/lib/app:1", where all of it does not fit: of references that is what tells them apart.
 * Returns s or buf, of `size` bytes. */
const char *utf8_tail(const char *s, int cells, char *buf, size_t size);
/* Copy n bytes; control characters (C0, DEL, C1, bidi controls) and malformed bytes become U+FFFD, tabs a space, newlines
 * too unless keep_lines. */
void utf8_clean(struct buf *out, const char *s, size_t n, bool keep_lines);
/* True when s is valid UTF-8. */
bool utf8_valid(const char *s, size_t n);
/* One printable ASCII character that stands for a glyph of ours ("│" "|", braille by its dots) or a letter with an accent,
 * '?' for others. */
char utf8_ascii(uint32_t cp);
/* Append n bytes of running text, each character outside US-ASCII by its stand-in, which may be longer ("…" "..."). */
void utf8_to_ascii(struct buf *out, const char *s, size_t n);

#endif
