/* SPDX-License-Identifier: MIT */
/*
 * Streaming writer of a pax archive. Format: POSIX.1-2017, pax, "pax Interchange Format"; extended attributes as
 * SCHILY.xattr records, files with holes in GNU's sparse format 1.0 (tar manual, "Storing Sparse Files").
 *
 * Names and targets are bytes: written as they are, and marked as such (hdrcharset=BINARY) where a header has to be
 * extended for one that is not plain ASCII. What a member was promised and not given is written as zeros, so a file
 * that shrinks while it is read leaves the archive whole.
 *
 * Fallible functions return 0 or -1 with errno set; after a failure nothing more can be written.
 */
#ifndef BOOTKIT_TAROUT_H
#define BOOTKIT_TAROUT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "bootkit/ustar.h"
#include "bootkit/util.h"

struct tarout_text {
	char *data;
	size_t len, size;
};

struct tarout {
	int fd;			   /* borrowed */
	uint64_t left;		   /* bytes the present member is owed */
	uint64_t padding;	   /* what fills its last block */
	struct tarout_text pax;	   /* records for the next member */
	struct tarout_text sparse; /* map of the present one */
	size_t used;
	char buf[65536];
};

/* A stretch of a file that is no hole. */
struct tarout_extent {
	uint64_t offset, len;
};

struct tarout_member {
	enum ustar_type type;
	const char *name;   /* without a slash in front */
	const char *target; /* USTAR_SYMLINK: its text, USTAR_LINK: the name of the other member; else NULL */
	mode_t mode;	    /* bits above 07777 are not looked at */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	dev_t rdev;    /* USTAR_CHAR, USTAR_BLOCKDEV */
	uint64_t size; /* USTAR_FILE: with its holes */
	/* Of a file with holes: what is none, ascending; NULL for one without. Content is then that of the extents, in
	 * a row. */
	const struct tarout_extent *extents;
	size_t n_extents;
};

/* Begin. fd stays the caller's and must outlive t. */
void tarout_init(struct tarout *t, int fd);
void tarout_done(struct tarout *t);
/* An extended attribute of the member that is begun next. */
int tarout_xattr(struct tarout *t, const char *name, const void *value, size_t len) NODISCARD;
/* Begin a member. */
int tarout_begin(struct tarout *t, const struct tarout_member *m) NODISCARD;
/* Content of the present member; what is more than it was begun with is dropped. */
int tarout_data(struct tarout *t, const void *data, size_t len) NODISCARD;
/* Bytes of content the present member still wants. */
uint64_t tarout_wants(const struct tarout *t);
/* Write the end marker, and everything that is still here. */
int tarout_finish(struct tarout *t) NODISCARD;

#endif
