/* SPDX-License-Identifier: MIT */
/*
 * What a person reads, in the character set the person has: see tell.h.
 *
 * Not iconv(3) and its TRANSLIT: what stands for an arrow differs from libc to libc, and some have nothing.
 */
#include "base/tell.h"

#include "base/utf8.h"

#include <langinfo.h>
#include <string.h>

void tell_add(struct buf *out, const char *s, size_t n)
{
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		buf_add(out, s, n);
	else
		utf8_to_ascii(out, s, n);
}

int tell_bytes(int cells, const char *s)
{
	return cells + (int)strlen(s) - utf8_str_width(s);
}

void tell(FILE *to, const char *fmt, ...)
{
	auto_buf text = {0}, clean = {0}, shown = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	utf8_clean(&clean, buf_cstr(&text), text.len, true);
	tell_add(&shown, buf_cstr(&clean), clean.len);
	fwrite(buf_cstr(&shown), 1, shown.len, to);
}

void tell_again(FILE *to)
{
	static const char seq[] = "\r\033[K"; /* ECMA-48: CR, EL */

	fwrite(seq, 1, sizeof(seq) - 1, to);
}
