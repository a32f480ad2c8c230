/* SPDX-License-Identifier: MIT */
/*
 * pause and resume.
 *
 * The VMM stops the guest's processors and lets them go on. That a person wants it so is a file beside the machine, written before and
 * removed after the VMM was asked: the keeper, which stops machines itself while the disk is full, lets none go on that has it. A
 * guest's clock stood still meanwhile, so it is set as soon as its SSH answers again.
 */
#include "core/engine/vmjob.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/hold.h"
#include "core/guest/exec.h"
#include "core/vmm/alive.h"
#include "core/vmm/vmm.h"
#include "wire/kit.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define CLOCK_MS 5000

static int check_running(struct vmjob *j, struct err *e)
{
	bool alive = false;

	if (vm_alive(j->eng, j->vm.id, &alive, e) < 0)
		return -1;
	if (alive && vm_state_is_live(j->vm.state))
		return 0;
	return err_set(e, ERR_STATE, _("VM '%s' does not run"), j->vm.name);
}

static const char *mark_path(const struct vmjob *j, char buf[PATHS_MAX])
{
	return path_join(buf, PATHS_MAX, j->dir, "%s", ALIVE_PAUSED_FILE);
}

/* It was not to be: as if nobody had asked. */
static void let_go_on(struct op *op, struct vmjob *j, const struct vm_identity *who, const char *mark)
{
	struct err e = {0};
	struct op cleanup;

	op_init_cleanup(&cleanup, op, STEPS_UNDO_MS);
	if (fs_unlink(mark, &e) < 0 || (!vm_is_held(&j->eng->paths, &j->vm) && vmm_find(who->vmm)->resume(&cleanup, who, &e) < 0))
		log_err(op, &e);
	op_done(&cleanup);
}

static int pause_vm(struct vmjob *j, struct op *op, struct err *e)
{
	struct vm_identity who;
	char mark[PATHS_MAX];

	if (check_running(j, e) < 0)
		return -1;
	if (j->vm.state == VM_PAUSED)
		return 0;
	if (identity_load(j->dir, &who, e) < 0 || fs_write_atomic(mark_path(j, mark), "", 0, 0600, e) < 0)
		return -1;
	if (vmm_find(who.vmm)->pause(op, &who, e) == 0 && vm_transition(j, VM_EV_PAUSED, NULL, e) == 0)
		return 0;
	let_go_on(op, j, &who, mark);
	return -1;
}

/* It is not as it should be, and no reason to say that the machine was not resumed. */
static void set_clock(struct op *op, struct vmjob *j)
{
	char now[24];
	const char *const argv[] = {WIRE_KIT_PROGRAM, "clock", now, NULL};
	auto_ssh session = NULL;
	auto_buf out = {0};
	struct err e = {0};
	int64_t old = op_limit(op, CLOCK_MS);
	struct timespec ts;

	op_stage(op, _("set the guest's clock"));
	if (vm_log_in(op, j, &session, &e) == 0) {
		clock_gettime(CLOCK_REALTIME, &ts);
		snprintf(now, sizeof(now), "%" PRId64, (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
		(void)!exec_capture(op, session, argv, NULL, 0, 4096, &out, &e);
	}
	if (err_is_set(&e))
		log_err(op, &e);
	op_restore(op, old);
}

/* The file alone says so where a pause was cut short between the VMM and the row. */
bool vm_is_paused(const struct vmjob *j)
{
	char mark[PATHS_MAX];

	return j->vm.state == VM_PAUSED || fs_exists(mark_path(j, mark));
}

int vm_resume(struct vmjob *j, struct op *op, struct err *e)
{
	struct vm_identity who;
	char mark[PATHS_MAX];

	if (check_running(j, e) < 0 || vm_check_held(&j->eng->paths, &j->vm, e) < 0)
		return -1;
	if (!vm_is_paused(j))
		return 0;
	if (identity_load(j->dir, &who, e) < 0 || vmm_find(who.vmm)->resume(op, &who, e) < 0 || fs_unlink(mark_path(j, mark), e) < 0 ||
	    (j->vm.state == VM_PAUSED && vm_transition(j, VM_EV_RESUMED, NULL, e) < 0))
		return -1;
	set_clock(op, j);
	return 0;
}

int do_vm_pause(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && pause_vm(j, op, e) < 0)
		rc = err_wrap(e, _("pause VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}

int do_vm_resume(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && vm_resume(j, op, e) < 0)
		rc = err_wrap(e, _("resume VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
