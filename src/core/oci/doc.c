/* SPDX-License-Identifier: MIT */
/*
 * Documents: see doc.h.
 */
#include "core/oci/doc.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <string.h>

/* "\u0000" in a string; a backslash stands nowhere else in JSON, and takes the character after it along. */
static bool has_nul_escape(const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end && (s = memchr(s, '\\', (size_t)(end - s)))) {
		if (end - s >= 6 && memcmp(s + 1, "u0000", 5) == 0)
			return true;
		s += MIN((ptrdiff_t)2, end - s);
	}
	return false;
}

/* Cuts at a character's start. */
static void clean_into(char *dst, size_t size, const char *s, size_t n)
{
	static const char more[] = "…";
	auto_buf clean = {0};
	size_t end;

	utf8_clean(&clean, s, n, false);
	if (clean.len < size) {
		str_copy(dst, size, buf_cstr(&clean));
		return;
	}
	end = size - sizeof(more);
	while (end > 0 && ((unsigned char)clean.data[end] & 0xc0) == 0x80)
		end--;
	memcpy(dst, clean.data, end);
	memcpy(dst + end, more, sizeof(more));
}

int doc_open(const struct oci_text *t, struct doc *ret, struct err *e)
{
	*ret = (struct doc){0};
	clean_into(ret->what, sizeof(ret->what), t->what, strnlen(t->what, sizeof(ret->what)));
	if (t->len > OCI_TEXT_MAX)
		return err_set(e, ERR_PROTO, _("%s: more than %zu bytes"), ret->what, OCI_TEXT_MAX);
	if (t->len > 0 && has_nul_escape(t->text, t->len))
		return err_set(e, ERR_PROTO, _("%s: a NUL in a string"), ret->what);
	ret->root = json_parse(t->text, t->len, ret->what, e);
	if (!ret->root)
		return -1;
	if (!json_is_object(ret->root))
		return err_set(e, ERR_PROTO, _("%s: must hold an object"), ret->what);
	return 0;
}

void doc_done(struct doc *d)
{
	json_free(d->root);
	*d = (struct doc){0};
}

void doc_done_secret(struct doc *d)
{
	json_free_secret(d->root);
	*d = (struct doc){0};
}

const char *doc_show(const char *s, char buf[OCI_SHOWN_SIZE])
{
	clean_into(buf, OCI_SHOWN_SIZE, s ? s : "", s ? strnlen(s, OCI_SHOWN_SIZE) : 0);
	return buf;
}

bool doc_has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return true;
	return false;
}
