/* SPDX-License-Identifier: MIT */
/*
 * What bridged guests may reach: one nftables table of ours, `inet banger`, through libnftables. Nobody else's table is
 * touched, but for one rule a guest in Docker's DOCKER-USER chain where there is one (see below), marked by its comment and
 * removed again.
 *
 * The table is static but for its sets; a guest is a few elements in them, so that switching NAT of a running VM is one small
 * transaction, and the table itself tells what is on (nat_guests). What it says:
 *	- from a tap only the guest's own MAC and IPv4 address (ARP too: a netdev/bridge table `bridge banger` pins both),
 *	  no router advertisements, no DHCP answers;
 *	- guests reach one another; they reach the host only for replies and for our name server (53 on the bridge address);
 *	- forwarding out of the bridge only for guests with NAT on, masqueraded on the way out, replies back by conntrack;
 *	- nothing from outside is forwarded to a guest that did not ask.
 * A drop policy in another table's forward hook wins over our accept (nft(8): a packet must be accepted by every base
 * chain), which is why the DOCKER-USER rule exists and why the doctor looks for firewalld and ufw.
 *
 * Works in the network namespace of the calling thread; needs CAP_NET_ADMIN there.
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

struct nat_guest {
	char tap[LINK_NAME_SIZE];
	char mac[ADDR_MAC_SIZE];
	char ipv4[NAT_IPV4_SIZE];
	bool nat;
};

struct nat_net {
	const char *bridge; /* interface name */
	const char *cidr;   /* its address and prefix */
	const char *dns;    /* address our name server listens on; the bridge's */
};

/* The whole table for these guests as nft text: pure, for the golden test and for people to read (Host view). */
void nat_format(const struct nat_net *net, const struct nat_guest *guests, int n, struct buf *out);

/* Make the tables when they are missing (one transaction). Idempotent. ERR_MISSING when the kernel has no nf_tables. */
NODISCARD int nat_up(const struct nat_net *net, struct err *e);
/* Remove both tables and our rules of DOCKER-USER. Already gone is fine. */
NODISCARD int nat_down(struct err *e);
/* Add the guest or change its NAT switch; existing connections of one whose NAT goes off end with the next packet.
 * Idempotent. Adds or removes its DOCKER-USER rule where that chain exists. */
NODISCARD int nat_guest_set(const struct nat_guest *g, struct err *e);
NODISCARD int nat_guest_remove(const char *tap, struct err *e);
/* What the kernel has, read back. *ret is the caller's (free). No table = none. */
NODISCARD int nat_guests(struct nat_guest **ret, int *ret_n, struct err *e);

/* What else on this host would swallow the guests' packets. */
enum nat_obstacle { NAT_CLEAR, NAT_DOCKER, NAT_FIREWALLD, NAT_UFW, NAT_OTHER_DROP };
struct nat_obstacles {
	bool docker_user;      /* chain ip filter DOCKER-USER exists: our rule goes there */
	enum nat_obstacle what; /* a forward hook that drops and that we cannot answer */
	char where[64];	       /* "inet firewalld filter_FORWARD" */
	char fix[160];	       /* the command that helps */
};
NODISCARD int nat_look(struct nat_obstacles *ret, struct err *e);

#endif
