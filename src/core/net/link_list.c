/* SPDX-License-Identifier: MIT */
/*
 * Looking at interfaces: their counters, and which are ours.
 */
#include "core/net/link_priv.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <string.h>

int link_counters(const char *name, struct link_counters *ret, struct err *e)
{
	auto_sock *sk = NULL;
	auto_link *l = NULL;

	if (link_sock(&sk, e) < 0 || link_get(sk, name, &l, e) < 0)
		return -1;
	if (!l)
		return err_set(e, ERR_NOT_FOUND, _("there is no interface %s"), name);
	/* What the host sends into a tap is what the guest receives. */
	*ret = (struct link_counters){
		.rx_bytes = rtnl_link_get_stat(l, RTNL_LINK_TX_BYTES),
		.tx_bytes = rtnl_link_get_stat(l, RTNL_LINK_RX_BYTES),
		.rx_packets = rtnl_link_get_stat(l, RTNL_LINK_TX_PACKETS),
		.tx_packets = rtnl_link_get_stat(l, RTNL_LINK_RX_PACKETS),
	};
	return 0;
}

int link_list(struct link_info **ret, int *ret_n, struct err *e)
{
	auto_sock *sk = NULL;
	auto_cache *all = NULL;

	*ret = NULL;
	*ret_n = 0;
	if (link_sock(&sk, e) < 0)
		return -1;
	int rc = rtnl_link_alloc_cache(sk, AF_UNSPEC, &all);
	if (rc < 0)
		return link_err(e, rc, _("read the list of interfaces"));
	struct link_info *list = xcalloc((size_t)nl_cache_nitems(all) + 1, sizeof(*list));
	for (struct nl_object *o = nl_cache_get_first(all); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *l = (struct rtnl_link *)o;
		const char *type = rtnl_link_get_type(l);
		if (!link_is_ours(l))
			continue;
		struct link_info *i = &list[(*ret_n)++];
		str_copy(i->name, sizeof(i->name), rtnl_link_get_name(l));
		i->is_bridge = type && !strcmp(type, "bridge");
		i->up = rtnl_link_get_flags(l) & IFF_UP;
		i->in_use = rtnl_link_get_carrier(l);
		if (rtnl_link_get_master(l))
			rtnl_link_i2name(all, rtnl_link_get_master(l), i->master, sizeof(i->master));
	}
	*ret = list;
	return 0;
}
