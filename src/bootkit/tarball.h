/* SPDX-License-Identifier: MIT */
/*
 * Streaming reader of a ustar/pax archive, for the seed disk. Reads forward only, from a raw block
 * device as well as from a file. Format: POSIX.1-2017, pax, "pax Interchange Format" and "ustar
 * Interchange Format".
 */
#ifndef BOOTKIT_TARBALL_H
#define BOOTKIT_TARBALL_H

#include <stdint.h>
#include <sys/types.h>

#include "bootkit/util.h"

#define TARBALL_NAME_MAX 1024

enum tarball_type { TARBALL_FILE, TARBALL_DIR, TARBALL_SYMLINK, TARBALL_OTHER };

struct tarball_member {
	char name[TARBALL_NAME_MAX];
	char target[TARBALL_NAME_MAX]; /* of a symbolic link */
	enum tarball_type type;
	mode_t mode;   /* permission bits only */
	uint64_t size; /* bytes of content; 0 unless a file */
	int64_t mtime; /* seconds since the epoch */
};

struct tarball {
	int fd;		  /* borrowed */
	uint64_t left;	  /* content of the current member not read yet */
	uint64_t padding; /* what fills its last block */
};

/* Begin at fd's present offset. fd stays the caller's and must outlive t. */
void tarball_init(struct tarball *t, int fd);
/*
 * Step to the next member, whether the current one was read or not. Returns 1 and fills ret_m, 0
 * at the end, -1 when the bytes are not an archive (errno EBADMSG) or cannot be read.
 */
int tarball_next(struct tarball *t, struct tarball_member *ret_m) NODISCARD;
/* Read content of the current member: bytes read, 0 at its end, -1 on failure. */
ssize_t tarball_read(struct tarball *t, void *buf, size_t size) NODISCARD;

#endif
