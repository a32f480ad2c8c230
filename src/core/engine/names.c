/* SPDX-License-Identifier: MIT */
/*
 * Stable words of the enums in request.h and event.h, for the store, the log and --json, and what a job's numbers say. Pure.
 */
#include "core/engine/event.h"
#include "core/engine/request.h"

#include "base/attrs.h"
#include "base/i18n.h"

#include <assert.h>

static const char *const request_names[] = {
	[REQ_NONE] = "none",
	[REQ_VM_CREATE] = "create",
	[REQ_VM_START] = "start",
	[REQ_VM_STOP] = "stop",
	[REQ_VM_KILL] = "kill",
	[REQ_VM_RESTART] = "restart",
	[REQ_VM_PAUSE] = "pause",
	[REQ_VM_RESUME] = "resume",
	[REQ_VM_DELETE] = "delete",
	[REQ_VM_SET] = "set",
	[REQ_VM_COMMIT] = "save",
	[REQ_IMAGE_PULL] = "pull image",
	[REQ_IMAGE_IMPORT] = "import image",
	[REQ_IMAGE_REGISTER] = "register image",
	[REQ_IMAGE_PROMOTE] = "promote image",
	[REQ_IMAGE_DELETE] = "delete image",
	[REQ_IMAGE_PRUNE] = "prune",
	[REQ_IMAGE_PRUNABLE] = "look at the cache",
	[REQ_KERNEL_PULL] = "pull kernel",
	[REQ_KERNEL_IMPORT] = "import kernel",
	[REQ_KERNEL_DELETE] = "delete kernel",
	[REQ_CONSOLE_OPEN] = "console",
	[REQ_HOST_PROBE] = "probe",
	[REQ_VM_REAP] = "recover",
	[REQ_HOST_SWEEP] = "clean up",
	[REQ_HOST_DOCTOR] = "look at",
	[REQ_HOST_MEND] = "mend",
	[REQ_DIR_LIST] = "list",
};

/* What a VM is shown as while such a job is about it; none for jobs that leave it what it is. */
static const char *const request_doings[REQ_KIND_COUNT] = {
	[REQ_VM_CREATE] = N_("creating"),     [REQ_VM_START] = N_("starting"),  [REQ_VM_STOP] = N_("stopping"),
	[REQ_VM_KILL] = N_("ending"),	      [REQ_VM_REAP] = N_("ending"),     [REQ_VM_RESTART] = N_("restarting"),
	[REQ_VM_PAUSE] = N_("pausing"),	      [REQ_VM_RESUME] = N_("resuming"),
	[REQ_VM_DELETE] = N_("deleting"),     [REQ_VM_SET] = N_("changing"),
	[REQ_VM_COMMIT] = N_("saving"),
};

static const char *const job_states[] = {"queued", "running", "done", "failed", "canceled", "ended"};

_Static_assert(ARRAY_LEN(request_names) == REQ_KIND_COUNT, "each request has a word");
_Static_assert(ARRAY_LEN(job_states) == JOB_STATE_COUNT, "each state of a job has a word");

const char *request_kind_to_string(enum request_kind k)
{
	return (unsigned)k < REQ_KIND_COUNT ? request_names[k] : "?";
}

const char *job_state_to_string(enum job_state s)
{
	return (unsigned)s < JOB_STATE_COUNT ? job_states[s] : "?";
}

const char *request_kind_doing(enum request_kind k)
{
	return (unsigned)k < REQ_KIND_COUNT ? request_doings[k] : NULL;
}

int job_permille(const struct job *j)
{
	if (j->state != JOB_RUNNING)
		return -1;
	if (j->total > 0 && j->done >= 0)
		return (int)(MIN(j->done, j->total) * 1000 / j->total);
	return j->steps > 0 ? MAX(j->step - 1, 0) * 1000 / j->steps : -1;
}
