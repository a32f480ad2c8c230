/* SPDX-License-Identifier: MIT */
/*
 * Starting children: posix_spawn(3), never fork(2) from a process with threads.
 *
 * Every descriptor the child gets is first duplicated above all target numbers, so sources and targets cannot collide
 * whatever the caller passes; everything else is closed in the child, including what some library forgot to open
 * close-on-exec. The program is looked up in PATH here, because ENOENT from posix_spawnp also stands for a missing
 * directory or interpreter and the person deserves to know which.
 */
#include "base/spawn.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;

/* Descriptors on their way into the child, all above every target. */
struct setup {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int dups[3 + SPAWN_PASS_MAX];
	int n_dups;
	int max_child;
};

static void setup_init(struct setup *s)
{
	*s = (struct setup){.max_child = STDERR_FILENO};
	if (posix_spawn_file_actions_init(&s->actions) || posix_spawnattr_init(&s->attr))
		abort();
}

static void setup_done(struct setup *s)
{
	posix_spawn_file_actions_destroy(&s->actions);
	posix_spawnattr_destroy(&s->attr);
	for (int i = 0; i < s->n_dups; i++)
		fd_close(&s->dups[i]);
}

static int give_fd(struct setup *s, int fd, int child, struct err *e)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, s->max_child + 1);

	if (high < 0)
		return err_sys(e, errno, _("duplicate descriptor %d for a child"), fd);
	s->dups[s->n_dups++] = high;
	int sys = posix_spawn_file_actions_adddup2(&s->actions, high, child);
	return sys ? err_sys(e, sys, "posix_spawn_file_actions_adddup2") : 0;
}

static int give_std(struct setup *s, int fd, int child, struct err *e)
{
	if (fd >= 0)
		return give_fd(s, fd, child, e);
	int sys = posix_spawn_file_actions_addopen(&s->actions, child, _PATH_DEVNULL,
						   child == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
	return sys ? err_sys(e, sys, "posix_spawn_file_actions_addopen") : 0;
}

static bool is_passed(const struct spawn_args *a, int child)
{
	for (int i = 0; i < a->n_pass; i++)
		if (a->pass[i].child == child)
			return true;
	return false;
}

static int setup_fds(struct setup *s, const struct spawn_args *a, struct err *e)
{
	int sys = 0;

	assert(a->n_pass >= 0 && a->n_pass <= SPAWN_PASS_MAX);
	for (int i = 0; i < a->n_pass; i++) {
		assert(a->pass[i].child > STDERR_FILENO && a->pass[i].child <= SPAWN_CHILD_FD_MAX);
		s->max_child = MAX(s->max_child, a->pass[i].child);
	}
	if (give_std(s, a->stdin_fd, STDIN_FILENO, e) < 0 || give_std(s, a->stdout_fd, STDOUT_FILENO, e) < 0 ||
	    give_std(s, a->stderr_fd, STDERR_FILENO, e) < 0)
		return -1;
	for (int i = 0; i < a->n_pass; i++)
		if (give_fd(s, a->pass[i].fd, a->pass[i].child, e) < 0)
			return -1;
	for (int fd = STDERR_FILENO + 1; fd <= s->max_child && !sys; fd++)
		if (!is_passed(a, fd))
			sys = posix_spawn_file_actions_addclose(&s->actions, fd);
	if (!sys)
		sys = posix_spawn_file_actions_addclosefrom_np(&s->actions, s->max_child + 1);
	return sys ? err_sys(e, sys, _("prepare the descriptors of a child")) : 0;
}

static int setup_attr(struct setup *s, const struct spawn_args *a, struct err *e)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none;
	sigset_t all;
	int sys;

	sigemptyset(&none);
	sigfillset(&all);
	assert(!a->new_session || !a->same_group);
	if (!a->same_group)
		flags |= a->new_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
	if ((sys = posix_spawnattr_setflags(&s->attr, flags)) || (sys = posix_spawnattr_setpgroup(&s->attr, 0)) ||
	    (sys = posix_spawnattr_setsigmask(&s->attr, &none)) ||
	    (sys = posix_spawnattr_setsigdefault(&s->attr, &all)))
		return err_sys(e, sys, "posix_spawnattr");
	if (a->cwd && (sys = posix_spawn_file_actions_addchdir_np(&s->actions, a->cwd)))
		return err_sys(e, sys, "posix_spawn_file_actions_addchdir_np");
	return 0;
}

static int not_found(const char *name, struct err *e)
{
	err_set(e, ERR_MISSING, _("'%s' was not found on this host"), name);
	if (strchr(name, '/'))
		return err_hint(e, _("Check that the file exists and is executable."));
	return err_hint(e, _("Install '%s', or put it on the PATH."), name);
}

/* NULL with ERR_MISSING, else the path to execute, owned by the caller. */
static char *find_program(const char *name, struct err *e)
{
	char *found = strchr(name, '/') ? (program_is(name) ? xstrdup(name) : NULL) : program_on_path(name);

	if (!found)
		not_found(name, e);
	return found;
}

static bool same_variable(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && b[n] == '=';
}

static bool is_overridden(const char *const *env, const char *entry)
{
	for (; env && *env; env++)
		if (same_variable(*env, entry))
			return true;
	return false;
}

/* Ours plus `env`. The array is the caller's, the strings are borrowed. */
static char **merge_env(const char *const *env)
{
	size_t n = 0;
	size_t at = 0;

	for (char **p = environ; p && *p; p++)
		n++;
	for (const char *const *p = env; p && *p; p++)
		n++;
	char **merged = xcalloc(n + 1, sizeof(*merged));
	for (char **p = environ; p && *p; p++)
		if (!is_overridden(env, *p))
			merged[at++] = *p;
	for (const char *const *p = env; p && *p; p++)
		merged[at++] = (char *)*p;
	return merged;
}

/* pidfd_open has no wrapper in glibc 2.36. */
static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int adopt(pid_t pid, struct proc *ret, struct err *e)
{
	/* Nobody but us reaps our children, so the number still is this child's, running or not. */
	int pidfd = pidfd_of(pid);
	int sys = errno;

	if (pidfd < 0) {
		kill(-pid, SIGKILL);
		while (waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED) < 0 && errno == EINTR)
			;
		return err_sys(e, sys, "pidfd_open");
	}
	*ret = (struct proc){.pid = pid, .pidfd = pidfd, .start_time = proc_start_time(pid)};
	return 0;
}

int spawn_start(const struct spawn_args *a, struct proc *ret, struct err *e)
{
	pid_t pid;

	*ret = (struct proc){.pidfd = -1};
	auto_free char *program = find_program(a->argv[0], e);
	if (!program)
		return -1;
	auto_call(setup_done) struct setup s;
	setup_init(&s);
	if (setup_fds(&s, a, e) < 0 || setup_attr(&s, a, e) < 0)
		return -1;
	auto_free char **env = merge_env(a->env);
	int sys = posix_spawn(&pid, program, &s.actions, &s.attr, (char *const *)a->argv, env);
	if (sys && a->cwd)
		return err_sys(e, sys, _("start '%s' in '%s'"), program, a->cwd);
	if (sys)
		return err_sys(e, sys, _("start '%s'"), program);
	return adopt(pid, ret, e);
}
