/* SPDX-License-Identifier: MIT */
/*
 * What the guest of a private network may send, as nftables rules on the bridge of its namespace (family bridge, hook forward),
 * between its tap and slirp4netns' one.
 *
 * Whatever the policy: from the guest only its own MAC and IPv4 address (in IP and in ARP), no IPv6, no other protocol, and
 * nothing to 0.0.0.0/8 or 127.0.0.0/8. For those slirp4netns would connect on the host: its --disable-host-loopback closes the
 * gateway's address alone. Rules are stateless: not every kernel tracks connections on a bridge. What answers a connection made
 * from outside (SSH, published ports) comes back to the gateway's address, where nothing begins.
 */
#ifndef NET_NAT_EGRESS_H
#define NET_NAT_EGRESS_H

#include "base/buf.h"
#include "base/err.h"
#include "core/model/egress.h"

struct nat_egress {
	const char *tap;     /* the guest's interface */
	const char *uplink;  /* slirp4netns' */
	const char *mac;     /* the guest's, lower case */
	const char *guest;   /* its IPv4 address */
	const char *gateway; /* where connections from outside seem to come from */
	const char *dns;     /* slirp4netns' resolver */
	struct egress policy;
};

/* The table as nft(8) text. Pure. */
void nat_egress_format(const struct nat_egress *g, struct buf *out);
/* Put it in force in the network namespace of the calling thread, in place of what was there, as one transaction. Needs
 * CAP_NET_ADMIN there. ERR_USAGE for names and addresses that are none, ERR_MISSING when the kernel has no nf_tables. */
NODISCARD int nat_egress_set(const struct nat_egress *g, struct err *e);

#endif
