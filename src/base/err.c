/* SPDX-License-Identifier: MIT */
/*
 * The error object: fixed buffers on the caller's stack, so that reporting a failure can never itself fail.
 *
 * Messages that do not fit are cut at a character boundary: half a UTF-8 sequence on the screen looks like corruption.
 */
#include "base/err.h"

#include "base/i18n.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Defined here, not the analyzer's idea of them. */
#undef err_set
#undef err_sys
#undef err_wrap
#undef err_hint
#undef err_join

static const char *const code_names[ERR_CODE_COUNT] = {
	[ERR_NONE] = "none",   [ERR_USAGE] = "usage", [ERR_NOT_FOUND] = "not_found", [ERR_EXISTS] = "exists",
	[ERR_STATE] = "state", [ERR_BUSY] = "busy",   [ERR_CANCELED] = "canceled",   [ERR_TIMEOUT] = "timeout",
	[ERR_SPACE] = "space", [ERR_PERM] = "perm",   [ERR_MISSING] = "missing",     [ERR_TOOL] = "tool",
	[ERR_SYS] = "sys",     [ERR_PROTO] = "proto", [ERR_CORRUPT] = "corrupt",     [ERR_NET] = "net",
	[ERR_AUTH] = "auth",   [ERR_NOMEM] = "nomem",
};

/* Drop a UTF-8 sequence that the end of the buffer cut in two. */
static void trim_partial(char *s)
{
	size_t end = strlen(s);
	size_t lead = end;

	while (lead > 0 && end - lead < 3 && ((unsigned char)s[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0)
		return;
	unsigned char c = (unsigned char)s[lead - 1];
	size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	if (want > end - lead + 1)
		s[lead - 1] = '\0';
}

static void put(char *dst, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(dst, size, fmt, ap);

	if (n < 0)
		dst[0] = '\0';
	else if ((size_t)n >= size)
		trim_partial(dst);
}

static void put_joined(char *dst, size_t size, const char *a, const char *sep, const char *b)
{
	int n = snprintf(dst, size, "%s%s%s", a, sep, b);

	if (n >= 0 && (size_t)n >= size)
		trim_partial(dst);
}

static enum err_code code_from_errno(int sys)
{
	switch (sys) {
	case ENOSPC:
	case EDQUOT:
		return ERR_SPACE;
	case EACCES:
	case EPERM:
		return ERR_PERM;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_SYS;
	}
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	assert(code > ERR_NONE && code < ERR_CODE_COUNT);
	if (!e)
		return -1;
	assert(e->code == ERR_NONE);
	e->code = code;
	e->sys = 0;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	put(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, int sys, const char *fmt, ...)
{
	char what[sizeof(e->msg)];
	va_list ap;

	if (!e)
		return -1;
	assert(e->code == ERR_NONE);
	va_start(ap, fmt);
	put(what, sizeof(what), fmt, ap);
	va_end(ap);
	e->code = code_from_errno(sys);
	e->sys = sys;
	e->hint[0] = '\0';
	put_joined(e->msg, sizeof(e->msg), what, ": ", err_strerror(sys));
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char context[sizeof(e->msg)];
	char old[sizeof(e->msg)];
	va_list ap;

	if (!e)
		return -1;
	assert(e->code != ERR_NONE);
	va_start(ap, fmt);
	put(context, sizeof(context), fmt, ap);
	va_end(ap);
	memcpy(old, e->msg, sizeof(old));
	put_joined(e->msg, sizeof(e->msg), context, ": ", old);
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e || e->hint[0])
		return -1;
	assert(e->code != ERR_NONE);
	va_start(ap, fmt);
	put(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int err_join(struct err *e, const struct err *other)
{
	char old[sizeof(e->msg)];

	if (!e || !err_is_set(other))
		return -1;
	if (!err_is_set(e)) {
		*e = *other;
		return -1;
	}
	memcpy(old, e->msg, sizeof(old));
	put_joined(e->msg, sizeof(e->msg), old, _("; also: "), other->msg);
	if (!e->hint[0])
		memcpy(e->hint, other->hint, sizeof(e->hint));
	return -1;
}

void err_clear(struct err *e)
{
	if (e)
		*e = (struct err){0};
}

const char *err_code_to_string(enum err_code code)
{
	if ((unsigned int)code >= ERR_CODE_COUNT)
		return "unknown";
	return code_names[code];
}

const char *err_strerror(int sys)
{
	/* Not strerror(): its buffer is shared between threads for numbers it does not know. */
	const char *s = strerrordesc_np(sys);

	return s ? s : "unknown error";
}
