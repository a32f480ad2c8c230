/* SPDX-License-Identifier: MIT */
/*
 * The last act of a machine (product promise: data that was written is there at the next start,
 * and the call that is made ends this VMM: power off for QEMU, reboot for Firecracker).
 *
 * A process cannot unmount the root it stands on, so PID 1 first steps back into the kit, which is
 * a mount of its own, and takes the machine's root away from there. In a systemd machine
 * systemd-shutdown has done that step when it calls the hook.
 */
#include "bootkit/poweroff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootkit/paths.h"

#define MOUNTINFO_MAX (1 << 20)
#define OLD_ROOT "/oldroot"
#define ROUNDS 8 /* mounts may stand on each other's files; each round frees some */
#define SYNC_MAX_MS 5000

bool poweroff_by_reboot(const char *path)
{
	char power[32];

	return file_read_line(path, power, sizeof(power)) == 0 && strcmp(power, "reboot") == 0;
}

int poweroff_mount_point(const char *line, char *buf, size_t size)
{
	size_t len = 0;

	for (int blanks = 0; blanks < 4; blanks++) {
		line = strchr(line, ' ');
		if (!line)
			return -1;
		line++;
	}
	while (*line && *line != ' ' && *line != '\n') {
		char c = *line++;

		if (c == '\\' && line[0] && line[1] && line[2]) {
			c = (char)((line[0] - '0') * 64 + (line[1] - '0') * 8 + (line[2] - '0'));
			line += 3;
		}
		if (len + 1 >= size)
			return -1;
		buf[len++] = c;
	}
	buf[len] = '\0';
	return len > 0 ? 0 : -1;
}

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* Unmount everything at or below top, last mounted first. Returns how many mounts are left. */
static int unmount_round(const char *top)
{
	auto_free char *mounts = file_read("/proc/self/mountinfo", MOUNTINFO_MAX, NULL);
	int left = 0;

	if (!mounts)
		return 0;
	while (*mounts) {
		char *line = strrchr(mounts, '\n');
		char point[4096];

		if (line && line[1] == '\0') {
			*line = '\0';
			continue;
		}
		line = line ? line + 1 : mounts;
		if (poweroff_mount_point(line, point, sizeof(point)) == 0 && is_below(point, top) &&
		    umount2(point, 0) < 0)
			left++;
		*line = '\0';
	}
	return left;
}

/*
 * PID 1 itself holds the console open, and the kernel's own file systems have nothing to write
 * back: they are cut off, so that they do not keep the machine's root busy.
 */
static void cut_off_kernel_mounts(void)
{
	static const char *const points[] = {OLD_ROOT "/dev", OLD_ROOT "/proc", OLD_ROOT "/sys", OLD_ROOT "/run"};

	for (size_t i = 0; i < ARRAY_LEN(points); i++)
		umount2(points[i], MNT_DETACH);
}

static void unmount_below(const char *top)
{
	cut_off_kernel_mounts();
	for (int i = 0; i < ROUNDS && unmount_round(top) > 0; i++)
		sleep_ms(20);
}

static NORETURN void end(bool by_reboot)
{
	reboot(by_reboot ? RB_AUTOBOOT : RB_POWER_OFF);
	/* A kernel that cannot do the one may do the other. */
	reboot(by_reboot ? RB_POWER_OFF : RB_AUTOBOOT);
	for (;;)
		pause();
}

void poweroff_from_kit(void)
{
	bool by_reboot = poweroff_by_reboot(KIT_POWER);

	sync();
	if (chdir(KIT_DIR) == 0 && dir_make("." OLD_ROOT) == 0 && dir_make("./proc") == 0 &&
	    syscall(SYS_pivot_root, ".", "." OLD_ROOT) == 0 && chroot(".") == 0 && chdir("/") == 0 &&
	    mount("proc", "/proc", "proc", 0, NULL) == 0)
		unmount_below(OLD_ROOT);
	else
		say_fail("leave the machine's root");
	sync();
	end(by_reboot);
}

int poweroff_hook_main(int argc, char **argv)
{
	bool restart = argc > 1 && strcmp(argv[1], "reboot") == 0;

	if (getpid() != 1) {
		fprintf(stderr, "shutdown: this is the last act of PID 1\n");
		return 1;
	}
	unmount_below(OLD_ROOT);
	sync();
	end(restart || poweroff_by_reboot("/" POWEROFF_HOOK_POWER));
}

void poweroff_hard(bool by_reboot)
{
	uint64_t deadline = now_ms() + SYNC_MAX_MS;
	pid_t pid = fork();

	if (pid == 0) {
		sync();
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && now_ms() < deadline)
		sleep_ms(20);
	end(by_reboot);
}
