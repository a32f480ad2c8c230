/* SPDX-License-Identifier: MIT */
/*
 * What the link*.c files share: a netlink socket with its clean-up, errors of libnl as ours, the question "is it ours", and
 * IPv4 ranges.
 */
#ifndef NET_LINK_PRIV_H
#define NET_LINK_PRIV_H

#include "core/net/link.h"

#include <net/if.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>

#define auto_sock __attribute__((cleanup(link_sock_done))) struct nl_sock
#define auto_link __attribute__((cleanup(link_put))) struct rtnl_link
#define auto_cache __attribute__((cleanup(link_cache_done))) struct nl_cache

static inline void link_sock_done(struct nl_sock **s)
{
	nl_socket_free(*s);
}

static inline void link_put(struct rtnl_link **l)
{
	rtnl_link_put(*l);
}

static inline void link_cache_done(struct nl_cache **c)
{
	nl_cache_free(*c);
}

/* A connected rtnetlink socket, the caller's. */
NODISCARD int link_sock(struct nl_sock **ret, struct err *e);
/* Set e from a negative code of libnl, its text appended. Returns -1. */
int link_err(struct err *e, int nl_code, const char *fmt, ...) PRINTF(3, 4);
/* A name that can be an interface's, and a file name below /proc/sys/net/ipv4/conf. Else ERR_USAGE. */
NODISCARD int link_check_name(const char *name, struct err *e);

/* link_open.c: the tun device, the caller's; and TUNSETIFF of a tap on it, -1 with errno. With IFF_TUN_EXCL a name that is taken is
 * EBUSY. */
NODISCARD int link_open_tun(int *ret_fd, struct err *e);
NODISCARD int link_attach_tap(int fd, const char *name, int flags);

/* The interface of that name, the caller's, or NULL when there is none. */
NODISCARD int link_get(struct nl_sock *sk, const char *name, struct rtnl_link **ret, struct err *e);
bool link_is_ours(struct rtnl_link *l);
/* ERR_EXISTS unless ours. */
NODISCARD int link_must_be_ours(struct rtnl_link *l, struct err *e);
NODISCARD int link_remove(struct nl_sock *sk, struct rtnl_link *l, struct err *e);
/* Our alias on it, a port of `master` (0: of none), up. */
NODISCARD int link_claim(struct nl_sock *sk, struct rtnl_link *l, int master, struct err *e);
/* No IPv6 of the host's own on that interface: no address of its making, no router advertisement believed. */
NODISCARD int link_quiet_ipv6(const char *name, struct err *e);

/* An IPv4 range, host byte order. */
struct link_range {
	uint32_t addr;
	int len;
};

/* "172.16.0.1/24", /8 to /30, an address guests can call by: neither network nor broadcast address. Else ERR_USAGE. */
NODISCARD int link_parse_cidr(const char *cidr, struct link_range *ret, struct err *e);

#endif
