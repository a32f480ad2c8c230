/* SPDX-License-Identifier: MIT */
/*
 * kill: always gets in. It takes no key: it raises the VM's stop_epoch (a start of any process undoes itself), cancels a
 * start of ours, and signals the VMM, the last two also when the store is busy or full. Putting the rest in order is the
 * next job, at the head of the VM's line.
 */
#include "core/engine/vmjob.h"

#include "base/i18n.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"

#include <stdio.h>

static bool is_start(const struct job *j)
{
	return j->kind == REQ_VM_START || j->kind == REQ_VM_RESTART;
}

/* No row: deleted meanwhile, then nothing is alive; or the store was lost under it, then nobody else ends it. Its disks
 * stay. */
static int kill_stray(struct vmjob *j, struct op *op, struct err *e)
{
	if (vm_kill_vmm(op, j->eng, j->vm.id, e) == 0 && alive_release(j->dir, j->eng->paths.runtime, j->vm.id, e) == 0)
		return 0;
	return err_wrap(e, _("end machine %s, which the store does not know"), j->vm.id);
}

int do_vm_kill(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	char key[SCHED_KEY_SIZE];
	struct err se = {0};
	int rc = vmjob_begin(j, r, &se);

	if (rc == 0)
		rc = vms_raise_stop_epoch(j->store, j->vm.id, &se);
	if (se.code == ERR_NOT_FOUND)
		return vmjob_end(j, kill_stray(j, op, e), e);
	err_join(e, &se);
	snprintf(key, sizeof(key), "vm:%s", j->vm.id);
	sched_cancel_key(j->eng->sched, key, is_start);
	err_clear(&se);
	if (vm_kill_vmm(op, j->eng, j->vm.id, &se) < 0)
		rc = err_join(e, &se);
	if (rc < 0)
		err_wrap(e, _("kill VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
