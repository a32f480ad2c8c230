/* SPDX-License-Identifier: MIT */
/*
 * Base64 with the standard alphabet (RFC 4648 §4), strict: padded, no line breaks, no bits left over.
 *
 * So a text has exactly one decoding and a decoding exactly one text. Both functions make room in `out` once, before they write:
 * what is secret stands in no memory that was given back on the way.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"
#include "base/err.h"

/* Append the text of n bytes. */
void base64_encode(struct buf *out, const void *data, size_t n);
/* Append the bytes of a text of n characters. ERR_PROTO with the position of what is wrong, never with the text; nothing is appended
 * then. */
NODISCARD int base64_decode(const char *text, size_t n, struct buf *out, struct err *e);

#endif
