/* SPDX-License-Identifier: MIT */
/*
 * The blobs of an image, several at once, into the cache: by a thread of its own, so that whoever waits for the first can work on it
 * while the others come.
 *
 * What the cache has already is hashed once more and not fetched; what an earlier fetch left is gone on with; what another process is
 * fetching is waited for. The last blob of the list is fetched first: layers are applied from the top.
 */
#ifndef OCI_FETCH_H
#define OCI_FETCH_H

#include "core/oci/blobs.h"
#include "core/oci/registry.h"

#define OCI_FETCH_AT_ONCE 4

struct oci_fetch;

/* Start. `r` belongs to the thread, and `blobs` and `cache` are borrowed, until oci_fetch_end(). NULL on failure. Does not block. */
NODISCARD struct oci_fetch *oci_fetch_start(struct oci_registry *r, const struct blob_cache *cache, const struct oci_descriptor *blobs,
					    size_t n, struct err *e);

/* Wait until blob i is there and verified: a descriptor to read it from, the caller's, at most once for each. Reports the bytes of
 * all blobs to `op`. What fails for one fails for all. Cancellable. */
NODISCARD int oci_fetch_wait(struct op *op, struct oci_fetch *f, size_t i, struct err *e);

/* How far blob i is: from OP_PART_WAITING to OP_PART_THERE; its name is the beginning of its digest. Any thread. */
void oci_fetch_part(const struct oci_fetch *f, size_t i, struct op_part *ret);
/* Are all of them there? Any thread. */
bool oci_fetch_is_whole(const struct oci_fetch *f);
/* Report the bytes of all blobs, of one that is listed more than once only one time. */
void oci_fetch_tell(struct op *op, const struct oci_fetch *f);

/* End the thread, whatever it is doing. What has been fetched stays in the cache, but for parts where the cache had no room for more. NULL
 * is fine. */
void oci_fetch_end(struct oci_fetch *f);

#endif
