/* SPDX-License-Identifier: MIT */
/*
 * systemd-resolved told that one link's DNS server answers for some domains and for no others: what `resolvectl dns LINK …`,
 * `domain`, `default-route no` and `revert` do, over org.freedesktop.resolve1 on the system bus.
 *
 * The few calls are written by hand (D-Bus Specification, "Message Protocol" and "Authentication Protocol"; resolve1's methods:
 * org.freedesktop.resolve1(5)): a bus library would be more of the helper's than all the rest. It takes root's rights, or polkit's
 * word, which the bus checks by who connected. What was set goes with the link.
 *
 * The connection may be made long before it is used, so that who uses it needs no right to connect. Belongs to one thread. Blocks,
 * at most RESOLVED_WAIT_MS a call.
 */
#ifndef NET_RESOLVED_H
#define NET_RESOLVED_H

#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>

#define RESOLVED_BUS "/run/dbus/system_bus_socket" /* D-Bus Specification, "System message bus" */
#define RESOLVED_WAIT_MS 3000
#define RESOLVED_DOMAINS 4

struct resolved {
	int fd;		 /* -1: no connection */
	uint32_t serial; /* of the last call */
};

/* Connect and say hello. ERR_MISSING when there is no bus. *ret is the caller's (resolved_close). */
NODISCARD int resolved_connect(const char *bus, struct resolved *ret, struct err *e);
void resolved_close(struct resolved *r);

struct resolved_link {
	int ifindex;
	uint32_t server; /* IPv4, host byte order */
	uint16_t port;
	const char *domains[RESOLVED_DOMAINS]; /* routed there, with all below them; NULL ends */
};
/* A link the kernel has just made may be news to it: that is waited for, for a moment. ERR_MISSING when systemd-resolved does not run
 * or is too old (246) to be told a port; ERR_PERM; ERR_PROTO, ERR_NET: the connection is of no use any more and closed. */
NODISCARD int resolved_set(struct op *op, struct resolved *r, const struct resolved_link *l, struct err *e);
/* Forget all of the link's. A link that is gone, or no systemd-resolved, is fine. */
NODISCARD int resolved_revert(struct resolved *r, int ifindex, struct err *e);

#endif
