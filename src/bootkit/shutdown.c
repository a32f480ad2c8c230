/* SPDX-License-Identifier: MIT */
/*
 * Stopping the machine from inside. Data is written out before anything else is tried, because
 * every later stage may be cut short. PID 1 is asked by the watchdog a moment later: a kit that is
 * PID 1 ends every session at once, and the host is to see this one end with status 0.
 *
 * The watchdog must outlive what it guards against: its argv[0] begins with '@', which makes
 * systemd-shutdown spare it (systemd "root storage daemons"), sysvinit's sendsigs is told its pid, and its root is the kit, so that it
 * holds no file system of the machine busy.
 */
#include "bootkit/shutdown.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bootkit/paths.h"
#include "bootkit/poweroff.h"
#include "bootkit/run.h"

#define GRACE_MAX_S 600
#define OMIT_DIR "/run/sendsigs.omit.d"
#define SESSION_END_MS 200 /* time for the session that asked to end with its status */

struct shutdown_way shutdown_way_of(enum init_kind kind, bool by_reboot)
{
	switch (kind) {
	case INIT_SYSTEMD: /* systemd(1), SIGNALS: +4 poweroff.target, +5 reboot.target */
		return (struct shutdown_way){.signal = by_reboot ? SIGRTMIN + 5 : SIGRTMIN + 4};
	case INIT_BUSYBOX:
		return (struct shutdown_way){.signal = by_reboot ? SIGTERM : SIGUSR2};
	case INIT_OPENRC:
		return (struct shutdown_way){.argv = {"/sbin/openrc-shutdown", by_reboot ? "-r" : "-p", "now"}};
	case INIT_SYSV:
		return (struct shutdown_way){.argv = {"/sbin/init", by_reboot ? "6" : "0"}};
	default:
		return (struct shutdown_way){.signal = SIGTERM};
	}
}

int shutdown_begin(bool restart, unsigned grace_s)
{
	bool by_reboot = restart || poweroff_by_reboot(KIT_POWER);
	char seconds[16];
	pid_t pid;

	sync();
	snprintf(seconds, sizeof(seconds), "%u", grace_s);
	pid = fork();
	if (pid < 0)
		return say_fail("start the shutdown watchdog");
	if (pid > 0)
		return 0;
	setsid();
	execl(KIT_GUEST, "@banger-guest", "watchdog", seconds, by_reboot ? "reboot" : "poweroff", (char *)NULL);
	_exit(127);
}

int shutdown_main(int argc, char **argv)
{
	uint64_t grace_s = SHUTDOWN_GRACE_S;
	bool restart = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--reboot") == 0) {
			restart = true;
		} else if (strcmp(argv[i], "--grace") == 0 && i + 1 < argc &&
			   number_parse(argv[i + 1], GRACE_MAX_S, &grace_s) == 0) {
			i++;
		} else {
			fprintf(stderr, "usage: banger-guest shutdown [--reboot] [--grace SECONDS]\n");
			return 2;
		}
	}
	return shutdown_begin(restart, (unsigned)grace_s) < 0 ? 1 : 0;
}

static int ask_init(bool by_reboot)
{
	struct shutdown_way way = shutdown_way_of(init_kind_load(), by_reboot);

	if (way.signal)
		return kill(1, way.signal);
	return run_wait(way.argv) == 0 ? 0 : -1;
}

/* sendsigs of sysvinit and its heirs kills all but who stands in this directory (initscripts, README.Debian). */
static void stay_alive(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (dir_make(OMIT_DIR) < 0 || file_put(OMIT_DIR "/banger", 0644, pid) < 0)
		say_fail("keep the watchdog from being killed");
}

/* Let go of the session that asked, so that it can end with its own status, and outlive the rest. */
static void detach(void)
{
	int null = open("/dev/null", O_RDWR), console = open("/dev/console", O_WRONLY | O_NOCTTY);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(console >= 0 ? console : null, STDERR_FILENO);
	}
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	if (file_set("/proc/self/oom_score_adj", "-1000") < 0)
		say_fail("guard the watchdog from the OOM killer");
}

int shutdown_watchdog_main(int argc, char **argv)
{
	bool by_reboot = argc > 2 && strcmp(argv[2], "reboot") == 0;
	uint64_t seconds;

	if (argc != 3 || number_parse(argv[1], GRACE_MAX_S, &seconds) < 0)
		return 2;
	run_reset_signals();
	detach();
	sleep_ms(SESSION_END_MS);
	if (init_kind_load() == INIT_SYSV)
		stay_alive();
	if (ask_init(by_reboot) < 0)
		say_fail("ask PID 1 to shut down; the machine ends in %u s", (unsigned)seconds);
	if (chdir(KIT_DIR) < 0 || chroot(".") < 0)
		say_fail("move the watchdog into the kit");
	sleep_ms((unsigned)seconds * 1000);
	poweroff_hard(by_reboot);
}
