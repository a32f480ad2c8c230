/* SPDX-License-Identifier: MIT */
/*
 * Stable words of the enums in request.h and event.h: for the store, the log and --json. Pure.
 */
#include "core/engine/event.h"
#include "core/engine/request.h"

static const char *const request_names[REQ_KIND_COUNT] = {
	[REQ_NONE] = "none",
	[REQ_VM_CREATE] = "create",
	[REQ_VM_START] = "start",
	[REQ_VM_STOP] = "stop",
	[REQ_VM_KILL] = "kill",
	[REQ_VM_RESTART] = "restart",
	[REQ_VM_DELETE] = "delete",
	[REQ_VM_SET] = "set",
	[REQ_IMAGE_PULL] = "pull image",
	[REQ_IMAGE_DELETE] = "delete image",
	[REQ_KERNEL_PULL] = "pull kernel",
	[REQ_KERNEL_DELETE] = "delete kernel",
	[REQ_CONSOLE_OPEN] = "console",
	[REQ_HOST_PROBE] = "probe",
	[REQ_VM_REAP] = "recover",
};

static const char *const job_states[JOB_STATE_COUNT] = {"queued", "running", "done", "failed", "canceled"};

const char *request_kind_to_string(enum request_kind k)
{
	return (unsigned)k < REQ_KIND_COUNT ? request_names[k] : "?";
}

const char *job_state_to_string(enum job_state s)
{
	return (unsigned)s < JOB_STATE_COUNT ? job_states[s] : "?";
}
