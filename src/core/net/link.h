/* SPDX-License-Identifier: MIT */
/*
 * The host's side of a bridged network: one bridge, one tap a VM, by netlink (libnl-3). Works in whatever network namespace
 * the calling thread is in; needs CAP_NET_ADMIN there.
 *
 * What is ours says so: bridges and taps carry the interface alias LINK_ALIAS (IFLA_IFALIAS), and nothing without it is
 * changed or removed, whatever its name: ERR_EXISTS. Every call is idempotent: making what is there adjusts it, removing what is
 * gone is fine. A call that fails leaves nothing of what it made. The host has no IPv6 on what is ours.
 *
 * ERR_PERM without the right, ERR_USAGE for a name no interface can have. Nothing here blocks beyond netlink. What only looks at
 * routes (link_conflict() and those below it) takes no rights and no libnl.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "base/err.h"
#include "base/id.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LINK_NAME_SIZE 16	 /* IFNAMSIZ: 15 characters and NUL (netdevice(7)) */
#define LINK_ALIAS "banger-tui"
/* Interface group (IFLA_GROUP) of our bridge: "bgr". The kernel takes no alias when it creates an interface, but a group, so
 * that a bridge is known as ours from its first moment. */
#define LINK_GROUP 0x00626772
#define LINK_BRIDGE "br-banger"
#define LINK_TAP_PREFIX "bgr"	 /* + 12 hex digits of the VM's id = 15 characters, the limit */
#define LINK_CIDR_SIZE 19	 /* "255.255.255.255/32" */

/* "bgr3f9c1a7be204". `id` is ID_HEX_LEN hex digits. */
void link_tap_name(const char *id, char ret[LINK_NAME_SIZE]);

/* Make or adjust the bridge: address `cidr` ("172.16.0.1/24", /8 to /30) alone, no STP, forward delay 0 (else a guest is deaf for
 * the first seconds), a MAC address that stays, up. With `cidr` NULL it gets no address, and the host is not reached by it.
 * ERR_BUSY when another of the host's routes overlaps the subnet: the message names its interface, the hint a free network. */
NODISCARD int link_bridge_up(const char *name, const char *cidr, struct err *e);
/* ERR_BUSY while it has ports. */
NODISCARD int link_bridge_down(const char *name, struct err *e);

struct link_tap {
	const char *name;   /* from link_tap_name() */
	const char *bridge; /* it becomes a port of; ours, else ERR_EXISTS, ERR_NOT_FOUND without it. NULL = of none */
	uid_t owner;	    /* may open it without rights, */
	gid_t group;	    /* being in this group too; (gid_t)-1 = none is asked for (one set before stays) */
};

/* Make or adjust a persistent tap (IFF_NO_PI, IFF_VNET_HDR; linux/if_tun.h) and set it up. ERR_MISSING without /dev/net/tun.
 * While somebody has it open, its owner stays who it is. */
NODISCARD int link_tap_up(const struct link_tap *t, struct err *e);
/* Open the queue of an existing tap, as its owner or with rights: what a VMM gets. *ret_fd is the caller's, not blocking.
 * ERR_BUSY while somebody has it open, ERR_NOT_FOUND when there is none. */
NODISCARD int link_tap_open(const char *name, int *ret_fd, struct err *e);
/* Also under somebody who has it open. */
NODISCARD int link_tap_down(const char *name, struct err *e);

/* In a namespace of our own, where all is ours: set up an interface somebody else made, as a port of `bridge` (NULL: of none),
 * without IPv6 then. ERR_NOT_FOUND without either. */
NODISCARD int link_up(const char *name, const char *bridge, struct err *e);

/* Whether IPv4 packets that come in by this interface are passed on (net.ipv4.conf.NAME.forwarding): of this one, never of all.
 * *ret_was (may be NULL) is what it was before. ERR_NOT_FOUND when there is no such interface. */
NODISCARD int link_forward(const char *name, bool on, bool *ret_was, struct err *e);

struct link_counters {
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets; /* as the guest sees them: rx = what it received */
};

/* ERR_NOT_FOUND when there is no such interface. */
NODISCARD int link_counters(const char *name, struct link_counters *ret, struct err *e);

/* All interfaces that carry our alias. *ret is the caller's (free); *ret_n of them. */
struct link_info {
	char name[LINK_NAME_SIZE];
	bool is_bridge;
	bool up;
	bool in_use; /* has a carrier: of a tap, somebody has it open */
	char master[LINK_NAME_SIZE]; /* empty when it is no port */
};
NODISCARD int link_list(struct link_info **ret, int *ret_n, struct err *e);

/* Does another interface's route or address overlap `cidr`, in any routing table? true with its name in ret_dev and the
 * range in ret_range, the widest where there are several; `own` (may be NULL) is not counted, nor is a default route or a piece
 * of one (shorter than /8). */
NODISCARD int link_conflict(const char *cidr, const char *own, bool *ret, char ret_dev[LINK_NAME_SIZE],
			    char ret_range[LINK_CIDR_SIZE], struct err *e);
/* The first free /24 of 172.16.0.0/12, then 10.213.0.0/16, then 192.168.0.0/16, as the address of a bridge ("172.16.1.1/24").
 * ERR_NOT_FOUND when all are taken. */
NODISCARD int link_propose(char ret_cidr[LINK_CIDR_SIZE], struct err *e);
/* Both in one: ERR_BUSY when link_conflict() says so, with the interface in the message and a free network in the hint. */
NODISCARD int link_check_free(const char *cidr, const char *own, struct err *e);

/* Names of the interfaces that carry the host's default routes (or halves of one, as VPNs have) in any routing table, each once,
 * most preferred first; at most `max`. */
NODISCARD int link_uplinks(char (*ret)[LINK_NAME_SIZE], int max, int *ret_n, struct err *e);

#endif
