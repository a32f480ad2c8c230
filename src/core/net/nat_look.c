/* SPDX-License-Identifier: MIT */
/*
 * Who else drops what is forwarded. Chains are listed without their rules, which is cheap whatever a firewall holds; only the
 * table of a suspect is read whole, to see whether it mentions our bridge.
 *
 * firewalld counts whatever its policy says: it accepts by policy and rejects in its last rule.
 */
#include "core/net/nat_priv.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static bool is(const struct json *obj, const char *key, const char *want)
{
	const char *s = json_str(obj, key);

	return s && !strcmp(s, want);
}

static enum nat_obstacle whose(const struct json *list, const struct json *chain)
{
	if (is(chain, "family", "inet") && is(chain, "table", "firewalld"))
		return NAT_FIREWALLD;
	if (!is(chain, "policy", "drop"))
		return NAT_CLEAR;
	if (!is(chain, "family", "ip") || !is(chain, "table", "filter"))
		return NAT_OTHER_DROP;
	if (nat_read_chain(list, "ip", "filter", "DOCKER-USER"))
		return NAT_CLEAR; /* our rules there accept before anything else of this table is asked */
	if (nat_read_chain(list, "ip", "filter", "ufw-user-forward"))
		return NAT_UFW;
	return nat_read_chain(list, "ip", "filter", "DOCKER") ? NAT_DOCKER : NAT_OTHER_DROP;
}

static bool sees_our_packets(const struct json *chain)
{
	if (!is(chain, "hook", "forward") || !is(chain, "type", "filter") || is(chain, "table", NAT_TABLE))
		return false;
	return is(chain, "family", "ip") || is(chain, "family", "inet") || is(chain, "family", "bridge");
}

int nat_look_chains(const struct json *list, struct nat_suspect *ret, int max)
{
	int n = 0;

	for (const struct json *v = json_first(json_get(list, "nftables")); v && n < max; v = json_next(v)) {
		const struct json *c = json_get(v, "chain");
		if (!c || !sees_our_packets(c))
			continue;
		const char *table = json_str(c, "table");
		const char *chain = json_str(c, "name");
		struct nat_suspect *s = &ret[n];
		if (!table || !chain || strlen(table) >= sizeof(s->table) || strlen(chain) >= sizeof(s->chain))
			continue;
		s->what = whose(list, c);
		str_copy(s->family, sizeof(s->family), json_str(c, "family"));
		str_copy(s->table, sizeof(s->table), table);
		str_copy(s->chain, sizeof(s->chain), chain);
		n += s->what != NAT_CLEAR;
	}
	return n;
}

void nat_look_fix(const struct nat_suspect *s, const char *bridge, char *ret, size_t size)
{
	switch (s->what) {
	case NAT_CLEAR:
		ret[0] = '\0';
		break;
	case NAT_FIREWALLD:
		snprintf(ret, size,
			 "firewall-cmd --permanent --zone=trusted --add-interface=%s && firewall-cmd --reload", bridge);
		break;
	case NAT_UFW:
		snprintf(ret, size, "ufw route allow in on %1$s && ufw allow in on %1$s to any port 53", bridge);
		break;
	case NAT_DOCKER:
		snprintf(ret, size, "iptables -I FORWARD -i %1$s -j ACCEPT && iptables -I FORWARD -o %1$s -j ACCEPT",
			 bridge);
		break;
	case NAT_OTHER_DROP:
		snprintf(ret, size,
			 "nft 'insert rule %1$s %2$s %3$s iifname \"%4$s\" accept; "
			 "insert rule %1$s %2$s %3$s oifname \"%4$s\" accept'",
			 s->family, s->table, s->chain, bridge);
		break;
	}
}

/* ufw's rules for forwarding are all in one chain; of its table the rest is Docker's, or anybody's. */
static int mentions(const struct nat_suspect *s, const char *bridge, bool *ret, struct err *e)
{
	auto_buf text = {0};
	char command[96];
	char name[LINK_NAME_SIZE + 2];

	if (s->what == NAT_UFW)
		snprintf(command, sizeof(command), "list chain ip filter ufw-user-forward");
	else
		snprintf(command, sizeof(command), "list table %s %s", s->family, s->table);
	snprintf(name, sizeof(name), "\"%s\"", bridge);
	if (nat_list(command, &text, NULL, e) < 0)
		return -1;
	*ret = strstr(buf_cstr(&text), name) != NULL;
	return 0;
}

int nat_look(const char *bridge, struct nat_obstacles *ret, struct err *e)
{
	struct nat_suspect suspects[16];
	struct json *list;

	*ret = (struct nat_obstacles){0};
	if (nat_check_net(&(struct nat_net){.bridge = bridge, .cidr = "0.0.0.0/0"}, e) < 0 ||
	    nat_list("list chains", NULL, &list, e) < 0)
		return -1;
	ret->docker_user = nat_read_chain(list, "ip", "filter", "DOCKER-USER");
	int n = nat_look_chains(list, suspects, sizeof(suspects) / sizeof(suspects[0]));
	json_free(list);
	for (int i = 0; i < n; i++) {
		const struct nat_suspect *s = &suspects[i];
		bool is_settled;
		if (mentions(s, bridge, &is_settled, e) < 0)
			return -1;
		if (is_settled)
			continue;
		ret->what = s->what;
		snprintf(ret->where, sizeof(ret->where), "%s %s %s", s->family, s->table, s->chain);
		nat_look_fix(s, bridge, ret->fix, sizeof(ret->fix));
		break;
	}
	return 0;
}
