/* SPDX-License-Identifier: MIT */
/*
 * The one way to start a child process.
 *
 * posix_spawn with signal mask and dispositions reset, its own process group unless told, stdin from /dev/null unless given, and
 * stdout/stderr to pipes unless given: a tool can never write on our screen. The pidfd is taken before anyone can wait
 * for the child, so signals never reach a stranger. No shell, ever: argv is an array. The environment is ours plus
 * `env` (NULL-terminated "K=V", overriding). Descriptors other than 0-2 reach the child only when listed in `pass`.
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/buf.h"
#include "base/op.h"

#include <stdbool.h>
#include <sys/types.h>

#define SPAWN_CHILD_FD_MAX 255
#define SPAWN_PASS_MAX 32

struct spawn_pass {
	int fd;	   /* ours */
	int child; /* number in the child, 3 to SPAWN_CHILD_FD_MAX */
};

struct spawn_args {
	const char *const *argv; /* argv[0] is looked up in PATH when it has no slash */
	const char *const *env;	 /* may be NULL */
	const char *cwd;	 /* may be NULL */
	const struct spawn_pass *pass;
	int n_pass;
	int stdin_fd;	  /* -1: /dev/null */
	int stdout_fd;	  /* -1: /dev/null */
	int stderr_fd;	  /* -1: /dev/null */
	bool new_session; /* setsid: for what must outlive us and our terminal */
	bool same_group;  /* stays in our process group: for what asks a question on our terminal. Ctrl-C reaches it too */
};

struct proc {
	pid_t pid;
	int pidfd;	     /* readable in poll when the process has ended */
	uint64_t start_time; /* field 22 of /proc/pid/stat, ticks since boot: with pid an identity */
};

struct proc_status {
	bool exited; /* else killed by `signo` */
	int code;    /* when exited */
	int signo;   /* when killed */
};

/* Start it and return at once. The caller owns `ret` (proc_done after the wait). ERR_MISSING when argv[0] is not
 * found (hint: install it). Does not block beyond the exec itself. */
NODISCARD int spawn_start(const struct spawn_args *a, struct proc *ret, struct err *e);

/* Wait until it ends or the op does. On cancel/deadline: SIGTERM to the group, SIGKILL after 2 s, reaped, -1.
 * Of a process that is not our child (proc_open) only the end is known: then `ret` is all zero. */
NODISCARD int proc_wait(struct op *op, struct proc *p, struct proc_status *ret, struct err *e);
/* End its whole group: SIGTERM, after 2 s SIGKILL, reaped. Runs under a clean-up op of its own, so `op` may be
 * cancelled already (id and stage sink only; may be NULL). Blocks for a few seconds at most. */
void proc_kill(const struct op *op, struct proc *p);
/* Signal through the pidfd. A process already gone is fine. */
NODISCARD int proc_signal(const struct proc *p, int signo, struct err *e);
void proc_done(struct proc *p); /* closes the pidfd; does not kill */

#define SPAWN_LINE_MAX 4096

struct spawn_run_args {
	const char *const *argv;
	const char *const *env;
	const char *cwd;
	const struct spawn_pass *pass; /* descriptors for the child besides 0-2; may be NULL */
	int n_pass;
	const void *input; /* written to its stdin; NULL: /dev/null */
	size_t input_len;
	size_t max_output; /* cap on captured stdout; 0 = 1 MiB */
	int stdout_fd;	   /* > 0: stdout goes here and is not captured */
	bool secret;	   /* what it prints is overwritten wherever it passed through but in the caller's buffer */
	/* Each line of stderr as it comes, cleaned, cut at SPAWN_LINE_MAX bytes; '\r' ends a line too (progress
	 * meters); empty lines are dropped. May be NULL. */
	void (*on_line)(void *arg, const char *line);
	/* Asked at least every `watch_ms` while it runs: -1 ends it, and the error is spawn_run()'s. May be NULL. */
	int (*watch)(void *arg, pid_t pid, struct err *e);
	int watch_ms; /* > 0 when there is a watch */
	void *arg;
};

/* Run to the end: capture stdout into `ret_out` (may be NULL), keep the tail of stderr. A status other than 0 is
 * ERR_TOOL whose message is "NAME failed (exit 3): last line of stderr". More output than the cap is ERR_PROTO and ends
 * the tool. Cancellable: its whole process group ends with the op. */
NODISCARD int spawn_run(struct op *op, const struct spawn_run_args *a, struct buf *ret_out, struct err *e);

/* The same in two parts, for who has something else to do meanwhile: started, which blocks no longer than spawn_start(), and run to
 * its end, which frees it. `a`, what it points at and `ret_out` are borrowed from the one to the other. */
struct spawned;
NODISCARD int spawn_run_begin(const struct spawn_run_args *a, struct buf *ret_out, struct spawned **ret, struct err *e);
NODISCARD int spawn_run_end(struct op *op, struct spawned *s, struct err *e);

/* Processor time of all threads of a process but its first one, in ms (proc(5): fields 14 and 15 of task/TID/stat); 0
 * when there is no such process. */
int64_t proc_threads_cpu_ms(pid_t pid);
/* The start time of a pid (see struct proc), or 0 when there is no such process. */
uint64_t proc_start_time(pid_t pid);
/* True while pid still is the process that started at start_time. */
bool proc_is_alive(pid_t pid, uint64_t start_time);
/* pidfd of a process known by pid and start time; -1 with ERR_NOT_FOUND when it is not that process any more. */
NODISCARD int proc_open(pid_t pid, uint64_t start_time, struct proc *ret, struct err *e);

#endif
