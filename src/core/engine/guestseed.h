/* SPDX-License-Identifier: MIT */
/*
 * What a guest is told at a start: the settings, the image, the network and the host, put together for core/guest/seed.h.
 */
#ifndef ENGINE_GUESTSEED_H
#define ENGINE_GUESTSEED_H

#include "core/engine/vmjob.h"

/* Write <vm dir>/seed.img for the start `j`; `modules_uuid` is empty where the kernel has no modules. Blocks; cancellable. */
NODISCARD int guestseed_write(struct op *op, struct vmjob *j, const char *modules_uuid, struct err *e);

#endif
