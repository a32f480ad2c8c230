/* SPDX-License-Identifier: MIT */
/*
 * Our tables as nft(8) text. Pure: what comes out depends on what goes in, and the golden test reads it.
 *
 * Interfaces are matched by name (iifname): an index is gone with its interface, and rules are loaded before guests are there.
 * Rules that name the bridge find its name in the set `inside`, so the table itself says for which bridge it is.
 */
#include "core/net/nat_priv.h"

#include "base/i18n.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- what may go into the text ---- */

static bool is_tap_name(const char *s)
{
	size_t n = strlen(s);

	return n < LINK_NAME_SIZE && n > strlen(LINK_TAP_PREFIX) &&
	       !strncmp(s, LINK_TAP_PREFIX, strlen(LINK_TAP_PREFIX)) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789") == n;
}

/* "02:…", lower case, as addr_mac_from_id() and the kernel write it: it is compared as text. */
static bool is_mac(const char *s)
{
	for (int i = 0; i < ADDR_MAC_SIZE - 1; i++)
		if (i % 3 == 2 ? s[i] != ':' : !s[i] || !strchr("0123456789abcdef", s[i]))
			return false;
	return !s[ADDR_MAC_SIZE - 1];
}

static bool is_interface_name(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
			return false;
	return n && n < LINK_NAME_SIZE;
}

static void address_of(const char *cidr, char ret[NAT_IPV4_SIZE])
{
	size_t n = strcspn(cidr, "/");

	if (n >= NAT_IPV4_SIZE)
		n = 0;
	memcpy(ret, cidr, n);
	ret[n] = '\0';
}

int nat_check_interface(const char *name, struct err *e)
{
	return is_interface_name(name) ? 0 : err_set(e, ERR_USAGE, _("'%s' is no name of an interface"), name);
}

int nat_check_mac(const char *mac, struct err *e)
{
	return is_mac(mac) ? 0 : err_set(e, ERR_USAGE, _("'%s' is no MAC address"), mac);
}

int nat_check_net(const struct nat_net *net, struct err *e)
{
	char ip[NAT_IPV4_SIZE];

	if (nat_check_interface(net->bridge, e) < 0)
		return -1;
	address_of(net->cidr, ip);
	return addr_is_ipv4(ip) ? 0 : err_set(e, ERR_USAGE, _("'%s' is no address of a bridge"), net->cidr);
}

int nat_check_guest(const struct nat_guest *g, struct err *e)
{
	if (!is_tap_name(g->tap))
		return err_set(e, ERR_USAGE, _("'%s' is no name of a tap of ours"), g->tap);
	if (nat_check_mac(g->mac, e) < 0)
		return -1;
	return addr_is_ipv4(g->ipv4) ? 0 : err_set(e, ERR_USAGE, _("'%s' is no IPv4 address"), g->ipv4);
}

/* ---- the tables ---- */

static void add_elements(struct buf *out, const struct nat_guest *guests, int n,
			 bool (*add)(struct buf *out, const struct nat_guest *g, const char *separator))
{
	const char *separator = "\t\telements = { ";

	for (int i = 0; i < n; i++)
		if (add(out, &guests[i], separator))
			separator = ",\n\t\t\t     ";
	if (separator[0] == ',')
		buf_adds(out, " }\n");
}

static bool add_natted(struct buf *out, const struct nat_guest *g, const char *separator)
{
	if (g->nat)
		buf_addf(out, "%s%s", separator, g->ipv4);
	return g->nat;
}

static bool add_mac(struct buf *out, const struct nat_guest *g, const char *separator)
{
	buf_addf(out, "%s\"%s\" . %s", separator, g->tap, g->mac);
	return true;
}

static bool add_pin(struct buf *out, const struct nat_guest *g, const char *separator)
{
	buf_addf(out, "%s\"%s\" . %s . %s", separator, g->tap, g->mac, g->ipv4);
	return true;
}

static const char mark[] = "\n"
			   "	chain " NAT_MARK " {\n"
			   "	}\n";

static const char to_host[] = "	chain input {\n"
			      "		type filter hook input priority filter; policy accept;\n"
			      "		iifname @inside jump to_host\n"
			      "	}\n"
			      "	chain to_host {\n"
			      "		ct state established,related accept\n"
			      "		ip daddr %1$s icmp type echo-request accept\n"
			      "		ip daddr %1$s udp dport %2$d accept\n"
			      "		ip daddr %1$s tcp dport %2$d accept\n"
			      "		drop\n"
			      "	}\n"
			      /* The name server has no right to port 53. */
			      "	chain names {\n"
			      "		type nat hook prerouting priority dstnat; policy accept;\n"
			      "		iifname @inside ip daddr %1$s udp dport 53 dnat ip to %1$s:%2$d\n"
			      "		iifname @inside ip daddr %1$s tcp dport 53 dnat ip to %1$s:%2$d\n"
			      "	}\n";

/* Who has NAT on is asked for every packet, before its connection is: so a connection ends with the switch. What stays on the
 * bridge comes by here only where br_netfilter is loaded. */
static const char forward[] = "	chain forward {\n"
			      "		type filter hook forward priority filter; policy accept;\n"
			      "		iifname @inside oifname @inside accept\n"
			      "		iifname @inside ip saddr @natted accept\n"
			      "		iifname @inside drop\n"
			      "		oifname @inside ip daddr @natted ct state established,related accept\n"
			      "		oifname @inside drop\n"
			      "	}\n"
			      "	chain postrouting {\n"
			      "		type nat hook postrouting priority srcnat; policy accept;\n"
			      "		ip saddr @natted oifname != @inside masquerade\n"
			      "	}\n"
			      "}\n";

/* Frames that are neither IP nor ARP end here too: VLAN tags, spanning tree. 0.0.0.0 asks whether an address is free (RFC 5227). */
static const char pins[] =
	"	chain prerouting {\n"
	"		type filter hook prerouting priority filter; policy accept;\n"
	"		iifname \"" LINK_TAP_PREFIX "*\" jump from_guest\n"
	"	}\n"
	"	chain from_guest {\n"
	"		iifname . ether saddr != @macs drop\n"
	"		ether type ip jump from_guest_ip\n"
	"		ether type arp jump from_guest_arp\n"
	"		ether type ip6 jump from_guest_ip6\n"
	"		drop\n"
	"	}\n"
	"	chain from_guest_ip {\n"
	"		iifname . ether saddr . ip saddr != @pins drop\n"
	"		udp sport 67 drop\n"
	"		accept\n"
	"	}\n"
	"	chain from_guest_arp {\n"
	"		iifname . arp saddr ether . arp saddr ip @pins accept\n"
	"		arp operation request iifname . arp saddr ether @macs arp saddr ip 0.0.0.0 accept\n"
	"		drop\n"
	"	}\n"
	"	chain from_guest_ip6 {\n"
	"		icmpv6 type { nd-router-advert, nd-redirect } drop\n"
	"		udp sport 547 drop\n"
	"		accept\n"
	"	}\n"
	"}\n";

void nat_format(const struct nat_net *net, const struct nat_guest *guests, int n, struct buf *out)
{
	char ip[NAT_IPV4_SIZE];

	address_of(net->cidr, ip);
	buf_adds(out, "table inet " NAT_TABLE " {\n\tset inside {\n\t\ttype ifname\n");
	buf_addf(out, "\t\telements = { \"%s\" }\n\t}\n", net->bridge);
	buf_adds(out, "\tset natted {\n\t\ttype ipv4_addr\n");
	add_elements(out, guests, n, add_natted);
	buf_adds(out, "\t}\n");
	buf_adds(out, mark);
	buf_addf(out, to_host, ip, NAT_NAMES_PORT);
	buf_adds(out, forward);
	buf_adds(out, "table bridge " NAT_TABLE " {\n\tset macs {\n\t\ttype ifname . ether_addr\n");
	add_elements(out, guests, n, add_mac);
	buf_adds(out, "\t}\n\tset pins {\n\t\ttype ifname . ether_addr . ipv4_addr\n");
	add_elements(out, guests, n, add_pin);
	buf_adds(out, "\t}\n");
	buf_adds(out, mark);
	buf_adds(out, pins);
}

/* To flush a table takes its rules and leaves its sets: the guests stay as they are. */
void nat_format_up(const struct nat_net *net, struct buf *out)
{
	buf_adds(out, "add table inet " NAT_TABLE "\n"
		      "add table bridge " NAT_TABLE "\n"
		      "flush table inet " NAT_TABLE "\n"
		      "flush table bridge " NAT_TABLE "\n"
		      "add set inet " NAT_TABLE " inside { type ifname; }\n"
		      "flush set inet " NAT_TABLE " inside\n");
	nat_format(net, NULL, 0, out);
}

/* ---- one guest ---- */

static void mac_element(struct buf *out, const char *verb, const struct nat_guest *g)
{
	buf_addf(out, "%s element bridge " NAT_TABLE " macs { \"%s\" . %s }\n", verb, g->tap, g->mac);
}

static void pin_element(struct buf *out, const char *verb, const struct nat_guest *g)
{
	buf_addf(out, "%s element bridge " NAT_TABLE " pins { \"%s\" . %s . %s }\n", verb, g->tap, g->mac, g->ipv4);
}

static void natted_element(struct buf *out, const char *verb, const struct nat_guest *g)
{
	buf_addf(out, "%s element inet " NAT_TABLE " natted { %s }\n", verb, g->ipv4);
}

/* To delete what is not there is an error, to add what is there is none: added first, it can be deleted. */
static void drop_element(struct buf *out, void (*put)(struct buf *out, const char *verb, const struct nat_guest *g),
			 const struct nat_guest *g)
{
	put(out, "add", g);
	put(out, "delete", g);
}

void nat_format_guest(const struct nat_state *s, const char *tap, const struct nat_guest *g, struct buf *out)
{
	/* Whoever wrote there besides us: a tap has one pin, so all others of it go. */
	for (int i = 0; i < s->n_guests; i++) {
		const struct nat_guest *old = &s->guests[i];
		if (strcmp(old->tap, tap) != 0)
			continue;
		bool is_same_mac = g && !strcmp(old->mac, g->mac);
		bool is_same_ip = g && !strcmp(old->ipv4, g->ipv4);
		if (!is_same_mac || !is_same_ip)
			drop_element(out, pin_element, old);
		if (!is_same_mac)
			drop_element(out, mac_element, old);
		if (!is_same_ip && s->has_inet)
			drop_element(out, natted_element, old);
	}
	if (!g)
		return;
	mac_element(out, "add", g);
	pin_element(out, "add", g);
	if (g->nat)
		natted_element(out, "add", g);
	else
		drop_element(out, natted_element, g);
}

/* ---- others' chains ---- */

/*
 * Interfaces and addresses only. A rule that asks for the state of a connection would be native nftables to iptables-nft, which
 * then calls the whole table incompatible and refuses to list or change it: that is the end of Docker's networking, and of ufw's.
 * What may pass is judged by our own tables: they see the same packets.
 */
static void open_rule(struct buf *out, enum nat_door door, const char *match, const char *of)
{
	buf_addf(out, "insert rule ip filter %s %s accept comment \"" NAT_COMMENT "%s\"\n", nat_door_chain(door), match, of);
}

const char *nat_door_chain(enum nat_door door)
{
	static const char *const chains[NAT_DOOR_COUNT] = {"DOCKER-USER", "FORWARD", "INPUT"};

	return chains[door];
}

/* With br_netfilter what stays on the bridge passes the forward hook, too. */
void nat_format_open_bridge(const struct nat_state *s, const struct nat_net *net, struct buf *out)
{
	char ip[NAT_IPV4_SIZE];
	char match[96];

	snprintf(match, sizeof(match), "iifname \"%1$s\" oifname \"%1$s\"", net->bridge);
	for (int door = NAT_DOOR_DOCKER; door <= NAT_DOOR_FORWARD; door++)
		if (s->is_wanted[door])
			open_rule(out, door, match, net->bridge);
	address_of(net->cidr, ip);
	snprintf(match, sizeof(match), "iifname \"%s\" ip daddr %s", net->bridge, ip);
	if (s->is_wanted[NAT_DOOR_INPUT])
		open_rule(out, NAT_DOOR_INPUT, match, net->bridge);
}

void nat_format_open_guest(const struct nat_state *s, const char *bridge, const struct nat_guest *g, struct buf *out)
{
	char from[96];
	char to[96];

	if (!g->nat)
		return;
	snprintf(to, sizeof(to), "oifname \"%s\" ip daddr %s", bridge, g->ipv4);
	snprintf(from, sizeof(from), "iifname \"%s\" ip saddr %s", bridge, g->ipv4);
	for (int door = NAT_DOOR_DOCKER; door <= NAT_DOOR_FORWARD; door++) {
		if (!s->is_wanted[door])
			continue;
		open_rule(out, door, to, g->tap);
		open_rule(out, door, from, g->tap);
	}
}

void nat_format_forget(const struct nat_state *s, const char *of, struct buf *out)
{
	for (int i = 0; i < s->n_rules; i++)
		if (!of || !strcmp(s->rules[i].of, of))
			buf_addf(out, "delete rule ip filter %s handle %lld\n", nat_door_chain(s->rules[i].door),
				 (long long)s->rules[i].handle);
}
