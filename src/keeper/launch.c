/* SPDX-License-Identifier: MIT */
/*
 * Starting a keeper, from the engine's side (part of keeper.h).
 *
 * The first process of the keeper forks and ends, so it can be waited for here; the report comes through a pipe. If the
 * op ends before the report, everything that holds the lock and is marked as ours is killed: a keeper that had just
 * reported success when nobody listened any more would leave a VM that nobody recorded.
 */
#include "keeper/keeper.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/spawn.h"
#include "keeper/keeper_priv.h"
#include "keeper/report.h"

#define ABORT_MS 10000

static int start_and_listen(struct op *op, const struct keeper_launch_args *a, struct err *e)
{
	const char *exe = a->exe ? a->exe : "/proc/self/exe";
	const char *const argv[] = {exe, KEEPER_VERB, a->launch->vm_dir, NULL};
	int status[2];
	struct proc first;
	struct proc_status st;

	if (fd_pipe(status, e) < 0)
		return -1;
	auto_fd listen = status[0];
	auto_fd speak = status[1];
	const struct spawn_pass pass[] = {{a->lock_fd, KEEPER_FD_LOCK}, {speak, KEEPER_FD_STATUS}};
	if (spawn_start(&(struct spawn_args){.argv = argv,
					     .pass = pass,
					     .n_pass = ARRAY_LEN(pass),
					     .stdin_fd = -1,
					     .stdout_fd = -1,
					     .stderr_fd = -1,
					     .new_session = true},
			&first, e) < 0)
		return -1;
	fd_close(&speak);
	int rc = proc_wait(op, &first, &st, e);
	proc_done(&first);
	return rc < 0 ? -1 : report_receive(op, listen, e);
}

int keeper_launch(struct op *op, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e)
{
	struct err undo = {0};
	struct op cleanup;

	if (vm_launch_save(a->launch, e) < 0)
		return -1;
	if (start_and_listen(op, a, e) == 0 && identity_load(a->launch->vm_dir, ret, e) == 0)
		return 0;
	op_init_cleanup(&cleanup, op, ABORT_MS);
	if (alive_abort(&cleanup, a->launch->vm_dir, &undo) < 0)
		err_join(e, &undo);
	op_done(&cleanup);
	return -1;
}
