/* SPDX-License-Identifier: MIT */
/*
 * What a name server taken over by a guest could still do: little. After names_confine() it reads files, speaks UDP, TCP and
 * netlink's link news, and nothing else: no program, no process, no file written but its log, no right of root's.
 */
#ifndef NAMESRV_CONFINE_H
#define NAMESRV_CONFINE_H

#include "base/err.h"

/* No core dumps, no ptrace by others, every capability dropped (bounding set too), no_new_privs, a seccomp filter. Cannot be taken
 * back; children have it too. */
NODISCARD int names_confine(struct err *e);

#endif
