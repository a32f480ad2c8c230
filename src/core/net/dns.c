/* SPDX-License-Identifier: MIT */
/*
 * DNS messages: see dns.h.
 *
 * Reading goes by a cursor that never moves past the end and remembers that it wanted to. Writing goes into an array that is large
 * enough for the largest reply there is: a question of 255 + 4 bytes, a PTR (12 + 255) or an SOA whose names point into the
 * question or are short, and an OPT of 11; asserted, not assumed.
 */
#include "core/net/dns.h"

#include <assert.h>
#include <string.h>

#define FLAG_QR 0x8000
#define FLAG_AA 0x0400
#define FLAG_TC 0x0200
#define FLAG_RD 0x0100
#define FLAG_RA 0x0080
#define OPCODE 0x7800
#define POINTER 0xc000

/* SOA times, in seconds: nobody transfers this zone, and a wrong "no such name" should not live long. */
#define SOA_REFRESH 3600
#define SOA_RETRY 600
#define SOA_EXPIRE 86400

/* ---- reading ---- */

struct cursor {
	const uint8_t *p;
	size_t n;
	size_t at;
	bool bad;
};

static uint8_t get8(struct cursor *c)
{
	if (c->at >= c->n) {
		c->bad = true;
		return 0;
	}
	return c->p[c->at++];
}

static uint16_t get16(struct cursor *c)
{
	uint16_t hi = get8(c);

	return (uint16_t)(hi << 8 | get8(c));
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Labels of 1 to 63 bytes and a zero; what begins with other bits (pointers, RFC 6891's extended ones) is bad. */
static void get_name(struct cursor *c, struct dns_name *ret)
{
	ret->len = 0;
	for (;;) {
		size_t n = get8(c);

		if (c->bad || n > DNS_LABEL_MAX || ret->len + n + 1 + (n > 0) > DNS_NAME_MAX) {
			c->bad = true;
			return;
		}
		ret->wire[ret->len++] = (uint8_t)n;
		if (n == 0)
			return;
		while (n--)
			ret->wire[ret->len++] = lower(get8(c));
	}
}

/* The one record a query may have: of the root, type OPT, class the size, time to live version and flags (RFC 6891 section 6.1). */
static enum dns_rcode get_opt(struct cursor *c, struct dns_query *ret)
{
	uint8_t root = get8(c);
	uint16_t type = get16(c), size = get16(c);

	(void)get8(c); /* upper bits of a reply's code */
	uint8_t version = get8(c);
	(void)get16(c); /* flags: DO, which we have nothing for */
	uint16_t rest = get16(c);
	if (c->bad || root != 0 || type != DNS_OPT || rest > c->n - c->at)
		return DNS_FORMERR;
	c->at += rest;
	ret->edns = true;
	if (size > ret->udp_max)
		ret->udp_max = size < DNS_UDP_OURS ? size : DNS_UDP_OURS;
	return version == 0 ? DNS_NOERROR : DNS_BADVERS;
}

static enum dns_rcode read_body(struct cursor *c, struct dns_query *ret)
{
	uint16_t questions = get16(c), answers = get16(c), authorities = get16(c), additional = get16(c);
	enum dns_rcode rcode = DNS_NOERROR;

	if (questions != 1 || answers != 0 || authorities != 0 || additional > 1)
		return DNS_FORMERR;
	get_name(c, &ret->name);
	ret->type = get16(c);
	ret->class = get16(c);
	if (c->bad)
		return DNS_FORMERR;
	ret->question_len = c->at;
	if (additional == 1)
		rcode = get_opt(c, ret);
	return rcode == DNS_NOERROR && c->at != c->n ? DNS_FORMERR : rcode;
}

enum dns_verdict dns_read_query(const uint8_t *msg, size_t n, struct dns_query *ret, enum dns_rcode *ret_rcode)
{
	struct cursor c = {.p = msg, .n = n};

	*ret = (struct dns_query){.udp_max = DNS_UDP_PLAIN};
	*ret_rcode = DNS_NOERROR;
	if (n < DNS_HEADER)
		return DNS_DROP;
	ret->id = get16(&c);
	uint16_t flags = get16(&c);
	if (flags & FLAG_QR)
		return DNS_DROP;
	ret->recursion = (flags & FLAG_RD) != 0;
	*ret_rcode = flags & OPCODE ? DNS_NOTIMP : read_body(&c, ret);
	return *ret_rcode == DNS_NOERROR ? DNS_OK : DNS_WRONG;
}

bool dns_is_reply_to(const uint8_t *msg, size_t n, uint16_t id, const struct dns_query *q)
{
	struct cursor c = {.p = msg, .n = n};
	struct dns_name name;

	if (n < DNS_HEADER)
		return false;
	uint16_t got = get16(&c), flags = get16(&c), questions = get16(&c);
	c.at = DNS_HEADER;
	if (got != id || !(flags & FLAG_QR) || (flags & OPCODE) || questions != 1)
		return false;
	get_name(&c, &name);
	uint16_t type = get16(&c), class = get16(&c);
	return !c.bad && type == q->type && class == q->class && dns_name_equal(&name, &q->name);
}

/* ---- names ---- */

bool dns_name_from_text(const char *text, struct dns_name *ret)
{
	ret->len = 0;
	for (;;) {
		size_t n = strcspn(text, ".");

		if (n == 0 || n > DNS_LABEL_MAX || ret->len + n + 2 > DNS_NAME_MAX)
			return false;
		ret->wire[ret->len++] = (uint8_t)n;
		for (size_t i = 0; i < n; i++)
			ret->wire[ret->len++] = lower((uint8_t)text[i]);
		text += n;
		if (!*text)
			break;
		text++;
	}
	ret->wire[ret->len++] = 0;
	return true;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

int dns_name_labels(const struct dns_name *name)
{
	int n = 0;

	for (size_t at = 0; at < name->len && name->wire[at]; at += name->wire[at] + 1u)
		n++;
	return n;
}

const uint8_t *dns_name_label(const struct dns_name *name, int n, size_t *ret_len)
{
	for (size_t at = 0; at < name->len && name->wire[at]; at += name->wire[at] + 1u) {
		if (n-- > 0)
			continue;
		*ret_len = name->wire[at];
		return name->wire + at + 1;
	}
	return NULL;
}

void dns_name_suffix(const struct dns_name *name, int n, struct dns_name *ret)
{
	size_t at = 0;

	while (n-- > 0 && name->wire[at])
		at += name->wire[at] + 1u;
	ret->len = name->len - at;
	memcpy(ret->wire, name->wire + at, ret->len);
}

bool dns_name_is_below(const struct dns_name *name, const struct dns_name *zone)
{
	int more = dns_name_labels(name) - dns_name_labels(zone);
	struct dns_name suffix;

	if (more < 0)
		return false;
	dns_name_suffix(name, more, &suffix);
	return dns_name_equal(&suffix, zone);
}

/* ---- writing ---- */

struct writer {
	uint8_t *p;
	size_t at;
};

static void put8(struct writer *w, unsigned v)
{
	assert(w->at < DNS_REPLY_MAX);
	w->p[w->at++] = (uint8_t)v;
}

static void put16(struct writer *w, unsigned v)
{
	put8(w, v >> 8);
	put8(w, v & 0xff);
}

static void put32(struct writer *w, uint32_t v)
{
	put16(w, v >> 16);
	put16(w, v & 0xffff);
}

static void put_bytes(struct writer *w, const uint8_t *p, size_t n)
{
	assert(w->at + n <= DNS_REPLY_MAX);
	memcpy(w->p + w->at, p, n);
	w->at += n;
}

/* Set a count of the header. */
static void count(struct writer *w, int section)
{
	w->p[4 + 2 * section + 1]++;
}

enum { QUESTION, ANSWER, AUTHORITY, ADDITIONAL };

/* Header, and the question if there is one; opcode and RD come back as they were asked. */
static struct writer begin(const uint8_t *msg, const struct dns_query *q, unsigned flags, uint8_t *out)
{
	struct writer w = {.p = out};

	put16(&w, q->id);
	put16(&w, FLAG_QR | flags | (((unsigned)msg[2] << 8) & (OPCODE | FLAG_RD)));
	for (int i = QUESTION; i <= ADDITIONAL; i++)
		put16(&w, 0);
	if (q->question_len) {
		put_bytes(&w, msg + DNS_HEADER, q->question_len - DNS_HEADER);
		count(&w, QUESTION);
	}
	return w;
}

static void put_opt(struct writer *w, const struct dns_query *q, enum dns_rcode rcode)
{
	if (!q->edns)
		return;
	put8(w, 0);
	put16(w, DNS_OPT);
	put16(w, DNS_UDP_OURS);
	put8(w, (unsigned)rcode >> 4);
	put8(w, 0);
	put16(w, 0);
	put16(w, 0);
	count(w, ADDITIONAL);
}

static void put_record(struct writer *w, enum dns_type type, uint32_t ttl_s)
{
	put16(w, type);
	put16(w, DNS_IN);
	put32(w, ttl_s);
}

/* A name that is the question's end is a pointer there (RFC 1035 section 4.1.4). */
static void put_name(struct writer *w, const struct dns_query *q, const struct dns_name *name)
{
	if (dns_name_is_below(&q->name, name) && name->len > 1)
		put16(w, (unsigned)(POINTER | (DNS_HEADER + q->name.len - name->len)));
	else
		put_bytes(w, name->wire, name->len);
}

static void put_soa(struct writer *w, const struct dns_query *q, const struct dns_reply *r)
{
	static const uint8_t hostmaster[] = "\012hostmaster";

	put_name(w, q, r->zone);
	put_record(w, DNS_SOA, r->ttl_s);
	size_t length_at = w->at;
	put16(w, 0);
	put_name(w, q, r->zone); /* the primary server, which has no name of its own */
	put_bytes(w, hostmaster, sizeof(hostmaster) - 1);
	put_name(w, q, r->zone);
	put32(w, r->serial);
	put32(w, SOA_REFRESH);
	put32(w, SOA_RETRY);
	put32(w, SOA_EXPIRE);
	put32(w, r->ttl_s); /* how long "no such name" is believed (RFC 2308 section 4) */
	struct writer length = {.p = w->p, .at = length_at};
	put16(&length, (unsigned)(w->at - length_at - 2));
}

static void put_answer(struct writer *w, const struct dns_query *q, const struct dns_reply *r)
{
	if (r->answer == DNS_ANSWER_SOA) {
		put_soa(w, q, r);
		return;
	}
	put16(w, POINTER | DNS_HEADER);
	put_record(w, r->answer == DNS_ANSWER_A ? DNS_A : DNS_PTR, r->ttl_s);
	if (r->answer == DNS_ANSWER_A) {
		put16(w, 4);
		put32(w, r->a);
	} else {
		put16(w, (unsigned)r->target->len);
		put_bytes(w, r->target->wire, r->target->len);
	}
}

size_t dns_reply(const uint8_t *msg, const struct dns_query *q, const struct dns_reply *r, uint8_t *out)
{
	struct writer w = begin(msg, q,
				(r->authoritative ? FLAG_AA : 0) | (r->recursion_available ? FLAG_RA : 0) | (r->rcode & 0xf), out);

	if (r->answer != DNS_NO_ANSWER) {
		put_answer(&w, q, r);
		count(&w, ANSWER);
	} else if (r->zone) {
		put_soa(&w, q, r);
		count(&w, AUTHORITY);
	}
	put_opt(&w, q, r->rcode);
	return w.at;
}

size_t dns_reply_error(const uint8_t *msg, const struct dns_query *q, enum dns_rcode rcode, uint8_t *out)
{
	struct writer w = begin(msg, q, rcode & 0xf, out);

	put_opt(&w, q, rcode);
	return w.at;
}

size_t dns_reply_truncated(const uint8_t *msg, const struct dns_query *q, uint8_t *out)
{
	struct writer w = begin(msg, q, FLAG_TC | FLAG_RA, out);

	put_opt(&w, q, DNS_NOERROR);
	return w.at;
}
