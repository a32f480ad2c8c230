/* SPDX-License-Identifier: MIT */
/*
 * systemd-resolved told that one link's DNS server answers for some domains and for no others: what `resolvectl dns LINK …`,
 * `domain`, `default-route no` and `revert` do, over org.freedesktop.resolve1(5) on the system bus. It takes root's rights, or
 * polkit's word, which the bus checks by who connected. What was set goes with the link.
 */
#ifndef NET_RESOLVED_H
#define NET_RESOLVED_H

#include "base/op.h"
#include "core/net/bus.h"

#define RESOLVED_DOMAINS 4

struct resolved_link {
	int ifindex;
	uint32_t server; /* IPv4, host byte order */
	uint16_t port;
	const char *domains[RESOLVED_DOMAINS]; /* routed there, with all below them; NULL ends */
};
/* A link the kernel has just made may be news to it: that is waited for, for a moment. ERR_MISSING when systemd-resolved does not run
 * or is too old (246) to be told a port; ERR_PERM; ERR_PROTO, ERR_NET: the connection is closed (bus_run()). */
NODISCARD int resolved_set(struct op *op, struct bus *b, const struct resolved_link *l, struct err *e);
/* Forget all of the link's. A link that is gone, or no systemd-resolved, is fine. */
NODISCARD int resolved_revert(struct bus *b, int ifindex, struct err *e);

#endif
