/* SPDX-License-Identifier: MIT */
/*
 * The real host: each row is a call of core/net or core/disk; forwarding is a file of /proc/sys. Names of interfaces come from
 * the kernel (uplinks) or are made of ids, but are looked at once more before they become part of a path.
 */
#include "base/fd.h"
#include "base/i18n.h"
#include "core/disk/loopdev.h"
#include "core/net/firewalld.h"
#include "core/net/resolvconf.h"
#include "core/net/resolved.h"
#include "core/net/subnet.h"
#include "helper/helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define CONF_DIR "/proc/sys/net/ipv4/conf"

static int bridge_up(void *arg UNUSED, const char *cidr, struct err *e)
{
	return link_bridge_up(LINK_BRIDGE, cidr, e);
}

static int bridge_down(void *arg UNUSED, struct err *e)
{
	return link_bridge_down(LINK_BRIDGE, e);
}

static int tap_up(void *arg UNUSED, const struct link_tap *t, struct err *e)
{
	return link_tap_up(t, e);
}

static int tap_down(void *arg UNUSED, const char *name, struct err *e)
{
	return link_tap_down(name, e);
}

static int links(void *arg UNUSED, struct link_info **ret, int *ret_n, struct err *e)
{
	return link_list(ret, ret_n, e);
}

static int uplinks(void *arg UNUSED, char (*ret)[LINK_NAME_SIZE], int max, int *ret_n, struct err *e)
{
	return link_uplinks(ret, max, ret_n, e);
}

static int network_free(void *arg UNUSED, const char *cidr, struct err *e)
{
	return resolvconf_check("", cidr, e);
}

/* The system bus, and why there is none. The only state there is here: connecting is not allowed once rights are given away. */
static struct bus bus = {.fd = -1};
static struct err no_bus;

static void before_confined(void *arg UNUSED)
{
	(void)!bus_connect(BUS_SYSTEM, &bus, &no_bus);
}

/* The zone of the network's addresses, where it ends with an octet: half of somebody else's would not be ours to route. */
static const char *reverse_zone(const struct subnet *net, char *buf, size_t size)
{
	unsigned a = net->addr >> 24, b = net->addr >> 16 & 255, c = net->addr >> 8 & 255;

	if (net->prefix != 16 && net->prefix != 24)
		return NULL;
	if (net->prefix == 16)
		snprintf(buf, size, "%u.%u.in-addr.arpa", b, a);
	else
		snprintf(buf, size, "%u.%u.%u.in-addr.arpa", c, b, a);
	return buf;
}

static int resolver_set(void *arg UNUSED, struct op *op, const char *cidr, struct err *e)
{
	int ifindex = (int)if_nametoindex(LINK_BRIDGE);
	struct subnet net;
	char zone[48];

	if (bus.fd < 0 && cidr)
		return err_join(e, &no_bus);
	if (ifindex == 0 || bus.fd < 0)
		return 0;
	if (!cidr)
		return resolved_revert(&bus, ifindex, e);
	if (subnet_parse(cidr, &net, e) < 0)
		return -1;
	return resolved_set(op, &bus,
			    &(struct resolved_link){.ifindex = ifindex,
						    .server = INADDR_LOOPBACK,
						    .port = NAT_NAMES_PORT,
						    .domains = {"vm", reverse_zone(&net, zone, sizeof(zone))}},
			    e);
}

static int zone_settled(void *arg UNUSED, bool *ret, struct err *e)
{
	return firewalld_is_settled(&bus, LINK_BRIDGE, ret, e);
}

static int zone_set(void *arg UNUSED, bool on, struct err *e)
{
	return on ? firewalld_trust(&bus, LINK_BRIDGE, e) : firewalld_forget(&bus, LINK_BRIDGE, e);
}

static int tables_up(void *arg UNUSED, const char *cidr, struct err *e)
{
	return nat_up(&(struct nat_net){.bridge = LINK_BRIDGE, .cidr = cidr}, e);
}

static int tables_down(void *arg UNUSED, struct err *e)
{
	return nat_down(e);
}

static int guest_set(void *arg UNUSED, const struct nat_guest *g, struct err *e)
{
	return nat_guest_set(g, e);
}

static int guest_remove(void *arg UNUSED, const char *tap, struct err *e)
{
	return nat_guest_remove(tap, e);
}

static int guests(void *arg UNUSED, struct nat_guest **ret, int *ret_n, struct err *e)
{
	return nat_guests(ret, ret_n, e);
}

static int tables(void *arg UNUSED, struct nat_health *ret, struct err *e)
{
	return nat_health(ret, e);
}

static int obstacles(void *arg UNUSED, struct nat_obstacles *ret, struct err *e)
{
	return nat_look(LINK_BRIDGE, ret, e);
}

static bool reads_one(int fd)
{
	char c = '0';

	return fd >= 0 && read(fd, &c, 1) == 1 && c == '1';
}

static int forwarding_get(void *arg UNUSED, const char *name, bool *ret, struct err *e)
{
	char path[sizeof(CONF_DIR) + LINK_NAME_SIZE + 16];

	if (strlen(name) >= LINK_NAME_SIZE || strchr(name, '/'))
		return err_set(e, ERR_USAGE, _("'%s' is no interface"), name);
	snprintf(path, sizeof(path), CONF_DIR "/%s/forwarding", name);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*ret = reads_one(fd);
	return 0;
}

static int forwarding_set(void *arg UNUSED, const char *name, bool on, struct err *e)
{
	struct err fe = {0};

	if (link_forward(name, on, NULL, &fe) == 0 || (!on && fe.code == ERR_NOT_FOUND))
		return 0;
	return err_join(e, &fe);
}

static bool is_listed(const char *name, char (*ours)[LINK_NAME_SIZE], int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(ours[i], name) == 0)
			return true;
	return strcmp(name, LINK_BRIDGE) == 0;
}

/* Of a tap of ours forwarding is switched on by nobody but "all" and "default", which are in the directory too. */
static int forwarding_needed(void *arg UNUSED, char (*ours)[LINK_NAME_SIZE], int n, bool *ret, struct err *e)
{
	DIR *d = opendir(CONF_DIR);
	const struct dirent *ent;

	*ret = false;
	if (!d)
		return err_sys(e, errno, _("open '%s'"), CONF_DIR);
	while (!*ret && (ent = readdir(d))) {
		char path[sizeof(ent->d_name) + 16];
		if (ent->d_name[0] == '.' || is_listed(ent->d_name, ours, n))
			continue;
		snprintf(path, sizeof(path), "%s/forwarding", ent->d_name);
		auto_fd fd = openat(dirfd(d), path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		*ret = reads_one(fd);
	}
	closedir(d);
	return 0;
}

static int snap_attach(void *arg UNUSED, struct op *op, const struct dmsnap *d, char *ret_node, size_t size, struct err *e)
{
	return dmsnap_attach(op, d, ret_node, size, e);
}

static int snap_detach(void *arg UNUSED, struct op *op, const char *vm_id, struct err *e)
{
	return dmsnap_detach(op, vm_id, e);
}

static int snap_status(void *arg UNUSED, const char *vm_id, struct dmsnap_status *ret, struct err *e)
{
	return dmsnap_status(vm_id, ret, e);
}

static int snaps(void *arg UNUSED, char (**ret)[ID_SIZE], int *ret_n, struct err *e)
{
	return dmsnap_list(ret, ret_n, e);
}

static int loops(void *arg UNUSED, void (*fn)(void *fn_arg, const char *path, const char *name), void *fn_arg, struct err *e)
{
	return loopdev_each("banger:", fn, fn_arg, e);
}

const struct priv_host *helper_host(void)
{
	static const struct priv_host real = {.bridge_up = bridge_up,
					      .bridge_down = bridge_down,
					      .tap_up = tap_up,
					      .tap_down = tap_down,
					      .links = links,
					      .uplinks = uplinks,
					      .network_free = network_free,
					      .before_confined = before_confined,
					      .resolver_set = resolver_set,
					      .zone_settled = zone_settled,
					      .zone_set = zone_set,
					      .tables_up = tables_up,
					      .tables_down = tables_down,
					      .guest_set = guest_set,
					      .guest_remove = guest_remove,
					      .guests = guests,
					      .tables = tables,
					      .obstacles = obstacles,
					      .forwarding_get = forwarding_get,
					      .forwarding_set = forwarding_set,
					      .forwarding_needed = forwarding_needed,
					      .snap_attach = snap_attach,
					      .snap_detach = snap_detach,
					      .snap_status = snap_status,
					      .snaps = snaps,
					      .loops = loops};

	return &real;
}
