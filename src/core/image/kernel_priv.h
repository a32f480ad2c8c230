/* SPDX-License-Identifier: MIT */
/*
 * Shared by kernel.c (published kernels) and kernel_fetch.c (kernels in the making), nobody else.
 */
#ifndef CORE_IMAGE_KERNEL_PRIV_H
#define CORE_IMAGE_KERNEL_PRIV_H

#include "core/image/kernel.h"
#include "core/image/kit.h"
#include "core/image/modorder.h"

#define KERNEL_VERSION 1 /* of the manifest */

/* The path of the initramfs in `dir` for the banger-guest of `ctx` and this kit, built if it is not there. */
NODISCARD int kernel_ensure_initramfs(struct op *op, const struct image_ctx *ctx, const char *dir, const char *release,
				      const struct kit *kit, const struct modorder *modules, char ret[PATHS_MAX],
				      struct err *e);

#endif
