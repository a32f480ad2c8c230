/* SPDX-License-Identifier: MIT */
/*
 * An ext4 image for content whose size is known only when all of it has been written.
 *
 * The image is formatted for an estimate and filled. Where that proves too small it is made once more: twice as big when it
 * ran full, or for what the content turned out to need. So whoever fills it must be able to do so again.
 */
#ifndef CORE_IMAGE_SIZED_H
#define CORE_IMAGE_SIZED_H

#include "base/err.h"
#include "base/op.h"
#include "core/disk/ext4.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SIZED_COMPRESSION_GUESS 6 /* content, in compressed archives */

struct sized_args {
	const char *dst;	/* the image to make; must not exist; 0600 */
	const char *uuid;	/* NULL: a random one */
	const char *label;	/* NULL: none */
	uint64_t nominal_bytes; /* 0: max(min_bytes, content * 1.5); else kept to */
	uint64_t min_bytes;
	uint64_t estimate; /* bytes of content, as far as one can say */
	bool once;	   /* the content cannot be had a second time */
	/* Fill `w`, a fresh image; its commit is not the filler's. Called for each attempt, from the start. */
	int (*fill)(void *arg, struct ext4_writer *w, struct err *e);
	void *arg;
};

struct sized_info {
	uint64_t bytes; /* used in the image, metadata included; on failure: of the disk, before it was removed */
	uint64_t nominal_bytes;
	bool full; /* on failure: a bigger image would have done */
};

/* Make the image. Cancellable as far as `fill` is. On failure `dst` is removed (unless it existed before: ERR_EXISTS) and `ret` is
 * filled all the same. */
NODISCARD int sized_build(struct op *op, const struct sized_args *a, struct sized_info *ret, struct err *e);

/* What `bytes` of an archive at `start` of a file may come to: as many, or SIZED_COMPRESSION_GUESS times those when it begins as
 * compressed ones do. 0 when it cannot be read. */
uint64_t sized_guess(int fd, off_t start, uint64_t bytes);

#endif
