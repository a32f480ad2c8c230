/* SPDX-License-Identifier: MIT */
/*
 * console: connect, check the host key, log in, open a shell with a pty; the finished session goes to the screen.
 *
 * The guest may still be booting: refused connections are tried again until the op's deadline, as long as it lives.
 */
#include "core/engine/vmjob.h"

#include "base/i18n.h"
#include "core/engine/hold.h"
#include "core/guest/ready.h"

#define CONSOLE_MS 30000

static bool still_alive(void *arg)
{
	struct vmjob *j = arg;
	bool alive = false;

	return vm_alive(j->eng, j->vm.id, &alive, NULL) < 0 || alive;
}

static int connect_session(struct vmjob *j, struct op *op, struct ssh **ret, struct err *e)
{
	struct ready_args a = {.vm_name = j->vm.name, .boot_id = j->vm.boot_id, .is_alive = still_alive, .arg = j};
	int rc;

	rc = vm_ssh_args(&j->eng->paths, &j->vm, &a.ssh, e);
	if (rc == 0)
		rc = ready_wait(op, &a, ret, e);
	keys_wipe(&a.ssh.key);
	return rc;
}

static int open_console(struct vmjob *j, struct op *op, struct err *e)
{
	struct ssh_chan_args shell = {.pty = true, .term = "xterm-256color", .cols = j->req.cols, .rows = j->req.rows};
	struct event ev = {.kind = EV_CONSOLE_READY};
	auto_ssh session = NULL;
	struct ssh_chan *chan;

	if (!vm_state_is_live(j->vm.state)) {
		err_set(e, ERR_STATE, _("VM '%s' is not running"), j->vm.name);
		return err_hint(e, _("start it first"));
	}
	if (vm_check_awake(&j->eng->paths, &j->vm, e) < 0)
		return -1;
	op_limit(op, CONSOLE_MS);
	op_stage(op, _("connect"));
	if (connect_session(j, op, &session, e) < 0)
		return -1;
	op_stage(op, _("shell"));
	if (ssh_open(op, session, &shell, &chan, e) < 0)
		return -1;
	ev.console.job = sched_run_id(j->run);
	str_copy(ev.console.vm_id, sizeof(ev.console.vm_id), j->vm.id);
	ev.console.session = TAKE_PTR(session);
	engine_post(j->eng, 0, &ev);
	return 0;
}

int do_console_open(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && open_console(j, op, e) < 0)
		rc = err_wrap(e, _("console of '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
