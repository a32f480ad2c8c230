/* SPDX-License-Identifier: MIT */
/*
 * Sizes as people write them: a bare number is MiB; K M G (any case) with optional "iB" or "B" are powers of 1024.
 * The formatter's output parses back to the same value.
 */
#ifndef MODEL_SIZE_H
#define MODEL_SIZE_H

#include "base/err.h"

#include <stdint.h>

#define SIZE_KIB ((uint64_t)1024)
#define SIZE_MIB (1024 * SIZE_KIB)
#define SIZE_GIB (1024 * SIZE_MIB)
#define SIZE_TEXT 24

/* Bytes. ERR_USAGE naming `what` for anything malformed, negative, overflowing, or 0. */
NODISCARD int size_parse(const char *what, const char *text, uint64_t *ret_bytes, struct err *e);
/* Exact and round-tripping: "2G", "1536M", "100K", "123B" is never produced by inputs of whole KiB. Returns buf. */
char *size_format(uint64_t bytes, char buf[SIZE_TEXT]);
/* For the eye: at most 4 digits and a unit, "1.3G", "412M", "0". Returns buf. */
char *size_human(uint64_t bytes, char buf[SIZE_TEXT]);

#endif
