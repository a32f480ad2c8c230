/* SPDX-License-Identifier: MIT */
/*
 * Images that stay where they are: an ext4 of the person's, used read-only by machines and never written, moved or removed by us.
 *
 * Whoever owns the file may change it, and a machine whose disk lies over the former content would break. So its size, time of change and
 * UUID are written down, and compared before a machine is made from it or started over it. Not its inode: the same file may come back
 * from a copy.
 */
#ifndef CORE_IMAGE_REGISTERED_H
#define CORE_IMAGE_REGISTERED_H

#include "base/err.h"
#include "core/model/image.h"

/* Look at the file and fill what the row says of it: path, file_bytes, file_mtime_ns, rootfs_uuid, sizes, init. Held to what an import of
 * an ext4 is: in order, and whole. Blocks on the disk. */
NODISCARD int registered_look(const char *path, struct image *ret, struct err *e);

/* Is the file still what was registered? ERR_NOT_FOUND, ERR_PERM or ERR_STATE naming it and the next step; 0 at once for an image that is
 * kept by us. Blocks on the disk. */
NODISCARD int registered_check(const struct image *im, struct err *e);

#endif
