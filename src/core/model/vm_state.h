/* SPDX-License-Identifier: MIT */
/*
 * The durable states of a VM and the events that move it. The table in vm_state.c is the only place that knows which
 * moves are legal; the diagram and what is true in each state stand at its top.
 */
#ifndef MODEL_VM_STATE_H
#define MODEL_VM_STATE_H

#include "base/attrs.h"

#include <stdbool.h>

enum vm_state { VM_CREATED, VM_RUNNING, VM_PAUSED, VM_STOPPED, VM_ERROR, VM_STATE_COUNT };

enum vm_event {
	VM_EV_STARTED,	/* the VMM runs and its identity is recorded */
	VM_EV_STOPPED,	/* the VMM is gone and everything is released */
	VM_EV_PAUSED,
	VM_EV_RESUMED,
	VM_EV_FAILED,	/* a start failed and was undone, or the VMM died badly: last_error says why */
	VM_EV_COUNT
};

/* False when `ev` is not legal in `from`. */
NODISCARD bool vm_state_next(enum vm_state from, enum vm_event ev, enum vm_state *ret);
const char *vm_state_to_string(enum vm_state s); /* stable word, for store and --json */
bool vm_state_from_string(const char *s, enum vm_state *ret);
/* True in states whose running lock must be held. */
bool vm_state_is_live(enum vm_state s);

#endif
