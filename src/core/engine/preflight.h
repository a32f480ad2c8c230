/* SPDX-License-Identifier: MIT */
/*
 * Preflight: before a start, everything that would make it fail, ALL in one error, each with what to do.
 */
#ifndef ENGINE_PREFLIGHT_H
#define ENGINE_PREFLIGHT_H

#include "core/engine/vmjob.h"
#include "core/vmm/vmm.h"

/* Looks, changes nothing. On success the VMM's program and version are in ret_vmm. Blocks briefly. */
NODISCARD int preflight_start(struct op *op, struct vmjob *j, struct vmm_info *ret_vmm, struct err *e);

#endif
