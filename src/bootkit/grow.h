/* SPDX-License-Identifier: MIT */
/*
 * Growing an ext4 file system to its disk: at boot, and while the machine runs, when the host says so.
 */
#ifndef BOOTKIT_GROW_H
#define BOOTKIT_GROW_H

#include <stdint.h>

#include "bootkit/util.h"

/*
 * Grow the file system mounted at `mounted` to that many of its blocks, online (EXT4_IOC_RESIZE_FS). Blocks while it
 * does. -1 and errno when the kernel refuses.
 */
int grow_mounted(const char *mounted, uint64_t blocks) NODISCARD;
/*
 * `banger-guest grow UUID BYTES`: wait until the disk with that file system has the size, grow the file system to it.
 * Exit status 0 when it has the size now, else 1 and why on stderr.
 */
int grow_main(int argc, char **argv);

#endif
