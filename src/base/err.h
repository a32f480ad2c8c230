/* SPDX-License-Identifier: MIT */
/*
 * One error object for the whole program.
 *
 * A `struct err` lives on the caller's stack and is the last parameter of everything fallible. It is untouched on
 * success and set once on failure. Going up, each level that knows more prefixes its context (err_wrap); the top logs
 * it once, with the op id. `hint` is the next thing the person can do, a sentence of its own.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/attrs.h"

#include <stdarg.h>
#include <stdbool.h>

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,     /* the request itself is wrong: bad name, size, option */
	ERR_NOT_FOUND, /* no such VM, image, kernel, file */
	ERR_EXISTS,    /* the name is taken */
	ERR_STATE,     /* right request, wrong moment (not running, in use) */
	ERR_BUSY,      /* somebody else holds it; trying again later helps */
	ERR_CANCELED,  /* the op was cancelled */
	ERR_TIMEOUT,   /* the op's deadline passed */
	ERR_SPACE,     /* no room on a file system */
	ERR_PERM,      /* not permitted */
	ERR_MISSING,   /* a tool or library the host lacks */
	ERR_TOOL,      /* a child process failed; msg holds its last words */
	ERR_SYS,       /* a system call failed; `sys` is the errno */
	ERR_PROTO,     /* the other side spoke wrongly: corrupt file, bad reply */
	ERR_CORRUPT,   /* a file of ours is damaged; it is left untouched */
	ERR_NET,       /* connection refused, lost, unreachable */
	ERR_AUTH,      /* host key or login refused */
	ERR_NOMEM,
	ERR_CODE_COUNT
};

struct err {
	enum err_code code;
	int sys; /* errno where it applies, else 0 */
	char msg[512];
	char hint[256];
};

/* Set `e` (may be NULL: the caller does not care) and return -1. Asserts that `e` was not set before: set once. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);

/* As err_set, with `sys` kept and ": strerror(sys)" appended. ENOSPC/EDQUOT become ERR_SPACE, EACCES/EPERM ERR_PERM,
 * ENOENT ERR_NOT_FOUND, EEXIST ERR_EXISTS, ETIMEDOUT ERR_TIMEOUT, ENOMEM ERR_NOMEM, everything else ERR_SYS. */
int err_sys(struct err *e, int sys, const char *fmt, ...) PRINTF(3, 4);

/* Prefix "context: " to a set error. Returns -1, so `return err_wrap(e, "create tap %s", n);` works. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Set the hint (the next step), unless a deeper level has set one. Returns -1. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Append the message of `other` ("; also: …"): undo runs to its end and joins what failed. If `e` is unset it becomes
 * a copy. Returns -1. */
int err_join(struct err *e, const struct err *other);

void err_clear(struct err *e);

#ifdef __clang_analyzer__
/* It sees one file at a time, and would follow every failure down a path where these return 0. */
#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_sys(...) (err_sys(__VA_ARGS__), -1)
#define err_wrap(...) (err_wrap(__VA_ARGS__), -1)
#define err_hint(...) (err_hint(__VA_ARGS__), -1)
#define err_join(...) (err_join(__VA_ARGS__), -1)
#endif

static inline bool err_is_set(const struct err *e)
{
	return e && e->code != ERR_NONE;
}

/* Stable lower-case word for logs and --json ("not_found"). Never NULL. */
const char *err_code_to_string(enum err_code code);

/* Short tail of strerror for `sys`; thread-safe; static storage. */
const char *err_strerror(int sys);

#endif
