/* SPDX-License-Identifier: MIT */
/*
 * User and network namespaces without rights (user_namespaces(7), network_namespaces(7)): the calling process moves into them.
 * For a process of one thread that does nothing else: there is no way back.
 */
#ifndef NET_NETNS_H
#define NET_NETNS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Into a user namespace of its own, in which it is root (0 stands for its uid and gid outside, nothing else is mapped), and a
 * network namespace of that one, loopback down. ERR_PERM or ERR_MISSING where the host forbids it, the mending command as hint. */
NODISCARD int netns_unshare(struct err *e);
/* Descriptors of both, the caller's: they keep them while no process is in them. */
NODISCARD int netns_open(int *ret_user, int *ret_net, struct err *e);
/* Into the two of netns_open(), as root there. For who made them, or root of the host. */
NODISCARD int netns_join(int user, int net, struct err *e);
/* Give away every right over the namespaces the process is in, also for what it executes (capabilities(7), no_new_privs): root in
 * name alone. */
NODISCARD int netns_drop_rights(struct err *e);

/* Where a host keeps users from making namespaces and says so in a setting: the command that lifts it, in ret; else false.
 * `sys` is "/proc/sys". Looks at files only. */
bool netns_mend(const char *sys, char *ret, size_t size);

#endif
