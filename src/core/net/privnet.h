/* SPDX-License-Identifier: MIT */
/*
 * A private network for one VM, made without rights: a user and network namespace with a bridge, a tap for the guest, and
 * slirp4netns as the way out, its way to the host's loopback closed.
 *
 *	guest ── PRIVNET_TAP ── PRIVNET_BRIDGE ── PRIVNET_UPLINK ── slirp4netns ── the host's network, as its user has it
 *	                            nftables: what the guest may send (nat_egress.h)
 *
 * The work inside is done by a program of ours, banger-netns, which ends when it is done: a process that has entered a user
 * namespace cannot come back, and libnftables and libnl stay out of the one that calls here. What remains is one process,
 * slirp4netns, and the namespaces, kept by the descriptors in struct privnet and by whoever has the tap open.
 *
 * slirp4netns ends when the last copy of `life` is closed: give one to the VMM, and the network lives exactly as long as there
 * is a VM or a keeper, whichever dies how. Addresses are those of QEMU's user network (slirp.h), so a guest cannot tell.
 */
#ifndef NET_PRIVNET_H
#define NET_PRIVNET_H

#include "base/buf.h"
#include "base/op.h"
#include "base/path.h"
#include "base/spawn.h"
#include "core/model/egress.h"

#define PRIVNET_TAP "guest0"
#define PRIVNET_UPLINK "uplink0"
#define PRIVNET_BRIDGE "private0"
#define PRIVNET_PROGRAM "banger-netns"
#define PRIVNET_FORWARDS_MAX 64

/* A TCP port of the host that leads to the guest. There are none of UDP: with the host's loopback closed, slirp4netns drops what
 * answers a datagram that came from there. */
struct privnet_forward {
	const char *host_addr; /* IPv4 */
	uint16_t host_port, guest_port;
};

/* What a network is made of; borrowed for the call. */
struct privnet_args {
	const char *program; /* banger-netns, absolute */
	const char *slirp;   /* slirp4netns; NULL: the one on PATH */
	const char *api;     /* path for its API socket (at most 107 bytes, unix(7)); replaced, left behind */
	const char *mac;     /* the guest's, lower case */
	const struct egress *egress;
	const struct privnet_forward *forwards;
	int n_forwards;
};

struct privnet {
	int user, net;		/* the namespaces */
	int tap;		/* queue of PRIVNET_TAP (IFF_VNET_HDR), non-blocking; -1 once the caller has taken or closed it */
	int life, life_reader;	/* pipe: see above */
	int words, words_writer; /* pipe: what slirp4netns says; read it from `words`, non-blocking */
	struct proc slirp;
};

#define PRIVNET_INIT                                                                                                   \
	{                                                                                                              \
		-1, -1, -1, -1, -1, -1, -1, {.pidfd = -1}                                                              \
	}

/* Make it; *ret must be PRIVNET_INIT. The policy holds before the guest can send. On failure nothing is left but *ret's emptiness.
 * ERR_MISSING without slirp4netns or /dev/net/tun, ERR_PERM where the host forbids it (the mending command is the hint),
 * ERR_BUSY when a port is taken. Blocks for some 100 ms; the caller's umask is the API socket's. */
NODISCARD int privnet_up(struct op *op, const struct privnet_args *a, struct privnet *ret, struct err *e);
/* slirp4netns has died (p->slirp.pidfd is readable): reap it and start another with the same ports. Connections are lost, the
 * guest's addresses stay. On failure it may be called again. */
NODISCARD int privnet_reconnect(struct op *op, const struct privnet_args *a, struct privnet *p, struct err *e);
/* End slirp4netns and close everything. Half-made and PRIVNET_INIT are fine. May take two seconds when it does not obey. */
void privnet_down(struct privnet *p);

/* The verb of PRIVNET_PROGRAM that executes what follows inside, without any right over the namespaces, which it finds at these
 * descriptors: {program, PRIVNET_ENTER, "qemu-system-x86_64", …}. The process keeps its pid and all other descriptors. */
#define PRIVNET_ENTER "enter"
#define PRIVNET_FD_USER 20
#define PRIVNET_FD_NET 21

#endif
