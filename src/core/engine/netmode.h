/* SPDX-License-Identifier: MIT */
/*
 * How a machine hangs on a network: one row a mode, each in a file of its own (net_slirp.c, net_bridge.c).
 *
 * What a mode takes from the host outlives this process, so it stands in the ledger before it is taken: kind "net", name the
 * mode's word. It is given back by that row, whatever the machine's mode has become since, and by whoever comes first: a failed
 * start, a stop, the recovery of a machine whose process has died.
 */
#ifndef ENGINE_NETMODE_H
#define ENGINE_NETMODE_H

#include "core/engine/vmjob.h"
#include "core/net/subnet.h"
#include "core/vmm/vmm.h"

#define NETMODE_LEDGER "net"

/* What the guest is told on its seed. */
struct netmode_guest {
	char address[SUBNET_CIDR_SIZE]; /* with the prefix */
	char gateway[SUBNET_IPV4_SIZE];
	struct seed_dns dns;
};

struct netmode {
	enum net_mode mode;
	/* Part of preflight: what would keep it from working, as far as looking tells. May be NULL. */
	int (*check)(struct vmjob *j, struct err *e);
	/* Before the VMM starts: an address or port for the machine, and what it hangs on. Idempotent. May fail half way: then
	 * netmode_release() gives back what it took. */
	int (*up)(struct op *op, struct vmjob *j, struct err *e);
	/* What the VMM must know; `ret` is zeroed and has its mode. */
	void (*launch)(const struct vmjob *j, struct vm_net *ret);
	void (*guest)(const struct vmjob *j, struct netmode_guest *ret);
	/* Give back what `vm_id` holds on the host. Already gone is fine. NULL for a mode that takes nothing that outlives its
	 * VMM; such a mode writes no row. */
	int (*down)(struct op *op, struct engine *eng, const char *vm_id, struct err *e);
};

extern const struct netmode net_slirp, net_bridge;

/* Never NULL. */
const struct netmode *netmode_of(const struct vm *vm);
/* Give back all that the ledger says `vm_id` holds of any network, each row with it. A row that cannot be settled stays; the rest
 * goes on, errors are joined. Nothing held is fine. */
NODISCARD int netmode_release(struct op *op, struct engine *eng, struct store *s, const char *vm_id, struct err *e);

/* A running machine's NAT, at once. ERR_STATE for a mode without. */
NODISCARD int net_bridge_set_nat(struct op *op, struct engine *eng, const struct vm *vm, bool on, struct err *e);

#endif
