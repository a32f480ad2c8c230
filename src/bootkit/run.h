/* SPDX-License-Identifier: MIT */
/*
 * Running programs of the kit from init.
 */
#ifndef BOOTKIT_RUN_H
#define BOOTKIT_RUN_H

#include "bootkit/util.h"

/*
 * Run a program with standard streams as they are and wait for it. argv ends with NULL and
 * argv[0] is the path. Returns its exit status, 128 + the signal that ended it, or -1 when it
 * could not be started.
 */
int run_wait(const char *const argv[]) NODISCARD;

/* Undo what init or the listener did to signals, before exec of a program that expects defaults. */
void run_reset_signals(void);

#endif
