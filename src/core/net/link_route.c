/* SPDX-License-Identifier: MIT */
/*
 * Which IPv4 ranges the host knows its way to, and where its own way out is.
 *
 * All routing tables count, and addresses of interfaces that are down: a VPN keeps its routes in a table of its own, and what
 * is down comes up again. What is shorter than /8 is no network somebody is in but a default route or a piece of one (VPNs
 * cut it into 0.0.0.0/1 and 128.0.0.0/1 to win over the real one).
 */
#include "core/net/link_priv.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>

#define SHORTEST 8     /* prefix length of what counts as a network */
#define HALF_DEFAULT 1 /* and of what counts as a default route */

struct known {
	struct link_range r;
	int ifindex;
};

struct known_list {
	struct known *v;
	int n;
	int cap;
};

#define auto_known __attribute__((cleanup(known_done))) struct known_list

static void known_done(struct known_list *l)
{
	free(l->v);
}

static uint32_t mask_of(int len)
{
	return len ? ~0U << (32 - len) : 0;
}

static bool overlap(const struct link_range *a, const struct link_range *b)
{
	uint32_t mask = mask_of(a->len < b->len ? a->len : b->len);

	return (a->addr & mask) == (b->addr & mask);
}

static void range_to_string(const struct link_range *r, char ret[LINK_CIDR_SIZE])
{
	char ip[INET_ADDRSTRLEN];
	uint32_t be = htonl(r->addr);

	inet_ntop(AF_INET, &be, ip, sizeof(ip));
	snprintf(ret, LINK_CIDR_SIZE, "%s/%d", ip, r->len);
}

int link_parse_cidr(const char *cidr, struct link_range *ret, struct err *e)
{
	char ip[INET_ADDRSTRLEN] = "";
	const char *slash = strchr(cidr, '/');
	struct in_addr a;
	char *end;

	if (slash && (size_t)(slash - cidr) < sizeof(ip)) {
		memcpy(ip, cidr, (size_t)(slash - cidr));
		long len = slash[1] >= '1' && slash[1] <= '9' ? strtol(slash + 1, &end, 10) : 0;
		if (len >= SHORTEST && len <= 30 && !*end && inet_pton(AF_INET, ip, &a) == 1) {
			*ret = (struct link_range){.addr = ntohl(a.s_addr), .len = (int)len};
			uint32_t host = ret->addr & ~mask_of(ret->len);
			if (host != 0 && host != ~mask_of(ret->len))
				return 0;
		}
	}
	err_set(e, ERR_USAGE, _("'%s' is no address of a bridge"), cidr);
	return err_hint(e, _("An address and its network, /8 to /30: 172.16.0.1/24"));
}

static void remember(struct known_list *l, struct nl_addr *a, int len, int ifindex)
{
	if (!a || nl_addr_get_family(a) != AF_INET || nl_addr_get_len(a) != 4 || len < SHORTEST || !ifindex)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->v = xrealloc(l->v, (size_t)l->cap, sizeof(*l->v));
	}
	uint32_t be;
	memcpy(&be, nl_addr_get_binary_addr(a), sizeof(be));
	l->v[l->n++] = (struct known){.r = {.addr = ntohl(be) & mask_of(len), .len = len}, .ifindex = ifindex};
}

static int read_routes(struct nl_sock *sk, struct nl_cache **ret, struct err *e)
{
	int rc = rtnl_route_alloc_cache(sk, AF_INET, 0, ret);

	return rc < 0 ? link_err(e, rc, _("read the routes")) : 0;
}

/* A route that says "unreachable" has no interface and takes nothing from a network that is there. */
static int read_known(struct known_list *ret, struct err *e)
{
	auto_sock *sk = NULL;
	auto_cache *routes = NULL;
	auto_cache *addrs = NULL;

	if (link_sock(&sk, e) < 0 || read_routes(sk, &routes, e) < 0)
		return -1;
	int rc = rtnl_addr_alloc_cache(sk, &addrs);
	if (rc < 0)
		return link_err(e, rc, _("read addresses"));
	for (struct nl_object *o = nl_cache_get_first(routes); o; o = nl_cache_get_next(o)) {
		struct rtnl_route *r = (struct rtnl_route *)o;
		struct nl_addr *dst = rtnl_route_get_dst(r);
		for (int i = 0; dst && i < rtnl_route_get_nnexthops(r); i++)
			remember(ret, dst, (int)nl_addr_get_prefixlen(dst),
				 rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(r, i)));
	}
	for (struct nl_object *o = nl_cache_get_first(addrs); o; o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;
		remember(ret, rtnl_addr_get_local(a), rtnl_addr_get_prefixlen(a), rtnl_addr_get_ifindex(a));
	}
	return 0;
}

/* The widest of what overlaps, so that the person reads the network and not one address of it. */
static const struct known *find_conflict(const struct known_list *l, const struct link_range *r, int own)
{
	const struct known *found = NULL;

	for (int i = 0; i < l->n; i++)
		if (l->v[i].ifindex != own && overlap(&l->v[i].r, r) && (!found || l->v[i].r.len < found->r.len))
			found = &l->v[i];
	return found;
}

int link_conflict(const char *cidr, const char *own, bool *ret, char ret_dev[LINK_NAME_SIZE],
		  char ret_range[LINK_CIDR_SIZE], struct err *e)
{
	auto_known list = {0};
	struct link_range want;
	char dev[IF_NAMESIZE];

	if (link_parse_cidr(cidr, &want, e) < 0 || read_known(&list, e) < 0)
		return -1;
	const struct known *k = find_conflict(&list, &want, own ? (int)if_nametoindex(own) : 0);
	*ret = k != NULL;
	ret_dev[0] = ret_range[0] = '\0';
	if (k) {
		if (if_indextoname((unsigned)k->ifindex, dev)) /* gone since: nameless */
			str_copy(ret_dev, LINK_NAME_SIZE, dev);
		range_to_string(&k->r, ret_range);
	}
	return 0;
}

int link_propose(char ret_cidr[LINK_CIDR_SIZE], struct err *e)
{
	static const struct link_range pools[] = {
		{.addr = 0xac100000, .len = 12}, /* 172.16.0.0 */
		{.addr = 0x0ad50000, .len = 16}, /* 10.213.0.0 */
		{.addr = 0xc0a80000, .len = 16}, /* 192.168.0.0 */
	};
	auto_known list = {0};

	if (read_known(&list, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		for (uint32_t n = 0; n < 1U << (24 - pools[i].len); n++) {
			struct link_range r = {.addr = pools[i].addr + (n << 8) + 1, .len = 24};
			if (!find_conflict(&list, &r, 0)) {
				range_to_string(&r, ret_cidr);
				return 0;
			}
		}
	}
	return err_set(e, ERR_NOT_FOUND, _("all private networks are taken by routes of this host"));
}

/* ---- the way out ---- */

struct uplink {
	int ifindex;
	int len;
	bool is_main; /* table */
	uint32_t metric;
};

static int compare_uplinks(const void *x, const void *y)
{
	const struct uplink *a = x;
	const struct uplink *b = y;

	if (a->len != b->len)
		return b->len - a->len;
	if (a->is_main != b->is_main)
		return b->is_main - a->is_main;
	return a->metric < b->metric ? -1 : a->metric > b->metric;
}

static bool is_default(struct rtnl_route *r)
{
	struct nl_addr *dst = rtnl_route_get_dst(r);

	return rtnl_route_get_type(r) == RTN_UNICAST && (!dst || nl_addr_get_prefixlen(dst) <= HALF_DEFAULT);
}

static void add_name(char (*ret)[LINK_NAME_SIZE], int max, int *n, int ifindex)
{
	char name[IF_NAMESIZE];

	if (*n == max || !if_indextoname((unsigned)ifindex, name))
		return;
	for (int i = 0; i < *n; i++)
		if (!strcmp(ret[i], name))
			return;
	str_copy(ret[(*n)++], LINK_NAME_SIZE, name);
}

int link_uplinks(char (*ret)[LINK_NAME_SIZE], int max, int *ret_n, struct err *e)
{
	enum { MOST = 64 };
	struct uplink found[MOST];
	int n = 0;
	auto_sock *sk = NULL;
	auto_cache *routes = NULL;

	*ret_n = 0;
	if (link_sock(&sk, e) < 0 || read_routes(sk, &routes, e) < 0)
		return -1;
	for (struct nl_object *o = nl_cache_get_first(routes); o; o = nl_cache_get_next(o)) {
		struct rtnl_route *r = (struct rtnl_route *)o;
		for (int i = 0; is_default(r) && i < rtnl_route_get_nnexthops(r) && n < MOST; i++) {
			struct nl_addr *dst = rtnl_route_get_dst(r);
			found[n++] = (struct uplink){.ifindex = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(r, i)),
						     .len = dst ? (int)nl_addr_get_prefixlen(dst) : 0,
						     .is_main = rtnl_route_get_table(r) == RT_TABLE_MAIN,
						     .metric = rtnl_route_get_priority(r)};
		}
	}
	qsort(found, (size_t)n, sizeof(found[0]), compare_uplinks);
	for (int i = 0; i < n; i++)
		add_name(ret, max, ret_n, found[i].ifindex);
	return 0;
}
