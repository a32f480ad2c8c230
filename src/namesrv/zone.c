/* SPDX-License-Identifier: MIT */
/*
 * The table and the answers: see zone.h. Hosts are few; they are looked for one by one.
 */
#include "namesrv/zone.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "namesrv/namesrv.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define HEAD "banger-names 1"
#define LINE_MAX_LEN 128

void zone_done(struct zone *z)
{
	free(z->hosts);
	*z = (struct zone){0};
}

/* ---- the table ---- */

void namesrv_format(const char *cidr, const struct namesrv_host *hosts, int n, struct buf *out)
{
	buf_addf(out, HEAD "\nnet %s\n", cidr);
	for (int i = 0; i < n; i++)
		buf_addf(out, "%s %s%s\n", hosts[i].ipv4, hosts[i].name, hosts[i].nat ? " nat" : "");
}

static bool parse_ip(const char *text, uint32_t *ret)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*ret = ntohl(a.s_addr);
	return true;
}

static bool parse_net(char *line, struct zone *z)
{
	char *slash = strchr(line, '/'), *end;

	if (strncmp(line, "net ", 4) != 0 || !slash)
		return false;
	*slash = '\0';
	long prefix = strtol(slash + 1, &end, 10);
	if (*end || end == slash + 1 || prefix < 8 || prefix > 30 || !parse_ip(line + 4, &z->addr))
		return false;
	z->prefix = (int)prefix;
	z->mask = UINT32_MAX << (32 - prefix);
	return true;
}

static bool is_in_net(const struct zone *z, uint32_t ip)
{
	return (ip & z->mask) == (z->addr & z->mask);
}

/* "172.16.0.2 web1 nat" */
static bool parse_host(char *line, const struct zone *z, struct zone_host *ret)
{
	char *name = strchr(line, ' '), full[LINE_MAX_LEN + sizeof(NAMESRV_ZONE) + 1];

	if (!name)
		return false;
	*name++ = '\0';
	char *word = strchr(name, ' ');
	if (word)
		*word++ = '\0';
	ret->nat = word != NULL;
	if ((word && strcmp(word, "nat") != 0) || strchr(name, '.') || !parse_ip(line, &ret->ip) || !is_in_net(z, ret->ip))
		return false;
	snprintf(full, sizeof(full), "%s." NAMESRV_ZONE, name);
	return dns_name_from_text(full, &ret->name);
}

static bool parse_line(char *line, int number, struct zone *z)
{
	if (number == 1)
		return strcmp(line, HEAD) == 0;
	if (number == 2)
		return parse_net(line, z);
	return z->n < NAMESRV_HOSTS_MAX && parse_host(line, z, &z->hosts[z->n]) && ++z->n;
}

static int count_lines(const char *text, size_t n)
{
	int lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

int zone_parse(const char *text, size_t n, uint32_t serial, struct zone *ret, struct err *e)
{
	int lines = count_lines(text, n), number = 0;
	const char *end = text + n;

	*ret = (struct zone){.serial = serial};
	if (n == 0 || n > NAMESRV_TABLE_MAX || lines < 2 || lines > NAMESRV_HOSTS_MAX + 2 || end[-1] != '\n')
		return err_set(e, ERR_PROTO, _("the table of names is none"));
	ret->hosts = xcalloc((size_t)lines, sizeof(*ret->hosts));
	while (text < end) {
		char line[LINE_MAX_LEN];
		size_t len = strcspn(text, "\n");

		number++;
		if (len < sizeof(line) && text[len] == '\n') {
			memcpy(line, text, len);
			line[len] = '\0';
			if (parse_line(line, number, ret)) {
				text += len + 1;
				continue;
			}
		}
		zone_done(ret);
		return err_set(e, ERR_PROTO, _("line %d of the table of names is none"), number);
	}
	return 0;
}

/* ---- answers ---- */

static const struct zone_host *find_name(const struct zone *z, const struct dns_name *name)
{
	for (int i = 0; i < z->n; i++)
		if (dns_name_equal(&z->hosts[i].name, name))
			return &z->hosts[i];
	return NULL;
}

static const struct zone_host *find_ip(const struct zone *z, uint32_t ip)
{
	for (int i = 0; i < z->n; i++)
		if (z->hosts[i].ip == ip)
			return &z->hosts[i];
	return NULL;
}

static void answer_vm(const struct zone *z, const struct dns_query *q, const struct dns_name *zone, struct dns_reply *r)
{
	const struct zone_host *h = find_name(z, &q->name);
	bool is_apex = dns_name_equal(&q->name, zone);

	r->zone = zone;
	if (is_apex && (q->type == DNS_SOA || q->type == DNS_ANY)) {
		r->answer = DNS_ANSWER_SOA;
	} else if (h && (q->type == DNS_A || q->type == DNS_ANY)) {
		r->answer = DNS_ANSWER_A;
		r->a = h->ip;
	} else if (!h && !is_apex) {
		r->rcode = DNS_NXDOMAIN;
	}
}

/* The number a label is, written as numbers are: "0" to "255" without a zero in front. -1 for anything else. */
static int octet_of(const uint8_t *label, size_t len)
{
	int v = 0;

	if (!label || len == 0 || len > 3 || (len > 1 && label[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (label[i] < '0' || label[i] > '9')
			return -1;
		v = v * 10 + label[i] - '0';
	}
	return v <= 255 ? v : -1;
}

/*
 * A name below in-addr.arpa (RFC 1035 section 3.5) of our network: the octets the zone is cut at, from the right, must be the
 * network's. *ret_ip: the address, when all four octets are there. *ret_zone: the zone's name.
 */
struct reverse {
	struct dns_name zone;
	uint32_t ip;
	int octets; /* how many of an address's four are there */
	bool deeper; /* labels in front of a whole address, or one that is no number */
};

static bool is_reverse(const struct zone *z, const struct dns_name *name, struct reverse *ret)
{
	int labels = dns_name_labels(name), cut = (z->prefix + 7) / 8;
	struct dns_name arpa;
	size_t len = 0;

	*ret = (struct reverse){0};
	if (!dns_name_from_text("in-addr.arpa", &arpa) || !dns_name_is_below(name, &arpa))
		return false;
	for (int i = labels - 3; i >= 0 && ret->octets < 4; i--) {
		const uint8_t *label = dns_name_label(name, i, &len);
		int octet = octet_of(label, len);

		if (octet < 0)
			break;
		ret->ip |= (uint32_t)octet << (24 - 8 * ret->octets);
		ret->octets++;
	}
	if (ret->octets < cut)
		return false;
	ret->deeper = labels - 2 > ret->octets;
	dns_name_suffix(name, labels - 2 - cut, &ret->zone);
	return is_in_net(z, ret->ip);
}

static void answer_reverse(const struct zone *z, const struct dns_query *q, const struct reverse *at, struct dns_reply *r)
{
	const struct zone_host *h = at->octets == 4 && !at->deeper ? find_ip(z, at->ip) : NULL;
	bool is_apex = dns_name_equal(&q->name, &at->zone);

	r->zone = &at->zone;
	if (h && (q->type == DNS_PTR || q->type == DNS_ANY)) {
		r->answer = DNS_ANSWER_PTR;
		r->target = &h->name;
	} else if (is_apex && (q->type == DNS_SOA || q->type == DNS_ANY)) {
		r->answer = DNS_ANSWER_SOA;
	} else if (!h && !is_apex && (at->deeper || at->octets == 4)) {
		r->rcode = DNS_NXDOMAIN;
	}
}

/* Transfers, and the types that mean something about messages or are reserved (RFC 6895 section 3.1). */
static bool is_meta_type(uint16_t type)
{
	return type == 0 || type == DNS_OPT || (type >= 128 && type <= 254);
}

static bool may_forward(const struct zone *z, const struct zone_asker *who)
{
	const struct zone_host *h = who->is_guest ? find_ip(z, who->ip) : NULL;

	return h && h->nat;
}

enum zone_outcome zone_answer(const struct zone *z, const struct zone_asker *who, const uint8_t *msg, const struct dns_query *q,
			      uint8_t *out, size_t *ret_len)
{
	bool forward = may_forward(z, who);
	struct dns_reply r = {.authoritative = true, .recursion_available = forward, .ttl_s = ZONE_TTL_S, .serial = z->serial};
	struct dns_name zone;
	struct reverse at;
	bool known UNUSED = dns_name_from_text(NAMESRV_ZONE, &zone);

	assert(known);
	if (q->class != DNS_IN && q->class != DNS_CLASS_ANY) {
		*ret_len = dns_reply_error(msg, q, DNS_REFUSED, out);
		return ZONE_ANSWERED;
	}
	bool is_vm = dns_name_is_below(&q->name, &zone);
	if (is_meta_type(q->type)) {
		*ret_len = dns_reply_error(msg, q, DNS_REFUSED, out);
		return ZONE_ANSWERED;
	}
	if (is_vm) {
		answer_vm(z, q, &zone, &r);
	} else if (is_reverse(z, &q->name, &at)) {
		answer_reverse(z, q, &at, &r);
	} else if (forward && q->recursion) {
		return ZONE_FORWARD;
	} else {
		r = (struct dns_reply){.rcode = DNS_REFUSED, .recursion_available = forward};
	}
	*ret_len = dns_reply(msg, q, &r, out);
	return ZONE_ANSWERED;
}
