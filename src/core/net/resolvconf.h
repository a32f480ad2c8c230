/* SPDX-License-Identifier: MIT */
/*
 * The host's name servers, as resolv.conf(5) names them, and a network that must not hold one: a server behind the default route has
 * no route of its own that would say that its network is somebody's, and a bridge there would answer in its place, for every user.
 */
#ifndef NET_RESOLVCONF_H
#define NET_RESOLVCONF_H

#include "core/net/subnet.h"

/* The first server of that text that is in `net` and not its own address; false when there is none. Pure. */
bool resolvconf_find_in(const char *text, const struct subnet *net, char ret[SUBNET_IPV4_SIZE]);
/* ERR_BUSY, naming it, when one of the host's is in the network of `cidr`: by /etc/resolv.conf, and by systemd-resolved's list of what
 * stands behind its stub. What cannot be read says nothing. `root` is before both paths; "" but in tests. */
NODISCARD int resolvconf_check(const char *root, const char *cidr, struct err *e);

#endif
