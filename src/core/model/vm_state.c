/* SPDX-License-Identifier: MIT */
/*
 * The states of a VM.
 *
 *	            started                paused
 *	created ──────────────▶ running ◀────────────▶ paused
 *	   │  failed               │  ▲     resumed       │
 *	   ▼                       │  │ started           │
 *	 error ◀───────────────────┤  │                   │
 *	   │ ▲        failed       │  │      stopped      │
 *	   │ │ failed      stopped ▼  │ ◀─────────────────┘
 *	   │ └────────────────── stopped
 *	   └─ started ─▶ running, stopped ─▶ stopped
 *
 * True in each state:
 *	created	  row and disks exist, it never ran; the running lock is free
 *	running	  the running lock is held by keeper and VMM; boot_id is set
 *	paused	  as running, and the VMM said so
 *	stopped	  the running lock is free, nothing of it is left on the host but its files
 *	error	  as stopped; `reason` says what went wrong. Start and delete are both legal ways out
 */
#include "core/model/vm_state.h"

#include "base/attrs.h"

#include <stddef.h>
#include <string.h>

static const struct {
	enum vm_state from;
	enum vm_event ev;
	enum vm_state to;
} transitions[] = {
	{VM_CREATED, VM_EV_STARTED, VM_RUNNING}, {VM_CREATED, VM_EV_FAILED, VM_ERROR},
	{VM_CREATED, VM_EV_STOPPED, VM_STOPPED}, {VM_STOPPED, VM_EV_STARTED, VM_RUNNING},
	{VM_STOPPED, VM_EV_FAILED, VM_ERROR},	 {VM_STOPPED, VM_EV_STOPPED, VM_STOPPED},
	{VM_ERROR, VM_EV_STARTED, VM_RUNNING},	 {VM_ERROR, VM_EV_STOPPED, VM_STOPPED},
	{VM_ERROR, VM_EV_FAILED, VM_ERROR},	 {VM_RUNNING, VM_EV_STOPPED, VM_STOPPED},
	{VM_RUNNING, VM_EV_FAILED, VM_ERROR},	 {VM_RUNNING, VM_EV_PAUSED, VM_PAUSED},
	{VM_RUNNING, VM_EV_STARTED, VM_RUNNING}, {VM_PAUSED, VM_EV_RESUMED, VM_RUNNING},
	{VM_PAUSED, VM_EV_STOPPED, VM_STOPPED},	 {VM_PAUSED, VM_EV_FAILED, VM_ERROR},
};

static const char *const names[VM_STATE_COUNT] = {"created", "running", "paused", "stopped", "error"};

bool vm_state_next(enum vm_state from, enum vm_event ev, enum vm_state *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(transitions); i++) {
		if (transitions[i].from == from && transitions[i].ev == ev) {
			*ret = transitions[i].to;
			return true;
		}
	}
	return false;
}

const char *vm_state_to_string(enum vm_state s)
{
	return (unsigned)s < VM_STATE_COUNT ? names[s] : "?";
}

bool vm_state_from_string(const char *s, enum vm_state *ret)
{
	for (size_t i = 0; i < VM_STATE_COUNT; i++) {
		if (strcmp(s, names[i]) == 0) {
			*ret = (enum vm_state)i;
			return true;
		}
	}
	return false;
}

bool vm_state_is_live(enum vm_state s)
{
	return s == VM_RUNNING || s == VM_PAUSED;
}
