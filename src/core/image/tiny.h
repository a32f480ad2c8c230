/* SPDX-License-Identifier: MIT */
/*
 * The smallest image that is a machine: the boot kit's busybox and a handful of files in /etc.
 *
 * It has no init on purpose: the applets `init` and `linuxrc` are left out, so banger-guest stays PID 1, which is the path
 * every image without an init takes. It is the first image anyone gets and the one tests boot.
 */
#ifndef CORE_IMAGE_TINY_H
#define CORE_IMAGE_TINY_H

#include "base/err.h"
#include "base/id.h"
#include "base/op.h"
#include "core/image/kit.h"

/* Make `dst` (must not exist; removed again on failure) of `nominal_bytes` with the applets that busybox itself lists.
 * Blocks for less than a second. */
NODISCARD int tiny_build(struct op *op, const struct kit *kit, const char *dst, uint64_t nominal_bytes,
			 char ret_uuid[UUID_SIZE], uint64_t *ret_used, struct err *e);

#endif
