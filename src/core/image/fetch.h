/* SPDX-License-Identifier: MIT */
/*
 * Packages fetched and unpacked into a scratch directory: what kernels and the boot kit have in common.
 */
#ifndef CORE_IMAGE_FETCH_H
#define CORE_IMAGE_FETCH_H

#include "base/err.h"
#include "base/op.h"
#include "core/image/catalog.h"
#include "core/image/image.h"
#include "core/image/kit.h"

/* Unpack what `tables` ask for (unpack_tar()) of the packages of `entry`, with `with_kit` the boot kit's too, into
 * <scratch>/tree. The archive passes through <scratch>/packages.tar, which is gone afterwards. Blocks for seconds to
 * minutes; cancellable. */
NODISCARD int fetch_tree(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, bool with_kit,
			 const struct unpack_rule *const *tables, const char *scratch, struct err *e);

/* The newest kit of the cache; fetched, from the suite of `entry`, when there is none. `scratch` is a directory of ours,
 * left as it was. */
NODISCARD int fetch_kit(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			const char *scratch, struct kit *ret, struct err *e);

#endif
