/* SPDX-License-Identifier: MIT */
/*
 * Checking, growing, mounting and joining the machine's disks.
 */
#ifndef BOOTKIT_DISKS_H
#define BOOTKIT_DISKS_H

#include "bootkit/config.h"
#include "bootkit/util.h"

/*
 * Check and mount what makes the machine's root and leave it mounted on DISKS_NEWROOT: rootfs and
 * upper joined as an overlay, or rootfs alone in copy mode. Says why when it fails.
 */
#define DISKS_NEWROOT "/newroot"
int disks_mount_root(const struct config *config) NODISCARD;
/*
 * Make DISKS_NEWROOT the root of this process, with /dev, /proc, /sys and /run moved into it. The
 * directories are made where the image lacks them, or has something else.
 */
int disks_switch_root(void) NODISCARD;
/*
 * Make path, below root, a directory to mount something at. A link stays one where it leads to a
 * directory below root; it is followed from here, where "/" is another one, so all others, and what is
 * no directory, give way to one.
 */
int disks_make_point(const char *root, const char *path) NODISCARD;
/* Make home (/root) a directory whatever the image has there; a link is kept and its target made. */
int disks_make_home(const char *home) NODISCARD;
/*
 * Mount the work disk at /root, filled with the image's /root at first. Call inside the new root.
 */
int disks_mount_work(const struct config *config) NODISCARD;
/* Join the modules disk at /lib/modules/<release>. A machine without it still runs. */
int disks_join_modules(const struct config *config) NODISCARD;

#endif
