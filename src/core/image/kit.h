/* SPDX-License-Identifier: MIT */
/*
 * The boot kit's parts: the programs banger-guest works with, and the libraries they need.
 *
 * busybox and e2fsck are static; dropbear and sftp-server come with the loader and libraries of their own release, found
 * by reading their ELF headers. All are taken from Debian's packages, never from the host's files, and kept by content
 * in <cache>/kit/<digest>/, a flat directory; <cache>/kit/current names the newest. A directory once there never changes.
 */
#ifndef CORE_IMAGE_KIT_H
#define CORE_IMAGE_KIT_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/op.h"
#include "base/path.h"
#include "core/image/catalog.h"
#include "core/image/unpack.h"

#define KIT_PARTS_MAX 64
#define KIT_PART_MAX ((uint64_t)32 << 20) /* bytes of one part */
#define KIT_LOADER "ld.so"		  /* the name the programs' interpreter is given */

/* Whose packages they are where nothing else says: a kernel that came from no suite needs a kit all the same. */
#define KIT_SUITE "bookworm"

struct kit_part {
	char name[128]; /* in the kit's directory; a library when kit_part_is_library() */
	char digest[DIGEST_SIZE];
};

struct kit {
	char digest[DIGEST_SIZE];	      /* of names and content of all parts */
	char dir[PATHS_MAX];		      /* <cache>/kit/<digest> */
	struct kit_part parts[KIT_PARTS_MAX]; /* in the order of their names */
	int n_parts;
};

/* The packages to fetch for it. */
extern const char kit_packages[][CATALOG_WORD_SIZE];
extern const size_t kit_n_packages;

/* What of an unpacked tar the kit may need: for unpack_tar(). */
extern const struct unpack_rule kit_rules[];

/* The newest kit of the cache. ERR_NOT_FOUND when there is none, or when it is damaged so that it shows at a look.
 * Reads a small file; content is checked where it is used (kit_read_part()). */
NODISCARD int kit_find(const char *cache_dir, struct kit *ret, struct err *e);

/* Make the kit from a tree that unpack_tar() made with kit_rules, and make it the newest. One of the same content that is
 * there already is kept. ERR_PROTO when a program or library is missing, naming it. Blocks on the disk. */
NODISCARD int kit_assemble(const char *cache_dir, const char *tree, struct kit *ret, struct err *e);

/* Append the content of one part, checked against its digest: ERR_CORRUPT when it differs. */
NODISCARD int kit_read_part(const struct kit *k, const struct kit_part *part, struct buf *ret, struct err *e);

/* Libraries (the loader too) have ".so" in their names, programs do not. */
bool kit_part_is_library(const struct kit_part *part);

#endif
