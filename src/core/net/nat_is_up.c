/* SPDX-License-Identifier: MIT */
/*
 * Whether our tables are there at all, with guests or without.
 */
#include "core/net/nat_priv.h"

#include <linux/netfilter.h>

int nat_is_up(bool *ret, struct err *e)
{
	uint32_t generation;
	bool inet, bridge;

	if (nat_ask_generation(&generation, e) < 0 || nat_ask_table(NFPROTO_INET, NAT_TABLE, &inet, e) < 0 ||
	    nat_ask_table(NFPROTO_BRIDGE, NAT_TABLE, &bridge, e) < 0)
		return -1;
	*ret = inet || bridge;
	return 0;
}
