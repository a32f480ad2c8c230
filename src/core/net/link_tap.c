/* SPDX-License-Identifier: MIT */
/*
 * Taps (linux/if_tun.h, Documentation/networking/tuntap.rst).
 *
 * A tap is made to stay as the last thing of all: until TUNSETPERSIST it goes with the descriptor, so one that is half made
 * leaves nothing, however its maker dies.
 */
#include "core/net/link_priv.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

void link_tap_name(const char *id, char ret[LINK_NAME_SIZE])
{
	assert(strlen(id) == ID_HEX_LEN);
	snprintf(ret, LINK_NAME_SIZE, LINK_TAP_PREFIX "%.12s", id);
}

/* The kernel asks for owner and group both, where both are set; "no group" it does not take (EINVAL). */
static int set_owner(int fd, const struct link_tap *t, struct err *e)
{
	if (ioctl(fd, TUNSETOWNER, (unsigned long)t->owner) == 0 &&
	    (t->group == (gid_t)-1 || ioctl(fd, TUNSETGROUP, (unsigned long)t->group) == 0))
		return 0;
	return err_sys(e, errno, _("give tap %s to its owner"), t->name);
}

static int find_master(struct nl_sock *sk, const char *bridge, int *ret, struct err *e)
{
	auto_link *l = NULL;

	*ret = 0;
	if (!bridge)
		return 0;
	if (link_get(sk, bridge, &l, e) < 0)
		return -1;
	if (!l)
		return err_set(e, ERR_NOT_FOUND, _("there is no bridge %s"), bridge);
	*ret = rtnl_link_get_ifindex(l);
	return link_must_be_ours(l, e);
}

static int make_tap(struct nl_sock *sk, const struct link_tap *t, int master, struct err *e)
{
	auto_fd fd = -1;
	auto_link *l = NULL;

	if (link_open_tun(&fd, e) < 0)
		return -1;
	if (link_attach_tap(fd, t->name, IFF_TUN_EXCL) < 0)
		return err_sys(e, errno, _("make tap %s"), t->name);
	if (set_owner(fd, t, e) < 0 || link_quiet_ipv6(t->name, e) < 0 || link_get(sk, t->name, &l, e) < 0)
		return -1;
	if (!l)
		return err_set(e, ERR_NOT_FOUND, _("tap %s is gone again"), t->name);
	if (link_claim(sk, l, master, e) < 0)
		return -1;
	return ioctl(fd, TUNSETPERSIST, 1UL) < 0 ? err_sys(e, errno, _("keep tap %s"), t->name) : 0;
}

/* Somebody who has it open is its owner already: then only the rest is put right. */
static int adjust_tap(struct nl_sock *sk, struct rtnl_link *l, const struct link_tap *t, int master, struct err *e)
{
	auto_fd fd = -1;

	if (link_open_tun(&fd, e) < 0)
		return -1;
	if (link_attach_tap(fd, t->name, 0) == 0) {
		if (set_owner(fd, t, e) < 0)
			return -1;
	} else if (errno != EBUSY) {
		return err_sys(e, errno, _("open tap %s"), t->name);
	}
	return link_quiet_ipv6(t->name, e) < 0 ? -1 : link_claim(sk, l, master, e);
}

int link_tap_up(const struct link_tap *t, struct err *e)
{
	auto_sock *sk = NULL;
	auto_link *old = NULL;
	int master;

	if (link_sock(&sk, e) < 0 || find_master(sk, t->bridge, &master, e) < 0 || link_get(sk, t->name, &old, e) < 0)
		return -1;
	if (!old)
		return make_tap(sk, t, master, e);
	return link_must_be_ours(old, e) < 0 ? -1 : adjust_tap(sk, old, t, master, e);
}

int link_tap_down(const char *name, struct err *e)
{
	auto_sock *sk = NULL;
	auto_link *l = NULL;

	if (link_sock(&sk, e) < 0 || link_get(sk, name, &l, e) < 0)
		return -1;
	if (!l)
		return 0;
	return link_must_be_ours(l, e) < 0 ? -1 : link_remove(sk, l, e);
}

int link_up(const char *name, const char *bridge, struct err *e)
{
	auto_sock *sk = NULL;
	auto_link *l = NULL;
	int master;

	if (link_sock(&sk, e) < 0 || find_master(sk, bridge, &master, e) < 0 || link_get(sk, name, &l, e) < 0)
		return -1;
	if (!l)
		return err_set(e, ERR_NOT_FOUND, _("there is no interface %s"), name);
	if (bridge && link_quiet_ipv6(name, e) < 0)
		return -1;
	return link_claim(sk, l, master, e);
}
