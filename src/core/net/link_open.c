/* SPDX-License-Identifier: MIT */
/*
 * Opening a tap: of link.h the one thing that goes without netlink, so that the keeper's program need not be linked with libnl.
 */
#include "core/net/link_priv.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)

int link_check_name(const char *name, struct err *e)
{
	size_t n = strlen(name);

	/* "all" and "default" are names of /proc/sys/net only: they mean every interface there is. */
	if (!n || n >= LINK_NAME_SIZE || strpbrk(name, "/ \t\n") || !strcmp(name, ".") || !strcmp(name, "..") ||
	    !strcmp(name, "all") || !strcmp(name, "default"))
		return err_set(e, ERR_USAGE, _("'%s' is no name of an interface"), name);
	return 0;
}

int link_open_tun(int *ret_fd, struct err *e)
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

int link_attach_tap(int fd, const char *name, int flags)
{
	struct ifreq ifr = {.ifr_flags = (short)(TAP_FLAGS | flags)};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(fd, TUNSETIFF, &ifr);
}

int link_tap_open(const char *name, int *ret_fd, struct err *e)
{
	auto_fd fd = -1;
	struct ifreq ifr = {0};

	if (link_check_name(name, e) < 0 || link_open_tun(&fd, e) < 0)
		return -1;
	if (link_attach_tap(fd, name, 0) < 0) {
		int sys = errno;
		if (sys == EBUSY)
			return err_set(e, ERR_BUSY, _("tap %s is in use"), name);
		/* To make one takes rights, so a missing one looks like a forbidden one. */
		return if_nametoindex(name) ? err_sys(e, sys, _("open tap %s"), name)
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
