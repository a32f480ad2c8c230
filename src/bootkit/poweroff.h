/* SPDX-License-Identifier: MIT */
/*
 * The last act: everything unmounted, and the reboot(2) call that ends this VMM.
 */
#ifndef BOOTKIT_POWEROFF_H
#define BOOTKIT_POWEROFF_H

#include "bootkit/util.h"

/* File beside the shutdown hook with the content of KIT_POWER. */
#define POWEROFF_HOOK_POWER "power"

/* Whether the call that ends this VMM is a reboot; path is KIT_POWER or the hook's copy. */
bool poweroff_by_reboot(const char *path);

/*
 * Take the mount point out of one line of /proc/self/mountinfo (proc(5)), with its octal escapes
 * undone. -1 when the line has none or it is longer than size.
 */
int poweroff_mount_point(const char *line, char *buf, size_t size) NODISCARD;

/* Only for PID 1 with all other processes gone: leave the root, unmount all, end the machine. */
void poweroff_from_kit(void) NORETURN;
/* The program systemd-shutdown jumps to, with the old root on /oldroot; argv[1] is its verb. */
int poweroff_hook_main(int argc, char **argv);
/* Write out what is dirty, giving a stuck disk some seconds at most, and end the machine. */
void poweroff_hard(bool by_reboot) NORETURN;

#endif
