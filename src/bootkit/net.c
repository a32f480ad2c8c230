/* SPDX-License-Identifier: MIT */
/*
 * Addresses and routes by the classic ioctls (netdevice(7)): one address on one interface needs no
 * netlink, and they exist in every kernel. The kernel command line's ip= is not used because its
 * driver comes as a module, after that code has run.
 */
#include "bootkit/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define INTERFACE_WAIT_MS 5000
#define POLL_MS 10

int net_parse_cidr(const char *text, struct in_addr *ret_address, struct in_addr *ret_mask)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;
	uint64_t bits;

	if (len == 0 || len >= sizeof(address) || number_parse(slash + 1, 32, &bits) < 0)
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, ret_address) != 1)
		return -1;
	ret_mask->s_addr = bits ? htonl(~0u << (32 - bits)) : 0;
	return 0;
}

static bool sys_net_is(const char *name, const char *attribute, const char *wanted)
{
	char path[300], value[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, attribute);
	return file_read_line(path, value, sizeof(value)) == 0 && strcasecmp(value, wanted) == 0;
}

static bool is_ours(const char *name, const char *mac)
{
	if (*mac)
		return sys_net_is(name, "address", mac);
	return sys_net_is(name, "type", "1") && strncmp(name, "eth", 3) == 0;
}

/* Of several Ethernet interfaces take the one with the lowest number: the first attached. */
static bool find_interface(const char *mac, char ret_name[IFNAMSIZ])
{
	DIR *dir = opendir("/sys/class/net");
	struct dirent *entry;
	int best = -1;

	while (dir && (entry = readdir(dir))) {
		char path[300], index[16];
		uint64_t n;

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= IFNAMSIZ || !is_ours(entry->d_name, mac))
			continue;
		snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", entry->d_name);
		if (file_read_line(path, index, sizeof(index)) < 0 || number_parse(index, 1 << 20, &n) < 0)
			continue;
		if (best >= 0 && (int)n > best)
			continue;
		best = (int)n;
		snprintf(ret_name, IFNAMSIZ, "%.15s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return best >= 0;
}

static int wait_interface(const char *mac, char ret_name[IFNAMSIZ])
{
	uint64_t deadline = now_ms() + INTERFACE_WAIT_MS;

	while (!find_interface(mac, ret_name)) {
		if (now_ms() >= deadline) {
			errno = ENODEV;
			return -1;
		}
		sleep_ms(POLL_MS);
	}
	return 0;
}

static void put_address(struct sockaddr *to, struct in_addr address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = address};

	memcpy(to, &in, sizeof(in));
}

static int set_up(int sock, const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(sock, SIOCGIFFLAGS, &request) < 0)
		return -1;
	request.ifr_flags |= IFF_UP;
	return ioctl(sock, SIOCSIFFLAGS, &request);
}

static int set_address(int sock, const char *name, struct in_addr address, struct in_addr mask)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	put_address(&request.ifr_addr, address);
	if (ioctl(sock, SIOCSIFADDR, &request) < 0)
		return -1;
	put_address(&request.ifr_netmask, mask);
	return ioctl(sock, SIOCSIFNETMASK, &request);
}

static int add_default_route(int sock, const char *gateway)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct in_addr via, any = {0};

	if (inet_pton(AF_INET, gateway, &via) != 1) {
		errno = EINVAL;
		return -1;
	}
	put_address(&route.rt_dst, any);
	put_address(&route.rt_genmask, any);
	put_address(&route.rt_gateway, via);
	return ioctl(sock, SIOCADDRT, &route) < 0 && errno != EEXIST ? -1 : 0;
}

int net_up(const struct config *config, char ret_interface[IFNAMSIZ])
{
	auto_fd sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct in_addr address, mask;

	ret_interface[0] = '\0';
	if (sock < 0)
		return say_fail("network socket");
	if (set_up(sock, "lo") < 0)
		say_fail("bring up lo");
	if (!config->net_static)
		return 0;
	if (net_parse_cidr(config->net_address, &address, &mask) < 0) {
		errno = EINVAL;
		return say_fail("network address '%s'", config->net_address);
	}
	if (wait_interface(config->net_mac, ret_interface) < 0)
		return say_fail("network interface");
	if (set_address(sock, ret_interface, address, mask) < 0 || set_up(sock, ret_interface) < 0)
		return say_fail("configure %s", ret_interface);
	if (config->net_gateway[0] && add_default_route(sock, config->net_gateway) < 0)
		return say_fail("default route by %s", config->net_gateway);
	return 0;
}
