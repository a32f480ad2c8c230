/* SPDX-License-Identifier: MIT */
/*
 * Writer of newc cpio archives: what the kernel unpacks as its initial root.
 *
 * Deterministic: inode numbers count up, owner 0:0, times 0. Names are relative, without a leading slash; parents are not
 * made by themselves. Format: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#ifndef CORE_IMAGE_CPIO_H
#define CORE_IMAGE_CPIO_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

#define CPIO_FILE_MAX ((uint64_t)1 << 30) /* of one member; the format's own limit is 4 GiB */

struct cpio {
	int fd; /* borrowed */
	uint32_t ino;
	uint64_t written;
};

struct cpio cpio_init(int fd);
NODISCARD int cpio_dir(struct cpio *c, const char *name, mode_t mode, struct err *e);
NODISCARD int cpio_file(struct cpio *c, const char *name, mode_t mode, const void *data, size_t n, struct err *e);
/* The content of a regular file of ours, read whole, at most CPIO_FILE_MAX bytes. */
NODISCARD int cpio_file_from(struct cpio *c, const char *name, mode_t mode, const char *path, struct err *e);
NODISCARD int cpio_chardev(struct cpio *c, const char *name, mode_t mode, unsigned int major, unsigned int minor,
			   struct err *e);
/* The trailer, padded to 512 bytes. */
NODISCARD int cpio_end(struct cpio *c, struct err *e);

#endif
