/* SPDX-License-Identifier: MIT */
/*
 * See shword.h. Pure.
 */
#include "base/shword.h"

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

void shword_add(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,";

	if (*word && !word[strspn(word, plain)])
		buf_adds(out, word);
	else if (is_printable(word))
		add_quoted(out, word);
	else
		add_escaped(out, word);
}

char *shword(const char *word)
{
	struct buf out = {0};

	shword_add(&out, word);
	return buf_take(&out);
}
