/* SPDX-License-Identifier: MIT */
/*
 * Who is PID 1, and whether it has finished booting.
 */
#ifndef BOOTKIT_BOOTED_H
#define BOOTKIT_BOOTED_H

#include "bootkit/util.h"

enum init_kind {
	INIT_NONE, /* the kit itself stays PID 1 */
	INIT_SYSTEMD,
	INIT_OPENRC,
	INIT_BUSYBOX,
	INIT_SYSV,
	INIT_OTHER,
};

/* Kind of the init program whose path, with links followed, is this. */
enum init_kind init_kind_of(const char *resolved_path);
const char *init_kind_to_string(enum init_kind kind);

/* Note who is going to be PID 1, and read it back (INIT_OTHER when nothing was noted). */
int init_kind_save(enum init_kind kind) NODISCARD;
enum init_kind init_kind_load(void);

/* Whether OpenRC, whose state lies in `directory`, has reached a runlevel behind "boot" and is done with it. */
bool booted_openrc(const char *directory);
/* Whether the machine's init says that it is up; at once true for one that has no way to say. */
bool booted_now(void);

/* `banger-guest wait-booted [SECONDS]`: exit status 0 when booted in time, else 1. */
int booted_wait_main(int argc, char **argv);
/* `banger-guest info`: key=value lines about this boot. */
int booted_info_main(int argc, char **argv);

#endif
