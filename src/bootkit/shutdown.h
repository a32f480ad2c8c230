/* SPDX-License-Identifier: MIT */
/*
 * Stopping the machine from inside.
 */
#ifndef BOOTKIT_SHUTDOWN_H
#define BOOTKIT_SHUTDOWN_H

#include <signal.h>

#include "bootkit/booted.h"

#define SHUTDOWN_GRACE_S 10

/* How an init is asked to end the machine: by a signal, or by a program of the image. */
struct shutdown_way {
	int signal; /* 0: run argv */
	const char *argv[5];
};

/* The way for this init; by_reboot tells which of its two ends is wanted. */
struct shutdown_way shutdown_way_of(enum init_kind kind, bool by_reboot);

/*
 * Begin the machine's own shutdown: write out dirty data, and leave a watchdog that asks PID 1 and
 * ends the machine with reboot(2) when PID 1 has not done so after grace_s. Returns when the data
 * is written.
 */
int shutdown_begin(bool restart, unsigned grace_s) NODISCARD;

/* `banger-guest shutdown [--reboot] [--grace SECONDS]` */
int shutdown_main(int argc, char **argv);
/* The watchdog: `@banger-guest watchdog SECONDS poweroff|reboot`. */
int shutdown_watchdog_main(int argc, char **argv);

#endif
