/* SPDX-License-Identifier: MIT */
/*
 * Disks of mode dm-snapshot while their machine runs: the helper puts the image and what the machine has changed together as one
 * block device, and takes it apart again (core/disk/dmsnap.h).
 */
#ifndef ENGINE_SNAPDISK_H
#define ENGINE_SNAPDISK_H

#include "core/engine/held.h"
#include "core/engine/vmjob.h"

/* Part of preflight. */
NODISCARD int snapdisk_check(struct vmjob *j, struct err *e);
/* The device of a machine that has one; nothing for other modes. What is left of a run nobody ended is taken down first: the caller
 * has the running lock. May fail half way: then held_release() takes it apart. */
NODISCARD int snapdisk_attach(struct op *op, struct vmjob *j, struct err *e);
NODISCARD int snapdisk_give_back(struct op *op, struct engine *eng, const struct resource *r, struct err *e);

#endif
