/* SPDX-License-Identifier: MIT */
/*
 * Finding disks by what is on them. Their order, and so their names, are the VMM's business.
 */
#ifndef BOOTKIT_BLOCKDEV_H
#define BOOTKIT_BLOCKDEV_H

#include <stdint.h>

#include "bootkit/util.h"

#define EXT4_SUPER_OFFSET 1024
#define EXT4_SUPER_SIZE 1024

/* What the guest needs of an ext4 superblock. */
struct ext4_super {
	char uuid[37];
	uint64_t blocks;
	uint32_t block_size;
	bool clean; /* unmounted properly, no error noted: nothing to check */
};

/*
 * Read an ext4 superblock of EXT4_SUPER_SIZE bytes. Returns -1 when it is none. Layout: Linux
 * Documentation/filesystems/ext4/super.rst.
 */
int ext4_super_parse(const unsigned char *bytes, struct ext4_super *ret_super) NODISCARD;

/*
 * Wait for the disk whose first archive member is the seed's config, at most timeout_ms. Puts its
 * path (/dev/vdX) into ret_path.
 */
int blockdev_find_seed(unsigned timeout_ms, char *ret_path, size_t size) NODISCARD;
/* Wait for the ext4 disk with this UUID; ret_super may be NULL. */
int blockdev_find_ext4(const char *uuid, unsigned timeout_ms, char *ret_path, size_t size,
		       struct ext4_super *ret_super) NODISCARD;
/* Size of a block device in bytes. */
int blockdev_size(const char *path, uint64_t *ret_bytes) NODISCARD;

#endif
