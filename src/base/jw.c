/* SPDX-License-Identifier: MIT */
/*
 * JSON writer (part of json.h): straight into a buf, no tree in between (RFC 8259).
 *
 * Depth is a bit position in two 64-bit words; misuse (a key in an array, too deep) is a bug of ours and asserts.
 */
#include "base/json.h"

#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JW_DEPTH_MAX 63

struct jw jw_init(struct buf *out)
{
	return (struct jw){.out = out};
}

static void put_char(struct buf *out, uint32_t cp)
{
	char text[4];

	switch (cp) {
	case '"':
	case '\\':
		buf_addc(out, '\\');
		buf_addc(out, (char)cp);
		return;
	case '\n':
		buf_adds(out, "\\n");
		return;
	case '\t':
		buf_adds(out, "\\t");
		return;
	default:
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			buf_addf(out, "\\u%04" PRIx32, cp);
		else
			buf_add(out, text, (size_t)utf8_encode(cp, text));
	}
}

static void put_string(struct buf *out, const char *s)
{
	size_t n = strlen(s);
	uint32_t cp;

	buf_addc(out, '"');
	while (n > 0) {
		int used = utf8_decode(s, n, &cp);
		put_char(out, cp);
		s += used;
		n -= (size_t)used;
	}
	buf_addc(out, '"');
}

static void begin(struct jw *w, const char *key)
{
	uint64_t bit = UINT64_C(1) << w->depth;

	if (w->comma & bit)
		buf_addc(w->out, ',');
	w->comma |= bit;
	assert((key != NULL) == (w->depth > 0 && !(w->array & bit)));
	if (key) {
		put_string(w->out, key);
		buf_addc(w->out, ':');
	}
}

static void open_level(struct jw *w, const char *key, bool array)
{
	begin(w, key);
	assert(w->depth < JW_DEPTH_MAX);
	w->depth++;
	uint64_t bit = UINT64_C(1) << w->depth;
	w->comma &= ~bit;
	w->array = array ? w->array | bit : w->array & ~bit;
	buf_addc(w->out, array ? '[' : '{');
}

void jw_obj(struct jw *w, const char *key)
{
	open_level(w, key, false);
}

void jw_arr(struct jw *w, const char *key)
{
	open_level(w, key, true);
}

void jw_end(struct jw *w)
{
	assert(w->depth > 0);
	buf_addc(w->out, w->array & (UINT64_C(1) << w->depth) ? ']' : '}');
	w->depth--;
}

void jw_str(struct jw *w, const char *key, const char *val)
{
	begin(w, key);
	if (val)
		put_string(w->out, val);
	else
		buf_adds(w->out, "null");
}

void jw_int(struct jw *w, const char *key, int64_t val)
{
	begin(w, key);
	buf_addf(w->out, "%" PRId64, val);
}

void jw_num(struct jw *w, const char *key, double val)
{
	char text[40];

	begin(w, key);
	if (!isfinite(val)) { /* JSON has no word for them */
		buf_adds(w->out, "null");
		return;
	}
	/* The shortest of the two that reads back as the same number. */
	snprintf(text, sizeof(text), "%.15g", val);
	if (strtod(text, NULL) != val)
		snprintf(text, sizeof(text), "%.17g", val);
	for (char *p = text; *p; p++)
		if (*p == ',') /* the decimal comma of some locales */
			*p = '.';
	buf_adds(w->out, text);
}

void jw_bool(struct jw *w, const char *key, bool val)
{
	begin(w, key);
	buf_adds(w->out, val ? "true" : "false");
}
