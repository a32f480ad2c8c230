/* SPDX-License-Identifier: MIT */
/*
 * Who else drops what guests send, but for those whose chains we open ourselves (nat.h). Chains are listed without their rules,
 * which is cheap whatever a firewall holds; of those that see our packets, which are few, the rules are looked at; only the table
 * of a suspect is read whole, to see whether it mentions our bridge.
 *
 * firewalld counts whatever its policy says: it accepts by policy and rejects in its last rule.
 */
#include "core/net/nat_priv.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define SUSPECTS_MAX 16

static bool is(const struct json *obj, const char *key, const char *want)
{
	const char *s = json_str(obj, key);

	return s && !strcmp(s, want);
}

static bool is_opened_by_us(const struct json *chain)
{
	return is(chain, "family", "ip") && is(chain, "table", "filter") &&
	       (is(chain, "name", nat_door_chain(NAT_DOOR_FORWARD)) || is(chain, "name", nat_door_chain(NAT_DOOR_INPUT)));
}

static bool sees_our_packets(const struct json *chain)
{
	if (!is(chain, "hook", "forward") && !is(chain, "hook", "input"))
		return false;
	if (!is(chain, "type", "filter") || is(chain, "table", NAT_TABLE) || is_opened_by_us(chain))
		return false;
	return is(chain, "family", "ip") || is(chain, "family", "inet") || is(chain, "family", "bridge");
}

static enum nat_obstacle whose(const struct json *chain)
{
	if (is(chain, "family", "inet") && is(chain, "table", "firewalld"))
		return NAT_FIREWALLD;
	return is(chain, "policy", "drop") ? NAT_OTHER_DROP : NAT_CLEAR;
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
		s->what = whose(c);
		s->is_input = is(c, "hook", "input");
		str_copy(s->family, sizeof(s->family), json_str(c, "family"));
		str_copy(s->table, sizeof(s->table), table);
		str_copy(s->chain, sizeof(s->chain), chain);
		n++;
	}
	return n;
}

static void add_rule(struct buf *out, const struct nat_suspect *s, const char *side, const char *bridge)
{
	buf_addf(out, "%sinsert rule %s %s %s %s \"%s\" accept", out->len > strlen("nft '") ? "; " : "", s->family, s->table,
		 s->chain, side, bridge);
}

void nat_look_fix(const struct nat_suspect *s, int n, const char *bridge, char *ret, size_t size)
{
	auto_buf text = {0};

	ret[0] = '\0';
	if (s->what == NAT_FIREWALLD)
		snprintf(ret, size, "firewall-cmd --permanent --zone=trusted --add-interface=%s && firewall-cmd --reload", bridge);
	if (s->what != NAT_OTHER_DROP)
		return;
	buf_adds(&text, "nft '");
	for (int i = 0; i < n; i++) {
		if (s[i].what != NAT_OTHER_DROP || strcmp(s[i].family, s->family) != 0 || strcmp(s[i].table, s->table) != 0)
			continue;
		add_rule(&text, &s[i], "iifname", bridge);
		if (!s[i].is_input)
			add_rule(&text, &s[i], "oifname", bridge);
	}
	buf_adds(&text, "'");
	/* Half a command is none. */
	if (text.len < size)
		str_copy(ret, size, buf_cstr(&text));
}

/* By its rules, where its policy accepts. */
static int look_inside(struct nat_suspect *s, struct err *e)
{
	char command[96];
	struct json *list;

	if (s->what != NAT_CLEAR)
		return 0;
	snprintf(command, sizeof(command), "list chain %s %s %s", s->family, s->table, s->chain);
	if (nat_list(command, NULL, &list, e) < 0)
		return -1;
	if (nat_read_closes(list))
		s->what = NAT_OTHER_DROP;
	json_free(list);
	return 0;
}

static int mentions(const struct nat_suspect *s, const char *bridge, bool *ret, struct err *e)
{
	auto_buf text = {0};
	char command[96];
	char name[LINK_NAME_SIZE + 2];

	snprintf(command, sizeof(command), "list table %s %s", s->family, s->table);
	snprintf(name, sizeof(name), "\"%s\"", bridge);
	if (nat_list(command, &text, NULL, e) < 0)
		return -1;
	*ret = strstr(buf_cstr(&text), name) != NULL;
	return 0;
}

int nat_look(const char *bridge, struct nat_obstacles *ret, struct err *e)
{
	struct nat_suspect s[SUSPECTS_MAX];
	struct json *list;
	bool is_settled;

	*ret = (struct nat_obstacles){0};
	if (nat_check_interface(bridge, e) < 0 || nat_list("list chains", NULL, &list, e) < 0)
		return -1;
	int n = nat_look_chains(list, s, SUSPECTS_MAX);
	json_free(list);
	for (int i = 0; i < n; i++)
		if (look_inside(&s[i], e) < 0)
			return -1;
	for (int i = 0; i < n; i++) {
		if (s[i].what == NAT_CLEAR)
			continue;
		if (mentions(&s[i], bridge, &is_settled, e) < 0)
			return -1;
		if (is_settled)
			continue;
		ret->what = s[i].what;
		snprintf(ret->where, sizeof(ret->where), "%s %s %s", s[i].family, s[i].table, s[i].chain);
		nat_look_fix(&s[i], n - i, bridge, ret->fix, sizeof(ret->fix));
		break;
	}
	return 0;
}
