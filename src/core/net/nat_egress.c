/* SPDX-License-Identifier: MIT */
/*
 * See nat_egress.h. What is fragmented has its ports and flags in the first piece alone; a rule that asks for them matches no
 * other one, so fragments pass only where the address decides.
 */
#include "core/net/nat_egress.h"

#include "base/i18n.h"
#include "core/net/nat_priv.h"

#define TABLE "bridge " NAT_TABLE

static const char begin[] = "table " TABLE " {\n"
			    "	chain forward {\n"
			    "		type filter hook forward priority filter; policy drop;\n"
			    "		iifname \"%1$s\" oifname \"%2$s\" jump from_guest\n"
			    "		iifname \"%2$s\" oifname \"%1$s\" ether type { ip, arp } accept\n"
			    "	}\n"
			    "	chain from_guest {\n"
			    "		ether saddr != %3$s drop\n"
			    "		ether type arp arp saddr ether %3$s arp saddr ip { 0.0.0.0, %4$s } accept\n"
			    "		ether type ip ip saddr %4$s jump from_guest_ip\n"
			    "	}\n"
			    "	chain from_guest_ip {\n"
			    "		ip daddr { 0.0.0.0/8, 127.0.0.0/8 } drop\n";

static const char end[] = "	}\n"
			  "}\n";

static void add_list(const struct nat_egress *g, struct buf *out)
{
	char text[19];

	if (g->policy.dns) {
		buf_addf(out, "		ip daddr %s udp dport 53 accept\n", g->dns);
		buf_addf(out, "		ip daddr %s tcp dport 53 accept\n", g->dns);
	}
	/* A rule each: ranges may overlap, and a set of ranges may not. */
	for (int i = 0; i < g->policy.n; i++)
		buf_addf(out, "		ip daddr %s accept\n", egress_range_format(&g->policy.ranges[i], text));
}

void nat_egress_format(const struct nat_egress *g, struct buf *out)
{
	buf_addf(out, begin, g->tap, g->uplink, g->mac, g->guest);
	if (g->policy.kind == EGRESS_FULL) {
		buf_adds(out, "		accept\n");
	} else {
		/* What a connection that began outside is answered with. */
		buf_addf(out, "		ip daddr %s tcp flags & (syn | ack) != syn accept\n", g->gateway);
		add_list(g, out);
	}
	buf_adds(out, end);
}

static int check(const struct nat_egress *g, struct err *e)
{
	const char *const addrs[] = {g->guest, g->gateway, g->dns};

	for (size_t i = 0; i < ARRAY_LEN(addrs); i++)
		if (!addr_is_ipv4(addrs[i]))
			return err_set(e, ERR_USAGE, _("'%s' is no IPv4 address"), addrs[i]);
	return nat_check_mac(g->mac, e) < 0 || nat_check_interface(g->tap, e) < 0 ? -1 : nat_check_interface(g->uplink, e);
}

int nat_egress_set(const struct nat_egress *g, struct err *e)
{
	auto_buf commands = {0};

	if (check(g, e) < 0)
		return -1;
	/* To add what is there is fine, to delete what is not is not. */
	buf_adds(&commands, "add table " TABLE "\ndelete table " TABLE "\n");
	nat_egress_format(g, &commands);
	return nat_run(buf_cstr(&commands), e);
}
