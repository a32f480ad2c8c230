/* SPDX-License-Identifier: MIT */
/*
 * The cache of blobs by digest: <cache>/blobs/sha256/<hex>, each whole and verified when it got its name.
 *
 * A blob being fetched is <hex>.part, locked by who fetches it. It stays when that one dies or gives up: the next one hashes
 * what is there and goes on behind it. A name is only given to content whose digest was right, so a blob is never wrong, but for
 * what the disk did to it since: nothing is synced (it can be fetched again), and so a blob is hashed again before it is used
 * by a process that did not fetch it.
 */
#ifndef OCI_BLOBS_H
#define OCI_BLOBS_H

#include "base/digest.h"
#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>

struct blob_cache {
	int dir_fd;
};

#define auto_blob_cache __attribute__((cleanup(blob_cache_close))) struct blob_cache

/* Opens <cache_dir>/blobs/sha256, made 0700 when it is missing. */
NODISCARD int blob_cache_open(const char *cache_dir, struct blob_cache *ret, struct err *e);
/* Fine for { -1 } too. */
void blob_cache_close(struct blob_cache *c);

/* Open the blob for reading when it is there and, read through once more, of its digest; one that is not is removed. The descriptor is the
 * caller's; -1 with ERR_NOT_FOUND when there is none, with ERR_PROTO when what has this digest has another size. Blocks on the disk; cancellable. */
NODISCARD int blob_open(struct op *op, const struct blob_cache *c, const char *hex, uint64_t size, struct err *e);

/* Bytes of it that are there, whole or in part; unverified. */
uint64_t blob_have(const struct blob_cache *c, const char *hex);

/* One being fetched. */
struct blob_part {
	const struct blob_cache *cache; /* borrowed */
	char hex[DIGEST_SIZE];
	uint64_t size; /* announced */
	uint64_t have; /* bytes that are there */
	int fd;	       /* <hex>.part, locked; -1 = none */
	struct digest digest;
};

#define BLOB_PART_INIT                                                                                                 \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}

/* Take the place of the blob being fetched; what an earlier fetch left is hashed and counts as there (`ret->have`). ERR_BUSY while
 * somebody else fetches it, ERR_EXISTS when somebody just has: look again with blob_open(). Blocks on the disk; cancellable. */
NODISCARD int blob_part_begin(struct op *op, const struct blob_cache *c, const char *hex, uint64_t size, struct blob_part *ret,
			      struct err *e);
/* Drop what is there and begin at byte 0. */
NODISCARD int blob_part_restart(struct blob_part *p, struct err *e);
/* The next bytes. ERR_PROTO over the announced size, ERR_SPACE on a full disk: nothing of it is kept. */
NODISCARD int blob_part_add(struct blob_part *p, const void *data, size_t len, struct err *e);
/* All is there: give it its name, and hand out a descriptor for reading (the caller's). ERR_PROTO when bytes are missing, or when the
 * content is not what the digest says: then nothing of it is kept. */
NODISCARD int blob_part_end(struct blob_part *p, struct err *e);
/* What is known to be wrong must not be gone on with: remove what is there, and let go. Returns -1; safe at any time. */
int blob_part_drop(struct blob_part *p);
/* Let go; what is there stays for the next one. Safe at any time. */
void blob_part_abandon(struct blob_part *p);

struct blob_pruned {
	size_t whole, parts;
	uint64_t whole_bytes, part_bytes; /* on the disk */
};

/* What of the cache nobody is using right now: blobs, and parts whose fetcher is gone. Removes them unless `dry_run`. Goes on past
 * what it cannot remove and reports that at the end. */
NODISCARD int blob_cache_prune(const struct blob_cache *c, bool dry_run, struct blob_pruned *ret, struct err *e);

#endif
