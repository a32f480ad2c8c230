/* SPDX-License-Identifier: MIT */
/*
 * Which IPv4 ranges the host knows its way to, and where its own way out is.
 *
 * All routing tables count, and addresses of interfaces that are down: a VPN keeps its routes in a table of its own, and what
 * is down comes up again. What is shorter than /8 is no network somebody is in but a default route or a piece of one (VPNs
 * cut it into 0.0.0.0/1 and 128.0.0.0/1 to win over the real one).
 *
 * Anybody may ask this, and the console does before a start and in the doctor: so it is asked in rtnetlink(7)'s own words, and
 * the console goes without libnl.
 */
#include "core/net/link_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DUMP_BYTES 65536 /* the kernel fills at most half of that at once (netlink(7)) */
#define DUMP_TRIES 5
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

static void remember(struct known_list *l, const struct link_range *r, int ifindex)
{
	if (r->len < SHORTEST || !ifindex)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->v = xrealloc(l->v, (size_t)l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = (struct known){.r = {.addr = r->addr & mask_of(r->len), .len = r->len}, .ifindex = ifindex};
}

/* ---- what the kernel says ---- */

static int ask(int fd, int type, struct err *e)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg body; /* of an address's question only the family counts, which is first there, too */
	} q = {.head = {.nlmsg_len = sizeof(q), .nlmsg_type = (uint16_t)type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	       .body = {.rtm_family = AF_INET}};

	return send(fd, &q, sizeof(q), 0) < 0 ? err_sys(e, errno, "rtnetlink") : 0;
}

/* One datagram of the answer. 1 = that was the last, 0 = more follows; *ret_torn: the picture changed while it was taken. */
static int hear(int fd, char *data, void (*each)(void *arg, const struct nlmsghdr *h), void *arg, bool *ret_torn, struct err *e)
{
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t got = recvfrom(fd, data, DUMP_BYTES, MSG_TRUNC, (struct sockaddr *)&from, &from_len);

	if (got < 0)
		return errno == EINTR ? 0 : err_sys(e, errno, "rtnetlink");
	if (got > DUMP_BYTES)
		return err_set(e, ERR_PROTO, _("the kernel's answer about its routes is too long"));
	if (from.nl_pid != 0)
		return 0; /* not the kernel's */
	int left = (int)got;
	for (const struct nlmsghdr *h = (const void *)data; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		*ret_torn |= h->nlmsg_flags & NLM_F_DUMP_INTR;
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR)
			return err_sys(e, -((const struct nlmsgerr *)NLMSG_DATA(h))->error, "rtnetlink");
		each(arg, h);
	}
	return 0;
}

/* All routes (RTM_GETROUTE) or addresses (RTM_GETADDR), a message each. What changed meanwhile is asked for again, and then
 * `each` sees some twice. */
static int dump(int type, void (*each)(void *arg, const struct nlmsghdr *h), void *arg, struct err *e)
{
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	auto_free char *data = xmalloc(DUMP_BYTES);

	if (fd < 0)
		return err_sys(e, errno, "rtnetlink");
	for (int tries = 0; tries < DUMP_TRIES; tries++) {
		bool torn = false;
		int rc = 0;
		if (ask(fd, type, e) < 0)
			return -1;
		while (rc == 0)
			rc = hear(fd, data, each, arg, &torn, e);
		if (rc < 0)
			return -1;
		if (!torn)
			return 0;
	}
	return err_set(e, ERR_BUSY, _("the host's routes change too fast to be read"));
}

static uint32_t u32_of(const struct rtattr *a)
{
	uint32_t v = 0;

	memcpy(&v, RTA_DATA(a), MIN(sizeof(v), (size_t)RTA_PAYLOAD(a)));
	return v;
}

struct route {
	struct link_range dst; /* len 0: the default */
	uint32_t table, metric;
	int type;
	int ifindex[16]; /* of its next hops; none for one that says "unreachable" */
	int n;
};

static void add_hop(struct route *r, int ifindex)
{
	if (ifindex && r->n < (int)(sizeof(r->ifindex) / sizeof(r->ifindex[0])))
		r->ifindex[r->n++] = ifindex;
}

static void read_hops(const struct rtattr *a, struct route *r)
{
	int left = (int)RTA_PAYLOAD(a);

	for (const struct rtnexthop *h = RTA_DATA(a); RTNH_OK(h, left);) {
		add_hop(r, h->rtnh_ifindex);
		left -= (int)RTNH_ALIGN(h->rtnh_len);
		h = RTNH_NEXT(h);
	}
}

static bool read_route(const struct nlmsghdr *h, struct route *ret)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	int left = (int)RTM_PAYLOAD(h);

	if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->rtm_family != AF_INET ||
	    m->rtm_flags & RTM_F_CLONED)
		return false;
	*ret = (struct route){.dst.len = m->rtm_dst_len, .table = m->rtm_table, .type = m->rtm_type};
	for (const struct rtattr *a = RTM_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == RTA_DST)
			ret->dst.addr = ntohl(u32_of(a));
		else if (a->rta_type == RTA_TABLE)
			ret->table = u32_of(a);
		else if (a->rta_type == RTA_PRIORITY)
			ret->metric = u32_of(a);
		else if (a->rta_type == RTA_OIF)
			add_hop(ret, (int)u32_of(a));
		else if (a->rta_type == RTA_MULTIPATH)
			read_hops(a, ret);
	}
	return true;
}

static void know_route(void *arg, const struct nlmsghdr *h)
{
	struct route r;

	for (int i = 0; read_route(h, &r) && i < r.n; i++)
		remember(arg, &r.dst, r.ifindex[i]);
}

static void know_address(void *arg, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct link_range range = {0};

	if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->ifa_family != AF_INET)
		return;
	int left = (int)IFA_PAYLOAD(h);
	range.len = m->ifa_prefixlen;
	for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFA_LOCAL)
			range.addr = ntohl(u32_of(a));
	remember(arg, &range, (int)m->ifa_index);
}

/* A route that says "unreachable" has no interface and takes nothing from a network that is there. */
static int read_known(struct known_list *ret, struct err *e)
{
	if (dump(RTM_GETROUTE, know_route, ret, e) < 0)
		return err_wrap(e, _("read the routes"));
	return dump(RTM_GETADDR, know_address, ret, e) < 0 ? err_wrap(e, _("read addresses")) : 0;
}

/* Not asked the other way around: for a name nobody has the kernel runs modprobe (netdev-NAME) first, and that takes longer than all
 * the rest of a start's preflight. */
static bool is_named(int ifindex, const char *name)
{
	char dev[IF_NAMESIZE];

	return name && if_indextoname((unsigned)ifindex, dev) && strcmp(dev, name) == 0;
}

/* The widest of what overlaps, so that the person reads the network and not one address of it. */
static const struct known *find_conflict(const struct known_list *l, const struct link_range *r, const char *own)
{
	const struct known *found = NULL;

	for (int i = 0; i < l->n; i++)
		if (overlap(&l->v[i].r, r) && (!found || l->v[i].r.len < found->r.len) && !is_named(l->v[i].ifindex, own))
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
	const struct known *k = find_conflict(&list, &want, own);
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
			if (!find_conflict(&list, &r, NULL)) {
				range_to_string(&r, ret_cidr);
				return 0;
			}
		}
	}
	return err_set(e, ERR_NOT_FOUND, _("all private networks are taken by routes of this host"));
}

int link_check_free(const char *cidr, const char *own, struct err *e)
{
	char dev[LINK_NAME_SIZE], range[LINK_CIDR_SIZE], proposal[LINK_CIDR_SIZE];
	bool is_taken;

	if (link_conflict(cidr, own, &is_taken, dev, range, e) < 0)
		return -1;
	if (!is_taken)
		return 0;
	err_set(e, ERR_BUSY, _("the network %s overlaps %s of interface %s"), cidr, range, dev);
	if (link_propose(proposal, NULL) == 0)
		err_hint(e, _("%s is free: net { address = \"%s\" } in banger.conf"), proposal, proposal);
	return -1;
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

struct uplinks {
	struct uplink v[64];
	int n;
};

static void know_uplink(void *arg, const struct nlmsghdr *h)
{
	struct uplinks *l = arg;
	struct route r;

	if (!read_route(h, &r) || r.type != RTN_UNICAST || r.dst.len > HALF_DEFAULT)
		return;
	for (int i = 0; i < r.n && l->n < (int)(sizeof(l->v) / sizeof(l->v[0])); i++)
		l->v[l->n++] = (struct uplink){.ifindex = r.ifindex[i],
					       .len = r.dst.len,
					       .is_main = r.table == RT_TABLE_MAIN,
					       .metric = r.metric};
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
	struct uplinks found = {.n = 0};

	*ret_n = 0;
	if (dump(RTM_GETROUTE, know_uplink, &found, e) < 0)
		return err_wrap(e, _("read the routes"));
	qsort(found.v, (size_t)found.n, sizeof(found.v[0]), compare_uplinks);
	for (int i = 0; i < found.n; i++)
		add_name(ret, max, ret_n, found.v[i].ifindex);
	return 0;
}
