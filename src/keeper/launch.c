/* SPDX-License-Identifier: MIT */
/*
 * Starting a keeper, from the engine's side (part of keeper.h).
 *
 * The first process of the keeper forks and ends, so it can be waited for here; the report comes through a socket. If the
 * op ends before the report, everything that holds the lock and is marked as ours is killed: a keeper that had just
 * reported success when nobody listened any more would leave a VM that nobody recorded.
 */
#include "keeper/keeper.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/spawn.h"
#include "keeper/keeper_priv.h"
#include "keeper/report.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ABORT_MS 10000

struct keeper {
	char vm_dir[PATHS_MAX];
	int sock;
	struct proc first;
	bool is_asked; /* to launch: what becomes of it is keeper_launch()'s to see */
};

int keeper_prepare(const char *exe, const char *vm_dir, int lock_fd, struct keeper **ret, struct err *e)
{
	char found[PATHS_MAX];
	int pair[2];

	if (!exe && !program_ours(KEEPER_PROGRAM, PROGRAM_BESIDE_FIRST, found)) {
		err_set(e, ERR_MISSING, _("the program %s was found neither beside this one nor at %s"), KEEPER_PROGRAM, found);
		return err_hint(e, _("Install banger-tui completely (make install)."));
	}
	const char *const argv[] = {exe ? exe : found, KEEPER_VERB, vm_dir, NULL};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "socketpair");
	auto_fd ours = pair[0];
	auto_fd theirs = pair[1];
	const struct spawn_pass pass[] = {{lock_fd, KEEPER_FD_LOCK}, {theirs, KEEPER_FD_STARTER}};
	struct proc first;
	if (spawn_start(&(struct spawn_args){.argv = argv,
					     .pass = pass,
					     .n_pass = ARRAY_LEN(pass),
					     .stdin_fd = -1,
					     .stdout_fd = -1,
					     .stderr_fd = -1,
					     .new_session = true},
			&first, e) < 0)
		return -1;
	*ret = xcalloc(1, sizeof(**ret));
	**ret = (struct keeper){.sock = TAKE_FD(ours), .first = first};
	str_copy((*ret)->vm_dir, sizeof((*ret)->vm_dir), vm_dir);
	return 0;
}

static int abort_start(const struct op *op, const char *vm_dir, struct err *e)
{
	struct op cleanup;

	op_init_cleanup(&cleanup, op, ABORT_MS);
	int rc = alive_abort(&cleanup, vm_dir, e);
	op_done(&cleanup);
	return rc;
}

void keeper_free(struct keeper *k)
{
	struct err e = {0};
	struct proc_status st;
	struct op op;

	if (!k)
		return;
	fd_close_auto(&k->sock);
	op_init_cleanup(&op, NULL, ABORT_MS);
	if (k->first.pid > 0 && proc_wait(&op, &k->first, &st, &e) < 0)
		log_err(NULL, &e);
	op_done(&op);
	proc_done(&k->first);
	/* No sooner: by then it has made no more than the one process that is left. */
	err_clear(&e);
	if (!k->is_asked && abort_start(NULL, k->vm_dir, &e) < 0)
		log_err(NULL, &e);
	free(k);
}

static int ask_and_listen(struct op *op, struct keeper *k, struct err *e)
{
	struct proc_status st;

	k->is_asked = true;
	if (send(k->sock, "", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return err_sys(e, errno, _("speak to the keeper"));
	int rc = proc_wait(op, &k->first, &st, e);
	proc_done(&k->first);
	return rc < 0 ? -1 : report_receive(op, k->sock, e);
}

static int launch(struct op *op, struct keeper *k, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e)
{
	struct err undo = {0};

	if (ask_and_listen(op, k, e) == 0 && identity_load(a->launch->vm_dir, ret, e) == 0)
		return 0;
	/* Whoever still waits for a word is to hear that none will come. */
	fd_close_auto(&k->sock);
	if (abort_start(op, a->launch->vm_dir, &undo) < 0)
		err_join(e, &undo);
	return -1;
}

int keeper_launch(struct op *op, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e)
{
	struct keeper *own = NULL;

	if (vm_launch_save(a->launch, e) < 0)
		return -1;
	if (!a->ready && keeper_prepare(a->exe, a->launch->vm_dir, a->lock_fd, &own, e) < 0)
		return -1;
	int rc = launch(op, own ? own : a->ready, a, ret, e);
	keeper_free(own);
	return rc;
}
