/* SPDX-License-Identifier: MIT */
/*
 * Being PID 1 where the image has no init.
 */
#ifndef BOOTKIT_PID1_H
#define BOOTKIT_PID1_H

#include <sys/types.h>

#include "bootkit/config.h"

/*
 * Keep the machine running: reap, restart the SSH daemon and the shell on the serial console when
 * they end, and on SIGTERM, SIGINT (Ctrl-Alt-Del), SIGPWR, SIGUSR1 or SIGUSR2 (busybox's halt and
 * poweroff) end everything, unmount, and end the machine. sshd is the daemon's pid or -1.
 */
void pid1_run(const struct config *config, pid_t sshd) NORETURN;
/* The machine's disks could not be joined: a shell on the serial console is all there is. */
void pid1_rescue(void) NORETURN;

#endif
