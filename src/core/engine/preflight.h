/* SPDX-License-Identifier: MIT */
/*
 * Preflight: before a start, everything that would make it fail, ALL in one error, each with what to do.
 */
#ifndef ENGINE_PREFLIGHT_H
#define ENGINE_PREFLIGHT_H

#include "core/engine/vmjob.h"
#include "core/engine/vmmchoice.h"

/* Looks, changes nothing. On success the VMM is chosen and there. Blocks briefly (vmmchoice_make()). */
NODISCARD int preflight_start(struct op *op, struct vmjob *j, struct vmm_choice *ret_vmm, struct err *e);

#endif
