/* SPDX-License-Identifier: MIT */
/*
 * See subnet.h.
 */
#include "core/net/subnet.h"

#include "base/i18n.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16: RFC 1918. */
static bool is_private(uint32_t a)
{
	return a >> 24 == 10 || a >> 20 == (172 << 4 | 1) || a >> 16 == (192 << 8 | 168);
}

bool subnet_parse_ipv4(const char *s, uint32_t *ret)
{
	struct in_addr a;

	if (inet_pton(AF_INET, s, &a) != 1)
		return false;
	*ret = ntohl(a.s_addr);
	return is_private(*ret);
}

static bool is_a_hosts(const struct subnet *s, uint32_t a)
{
	return (a & s->mask) == (s->addr & s->mask) && (a & ~s->mask) != 0 && (a | s->mask) != ~(uint32_t)0;
}

static bool parse(const char *cidr, struct subnet *ret)
{
	const char *slash = strchr(cidr, '/');
	char addr[SUBNET_IPV4_SIZE];

	if (!slash || (size_t)(slash - cidr) >= sizeof(addr))
		return false;
	memcpy(addr, cidr, (size_t)(slash - cidr));
	addr[slash - cidr] = '\0';
	if (!subnet_parse_ipv4(addr, &ret->addr) || strlen(slash + 1) != 2 || strspn(slash + 1, "0123456789") != 2)
		return false;
	ret->prefix = (slash[1] - '0') * 10 + slash[2] - '0';
	if (ret->prefix < SUBNET_PREFIX_MIN || ret->prefix > SUBNET_PREFIX_MAX)
		return false;
	ret->mask = ~(uint32_t)0 << (32 - ret->prefix);
	return is_a_hosts(ret, ret->addr);
}

int subnet_parse(const char *cidr, struct subnet *ret, struct err *e)
{
	if (parse(cidr, ret))
		return 0;
	err_set(e, ERR_USAGE, _("a bridge cannot have the address '%.32s'"), cidr);
	return err_hint(e, _("Choose an address of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, prefix %d to %d."), SUBNET_PREFIX_MIN,
			SUBNET_PREFIX_MAX);
}

bool subnet_has_guest(const struct subnet *s, const char *ipv4)
{
	uint32_t a;

	return subnet_parse_ipv4(ipv4, &a) && is_a_hosts(s, a) && a != s->addr;
}

static void format(uint32_t a, char ret[SUBNET_IPV4_SIZE])
{
	struct in_addr in = {.s_addr = htonl(a)};

	inet_ntop(AF_INET, &in, ret, SUBNET_IPV4_SIZE);
}

int subnet_allocate(const struct subnet *s, bool (*is_taken)(void *arg, const char *ipv4), void *arg, char ret[SUBNET_IPV4_SIZE],
		    struct err *e)
{
	char cidr[SUBNET_CIDR_SIZE];

	for (uint32_t a = (s->addr & s->mask) + 1; is_a_hosts(s, a); a++) {
		format(a, ret);
		if (a != s->addr && !is_taken(arg, ret))
			return 0;
	}
	subnet_format(s, cidr);
	err_set(e, ERR_NOT_FOUND, _("every address of the bridged network %s is some VM's"), cidr);
	return err_hint(e, _("Delete a VM, or set a larger network: net { address = \"…\" } in banger.conf"));
}

void subnet_format(const struct subnet *s, char ret[SUBNET_CIDR_SIZE])
{
	char ip[SUBNET_IPV4_SIZE];

	format(s->addr, ip);
	subnet_format_guest(s, ip, ret);
}

void subnet_format_gateway(const struct subnet *s, char ret[SUBNET_IPV4_SIZE])
{
	format(s->addr, ret);
}

void subnet_format_guest(const struct subnet *s, const char *ipv4, char ret[SUBNET_CIDR_SIZE])
{
	snprintf(ret, SUBNET_CIDR_SIZE, "%.15s/%d", ipv4, s->prefix);
}
