/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 (FIPS 180-4) through libcrypto, in the lower-case hexadecimal in which digests are compared and stored.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES 32
#define DIGEST_SIZE 65 /* 64 hex digits and NUL */

/* Streaming: digest_init, digest_add…, digest_end. digest_done releases it at any point, NULL-safe when zeroed. */
struct digest {
	void *ctx;
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t n);
/* The digest of everything added; afterwards only digest_done() is allowed. */
void digest_end(struct digest *d, char ret[DIGEST_SIZE]);
void digest_done(struct digest *d);

void digest_data(const void *data, size_t n, char ret[DIGEST_SIZE]);
/* A whole file; its holes are zeros that are not read. Blocks, reports progress in bytes, cancellable. ret_size (may be NULL): the bytes read. */
NODISCARD int digest_file(struct op *op, const char *path, char ret[DIGEST_SIZE], uint64_t *ret_size, struct err *e);
/* Exactly 64 lower-case hex digits. */
bool digest_is_valid(const char *hex);

/* 2 * n hex digits and NUL into ret. Returns ret. */
char *digest_hex(const void *data, size_t n, char *ret);

#endif
