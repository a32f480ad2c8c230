/* SPDX-License-Identifier: MIT */
/*
 * How a machine hangs on a network: one row a mode, each in a file of its own (net_slirp.c, net_bridge.c, net_private.c).
 *
 * What a mode takes from the host is a row of kind HELD_NET (held.h), named by the mode's word: it is given back whatever the
 * machine's mode has become since.
 */
#ifndef ENGINE_NETMODE_H
#define ENGINE_NETMODE_H

#include "core/engine/held.h"
#include "core/engine/vmjob.h"
#include "core/net/subnet.h"
#include "core/vmm/vmm.h"

/* What the guest is told on its seed. */
struct netmode_guest {
	char address[SUBNET_CIDR_SIZE]; /* with the prefix */
	char gateway[SUBNET_IPV4_SIZE];
	struct seed_dns dns;
};

struct netmode {
	enum net_mode mode;
	/* Part of preflight: what would keep it from working, as far as looking tells. May be NULL. */
	int (*check)(struct op *op, struct vmjob *j, struct err *e);
	/* Before the VMM starts: an address or port for the machine, and what it hangs on. Idempotent. May fail half way: then
	 * held_release() gives back what it took. */
	int (*up)(struct op *op, struct vmjob *j, struct err *e);
	/* What the VMM must know; `ret` is zeroed and has its mode. */
	void (*launch)(const struct vmjob *j, struct vm_net *ret);
	void (*guest)(const struct vmjob *j, struct netmode_guest *ret);
	/* Once its VMM runs: what keeps the guest from the network all the same, into vm->net_why. May be NULL. Blocks for a moment. */
	void (*look)(struct op *op, struct engine *eng, struct vm *vm);
	/* Give back what `vm_id` holds on the host. Already gone is fine. NULL for a mode that takes nothing that outlives its
	 * VMM; such a mode writes no row. */
	int (*down)(struct op *op, struct engine *eng, const char *vm_id, struct err *e);
};

extern const struct netmode net_slirp, net_bridge, net_private;

/* What modes reached over the host's loopback have in common: the SSH port, kept for the machine's life (an `up`); the published
 * ports; and the addresses of QEMU's user network, which slirp4netns has too (a `guest`). */
NODISCARD int netmode_loopback_port(struct op *op, struct vmjob *j, struct err *e);
void netmode_publish(const struct vmjob *j, struct vm_net *ret);
void netmode_slirp_guest(const struct vmjob *j, struct netmode_guest *ret);

/* For a machine nobody chose a network for: a private one where that works, else slirp, and vm->net_why says why. ERR_MISSING when
 * it asks for what slirp cannot do. May block for a moment. */
NODISCARD int netmode_choose(struct op *op, const struct engine *eng, struct vm *vm, struct err *e);

/* Ports of this host that its user may not listen at: ERR_PERM. A bridged machine publishes none. Looks only, does not block. */
NODISCARD int netmode_check_publish(const struct vm_config *cfg, struct err *e);
/* Never NULL; not for NET_AUTO. */
const struct netmode *netmode_of(const struct vm *vm);
/* By the mode the row names. */
NODISCARD int netmode_give_back(struct op *op, struct engine *eng, const struct resource *r, struct err *e);

/* Does the host use these addresses for something else, its name servers among them? ERR_BUSY names it; ERR_EXISTS when the bridge is somebody
 * else's. Looks only. */
NODISCARD int net_bridge_check_subnet(const struct subnet *net, struct err *e);
/* Anybody may ask. */
enum bridge_is { BRIDGE_IS_GONE, BRIDGE_IS_OURS, BRIDGE_IS_FOREIGN };
enum bridge_is net_bridge_look(void);
/* Rules that are missing while machines run, made again for all of them: by the helper's own record, and of ours by the store. */
NODISCARD int net_bridge_mend(struct op *op, struct engine *eng, struct err *e);
/* A running machine's NAT, at once, whatever has become of its rules meanwhile. ERR_STATE for a mode without. */
NODISCARD int net_bridge_set_nat(struct op *op, struct engine *eng, const struct vm *vm, bool on, struct err *e);

#endif
