/* SPDX-License-Identifier: MIT */
/*
 * Entry point of the keeper process: `banger-keeper __keeper VM-DIRECTORY` with two descriptors, the running lock and a
 * socket: it waits there until its machine is to be started, and reports back through it. One thread.
 *
 * It forks once and goes on in the child, so that whoever started it has nothing to reap hours later. Signals that end
 * a session or its services are ignored: the VMM gets them too and ends, and somebody must be left to say so.
 */
#include "keeper/keeper.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/tell.h"
#include "keeper/keeper_priv.h"
#include "keeper/report.h"
#include "keeper/run.h"
#include "keeper/scope.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int take_fds(struct err *e)
{
	return fd_set_cloexec(KEEPER_FD_LOCK, true, e) < 0 ? -1 : fd_set_cloexec(KEEPER_FD_STARTER, true, e);
}

/* 1 in the process that goes on, 0 in the one that is done. */
static int leave_parent(struct err *e)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, errno, "fork");
	if (pid > 0)
		return 0;
	if (setsid() < 0)
		return err_sys(e, errno, "setsid");
	return 1;
}

static void settle(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGTTIN, SIGTTOU};
	struct rlimit files;

	umask(077);
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
	(void)!chdir("/");
	prctl(PR_SET_NAME, "banger-keeper");
	/* A core of ours or of the VMM would hold the guest's memory. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	/* Every connection through the user network is a descriptor of the VMM. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* What needs nothing but the machine's name, done while nobody waits for it yet. */
static void get_ready(const char *vm_dir)
{
	struct op op;

	op_init(&op, KEEPER_START_MS);
	scope_enter(&op, vm_dir);
	op_done(&op);
}

/* False when nothing will come: whoever started us has changed their mind, or died. */
static bool is_asked(void)
{
	ssize_t n;
	char go;

	do
		n = read(KEEPER_FD_STARTER, &go, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static int keep(struct run *r, const char *vm_dir, struct err *e)
{
	struct op op;

	op_init(&op, KEEPER_START_MS);
	int rc = run_start(&op, r, vm_dir, KEEPER_FD_LOCK, e);
	op_done(&op);
	if (rc < 0) {
		/* The lock goes before the word: who hears that the start failed may look at once. */
		close(KEEPER_FD_LOCK);
		(void)!report_send(KEEPER_FD_STARTER, e, NULL);
		return -1;
	}
	/* Whoever asked for the VM has gone, and would not know of it: undo. */
	if (report_send(KEEPER_FD_STARTER, NULL, e) < 0) {
		run_abort(r);
		return -1;
	}
	close(KEEPER_FD_STARTER);
	run_reported(r);
	/* The lock's copy stays open until this process ends: alive includes us. */
	return run_watch(r, e);
}

int keeper_main(int argc, char **argv)
{
	struct err e = {0};
	struct run r;

	if (argc != 2) {
		tell(stderr, _("%s is started by banger-tui itself\n"), KEEPER_VERB);
		return 2;
	}
	if (take_fds(&e) < 0) {
		tell(stderr, "%s: %s\n", KEEPER_VERB, e.msg);
		return 2;
	}
	int going_on = leave_parent(&e);
	if (going_on <= 0)
		return going_on < 0;
	settle();
	get_ready(argv[1]);
	if (!is_asked())
		return 0;
	int rc = keep(&r, argv[1], &e);
	run_done(&r);
	return rc < 0;
}
