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
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)

void link_tap_name(const char *id, char ret[LINK_NAME_SIZE])
{
	assert(strlen(id) == ID_HEX_LEN);
	snprintf(ret, LINK_NAME_SIZE, LINK_TAP_PREFIX "%.12s", id);
}

static int open_tun(int *ret_fd, struct err *e)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO)) {
		err_set(e, ERR_MISSING, _("there is no /dev/net/tun"));
		return err_hint(e, _("The kernel lacks tun, or has not loaded it: modprobe tun"));
	}
	if (fd < 0)
		return err_sys(e, errno, "/dev/net/tun");
	*ret_fd = fd;
	return 0;
}

/* TUNSETIFF. With IFF_TUN_EXCL a name that is taken is EBUSY. */
static int attach(int fd, const char *name, int flags)
{
	struct ifreq ifr = {.ifr_flags = (short)(TAP_FLAGS | flags)};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(fd, TUNSETIFF, &ifr);
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

	if (open_tun(&fd, e) < 0)
		return -1;
	if (attach(fd, t->name, IFF_TUN_EXCL) < 0)
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

	if (open_tun(&fd, e) < 0)
		return -1;
	if (attach(fd, t->name, 0) == 0) {
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

int link_tap_open(const char *name, int *ret_fd, struct err *e)
{
	auto_fd fd = -1;
	struct ifreq ifr = {0};

	if (link_check_name(name, e) < 0 || open_tun(&fd, e) < 0)
		return -1;
	if (attach(fd, name, 0) < 0) {
		int sys = errno;
		auto_sock *sk = NULL;
		auto_link *l = NULL;
		if (sys == EBUSY)
			return err_set(e, ERR_BUSY, _("tap %s is in use"), name);
		/* To make one takes rights, so a missing one looks like a forbidden one. */
		if (link_sock(&sk, e) < 0 || link_get(sk, name, &l, e) < 0)
			return -1;
		return l ? err_sys(e, sys, _("open tap %s"), name)
			 : err_set(e, ERR_NOT_FOUND, _("there is no tap %s"), name);
	}
	/* With rights, TUNSETIFF makes what is not there. That one is not meant to stay, and goes with the descriptor. */
	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return err_sys(e, errno, _("open tap %s"), name);
	if (!((unsigned)ifr.ifr_flags & IFF_PERSIST))
		return err_set(e, ERR_NOT_FOUND, _("there is no tap %s"), name);
	*ret_fd = TAKE_FD(fd);
	return 0;
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
