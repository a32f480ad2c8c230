/* SPDX-License-Identifier: MIT */
/*
 * How a VM ended, in a word for the program and a sentence for a person.
 */
#ifndef KEEPER_ENDING_H
#define KEEPER_ENDING_H

#include "base/spawn.h"
#include "core/vmm/vmm.h"

/* `said` is what the VMM announced, `last_line` its last words on stderr (may be empty; cleaned of control characters
 * here). Fills everything but boot_id and time. */
void ending_describe(const struct vmm_backend *vmm, const struct proc_status *st, enum vm_end said, const char *last_line,
		     struct vm_exit *ret);

/*
 * A kernel that panics resets, and all the VMM sees is the reset. When `log`, what the guest wrote on its serial console in
 * this run (not terminated, of the guest's making), tells of a panic, the ending becomes a failure that says which.
 */
void ending_explain_reset(struct vm_exit *x, const char *log, size_t len);

#endif
