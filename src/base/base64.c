/* SPDX-License-Identifier: MIT */
/*
 * Base64: see base64.h. Groups of three bytes and four characters; only the last group may be shorter. Pure; any thread.
 */
#include "base/base64.h"

#include "base/i18n.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, const void *data, size_t n)
{
	const unsigned char *p = data;

	*buf_reserve(out, n / 3 * 4 + 4) = '\0'; /* of nothing, too, a string is made */
	for (; n > 0; p += MIN(n, (size_t)3), n -= MIN(n, (size_t)3)) {
		uint32_t bits = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);

		buf_addc(out, alphabet[bits >> 18]);
		buf_addc(out, alphabet[bits >> 12 & 63]);
		buf_addc(out, n > 1 ? alphabet[bits >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? alphabet[bits & 63] : '=');
	}
}

/* -1: none of the alphabet. */
static int value_of(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* The bytes that four characters stand for, 1 to 3 of them. 0: no group; *ret_wrong is the place in it. */
static size_t decode_group(const char *s, bool is_last, unsigned char ret[3], size_t *ret_wrong)
{
	size_t chars = !is_last || s[3] != '=' ? 4 : s[2] != '=' ? 3 : 2;
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int v = i < chars ? value_of(s[i]) : 0;

		*ret_wrong = i;
		if (v < 0)
			return 0;
		bits = bits << 6 | (uint32_t)v;
	}
	*ret_wrong = chars - 1;
	if (chars < 4 && bits & (chars == 3 ? 0xffU : 0xffffU))
		return 0;
	for (size_t i = 0; i < 3; i++)
		ret[i] = (unsigned char)(bits >> (16 - 8 * i));
	return chars - 1;
}

int base64_decode(const char *text, size_t n, struct buf *out, struct err *e)
{
	size_t before = out->len, wrong;
	unsigned char bytes[3];

	if (n % 4 != 0)
		return err_set(e, ERR_PROTO, _("not base64: %zu characters are no whole groups of four"), n);
	*buf_reserve(out, n / 4 * 3) = '\0';
	for (size_t i = 0; i < n; i += 4) {
		size_t got = decode_group(text + i, i + 4 == n, bytes, &wrong);

		if (got == 0) {
			out->len = before;
			out->data[before] = '\0';
			return err_set(e, ERR_PROTO, _("not base64 at character %zu"), i + wrong + 1);
		}
		buf_add(out, bytes, got);
	}
	return 0;
}
