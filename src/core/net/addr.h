/* SPDX-License-Identifier: MIT */
/*
 * Addresses as text: link-layer addresses made from VM ids, IPv4 addresses checked before they reach a command line.
 */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include "base/id.h"

#include <stdbool.h>

#define ADDR_MAC_SIZE 18

/* Locally administered unicast address (IEEE 802: second bit of the first octet) made of the low 40 bits of a VM id:
 * the same VM has the same address for life. `id` is ID_HEX_LEN hex digits. */
void addr_mac_from_id(const char *id, char ret[ADDR_MAC_SIZE]);
/* Dotted quad of four decimal numbers, nothing else. */
bool addr_is_ipv4(const char *s);
/* In 127.0.0.0/8. */
bool addr_is_loopback(const char *s);

#endif
