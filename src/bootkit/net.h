/* SPDX-License-Identifier: MIT */
/*
 * Addresses and routes of the guest.
 */
#ifndef BOOTKIT_NET_H
#define BOOTKIT_NET_H

#include <net/if.h>
#include <netinet/in.h>

#include "bootkit/config.h"
#include "bootkit/util.h"

/* Read "10.0.2.15/24" into an address and a netmask, both in network order. */
int net_parse_cidr(const char *text, struct in_addr *ret_address, struct in_addr *ret_mask) NODISCARD;

/*
 * Bring up lo and, when the config asks for it, the machine's interface with address and default
 * route. ret_interface gets its name (empty: none). Failures are told; the machine still boots,
 * because the serial console is the way in when the network is broken.
 */
int net_up(const struct config *config, char ret_interface[IFNAMSIZ]) NODISCARD;

#endif
