/* SPDX-License-Identifier: MIT */
/*
 * An image of a registry becomes a root file system: resolved, fetched and unpacked at the same time, from the topmost layer down.
 */
#ifndef CORE_IMAGE_OCI_H
#define CORE_IMAGE_OCI_H

#include "core/image/image.h"
#include "core/model/ociref.h"
#include "core/oci/config.h"

/* How the image wants its programs run, beside the root file system: environment, directory, user, entry point, command. */
#define IMAGE_OCI_CONFIG "config.json"

/* Build the image of `entry->reference` in `staging`, and fill `b` but for alloc_bytes and manifest. Blocks for seconds to minutes;
 * stages and bytes go to the op; cancellable. What was fetched is in the cache of blobs, whatever happens. */
NODISCARD int oci_image_build(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *staging,
			      struct image_built *b, struct err *e);

/* What the reference of `entry` means at its registry now: "sha256:…" of the manifest for this machine. Blocks; cancellable. */
NODISCARD int oci_image_digest(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, char ret[OCI_DIGEST_SIZE],
			       struct err *e);

/* The configuration of the published image in `dir`: 1 with it (`ret`, zeroed before, is the caller's), 0 when its kind has none, -1.
 * Blocks on the disk. */
NODISCARD int oci_image_config(const char *dir, struct oci_config *ret, struct err *e);

#endif
