/* SPDX-License-Identifier: MIT */
/*
 * Whether our tables are there at all, with guests or without.
 */
#include "core/net/nat_priv.h"

int nat_is_up(bool *ret, struct err *e)
{
	struct json *list;

	if (nat_list("list tables", NULL, &list, e) < 0)
		return -1;
	*ret = nat_read_table(list, "inet", NAT_TABLE) || nat_read_table(list, "bridge", NAT_TABLE);
	json_free(list);
	return 0;
}
