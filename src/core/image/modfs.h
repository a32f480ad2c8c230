/* SPDX-License-Identifier: MIT */
/*
 * One kernel's modules directory as a read-only ext4 image, shared by every VM that runs this kernel.
 */
#ifndef CORE_IMAGE_MODFS_H
#define CORE_IMAGE_MODFS_H

#include "base/err.h"
#include "base/id.h"
#include "base/op.h"

/* Put the directory `dir` (regular files and directories; anything else is left out) into a new image `dst` as
 * /<release>/…, everything root:root, 0755 or 0644, time 0. Blocks; reports bytes; cancellable. */
NODISCARD int modfs_build(struct op *op, const char *dir, const char *release, const char *dst,
			  char ret_uuid[UUID_SIZE], struct err *e);

#endif
