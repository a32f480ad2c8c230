/* SPDX-License-Identifier: MIT */
/*
 * What makes the machine this machine: clock, host name, name resolution, time zone, host keys.
 */
#ifndef BOOTKIT_IDENTITY_H
#define BOOTKIT_IDENTITY_H

#include "bootkit/config.h"
#include "bootkit/util.h"

/* Step the clock when it is before the seed was written or absurdly far behind it. */
void identity_set_clock(const struct config *config);
/*
 * Write the machine's identity into the image's files. Each thing that cannot be written is told
 * and skipped: a machine with an odd /etc is still one to log in to.
 */
void identity_apply(const struct config *config);
/* Take out of `present`, in place, the lines that a former start pinned (WIRE_HOSTS_PINNED) and that are not in `ours`. */
void identity_drop_pinned(char *present, const char *ours);
/*
 * Put together the machine's hosts file: what it has, followed by those lines of ours that are not
 * in it. Returns text the caller frees, or NULL when nothing has to be added (or memory is short).
 */
char *identity_merge_lines(const char *present, const char *ours) NODISCARD;
/* The other way: what is present without those lines of ours. Text the caller frees; NULL when memory is short. */
char *identity_drop_lines(const char *present, const char *ours) NODISCARD;

#endif
