/* SPDX-License-Identifier: MIT */
/*
 * Processes that run already (part of spawn.h): waiting, signalling, identity.
 *
 * A pid alone means nothing: it may name a stranger a moment later. Signals go through the pidfd; a whole group is
 * signalled only while its leader is known, through the pidfd, not to have been reaped, which keeps the group's number
 * taken. Across a restart of ours pid and start time together are the identity.
 */
#include "base/spawn.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define KILL_GRACE_MS 2000
#define REAP_MS 10000

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int pidfd_signal(int pidfd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

int proc_signal(const struct proc *p, int signo, struct err *e)
{
	if (pidfd_signal(p->pidfd, signo) < 0 && errno != ESRCH)
		return err_sys(e, errno, _("signal process %d"), (int)p->pid);
	return 0;
}

static void signal_group(const struct proc *p, int signo)
{
	if (pidfd_signal(p->pidfd, signo) < 0 && errno == ESRCH)
		return;
	if (getpgid(p->pid) == p->pid)
		kill(-p->pid, signo);
}

static int reap(struct proc *p, struct proc_status *ret, struct err *e)
{
	siginfo_t info = {0};

	*ret = (struct proc_status){0};
	while (waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED) < 0) {
		if (errno == ECHILD)
			return 0; /* somebody else's child */
		if (errno != EINTR)
			return err_sys(e, errno, _("wait for process %d"), (int)p->pid);
	}
	ret->exited = info.si_code == CLD_EXITED;
	if (ret->exited)
		ret->code = info.si_status;
	else
		ret->signo = info.si_status;
	return 0;
}

static int wait_end(struct op *op, const struct proc *p, int timeout_ms, struct err *e)
{
	struct pollfd fd = {.fd = p->pidfd, .events = POLLIN};

	return op_poll(op, &fd, 1, timeout_ms, e);
}

/* The leader is reaped last: until then its number cannot name another group. */
void proc_kill(const struct op *op, struct proc *p)
{
	struct op cleanup;
	struct proc_status status;

	op_init_cleanup(&cleanup, op, KILL_GRACE_MS + REAP_MS);
	signal_group(p, SIGTERM);
	if (wait_end(&cleanup, p, KILL_GRACE_MS, NULL) >= 0)
		signal_group(p, SIGKILL);
	/* Only a process stuck in the kernel survives this; leaving it behind beats hanging with it. */
	if (wait_end(&cleanup, p, REAP_MS, NULL) > 0)
		(void)!reap(p, &status, NULL);
	op_done(&cleanup);
}

int proc_wait(struct op *op, struct proc *p, struct proc_status *ret, struct err *e)
{
	if (wait_end(op, p, -1, e) < 0) {
		proc_kill(op, p);
		return -1;
	}
	return reap(p, ret, e);
}

void proc_done(struct proc *p)
{
	/* A zeroed struct holds no descriptor: its 0 is not ours. */
	if (p->pid > 0)
		fd_close(&p->pidfd);
	*p = (struct proc){.pidfd = -1};
}

uint64_t proc_start_time(pid_t pid)
{
	auto_buf text = {0};
	char path[32];
	char state;
	uint64_t start;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (pid <= 0 || fs_read_file(path, 4096, &text, NULL) < 0)
		return 0;
	/* Field 2 is the name in parentheses and may hold anything, parentheses and spaces too: proc(5). */
	const char *p = strrchr(buf_cstr(&text), ')');
	if (!p || sscanf(p + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
			 &state, &start) != 2)
		return 0;
	return start;
}

static int64_t thread_cpu_ticks(pid_t pid, const char *tid)
{
	auto_buf text = {0};
	char path[64];
	int64_t user, sys;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stat", (int)pid, tid);
	if (fs_read_file(path, 4096, &text, NULL) < 0)
		return 0;
	const char *p = strrchr(buf_cstr(&text), ')');
	if (!p || sscanf(p + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNd64 " %" SCNd64, &user, &sys) != 2)
		return 0;
	return user + sys;
}

int64_t proc_threads_cpu_ms(pid_t pid)
{
	char path[32];
	int64_t ticks = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	if (!tasks)
		return 0;
	for (struct dirent *d; (d = readdir(tasks));)
		if (d->d_name[0] != '.' && strtol(d->d_name, NULL, 10) != pid)
			ticks += thread_cpu_ticks(pid, d->d_name);
	closedir(tasks);
	return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

bool proc_is_alive(pid_t pid, uint64_t start_time)
{
	struct proc p;

	if (proc_open(pid, start_time, &p, NULL) < 0)
		return false;
	/* A zombie still has a number, but its pidfd is readable. */
	struct pollfd fd = {.fd = p.pidfd, .events = POLLIN};
	bool ended = poll(&fd, 1, 0) > 0;
	proc_done(&p);
	return !ended;
}

int proc_open(pid_t pid, uint64_t start_time, struct proc *ret, struct err *e)
{
	*ret = (struct proc){.pidfd = -1};
	auto_fd pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pidfd < 0 && pid > 0 && errno != ESRCH && errno != EINVAL)
		return err_sys(e, errno, "pidfd_open");
	/* Asked after the pidfd is held: from here on the number cannot pass to another process unseen. */
	if (pidfd < 0 || start_time == 0 || proc_start_time(pid) != start_time)
		return err_set(e, ERR_NOT_FOUND, _("process %d is gone"), (int)pid);
	*ret = (struct proc){.pid = pid, .pidfd = TAKE_FD(pidfd), .start_time = start_time};
	return 0;
}
