/* SPDX-License-Identifier: MIT */
/*
 * Images: from a catalogue entry to a root file system in a staging directory.
 *
 * This layer knows files alone. Keys, ledger and rows are the engine's: it calls publish_begin(), image_fetch(),
 * publish_commit() in that order and writes its row.
 */
#ifndef CORE_IMAGE_IMAGE_H
#define CORE_IMAGE_IMAGE_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "base/op.h"
#include "base/path.h"
#include "core/image/catalog.h"

struct oci_access; /* core/oci/registry.h */

#define IMAGE_ROOTFS "rootfs.ext4"
#define IMAGE_MANIFEST_VERSION 1

/* What fetching needs to know of its surroundings; everything is borrowed. */
struct image_ctx {
	const struct paths *paths; /* the cache is made if missing */
	const char *mirror;	   /* configured package mirror, a URI; NULL: the host's apt sources */
	const char *guest_binary;  /* banger-guest; NULL: found beside the program or in its libexec directory */
	const struct oci_access *oci; /* how registries are reached */
};

struct image_built {
	char rootfs[PATHS_MAX];	     /* <staging>/rootfs.ext4 */
	char rootfs_uuid[UUID_SIZE]; /* how the guest finds it */
	char init[24];		     /* as in struct image: "systemd", "none", … */
	char digest[DIGEST_SIZE];    /* SHA-256 of what it was made from: the tar, busybox's binary, a registry's manifest; empty
					of a directory or a machine */
	uint64_t size_bytes;	     /* nominal */
	uint64_t used_bytes;	     /* content */
	uint64_t alloc_bytes;	     /* on this disk */
	char note[128];		     /* what a person should know of how it was made; may be empty */
	struct buf manifest;	     /* JSON for publish_commit(); owned */
};

void image_built_done(struct image_built *b);
/* End the object `w` is in with what is true of any image, for the builders of this folder. */
void image_built_tell(const struct image_built *b, struct jw *w);

/* Build `entry` in the directory `staging`. `ret` must be zeroed. Blocks: `tiny` about a second once the boot kit is in
 * the cache, others minutes; stages and bytes go to the op; cancellable. What is left in staging after a failure is the
 * caller's to remove. */
NODISCARD int image_fetch(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			  const char *staging, struct image_built *ret, struct err *e);

/* Is the ext4 at `path` one that machines may be made from: in order, whole, and of features they can mount? `what` names it in messages. `ret_bytes`: how large its
 * file system is. ERR_STATE with a hint, ERR_PROTO. Reads its superblock alone. */
NODISCARD int image_check_ext4(const char *path, const char *what, uint64_t *ret_bytes, struct err *e);

#endif
