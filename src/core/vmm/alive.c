/* SPDX-License-Identifier: MIT */
/*
 * Asking about and signalling what holds the lock on vms/<id>/running.
 *
 * Between taking the lock and writing identity.json there is a moment in which a VM lives that nobody has described
 * yet, and "kill always gets in". For that moment the kernel is asked who has the file open (/proc/PID/fd). A console
 * that is just starting the VM has it open too and must not be shot: only processes that carry our marks in their
 * arguments are ours to signal.
 */
#include "core/vmm/alive.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "base/spawn.h"
#include "core/vmm/vmm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POLL_MIN_MS 5
#define POLL_MAX_MS 100
#define KILL_ROUND_MS 3000 /* long enough for a keeper to write exit.json on a busy disk */
#define CMDLINE_READ_MAX (512 * 1024)

static int open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : err_sys(e, errno, _("open '%s'"), path);
}

int alive_take(const char *vm_dir, int *ret_fd, struct err *e)
{
	auto_fd dir = open_dir(vm_dir, e);

	if (dir < 0)
		return -1;
	*ret_fd = lockfile_take(dir, ALIVE_LOCK_FILE, e);
	return *ret_fd < 0 ? -1 : 0;
}

int alive_check(const char *vm_dir, bool *ret, struct err *e)
{
	auto_fd dir = open(vm_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = false;
	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0)
		return err_sys(e, errno, _("open '%s'"), vm_dir);
	return lockfile_is_held(dir, ALIVE_LOCK_FILE, ret, e);
}

int alive_wait_gone(struct op *op, const char *vm_dir, struct err *e)
{
	/* F_OFD_SETLKW would wait without polling, but nothing could cancel it, and it would take what others ask for. */
	for (int ms = POLL_MIN_MS;; ms = MIN(ms * 2, POLL_MAX_MS)) {
		bool alive;
		if (alive_check(vm_dir, &alive, e) < 0)
			return -1;
		if (!alive)
			return 0;
		if (op_sleep(op, ms, e) < 0)
			return -1;
	}
}

/* Has this process the file `want` open? Of processes that are not ours to look into, no. */
static bool has_open(pid_t pid, const struct stat *want)
{
	char path[64];
	struct stat st;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *fds = opendir(path);
	if (!fds)
		return false;
	for (struct dirent *d; !found && (d = readdir(fds));)
		found = fstatat(dirfd(fds), d->d_name, &st, 0) == 0 && st.st_dev == want->st_dev &&
			st.st_ino == want->st_ino;
	closedir(fds);
	return found;
}

enum mark { MARK_UNKNOWN, MARK_OURS, MARK_NONE };

/* Is one of its arguments exactly the keeper's verb, or the name every VMM is given? A process in the middle of
 * execve(2) has no arguments yet (proc(5): cmdline reads as empty), and spawn_start() returns as early as that; so has
 * one that dies. */
static enum mark find_mark(pid_t pid)
{
	auto_buf args = {0};
	char path[64];
	const char *prefix_end = strchr(ALIVE_NAME_FMT, '%');
	size_t prefix = (size_t)(prefix_end - ALIVE_NAME_FMT);

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (fs_read_file(path, CMDLINE_READ_MAX, &args, NULL) < 0)
		return MARK_NONE;
	if (args.len == 0)
		return MARK_UNKNOWN;
	for (size_t at = 0; at < args.len; at += strlen(args.data + at) + 1) {
		const char *arg = args.data + at;
		if (strcmp(arg, ALIVE_KEEPER_VERB) == 0 ||
		    (strncmp(arg, ALIVE_NAME_FMT, prefix) == 0 && strlen(arg) == prefix + ID_HEX_LEN))
			return MARK_OURS;
	}
	return MARK_NONE;
}

/* 1 when it has the lock open and our mark, 0 when not, -1 when the op ended. With an op a process that is between two
 * programs is looked at again until it is one of them; without, whoever asks has to ask again. */
static int is_ours(struct op *op, pid_t pid, const struct stat *lock, struct err *e)
{
	while (has_open(pid, lock)) {
		enum mark mark = find_mark(pid);
		if (mark != MARK_UNKNOWN || !op)
			return mark == MARK_OURS;
		if (op_sleep(op, POLL_MIN_MS, e) < 0)
			return -1;
	}
	return 0;
}

/* 1 when it was one of ours, 0 when not. With an op its end is waited for: a process that dies has no descriptors to be
 * found by some time before the lock is free, but its pidfd tells only when it is. */
static int signal_if_ours(struct op *op, pid_t pid, const struct stat *lock, int signo, struct err *e)
{
	struct proc p;

	/* The pidfd first: what is then found in /proc is about the process the pidfd names. */
	if (pid == getpid() || proc_open(pid, proc_start_time(pid), &p, NULL) < 0)
		return 0;
	int rc = is_ours(op, pid, lock, e);
	if (rc > 0)
		rc = proc_signal(&p, signo, e) < 0 ? -1 : 1;
	if (rc > 0 && op) {
		struct pollfd end = {.fd = p.pidfd, .events = POLLIN};

		rc = op_poll(op, &end, 1, -1, e) < 0 ? -1 : 1;
	}
	proc_done(&p);
	return rc;
}

/* All of them, also when signalling one fails. Returns how many there were, or -1. */
static int signal_holders(struct op *op, const char *vm_dir, int signo, struct err *e)
{
	char path[PATHS_MAX];
	struct stat lock;
	int n = 0;
	bool failed = false;

	path_join(path, sizeof(path), vm_dir, "%s", ALIVE_LOCK_FILE);
	if (stat(path, &lock) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s", path);
	DIR *proc = opendir("/proc");
	if (!proc)
		return err_sys(e, errno, "/proc");
	for (struct dirent *d; (d = readdir(proc));) {
		char *end;
		long pid = strtol(d->d_name, &end, 10);
		if (pid <= 0 || *end)
			continue;
		int rc = signal_if_ours(op, (pid_t)pid, &lock, signo, failed ? NULL : e);
		failed = failed || rc < 0;
		n += rc > 0;
	}
	closedir(proc);
	return failed ? -1 : n;
}

int alive_signal(const char *vm_dir, int signo, struct err *e)
{
	struct vm_identity id;
	struct proc p;

	if (identity_load(vm_dir, &id, NULL) < 0 || proc_open(id.vmm_pid, id.vmm_start, &p, NULL) < 0)
		return signal_holders(NULL, vm_dir, signo, e) < 0 ? -1 : 0;
	int rc = proc_signal(&p, signo, e);
	proc_done(&p);
	return rc;
}

int alive_kill(struct op *op, const char *vm_dir, struct err *e)
{
	/* Again and again: a keeper in the middle of a start may have had no VMM yet when it was looked for. */
	for (;;) {
		struct err late = {0};
		bool alive;
		if (alive_check(vm_dir, &alive, e) < 0)
			return -1;
		if (!alive)
			return 0;
		if (alive_signal(vm_dir, SIGKILL, e) < 0)
			return -1;
		int64_t old = op_limit(op, KILL_ROUND_MS);
		int rc = alive_wait_gone(op, vm_dir, &late);
		op_restore(op, old);
		if (rc == 0)
			return 0;
		if (op_check(op, e) < 0)
			return err_wrap(e, _("something still holds '%s/%s'"), vm_dir, ALIVE_LOCK_FILE);
	}
}

int alive_abort(struct op *op, const char *vm_dir, struct err *e)
{
	/* A process found and killed may have started another just before; that one is there at the next look. */
	for (;;) {
		int n = signal_holders(op, vm_dir, SIGKILL, e);
		if (n == 0)
			return 0;
		if (n < 0 || op_check(op, e) < 0)
			return err_wrap(e, _("something still holds '%s/%s'"), vm_dir, ALIVE_LOCK_FILE);
	}
}

int alive_release(const char *vm_dir, const char *runtime_dir, const char *id, struct err *e)
{
	char path[PATHS_MAX];
	bool alive;

	if (alive_check(vm_dir, &alive, e) < 0)
		return -1;
	if (alive)
		return err_set(e, ERR_STATE, _("VM %s is still alive"), id);
	path_join(path, sizeof(path), vm_dir, "%s", ALIVE_IDENTITY_FILE);
	if (fs_unlink(path, e) < 0)
		return -1;
	path_join(path, sizeof(path), vm_dir, "%s", ALIVE_PAUSED_FILE);
	if (fs_unlink(path, e) < 0)
		return -1;
	return vmm_files_remove(runtime_dir, id, e);
}
