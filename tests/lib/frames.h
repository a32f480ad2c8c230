/* SPDX-License-Identifier: MIT */
/*
 * Ethernet frames for tests that are guests: built by hand, as a guest may that means no good.
 */
#ifndef TESTS_LIB_FRAMES_H
#define TESTS_LIB_FRAMES_H

#include "tests/lib/test.h"

#include "base/attrs.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

/* Before each frame in the queue of a tap with IFF_VNET_HDR (struct virtio_net_hdr, all zero will do). */
#define VNET_HDR 10

struct frame {
	unsigned char data[256];
	size_t n;
};

static UNUSED void put_mac(unsigned char *at, const char *mac)
{
	assert_int_equal(sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &at[0], &at[1], &at[2], &at[3], &at[4], &at[5]), 6);
}

static UNUSED struct frame ether(const char *from, const char *to, uint16_t type)
{
	struct frame f = {.n = 14};

	put_mac(f.data, to);
	put_mac(f.data + 6, from);
	f.data[12] = (unsigned char)(type >> 8);
	f.data[13] = (unsigned char)type;
	return f;
}

static UNUSED void add(struct frame *f, const void *data, size_t n)
{
	memcpy(f->data + f->n, data, n);
	f->n += n;
}

static UNUSED uint16_t checksum(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | (i + 1 < n ? p[i + 1] : 0));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

struct flow {
	const char *mac_from, *mac_to, *from, *to;
	uint16_t port_from, port_to;
};

static UNUSED void add_ip(struct frame *f, const char *from, const char *to, int proto, size_t payload)
{
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = (uint8_t)proto};

	ip.tot_len = htons((uint16_t)(sizeof(ip) + payload));
	ip.saddr = inet_addr(from);
	ip.daddr = inet_addr(to);
	ip.check = checksum(&ip, sizeof(ip));
	add(f, &ip, sizeof(ip));
}

static UNUSED struct frame udp(const struct flow *w, const char *text)
{
	struct frame f = ether(w->mac_from, w->mac_to, ETHERTYPE_IP);
	size_t n = strlen(text);
	struct udphdr u = {.source = htons(w->port_from), .dest = htons(w->port_to)};

	u.len = htons((uint16_t)(sizeof(u) + n));
	add_ip(&f, w->from, w->to, IPPROTO_UDP, sizeof(u) + n);
	add(&f, &u, sizeof(u));
	add(&f, text, n);
	return f;
}

/* A question for, or (op 2) news of, an address. */
static UNUSED struct frame arp(const char *mac, const char *says_mac, const char *says_ip, const char *about, int op)
{
	static const unsigned char ethernet_ip[] = {0, 1, 8, 0, 6, 4, 0};
	struct frame f = ether(mac, "ff:ff:ff:ff:ff:ff", ETHERTYPE_ARP);
	unsigned char nobody[6] = {0};
	unsigned char hw[6], code = (unsigned char)op;
	in_addr_t ip = inet_addr(says_ip);
	in_addr_t asked = inet_addr(about);

	put_mac(hw, says_mac);
	add(&f, ethernet_ip, sizeof(ethernet_ip));
	add(&f, &code, 1);
	add(&f, hw, 6);
	add(&f, &ip, 4);
	add(&f, nobody, 6);
	add(&f, &asked, 4);
	return f;
}

#endif
