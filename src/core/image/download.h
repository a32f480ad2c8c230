/* SPDX-License-Identifier: MIT */
/*
 * A blob whose digest and size are known, from an address into the cache of blobs: what an entry of the catalogue names by a URL.
 *
 * What is there is never looked into here. A transfer that breaks off is gone on with, by the same call or a later one; one that brings
 * something else than what was announced leaves nothing.
 */
#ifndef CORE_IMAGE_DOWNLOAD_H
#define CORE_IMAGE_DOWNLOAD_H

#include "base/err.h"
#include "base/op.h"
#include "core/oci/blobs.h"
#include "core/oci/registry.h"

struct download_args {
	const struct blob_cache *cache;
	const struct oci_access *access; /* certificates, patience; NULL: as for the public's servers */
	const char *url;		 /* download_check_url() */
	const char *sha256;		 /* digest_is_valid() */
	uint64_t size;			 /* > 0 */
};

/* http:// or https:// with a host and no login in it, file:///…, or an absolute path; printable, without white space but in a path. ERR_USAGE
 * saying what is wrong with it, without the address. */
NODISCARD int download_check_url(const char *url, struct err *e);

/* A descriptor for reading at the blob's beginning, the caller's. Reports bytes; waits for another process that is fetching the same.
 * Blocks; cancellable. ERR_NOT_FOUND, ERR_AUTH, ERR_NET: it is not to be had; ERR_PROTO: what is there is not what was announced. */
NODISCARD int download(struct op *op, const struct download_args *a, struct err *e);

#endif
