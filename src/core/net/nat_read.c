/* SPDX-License-Identifier: MIT */
/*
 * What libnftables lists as JSON (libnftables-json(5)): {"nftables": [{"set": {…}}, {"rule": {…}}, …]}. Pure, and distrustful: the
 * tables may have been written by anybody with the right to.
 */
#include "core/net/nat_priv.h"

#include "base/mem.h"

#include <string.h>

void nat_state_done(struct nat_state *s)
{
	free(s->guests);
	free(s->natted);
	free(s->rules);
	*s = (struct nat_state){0};
}

const struct nat_guest *nat_state_find(const struct nat_state *s, const char *tap)
{
	for (int i = 0; i < s->n_guests; i++)
		if (!strcmp(s->guests[i].tap, tap))
			return &s->guests[i];
	return NULL;
}

static bool is(const struct json *obj, const char *key, const char *want)
{
	const char *s = json_str(obj, key);

	return s && !strcmp(s, want);
}

/* A string that fits, else false. */
static bool take(const struct json *v, char *ret, size_t size)
{
	const char *s = json_string(v);

	if (!s || !*s || strlen(s) >= size)
		return false;
	str_copy(ret, size, s);
	return true;
}

/* ---- our tables ---- */

/* How many rules each chain has, as nat_format() writes them. */
static const struct shape {
	const char *chain;
	int rules;
} inet_shape[] = {{NAT_MARK, 0}, {"input", 1}, {"to_host", 5}, {"names", 2}, {"forward", 5}, {"postrouting", 1}, {NULL, 0}},
  bridge_shape[] = {{NAT_MARK, 0},	{"prerouting", 1},     {"from_guest", 5}, {"from_guest_ip", 3},
		    {"from_guest_arp", 3}, {"from_guest_ip6", 3}, {NULL, 0}};

/* "set", "chain" of that name; NULL when there is none. With `name` NULL the first. */
static const struct json *find(const struct json *list, const char *kind, const char *name)
{
	for (const struct json *v = json_first(json_get(list, "nftables")); v; v = json_next(v)) {
		const struct json *object = json_get(v, kind);
		if (object && (!name || is(object, "name", name)))
			return object;
	}
	return NULL;
}

static int count_rules(const struct json *list, const char *chain)
{
	int n = 0;

	for (const struct json *v = json_first(json_get(list, "nftables")); v; v = json_next(v)) {
		const struct json *rule = json_get(v, "rule");
		n += rule && is(rule, "chain", chain);
	}
	return n;
}

static bool has_shape(const struct json *list, const struct shape *s)
{
	for (; s->chain; s++)
		if (!find(list, "chain", s->chain) || count_rules(list, s->chain) != s->rules)
			return false;
	return true;
}

/* An empty one is nobody's: there is nothing in it to lose. */
static bool is_somebody_elses(const struct json *list)
{
	return !find(list, "chain", NAT_MARK) && (find(list, "chain", NULL) || find(list, "set", NULL) || find(list, "map", NULL));
}

static const struct json *elements(const struct json *list, const char *set)
{
	const struct json *found = find(list, "set", set);

	return found ? json_get(found, "elem") : NULL;
}

static void read_natted(const struct json *all, struct nat_state *ret)
{
	ret->natted = xcalloc((size_t)json_len(all) + 1, sizeof(*ret->natted));
	for (const struct json *v = json_first(all); v; v = json_next(v))
		if (take(v, ret->natted[ret->n_natted], NAT_IPV4_SIZE))
			ret->n_natted++;
}

void nat_read_inet(const struct json *list, struct nat_state *ret)
{
	if (is_somebody_elses(list)) {
		str_copy(ret->foreign, sizeof(ret->foreign), "inet " NAT_TABLE);
		return;
	}
	ret->owns_inet = true;
	ret->has_inet = find(list, "set", "inside") && find(list, "set", "natted");
	take(json_first(elements(list, "inside")), ret->inside, sizeof(ret->inside));
	read_natted(elements(list, "natted"), ret);
	ret->is_whole = ret->has_inet && ret->inside[0] && has_shape(list, inet_shape);
}

static void read_pins(const struct json *all, struct nat_state *ret)
{
	ret->guests = xcalloc((size_t)json_len(all) + 1, sizeof(*ret->guests));
	for (const struct json *v = json_first(all); v; v = json_next(v)) {
		const struct json *field = json_first(json_get(v, "concat"));
		struct nat_guest *g = &ret->guests[ret->n_guests];
		*g = (struct nat_guest){0};
		if (!take(field, g->tap, sizeof(g->tap)) || !(field = json_next(field)) ||
		    !take(field, g->mac, sizeof(g->mac)) || !(field = json_next(field)) ||
		    !take(field, g->ipv4, sizeof(g->ipv4)) || nat_check_guest(g, NULL) < 0)
			continue;
		for (int i = 0; i < ret->n_natted; i++)
			g->nat |= !strcmp(ret->natted[i], g->ipv4);
		ret->n_guests++;
	}
}

void nat_read_bridge(const struct json *list, struct nat_state *ret)
{
	if (is_somebody_elses(list)) {
		str_copy(ret->foreign, sizeof(ret->foreign), "bridge " NAT_TABLE);
		ret->is_whole = false;
		return;
	}
	ret->owns_bridge = true;
	ret->has_bridge = find(list, "set", "macs") && find(list, "set", "pins");
	read_pins(elements(list, "pins"), ret);
	ret->is_whole &= ret->has_bridge && has_shape(list, bridge_shape);
}

/* ---- others' chains ---- */

/* The chain that was listed says which rules are asked about. */
void nat_read_rules(const struct json *list, enum nat_door door, struct nat_state *ret)
{
	const struct json *all = json_get(list, "nftables");

	ret->rules = xrealloc(ret->rules, (size_t)ret->n_rules + (size_t)json_len(all) + 1, sizeof(*ret->rules));
	for (const struct json *v = json_first(all); v; v = json_next(v)) {
		const struct json *rule = json_get(v, "rule");
		const char *comment = rule ? json_str(rule, "comment") : NULL;
		struct nat_rule *r = &ret->rules[ret->n_rules];
		if (!comment || strncmp(comment, NAT_COMMENT, strlen(NAT_COMMENT)) != 0 ||
		    strlen(comment) - strlen(NAT_COMMENT) >= sizeof(r->of) || !is(rule, "chain", nat_door_chain(door)))
			continue;
		r->door = door;
		r->handle = json_int(rule, "handle", 0);
		str_copy(r->of, sizeof(r->of), comment + strlen(NAT_COMMENT));
		if (r->handle > 0)
			ret->n_rules++;
	}
}

/* iptables' own way of saying it (REJECT, and old programs' DROP) is a target of xtables. */
static bool is_end(const struct json *statement)
{
	const struct json *xt = json_get(statement, "xt");

	return json_get(statement, "drop") || json_get(statement, "reject") ||
	       (xt && is(xt, "type", "target") && (is(xt, "name", "REJECT") || is(xt, "name", "DROP")));
}

/* Nothing in it but counting before the end. */
static bool is_closing(const struct json *rule)
{
	for (const struct json *x = json_first(json_get(rule, "expr")); x; x = json_next(x)) {
		if (is_end(x))
			return true;
		if (!json_get(x, "counter"))
			return false;
	}
	return false;
}

bool nat_read_closes(const struct json *list)
{
	for (const struct json *v = json_first(json_get(list, "nftables")); v; v = json_next(v)) {
		const struct json *chain = json_get(v, "chain");
		const struct json *rule = json_get(v, "rule");
		if ((chain && is(chain, "policy", "drop")) || (rule && is_closing(rule)))
			return true;
	}
	return false;
}
