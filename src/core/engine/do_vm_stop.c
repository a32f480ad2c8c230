/* SPDX-License-Identifier: MIT */
/*
 * stop and restart.
 *
 * The ladder: ask the guest over SSH (it syncs, runs its init's shutdown, and reboots itself hard after a grace of its
 * own); when it cannot be asked, press the power button; when that does not help, end the VMM. Debian maps Ctrl-Alt-Del to
 * a reboot and others lost freshly written data by it, so the guest is always asked first. A VM that is already gone is
 * marked stopped: no error.
 */
#include "core/engine/vmjob.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine/held.h"
#include "core/engine/preflight.h"
#include "core/guest/exec.h"
#include "core/vmm/vmm.h"
#include "wire/kit.h"

#define ASK_MS 8000	  /* to connect and be understood */
#define GUEST_MS 30000	  /* from the guest's yes to the end of the VMM: its grace is 10 s */
#define BUTTON_MS 10000
#define VMM_GRACE_MS 2000
#define HELD_EVERY_MS 1000

static int ask_guest(struct vmjob *j, struct op *op, struct err *e)
{
	static const char *const argv[] = {WIRE_KIT_PROGRAM, "shutdown", NULL};
	auto_ssh session = NULL;
	struct buf out = {0};
	int64_t old = op_limit(op, ASK_MS);
	int rc = vm_log_in(op, j, &session, e);

	if (rc == 0) {
		struct err lost = {0};

		/* A guest that goes down while it answers cuts the connection: that is a yes. */
		if (exec_capture(op, session, argv, NULL, 0, 4096, &out, &lost) < 0 && lost.code != ERR_NET) {
			rc = -1;
			*e = lost;
		}
	}
	buf_done(&out);
	op_restore(op, old);
	return rc;
}

/* Its processors stand still, because the host's disk is full: it can neither answer nor obey. */
static bool is_held(struct vmjob *j, struct op *op)
{
	enum vmm_status status = VMM_RUNNING;
	struct vm_identity who;

	return identity_load(j->dir, &who, NULL) == 0 && vmm_find(who.vmm)->status(op, &who, &status, NULL) == 0 &&
	       (status == VMM_PAUSED || status == VMM_NO_SPACE);
}

/* Wait until it is gone; no longer when it is held meanwhile. */
static bool goes_away(struct vmjob *j, struct op *op, int timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms;

	while (clock_mono_ms() < until && op_check(op, NULL) == 0 && !is_held(j, op))
		if (vm_wait_gone(op, j->eng, j->vm.id, HELD_EVERY_MS, NULL) == 0)
			return true;
	return false;
}

/* One rung: `ask`, then wait. True when the VM is gone. A cancelled op is for the caller to see. */
static bool try_guest(struct vmjob *j, struct op *op)
{
	struct err e = {0};

	op_stage(op, _("ask the guest"));
	if (ask_guest(j, op, &e) < 0) {
		log_err(op, &e);
		return false;
	}
	op_stage(op, _("guest shuts down"));
	return goes_away(j, op, GUEST_MS);
}

static bool try_button(struct vmjob *j, struct op *op)
{
	struct vm_identity who;
	struct err e = {0};

	op_stage(op, _("power button"));
	if (identity_load(j->dir, &who, &e) < 0 || vmm_find(who.vmm)->shutdown(op, &who, &e) < 0) {
		log_err(op, &e);
		return false;
	}
	return goes_away(j, op, BUTTON_MS);
}

/* It did not go by itself: the sentence for whoever wonders what became of unwritten data. */
static int cut_power(struct vmjob *j, struct op *op, const char **ret_why, struct err *e)
{
	*ret_why = is_held(j, op) ? _("it was held and could not shut down: switched off, what it had not written is lost")
				  : _("it did not shut down when asked: switched off, what it had not written is lost");
	log_warn(op, "%s: %s", j->vm.name, *ret_why);
	op_stage(op, _("end the VMM"));
	return vmm_stop(op, j->dir, VMM_GRACE_MS, e);
}

/* Down the ladder, rung by rung, until it is gone. Cancelled on the way, it runs on. `ret_why` is set where the last rung
 * was needed. */
static int take_down(struct vmjob *j, struct op *op, const char **ret_why, struct err *e)
{
	if (!is_held(j, op) && try_guest(j, op))
		return 0;
	if (op_check(op, e) < 0)
		return -1;
	if (!is_held(j, op) && try_button(j, op))
		return 0;
	if (op_check(op, e) < 0)
		return -1;
	return cut_power(j, op, ret_why, e);
}

/* One that stands still can neither answer nor obey. Should it not go on, the last rung is left. */
static void wake(struct vmjob *j, struct op *op)
{
	struct err e = {0};

	if (vm_is_paused(j) && vm_resume(j, op, &e) < 0)
		log_err(op, &e);
}

int vm_stop(struct vmjob *j, struct op *op, struct err *e)
{
	struct err waits = {0};
	const char *why = NULL;
	bool alive;

	if (vm_alive(j->eng, j->vm.id, &alive, e) < 0)
		return -1;
	if (alive)
		wake(j, op);
	if (alive && take_down(j, op, &why, e) < 0)
		return -1;
	op_stage(op, _("release"));
	if (vm_release(op, j, e) < 0)
		return -1;
	if (held_check_none(j->store, j->vm.id, &waits) < 0)
		why = waits.msg;
	return vm_transition(j, VM_EV_STOPPED, why, e);
}

int do_vm_stop(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && vm_stop(j, op, e) < 0)
		rc = err_wrap(e, _("stop VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}

/* A machine that runs is worth more than one that was stopped and does not start: what the start would find is looked for first. */
static int check_start(struct vmjob *j, struct op *op, struct err *e)
{
	auto_free struct vmm_choice *vmm = xcalloc(1, sizeof(*vmm));

	op_stage(op, _("preflight"));
	return preflight_start(op, j, vmm, e) < 0 ? err_wrap(e, _("not stopped, as it would not start again")) : 0;
}

int do_vm_restart(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && (check_start(j, op, e) < 0 || vm_stop(j, op, e) < 0 || vm_start(j, op, e) < 0))
		rc = err_wrap(e, _("restart VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
