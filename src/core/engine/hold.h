/* SPDX-License-Identifier: MIT */
/*
 * Machines their keeper holds: it pauses one when the file system under its disks is about to fill, and lets it go on when
 * there is room (keeper/run.c). That is not in the store, which could hardly be written then, but in the machine's
 * identity file, and is laid over the picture that people see.
 */
#ifndef ENGINE_HOLD_H
#define ENGINE_HOLD_H

#include "base/path.h"
#include "core/model/vm.h"

/* Does its keeper hold it now? Reads one small file. */
bool vm_is_held(const struct paths *paths, const struct vm *vm);
/* Show a live machine that is held as paused, with the reason; any other is left as it is. */
void vm_show_held(const struct paths *paths, struct vm *vm);
/* ERR_STATE when it is held. */
NODISCARD int vm_check_held(const struct paths *paths, const struct vm *vm, struct err *e);
/* ERR_STATE when it is held or paused: what needs its guest would wait without an end. */
NODISCARD int vm_check_awake(const struct paths *paths, const struct vm *vm, struct err *e);

#endif
