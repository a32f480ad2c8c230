/* SPDX-License-Identifier: MIT */
/*
 * Addresses as text. inet_pton(3) accepts exactly the dotted quad, unlike inet_aton, which also takes "127.1" and octal.
 */
#include "core/net/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

void addr_mac_from_id(const char *id, char ret[ADDR_MAC_SIZE])
{
	assert(strlen(id) == ID_HEX_LEN);
	const char *low = id + 2;

	snprintf(ret, ADDR_MAC_SIZE, "02:%.2s:%.2s:%.2s:%.2s:%.2s", low, low + 2, low + 4, low + 6, low + 8);
}

bool addr_is_ipv4(const char *s)
{
	struct in_addr a;

	return inet_pton(AF_INET, s, &a) == 1;
}

bool addr_is_loopback(const char *s)
{
	struct in_addr a;

	return inet_pton(AF_INET, s, &a) == 1 && ntohl(a.s_addr) >> 24 == IN_LOOPBACKNET;
}
