/* SPDX-License-Identifier: MIT */
/*
 * The boot kit's parts: the programs banger-guest works with, and the libraries they need.
 *
 * busybox and e2fsck are static; dropbear and sftp-server come with the loader and libraries of their own release, found
 * by reading their ELF headers. All are taken from Debian's packages, never from the host's files, and kept by content
 * in <cache>/kit/<digest>/{bin,lib}; <cache>/kit/current names the newest. A directory once there never changes.
 */
#ifndef CORE_IMAGE_KIT_H
#define CORE_IMAGE_KIT_H

#include "base/err.h"
#include "base/op.h"
#include "core/image/catalog.h"
#include "core/image/unpack.h"

#define KIT_DIGEST_SIZE 65 /* SHA-256 in hexadecimal, and NUL */

struct kit {
	char digest[KIT_DIGEST_SIZE]; /* of names and content of all parts */
	char dir[4096];		      /* <cache>/kit/<digest> */
};

/* The packages to fetch for it, as an array of kit_n_packages. */
extern const char kit_packages[][CATALOG_WORD_SIZE];
extern const size_t kit_n_packages;

/* What of an unpacked tar the kit may need: for unpack_tar(). */
extern const struct unpack_rule kit_rules[];

/* The newest kit of the cache. ERR_NOT_FOUND when there is none; a damaged one counts as none. */
NODISCARD int kit_find(const char *cache_dir, struct kit *ret, struct err *e);
/* The kit with this digest. ERR_NOT_FOUND as above. */
NODISCARD int kit_find_digest(const char *cache_dir, const char *digest, struct kit *ret, struct err *e);

/* Make the kit from a tree that unpack_tar() made with kit_rules, and make it the newest. One of the same content that is
 * there already is kept. ERR_PROTO when a program or library is missing, naming it. Blocks on the disk. */
NODISCARD int kit_assemble(const char *cache_dir, const char *tree, struct kit *ret, struct err *e);

#endif
