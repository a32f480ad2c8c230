/* SPDX-License-Identifier: MIT */
/*
 * Words of an egress policy: see egress.h. Pure; any thread.
 */
#include "core/model/egress.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LIST "allow="
#define LABEL_MAX 63 /* RFC 1035, 2.3.4 */
#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static uint32_t mask_of(int len)
{
	return len ? UINT32_MAX << (32 - len) : 0;
}

char *egress_range_format(const struct egress_range *r, char buf[19])
{
	int n = snprintf(buf, 19, "%u.%u.%u.%u", r->addr >> 24, r->addr >> 16 & 255, r->addr >> 8 & 255, r->addr & 255);

	if (r->len < 32)
		snprintf(buf + n, 19 - (size_t)n, "/%u", (unsigned)r->len);
	return buf;
}

static int bad_item(const char *item, struct err *e)
{
	err_set(e, ERR_USAGE, _("egress: '%.*s' is neither an IPv4 address, nor a range of them, nor a host name"),
		(int)MIN(strcspn(item, ","), (size_t)64), item);
	return err_hint(e, _("write 192.0.2.7, 10.1.0.0/16, example.org or dns, parted by commas"));
}

static bool is_label(const char *s, size_t n)
{
	return n > 0 && n <= LABEL_MAX && s[0] != '-' && s[n - 1] != '-';
}

/* What the resolver may be asked for, and what may stand in a hosts file: labels of letters, digits, '-' and '_', and not a number alone. */
static bool is_name(const char *item)
{
	const char *at = item;

	if (item[strspn(item, ALPHABET "0123456789-_.")] || !item[strcspn(item, ALPHABET)])
		return false;
	for (;;) {
		size_t n = strcspn(at, ".");
		if (!is_label(at, n))
			return false;
		if (!at[n])
			return true;
		at += n + 1;
	}
}

/* Would so many more ranges be too many? */
static bool is_full(const struct egress *g, int more)
{
	return g->n + g->n_names * EGRESS_NAME_ADDRESSES + more > EGRESS_RANGES_MAX;
}

static bool has_name(const struct egress *g, const char *name)
{
	for (int i = 0; i < g->n_names; i++)
		if (strcmp(g->names[i], name) == 0)
			return true;
	return false;
}

static int add_name(struct egress *g, const char *item, struct err *e)
{
	char name[EGRESS_NAME_SIZE];

	for (size_t i = 0; i <= strlen(item); i++)
		name[i] = (char)(item[i] >= 'A' && item[i] <= 'Z' ? item[i] - 'A' + 'a' : item[i]);
	if (has_name(g, name))
		return 0;
	if (g->n_names == EGRESS_NAMES_MAX || is_full(g, EGRESS_NAME_ADDRESSES))
		return err_set(e, ERR_USAGE, _("egress: at most %d names and %d ranges, a name counting as %d"),
			       EGRESS_NAMES_MAX, EGRESS_RANGES_MAX, EGRESS_NAME_ADDRESSES);
	str_copy(g->names[g->n_names++], EGRESS_NAME_SIZE, name);
	return 0;
}

/* One or two digits, nothing else; -1. */
static int parse_len(const char *s)
{
	size_t n = strspn(s, "0123456789");
	int len = 0;

	if (n < 1 || n > 2 || s[n])
		return -1;
	for (size_t i = 0; i < n; i++)
		len = len * 10 + (s[i] - '0');
	return len <= 32 ? len : -1;
}

static int parse_range(const char *item, struct egress_range *ret, struct err *e)
{
	char addr[INET_ADDRSTRLEN], text[19];
	const char *slash = strchr(item, '/');
	size_t n = slash ? (size_t)(slash - item) : strlen(item);
	int len = slash ? parse_len(slash + 1) : 32;
	struct in_addr a;

	if (n >= sizeof(addr) || len < 0)
		return bad_item(item, e);
	memcpy(addr, item, n);
	addr[n] = '\0';
	/* Takes the dotted quad and nothing else (inet_pton(3)). */
	if (inet_pton(AF_INET, addr, &a) != 1)
		return bad_item(item, e);
	struct egress_range whole = {.addr = ntohl(a.s_addr) & mask_of(len), .len = (uint8_t)len};
	if (whole.addr != ntohl(a.s_addr)) {
		err_set(e, ERR_USAGE, _("egress: %s is an address in a range, not the beginning of one"), item);
		return err_hint(e, _("write %s for the range, %s for the address"), egress_range_format(&whole, text),
				addr);
	}
	/* By field, and the whole zeroed before: configurations are compared as bytes. */
	ret->addr = whole.addr;
	ret->len = whole.len;
	return 0;
}

static int parse_item(struct egress *g, const char *item, struct err *e)
{
	if (strcmp(item, "dns") == 0) {
		g->dns = true;
		return 0;
	}
	if (is_name(item))
		return add_name(g, item, e);
	if (is_full(g, 1))
		return err_set(e, ERR_USAGE, _("egress: at most %d ranges, a name counting as %d"), EGRESS_RANGES_MAX,
			       EGRESS_NAME_ADDRESSES);
	return parse_range(item, &g->ranges[g->n], e) < 0 ? -1 : (g->n++, 0);
}

static int parse_list(const char *text, struct egress *ret, struct err *e)
{
	struct egress g;
	char item[EGRESS_NAME_SIZE];

	memset(&g, 0, sizeof(g));
	g.kind = EGRESS_ALLOW;
	for (const char *at = text;; at++) {
		size_t n = strcspn(at, ",");
		if (n >= sizeof(item))
			return bad_item(at, e);
		memcpy(item, at, n);
		item[n] = '\0';
		if (parse_item(&g, item, e) < 0)
			return -1;
		at += n;
		if (!*at)
			break;
	}
	*ret = g;
	return 0;
}

int egress_parse(const char *text, struct egress *ret, struct err *e)
{
	if (strncmp(text, LIST, strlen(LIST)) == 0)
		return parse_list(text + strlen(LIST), ret, e);
	if (strcmp(text, "full") == 0 || strcmp(text, "none") == 0) {
		memset(ret, 0, sizeof(*ret));
		ret->kind = text[0] == 'f' ? EGRESS_FULL : EGRESS_NONE;
		return 0;
	}
	err_set(e, ERR_USAGE, _("unknown egress '%.32s'"), text);
	return err_hint(e, _("choose one of: %s"), "full, none, allow=ITEM[,ITEM…]");
}

bool egress_is_closed(uint32_t addr)
{
	return addr >> 24 == 127 || addr >> 24 == 0;
}

int egress_check(const struct egress *g, struct err *e)
{
	char text[19];

	for (int i = 0; i < g->n; i++) {
		const struct egress_range *r = &g->ranges[i];
		if (r->len < 8 || !egress_is_closed(r->addr))
			continue;
		err_set(e, ERR_USAGE,
			_("egress: %s is this host's loopback, which no guest reaches, whatever its list says"),
			egress_range_format(r, text));
		return err_hint(
			e, _("let what it is to reach listen on another address of this host, and write that one"));
	}
	return 0;
}

char *egress_format(const struct egress *g, char *buf, size_t size)
{
	char text[EGRESS_TEXT], range[19];
	size_t at = 0;

	if (g->kind != EGRESS_ALLOW)
		return str_copy(buf, size, g->kind == EGRESS_NONE ? "none" : "full");
	at = (size_t)snprintf(text, sizeof(text), LIST "%s", g->dns ? "dns" : "");
	for (int i = 0; i < g->n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i || g->dns ? "," : "",
				       egress_range_format(&g->ranges[i], range));
	for (int i = 0; i < g->n_names; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i || g->n || g->dns ? "," : "",
				       g->names[i]);
	return str_copy(buf, size, text);
}
