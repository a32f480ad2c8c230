/* SPDX-License-Identifier: MIT */
/*
 * `banger-guest ports`: who listens where.
 */
#ifndef BOOTKIT_PORTS_H
#define BOOTKIT_PORTS_H

#include <stdint.h>

#include "bootkit/util.h"

struct listener {
	char address[46]; /* as inet_ntop(3) writes it */
	uint16_t port;
	uint64_t inode; /* of the socket: how its process is found */
};

/* Take a listening socket from one line of /proc/net/tcp or tcp6 (v6); false: the line has none. */
bool ports_parse_line(const char *line, bool v6, struct listener *ret_listener);
/* Replace what is no visible ASCII in a process name, so that a line stays one of fixed words. */
void ports_clean_name(char *name);

int ports_main(int argc, char **argv);

#endif
