/* SPDX-License-Identifier: MIT */
/*
 * The small root that dropbear lives in, so that logging in never depends on the image.
 */
#ifndef BOOTKIT_SSHROOT_H
#define BOOTKIT_SSHROOT_H

#include "bootkit/util.h"

/* Write KIT_SSHROOT from the unpacked seed. */
int sshroot_prepare(void) NODISCARD;
/*
 * Hang the kit back at KIT_RUN when an image mounted something over /run. kit_run is a descriptor
 * (O_PATH is enough) of the KIT_RUN directory taken before.
 */
void sshroot_uncover(int kit_run);
/*
 * Move this process into a mount namespace of its own whose root is KIT_SSHROOT with the
 * machine's /dev, /proc and /tmp. Needs Linux 5.2 (open_tree).
 */
int sshroot_enter(int kit_run) NODISCARD;

#endif
