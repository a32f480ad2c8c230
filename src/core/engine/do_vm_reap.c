/* SPDX-License-Identifier: MIT */
/*
 * recover: bring row and reality together for one VM, under its key.
 *
 *	lock held, row live		nothing to do
 *	lock held, row not live		a start died between launch and record: adopt it, or kill it when it cannot be named
 *	lock free, row live		it ended: release, mark stopped with the reason the keeper recorded
 *	lock free, row not live		release what a crash may have left
 *	ledger says "create"/"delete"	half-made or half-deleted: remove it
 */
#include "core/engine/vmjob.h"

#include "base/i18n.h"
#include "base/log.h"
#include "core/store/resources.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"

#include <string.h>

#define REPORT_POLL_MS 20

static int has_ledger(struct vmjob *j, bool *ret_half, struct err *e)
{
	auto_free struct resource *rows = NULL;
	int n = 0;

	*ret_half = false;
	if (resources_list(j->store, j->vm.id, &rows, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		*ret_half |= strcmp(rows[i].kind, "create") == 0 || strcmp(rows[i].kind, "delete") == 0;
	return 0;
}

/* Is there a VM that can be named, and whose keeper means to go on? One that was about to report to a process that has died
 * takes its VM down in a moment. */
static bool is_there_to_stay(struct vmjob *j, struct op *op, struct vm_identity *ret)
{
	while (identity_load(j->dir, ret, NULL) == 0 && identity_vmm_is_alive(ret)) {
		if (!ret->reporting)
			return true;
		if (!identity_keeper_is_alive(ret) || op_sleep(op, REPORT_POLL_MS, NULL) < 0)
			return false;
	}
	return false;
}

static int adopt(struct vmjob *j, struct op *op, struct err *e)
{
	struct vm_identity who;

	if (is_there_to_stay(j, op, &who)) {
		log_info(op, "adopt %s", j->vm.name);
		str_copy(j->vm.boot_id, sizeof(j->vm.boot_id), who.boot_id);
		str_copy(j->vm.accel, sizeof(j->vm.accel), who.accel);
		if (who.ssh_port)
			j->vm.ssh_port = who.ssh_port;
		return vm_transition(j, VM_EV_STARTED, NULL, e);
	}
	bool ran = identity_load(j->dir, &who, NULL) == 0;
	if (vm_kill_vmm(op, j->eng, j->vm.id, e) < 0 || vm_release(op, j, e) < 0)
		return -1;
	/* A keeper that had launched nothing: it is what it was before somebody wanted to start it. */
	return ran ? vm_transition(j, VM_EV_STOPPED, NULL, e) : 0;
}

static int ended(struct vmjob *j, struct op *op, struct err *e)
{
	struct vm_exit end = {0};
	enum vm_event ev = VM_EV_STOPPED;
	const char *reason;

	if (strcmp(j->vm.reason, VM_REASON_KILLED) == 0) {
		reason = NULL;
	} else if (exit_load(j->dir, &end, NULL) < 0 || strcmp(end.boot_id, j->vm.boot_id) != 0) {
		reason = _("nobody saw how it ended: the host went down, or its keeper was killed");
	} else {
		reason = end.sentence;
		ev = end.end == VM_END_FAILED ? VM_EV_FAILED : VM_EV_STOPPED;
	}
	if (vm_release(op, j, e) < 0)
		return -1;
	return vm_transition(j, ev, reason, e);
}

static int reap(struct vmjob *j, struct op *op, struct sched_run *r, struct err *e)
{
	bool alive, half, live = vm_state_is_live(j->vm.state);

	if (has_ledger(j, &half, e) < 0 || vm_alive(j->eng, j->vm.id, &alive, e) < 0)
		return -1;
	if (half) {
		store_close(j->store);
		j->store = NULL;
		return do_vm_delete(j, op, r, e);
	}
	if (alive)
		return live ? 0 : adopt(j, op, e);
	return live ? ended(j, op, e) : vm_release(op, j, e);
}

int do_vm_reap(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	struct err gone = {0};
	int rc = vmjob_begin(j, r, &gone);

	if (rc < 0 && gone.code == ERR_NOT_FOUND)
		return vmjob_end(j, 0, e); /* deleted meanwhile: in order */
	if (rc < 0)
		*e = gone;
	else if (reap(j, op, r, e) < 0)
		rc = err_wrap(e, _("recover VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
