/* SPDX-License-Identifier: MIT */
/*
 * The private IPv4 network that bridged guests are in, and who gets which address of it. Pure; any thread.
 *
 * It is written as the bridge's own address and the prefix: "172.16.0.1/24". RFC 1918 only, /16 to /28: whoever could give a
 * bridge any address could take the place of a server on the Internet.
 */
#ifndef NET_SUBNET_H
#define NET_SUBNET_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SUBNET_PREFIX_MIN 16
#define SUBNET_PREFIX_MAX 28
#define SUBNET_CIDR_SIZE 19 /* "255.255.255.255/32" */
#define SUBNET_IPV4_SIZE 16
#define SUBNET_DEFAULT "172.16.0.1/24"

struct subnet {
	uint32_t addr; /* the bridge's, host byte order */
	uint32_t mask;
	int prefix;
};

/* An address of RFC 1918, in host byte order. False for anything else. */
bool subnet_parse_ipv4(const char *s, uint32_t *ret);
/* ERR_USAGE with what it may be. The bridge's address is neither the network's nor the broadcast address. */
NODISCARD int subnet_parse(const char *cidr, struct subnet *ret, struct err *e);
/* Is it an address a guest may have: of the network, and nobody's by its nature? */
bool subnet_has_guest(const struct subnet *s, const char *ipv4);
/* The lowest address that a guest may have and is_taken() does not know. ERR_NOT_FOUND when all are taken. */
NODISCARD int subnet_allocate(const struct subnet *s, bool (*is_taken)(void *arg, const char *ipv4), void *arg,
			      char ret[SUBNET_IPV4_SIZE], struct err *e);

/* "172.16.0.1/24", "172.16.0.1"; and an address of it with the prefix, "172.16.0.2/24". */
void subnet_format(const struct subnet *s, char ret[SUBNET_CIDR_SIZE]);
void subnet_format_gateway(const struct subnet *s, char ret[SUBNET_IPV4_SIZE]);
void subnet_format_guest(const struct subnet *s, const char *ipv4, char ret[SUBNET_CIDR_SIZE]);

#endif
