/* SPDX-License-Identifier: MIT */
/*
 * Growing byte buffer. Always NUL-terminated one past `len`, so a text buffer is a C string. Valid when zeroed.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/attrs.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL until the first append; use buf_cstr() to read as text */
	size_t len;
	size_t cap;
};

#define auto_buf __attribute__((cleanup(buf_done))) struct buf

void buf_done(struct buf *b);		    /* frees; b is valid and empty again */
void buf_reset(struct buf *b);		    /* len = 0, keeps the memory */
char *buf_reserve(struct buf *b, size_t n); /* room for n more bytes; returns the place to write them */
void buf_add(struct buf *b, const void *data, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
void buf_consume(struct buf *b, size_t n); /* drop the first n bytes */
const char *buf_cstr(const struct buf *b); /* never NULL; borrowed until the next change */
char *buf_take(struct buf *b);		   /* the caller owns the string; b is empty again; never NULL */

#endif
