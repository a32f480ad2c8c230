/* SPDX-License-Identifier: MIT */
/*
 * An image of a machine: its root file system as it came out of the guest, an archive on a pipe that is written nowhere else.
 *
 * Everything in it is a guest's word: it is read as any archive of others is (import.h), and is no bigger than the machine's disks.
 */
#ifndef CORE_IMAGE_SAVED_H
#define CORE_IMAGE_SAVED_H

#include "core/image/image.h"
#include "core/model/image.h"
#include "core/model/vm.h"

#define IMAGE_SAVED_SOURCE "vm" /* struct image.source */

struct saved_args {
	const char *name;	  /* of the image */
	int fd;			  /* read to the archive's end marker; borrowed */
	const struct vm *vm;	  /* whose it is */
	const struct image *base; /* which that was made of */
	const char *base_dir;	  /* where it lies: how its programs want to be run goes with the new one */
	uint64_t content_bytes;	  /* what it may come to */
};

/* Build it in the directory `staging`. `ret` must be zeroed. Blocks as long as the guest sends; stage and bytes go to the op;
 * cancellable. What is left in staging after a failure is the caller's to remove. */
NODISCARD int saved_build(struct op *op, const struct saved_args *a, const char *staging, struct image_built *ret, struct err *e);

#endif
