/* SPDX-License-Identifier: MIT */
/*
 * The bridge, and what every link*.c file stands on. Each call opens a netlink socket of its own: that costs less than a
 * millisecond, makes the calls independent of threads, and binds them to the network namespace of the moment.
 *
 * The bridge has a MAC address of its own, always the same. Left alone it would take the lowest of its ports', and change
 * whenever a guest comes or goes: every other guest would then talk to a gateway that is no more. The first octet is 06,
 * that of guests 02 (addr.h): they never meet.
 */
#include "core/net/link_priv.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <stdio.h>
#include <string.h>

static const uint8_t bridge_mac[6] = {0x06, 'b', 'g', 'r', 0x00, 0x01};

#define auto_addr __attribute__((cleanup(addr_put))) struct rtnl_addr
#define auto_ip __attribute__((cleanup(ip_put))) struct nl_addr

static void addr_put(struct rtnl_addr **a)
{
	rtnl_addr_put(*a);
}

static void ip_put(struct nl_addr **a)
{
	nl_addr_put(*a);
}

/* ---- what all share ---- */

int link_err(struct err *e, int nl_code, const char *fmt, ...)
{
	static const struct {
		int nl;
		enum err_code code;
	} codes[] = {
		{NLE_PERM, ERR_PERM},	    {NLE_NOACCESS, ERR_PERM},	  {NLE_EXIST, ERR_EXISTS},
		{NLE_BUSY, ERR_BUSY},	    {NLE_NOMEM, ERR_NOMEM},	  {NLE_OBJ_NOTFOUND, ERR_NOT_FOUND},
		{NLE_NODEV, ERR_NOT_FOUND}, {NLE_OPNOTSUPP, ERR_MISSING},
	};
	enum err_code code = ERR_SYS;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (nl_code < 0)
		nl_code = -nl_code;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].nl == nl_code)
			code = codes[i].code;
	return err_set(e, code, "%s: %s", what, nl_geterror(nl_code));
}

int link_sock(struct nl_sock **ret, struct err *e)
{
	auto_sock *sk = nl_socket_alloc();
	int rc = sk ? nl_connect(sk, NETLINK_ROUTE) : -NLE_NOMEM;

	if (rc < 0)
		return link_err(e, rc, "rtnetlink");
	*ret = TAKE_PTR(sk);
	return 0;
}

int link_get(struct nl_sock *sk, const char *name, struct rtnl_link **ret, struct err *e)
{
	*ret = NULL;
	if (link_check_name(name, e) < 0)
		return -1;
	int rc = rtnl_link_get_kernel(sk, 0, name, ret);
	if (rc == -NLE_NODEV || rc == -NLE_OBJ_NOTFOUND)
		return 0;
	return rc < 0 ? link_err(e, rc, _("look for interface %s"), name) : 0;
}

bool link_is_ours(struct rtnl_link *l)
{
	const char *alias = rtnl_link_get_ifalias(l);

	return alias && *alias ? !strcmp(alias, LINK_ALIAS) : rtnl_link_get_group(l) == LINK_GROUP;
}

int link_must_be_ours(struct rtnl_link *l, struct err *e)
{
	if (link_is_ours(l))
		return 0;
	err_set(e, ERR_EXISTS, _("interface %s is not ours"), rtnl_link_get_name(l));
	return err_hint(e, _("Somebody else made it. Remove it, or see who did: ip -d link show %s"),
			rtnl_link_get_name(l));
}

int link_remove(struct nl_sock *sk, struct rtnl_link *l, struct err *e)
{
	int rc = rtnl_link_delete(sk, l);

	if (rc < 0 && rc != -NLE_NODEV && rc != -NLE_OBJ_NOTFOUND)
		return link_err(e, rc, _("remove interface %s"), rtnl_link_get_name(l));
	return 0;
}

int link_claim(struct nl_sock *sk, struct rtnl_link *l, int master, struct err *e)
{
	auto_link *change = rtnl_link_alloc();
	int rc = -NLE_NOMEM;

	if (change) {
		rtnl_link_set_ifalias(change, LINK_ALIAS);
		if (master != rtnl_link_get_master(l))
			rtnl_link_set_master(change, master);
		rtnl_link_set_flags(change, IFF_UP);
		rc = rtnl_link_change(sk, l, change, 0);
	}
	return rc < 0 ? link_err(e, rc, _("set up interface %s"), rtnl_link_get_name(l)) : 0;
}

/* ---- /proc/sys/net: of the calling thread's network namespace, whoever mounted it (proc_sysctl.c: current->nsproxy) ---- */

static int write_setting(const char *family, const char *name, const char *key, const char *value, struct err *e)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, key);
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return err_sys(e, errno, "%s", path);
	return 0;
}

int link_quiet_ipv6(const char *name, struct err *e)
{
	static const char *const off[][2] = {{"accept_ra", "0"}, {"autoconf", "0"}, {"disable_ipv6", "1"}};

	if (access("/proc/sys/net/ipv6", F_OK) < 0)
		return 0; /* a kernel without IPv6 */
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (write_setting("ipv6", name, off[i][0], off[i][1], e) < 0)
			return -1;
	return 0;
}

int link_forward(const char *name, bool on, bool *ret_was, struct err *e)
{
	char path[96];
	char was = '0';

	if (link_check_name(name, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding", name);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, _("there is no interface %s"), name);
	if (fd < 0 || read(fd, &was, 1) < 0)
		return err_sys(e, errno, "%s", path);
	if (ret_was)
		*ret_was = was != '0';
	return (was != '0') == on ? 0 : write_setting("ipv4", name, "forwarding", on ? "1" : "0", e);
}

/* ---- the bridge ---- */

enum bridge_step { BRIDGE_MAKE, BRIDGE_STP_OFF, BRIDGE_NO_DELAY };

/* One change of it. libnl-3.7 knows neither STP nor the forward delay: the message is built here. */
static int send_bridge(struct nl_sock *sk, const char *name, enum bridge_step step, struct err *e)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, step == BRIDGE_MAKE ? NLM_F_CREATE | NLM_F_EXCL : 0);
	struct nlattr *info;
	struct nlattr *data;

	if (!msg || nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0)
		goto nla_put_failure;
	NLA_PUT_STRING(msg, IFLA_IFNAME, name);
	if (step == BRIDGE_MAKE) {
		NLA_PUT_U32(msg, IFLA_GROUP, LINK_GROUP);
		NLA_PUT(msg, IFLA_ADDRESS, sizeof(bridge_mac), bridge_mac);
	}
	if (!(info = nla_nest_start(msg, IFLA_LINKINFO)))
		goto nla_put_failure;
	NLA_PUT_STRING(msg, IFLA_INFO_KIND, "bridge");
	if (!(data = nla_nest_start(msg, IFLA_INFO_DATA)))
		goto nla_put_failure;
	if (step == BRIDGE_NO_DELAY)
		NLA_PUT_U32(msg, IFLA_BR_FORWARD_DELAY, 0);
	else
		NLA_PUT_U32(msg, IFLA_BR_STP_STATE, 0);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	int rc = nl_send_sync(sk, msg); /* frees it */
	return rc < 0 ? link_err(e, rc, _("make bridge %s"), name) : 0;
nla_put_failure:
	nlmsg_free(msg);
	return err_set(e, ERR_NOMEM, _("make bridge %s"), name);
}

/* The address `want` alone. What is wrong goes first: with the primary address the kernel drops secondary ones too. */
static int set_address(struct nl_sock *sk, int ifindex, const struct link_range *want, struct err *e)
{
	uint32_t be = htonl(want->addr);
	auto_ip *ip = nl_addr_build(AF_INET, &be, sizeof(be));
	auto_addr *fresh = rtnl_addr_alloc();
	auto_cache *all = NULL;
	int rc = ip && fresh ? rtnl_addr_alloc_cache(sk, &all) : -NLE_NOMEM;
	bool is_there = false;

	if (rc < 0)
		return link_err(e, rc, _("read addresses"));
	nl_addr_set_prefixlen(ip, want->len);
	for (struct nl_object *o = nl_cache_get_first(all); o; o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;
		if (rtnl_addr_get_ifindex(a) != ifindex || rtnl_addr_get_family(a) != AF_INET)
			continue;
		if (rtnl_addr_get_prefixlen(a) == want->len && !nl_addr_cmp(rtnl_addr_get_local(a), ip))
			is_there = true;
		else if ((rc = rtnl_addr_delete(sk, a, 0)) < 0 && rc != -NLE_NOADDR)
			return link_err(e, rc, _("remove an address"));
	}
	if (is_there)
		return 0;
	rtnl_addr_set_ifindex(fresh, ifindex);
	if ((rc = rtnl_addr_set_local(fresh, ip)) < 0 || (rc = rtnl_addr_add(sk, fresh, 0)) < 0)
		return link_err(e, rc, _("set the bridge's address"));
	return 0;
}

static int adjust_bridge(struct nl_sock *sk, const char *name, const struct link_range *want, struct err *e)
{
	auto_link *l = NULL;

	if (link_get(sk, name, &l, e) < 0)
		return -1;
	if (!l)
		return err_set(e, ERR_NOT_FOUND, _("bridge %s is gone again"), name);
	if (link_quiet_ipv6(name, e) < 0 || (want && set_address(sk, rtnl_link_get_ifindex(l), want, e) < 0))
		return -1;
	return link_claim(sk, l, 0, e);
}

static int must_be_our_bridge(struct rtnl_link *l, struct err *e)
{
	const char *type = rtnl_link_get_type(l);

	if (link_must_be_ours(l, e) < 0)
		return -1;
	return type && !strcmp(type, "bridge")
		       ? 0
		       : err_set(e, ERR_EXISTS, _("interface %s is no bridge"), rtnl_link_get_name(l));
}

int link_bridge_up(const char *name, const char *cidr, struct err *e)
{
	auto_sock *sk = NULL;
	auto_link *old = NULL;
	struct link_range want;

	if ((cidr && link_parse_cidr(cidr, &want, e) < 0) || link_sock(&sk, e) < 0 || link_get(sk, name, &old, e) < 0)
		return -1;
	if ((old && must_be_our_bridge(old, e) < 0) || (cidr && link_check_free(cidr, name, e) < 0))
		return -1;
	/* STP goes off in a message of its own, before all else: of one message the kernel takes the delay first, and with STP on
	 * it refuses one of 0 (br_netlink.c, br_changelink). */
	if (send_bridge(sk, name, old ? BRIDGE_STP_OFF : BRIDGE_MAKE, e) < 0)
		return -1;
	if (send_bridge(sk, name, BRIDGE_NO_DELAY, e) == 0 && adjust_bridge(sk, name, cidr ? &want : NULL, e) == 0)
		return 0;
	if (!old) {
		auto_link *half = NULL;
		struct err undo = {0};
		if (link_get(sk, name, &half, &undo) < 0 || (half && link_remove(sk, half, &undo) < 0))
			err_join(e, &undo);
	}
	return -1;
}

int link_bridge_down(const char *name, struct err *e)
{
	auto_sock *sk = NULL;
	auto_link *l = NULL;
	auto_cache *all = NULL;

	if (link_sock(&sk, e) < 0 || link_get(sk, name, &l, e) < 0)
		return -1;
	if (!l)
		return 0;
	if (must_be_our_bridge(l, e) < 0)
		return -1;
	int rc = rtnl_link_alloc_cache(sk, AF_UNSPEC, &all);
	if (rc < 0)
		return link_err(e, rc, _("read the list of interfaces"));
	for (struct nl_object *o = nl_cache_get_first(all); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *port = (struct rtnl_link *)o;
		if (rtnl_link_get_master(port) == rtnl_link_get_ifindex(l))
			return err_set(e, ERR_BUSY, _("interface %s is still plugged into bridge %s"),
				       rtnl_link_get_name(port), name);
	}
	return link_remove(sk, l, e);
}
