/* SPDX-License-Identifier: MIT */
/*
 * What bridged guests may reach: two nftables tables of ours, `inet banger` and `bridge banger`, through libnftables. Nobody
 * else's table is touched, but for rules in three chains of `ip filter` (see below), known as ours by their comment and removed
 * again by their handle.
 *
 * Ours are known by a chain in them that says so, with no rules in it: a table of that name without it is somebody else's, is not
 * changed, and keeps ours from being made (an empty one is nobody's).
 *
 * The tables are static but for their sets; a guest is a few elements in them, so that switching NAT of a running VM is one
 * small transaction, and the tables themselves tell what is on (nat_guests). What they say:
 *	- from a tap only the guest's own MAC and IPv4 address (in IP and in ARP), no router advertisements, no redirects, no
 *	  answers of a DHCP server; a tap that is not pinned is mute;
 *	- guests reach one another; they reach the host only for replies, ICMP echo and our name server, both on the bridge's
 *	  address; what they send to its port 53 comes to NAT_NAMES_PORT, which takes no right to listen on;
 *	- forwarding out of the bridge only for guests with NAT on, masqueraded on the way out, replies back by conntrack; a guest
 *	  whose NAT goes off loses its connections with the next packet, either way;
 *	- nothing from outside is forwarded to a guest that did not ask.
 *
 * A drop in another table wins over our accept (nft(8): a packet must be accepted by every base chain of the hook). Where others
 * close the host, their chains are opened for what our tables let through, and for nothing else:
 *	- Docker (policy drop for all that is forwarded) has a chain for that, DOCKER-USER, which is asked before its own;
 *	- without it a closed `ip filter FORWARD`, which is ufw's and every other iptables program's, is opened itself, and so is a
 *	  closed INPUT. Neither is in a file of anybody's: `ufw reload` and Docker's restarts leave rules of others at its head in
 *	  place, and what flushes it is mended by the next nat_up().
 * What is accepted there is what stays on the bridge (with br_netfilter that passes the forward hook, too), what goes to the
 * bridge's own address, and the traffic of guests with NAT on, both ways and whatever its state: ours are the tables that judge it.
 * firewalld is told otherwise (firewalld.h). A table an administrator wrote for nftables itself is theirs: nat_look() names it
 * and the command that opens it. What iptables-legacy holds is not seen from here.
 *
 * Works in the network namespace of the calling thread; needs CAP_NET_ADMIN there: else ERR_PERM. ERR_MISSING when the kernel
 * has no nf_tables. Who changes the same tables at the same time may make a call fail, never half succeed.
 */
#ifndef NET_NAT_H
#define NET_NAT_H

#include "base/buf.h"
#include "base/err.h"
#include "core/net/addr.h"
#include "core/net/link.h"

#include <stdbool.h>

#define NAT_TABLE "banger"
#define NAT_IPV4_SIZE 16
#define NAT_NAMES_PORT 42069 /* where our name server listens, on the bridge's address; guests ask port 53 */

struct nat_guest {
	char tap[LINK_NAME_SIZE]; /* from link_tap_name(): the tables know taps by their prefix */
	char mac[ADDR_MAC_SIZE];
	char ipv4[NAT_IPV4_SIZE];
	bool nat;
};

struct nat_net {
	const char *bridge; /* interface name */
	const char *cidr;   /* its address and prefix; our name server listens on that address */
};

/* The whole of both tables for these guests as nft text: pure, for the golden test and for people to read (Host view). */
void nat_format(const struct nat_net *net, const struct nat_guest *guests, int n, struct buf *out);

/* Make the tables, or put them right: the rules anew, the guests as they are, our rules in others' chains too where such
 * have come up since. One transaction, idempotent. ERR_USAGE for names and addresses that are none, ERR_EXISTS when a table of
 * that name is somebody else's. */
NODISCARD int nat_up(const struct nat_net *net, struct err *e);
/* Remove both tables, where they are ours, and our rules in others' chains. Already gone is fine. */
NODISCARD int nat_down(struct err *e);
/* Add the guest, or change its addresses or its NAT switch: one transaction, idempotent. ERR_STATE without nat_up(); ERR_EXISTS
 * when another tap has that IPv4 address. */
NODISCARD int nat_guest_set(const struct nat_guest *g, struct err *e);
/* Already gone is fine, the tables too. */
NODISCARD int nat_guest_remove(const char *tap, struct err *e);
/* What the kernel has, read back. *ret is the caller's (free). No table = none. */
NODISCARD int nat_guests(struct nat_guest **ret, int *ret_n, struct err *e);

/* How our tables are. Anybody with the right to may have removed or emptied them since they were made: `flush ruleset` does. */
struct nat_health {
	bool is_there;	  /* either of them */
	bool is_whole;	  /* both, and in them every rule that nat_up() made: else nothing holds a guest that is on the bridge */
	char foreign[24]; /* "inet banger": a table of that name that is not ours; empty when there is none */
};
NODISCARD int nat_health(struct nat_health *ret, struct err *e);

/* What else on this host would swallow the guests' packets. */
enum nat_obstacle {
	NAT_CLEAR,
	NAT_FIREWALLD,
	NAT_OTHER_DROP, /* any other base chain that drops what it does not accept */
};
struct nat_obstacles {
	enum nat_obstacle what; /* the first that drops and does not mention the bridge */
	char where[80];		/* "inet firewalld filter_FORWARD" */
	char fix[400];		/* the shell command that helps, to be run as root; empty when it would not fit */
};
/* What nat_up() does not open itself. An obstacle counts as settled when its table mentions the interface `bridge`. */
NODISCARD int nat_look(const char *bridge, struct nat_obstacles *ret, struct err *e);

#endif
