/* SPDX-License-Identifier: MIT */
/*
 * A machine's own disks become larger: the file, what a running VMM takes for its size, and the file system in the guest.
 *
 * Each of the three may be larger than the next without harm, so nothing is undone: the guest grows its file systems to its
 * disks whenever it boots.
 */
#ifndef ENGINE_GROWDISK_H
#define ENGINE_GROWDISK_H

#include "core/engine/vmjob.h"

/* Can the disks become those of `cfg` now? ERR_USAGE when one would shrink; ERR_STATE where the machine has to be stopped. */
NODISCARD int growdisk_check(const struct vmjob *j, const struct vm_config *cfg, struct err *e);
/* Files and VMM, before the row says so. Blocks for a moment. */
NODISCARD int growdisk_host(struct op *op, struct vmjob *j, const struct vm_config *cfg, struct err *e);
/* The guest of a machine that runs, after the row (its configuration is the new one, `before` the old). Blocks: logs in. An
 * error says that the disk is larger and its file system will be at the next start. */
NODISCARD int growdisk_guest(struct op *op, struct vmjob *j, const struct vm_config *before, struct err *e);

#endif
