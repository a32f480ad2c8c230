/* SPDX-License-Identifier: MIT */
/*
 * Giving PID 1 to the image's own init.
 */
#ifndef BOOTKIT_HANDOVER_H
#define BOOTKIT_HANDOVER_H

#include <limits.h>
#include <net/if.h>

#include "bootkit/booted.h"
#include "bootkit/config.h"

struct handover {
	char path[PATH_MAX]; /* what to exec; empty when the image has no init */
	enum init_kind kind;
};

/* Look for the image's init. */
void handover_find(struct handover *ret_init);
/*
 * dhcpcd's configuration with our interface denied in its first line, before any block begins. The
 * caller frees it; NULL when it says so already.
 */
char *handover_deny_dhcpcd(const char *conf, const char *interface) NODISCARD;
/*
 * Leave notes under /run for the image's init and its services: our interface is nobody's to
 * manage, the serial console logs in by itself, the last act of a shutdown is ours.
 */
void handover_prepare(const struct handover *init, const char *interface);
/* Become the image's init. Returns only when it cannot be executed. */
void handover_exec(const struct handover *init);

#endif
