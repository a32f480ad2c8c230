/* SPDX-License-Identifier: MIT */
/*
 * Host names in a list of what a guest reaches become addresses, once, when the machine starts: the same for the rules and, as lines of
 * its /etc/hosts, for the guest.
 */
#ifndef ENGINE_EGRESSNAMES_H
#define ENGINE_EGRESSNAMES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"
#include "core/model/egress.h"

struct egress_pin {
	uint32_t addr; /* host byte order */
	int name;      /* of the policy's names */
};

struct egress_pins {
	int n;
	struct egress_pin pin[EGRESS_NAMES_MAX * EGRESS_NAME_ADDRESSES];
};

/* `policy` with the addresses of its names among the ranges, and which they are. ERR_NET names the name that stands for none; addresses
 * that no list lets through do not count, so a name of the loopback's is ERR_USAGE. A policy without names asks nobody. Blocks for
 * seconds (net/resolve.h); cancellable. */
NODISCARD int egress_resolve(struct op *op, const struct egress *policy, struct egress *ret,
			     struct egress_pins *ret_pins, struct err *e);

/* As lines of hosts(5), each ending in WIRE_HOSTS_PINNED. */
void egress_pins_format(const struct egress_pins *p, const struct egress *policy, struct buf *out);

#endif
