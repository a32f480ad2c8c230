/* SPDX-License-Identifier: MIT */
/*
 * The kit's daemon in a running machine: it listens for SSH, watches the power button, and stops
 * an idle machine.
 */
#ifndef BOOTKIT_SSHD_H
#define BOOTKIT_SSHD_H

#include <stdint.h>
#include <sys/types.h>

#include "bootkit/util.h"

/* Start the daemon as a process of its own and return its pid, or -1. */
pid_t sshd_start(uint16_t port, uint32_t idle_stop_s) NODISCARD;
/* The daemon: `banger-guest sshd PORT IDLE_STOP_SECONDS`. */
int sshd_main(int argc, char **argv);

#endif
