/* SPDX-License-Identifier: MIT */
/*
 * PID 1 of a machine whose image has none. All signals it acts on are blocked and waited for, so
 * there is no handler and no race: sigtimedwait returns a child's end, a wish to stop, or the time
 * at which something that keeps ending may be started again.
 */
#include "bootkit/pid1.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootkit/paths.h"
#include "bootkit/poweroff.h"
#include "bootkit/run.h"
#include "bootkit/sshd.h"

#define SERIAL "/dev/ttyS0"
#define RESTART_AFTER_MS 1000
#define TERM_GRACE_MS 3000

struct pid1 {
	const struct config *config; /* NULL in rescue */
	pid_t sshd, console;	     /* -1: not running */
	uint64_t restart_at_ms;	     /* nothing is started again before */
	sigset_t waited;
};

static void block_signals(sigset_t *waited)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGPWR, SIGUSR1, SIGUSR2, SIGHUP};

	sigemptyset(waited);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(waited, signals[i]);
	sigprocmask(SIG_BLOCK, waited, NULL);
}

/* In rescue the login shell of the machine is not to be had: there is no machine to enter. */
static NORETURN void exec_console(bool rescue)
{
	int tty;

	run_reset_signals();
	setsid();
	tty = open(SERIAL, O_RDWR);
	if (tty < 0)
		_exit(1);
	ioctl(tty, TIOCSCTTY, 1);
	for (int fd = 0; fd <= 2; fd++)
		dup2(tty, fd);
	if (tty > 2)
		close(tty);
	if (rescue)
		execl("/kit/bin/busybox", "-sh", (char *)NULL);
	else
		execl(KIT_GUEST, "banger-guest", "login", (char *)NULL);
	_exit(127);
}

static pid_t start_console(bool rescue)
{
	pid_t pid = fork();

	if (pid == 0)
		exec_console(rescue);
	return pid;
}

static void start_missing(struct pid1 *pid1)
{
	if (now_ms() < pid1->restart_at_ms)
		return;
	if (pid1->config && pid1->sshd < 0)
		pid1->sshd = sshd_start(pid1->config->ssh_port, pid1->config->idle_stop_s);
	if (pid1->console < 0 && access(SERIAL, F_OK) == 0)
		pid1->console = start_console(pid1->config == NULL);
}

static void reap(struct pid1 *pid1)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (pid != pid1->sshd && pid != pid1->console)
			continue;
		if (pid == pid1->sshd)
			pid1->sshd = -1;
		else
			pid1->console = -1;
		pid1->restart_at_ms = now_ms() + RESTART_AFTER_MS;
	}
}

/* Wait until no child is left, but not for long. */
static void reap_all(const sigset_t *waited, unsigned timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;
	const struct timespec tick = {.tv_nsec = 50000000};

	while (now_ms() < deadline) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (errno == ECHILD)
			return;
		sigtimedwait(waited, NULL, &tick);
	}
}

static NORETURN void stop(struct pid1 *pid1)
{
	say("stopping");
	sync();
	kill(-1, SIGTERM);
	/* An interactive shell ignores SIGTERM and ends with its terminal. */
	kill(-1, SIGHUP);
	kill(-1, SIGCONT);
	reap_all(&pid1->waited, TERM_GRACE_MS);
	kill(-1, SIGKILL);
	reap_all(&pid1->waited, TERM_GRACE_MS);
	if (!pid1->config) /* in rescue the kit stands on the initramfs: there is no root to leave */
		poweroff_hard(poweroff_by_reboot(KIT_POWER));
	poweroff_from_kit();
}

static NORETURN void supervise(struct pid1 *pid1)
{
	const struct timespec tick = {.tv_nsec = RESTART_AFTER_MS / 4 * 1000000L};

	for (;;) {
		bool missing = pid1->console < 0 || (pid1->config && pid1->sshd < 0);
		int signal;

		start_missing(pid1);
		signal = missing ? sigtimedwait(&pid1->waited, NULL, &tick) : sigwaitinfo(&pid1->waited, NULL);
		if (signal == SIGCHLD)
			reap(pid1);
		else if (signal > 0 && signal != SIGHUP)
			stop(pid1);
	}
}

void pid1_run(const struct config *config, pid_t sshd)
{
	struct pid1 pid1 = {.config = config, .sshd = sshd, .console = -1};

	block_signals(&pid1.waited);
	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		say_fail("mount /sys/fs/cgroup");
	supervise(&pid1);
}

void pid1_rescue(void)
{
	struct pid1 pid1 = {.sshd = -1, .console = -1};

	say("the machine's disks could not be joined; this is the boot kit's shell");
	block_signals(&pid1.waited);
	supervise(&pid1);
}
