/* SPDX-License-Identifier: MIT */
/*
 * DNS messages, as far as a name server for one private zone needs them: a query is read strictly, a reply is written, a reply of
 * somebody else's is checked and cut. Pure; no allocation; any thread.
 *
 * Formats: RFC 1035 section 4 (messages, names), RFC 6891 (EDNS0), RFC 2308 (negative answers). What a query may look like is
 * narrower than there: one question, no records but one OPT, nothing behind it, and no compression pointer, which no first name
 * of a message can need. Bytes come from guests: every length is checked before it is followed.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER 12
#define DNS_NAME_MAX 255     /* of a name on the wire, the last zero included (RFC 1035 section 2.3.4) */
#define DNS_LABEL_MAX 63
#define DNS_UDP_PLAIN 512    /* what goes by UDP without EDNS (RFC 1035 section 4.2.1) */
#define DNS_UDP_OURS 1232    /* what we say we take, and never send more: fits any path (the flag day's number) */
#define DNS_MESSAGE_MAX 65535
#define DNS_REPLY_MAX 640    /* nothing dns_reply_*() writes is longer: 12 + 259 + 267 + 11 */

enum dns_type { DNS_A = 1, DNS_NS = 2, DNS_SOA = 6, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_IXFR = 251, DNS_AXFR = 252, DNS_ANY = 255 };
enum dns_class { DNS_IN = 1, DNS_CLASS_ANY = 255 };
enum dns_rcode { DNS_NOERROR, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED, DNS_BADVERS = 16 };

/* A name as it travels, uncompressed, its letters lower case; compared as bytes. */
struct dns_name {
	uint8_t wire[DNS_NAME_MAX];
	size_t len; /* with the last zero */
};

struct dns_query {
	uint16_t id;
	bool recursion; /* RD */
	bool edns;
	size_t udp_max; /* the longest reply the other side takes by UDP: 512 to DNS_UDP_OURS */
	struct dns_name name;
	uint16_t type;
	uint16_t class;
	size_t question_len; /* header and question as they came, letters' case and all: what a reply begins with */
};

enum dns_verdict {
	DNS_OK,	   /* a query of the form above */
	DNS_WRONG, /* to be answered with ret_rcode (dns_reply_error), which needs id and question_len alone */
	DNS_DROP,  /* no query at all, too short or a reply itself: answering could start a loop */
};
enum dns_verdict dns_read_query(const uint8_t *msg, size_t n, struct dns_query *ret, enum dns_rcode *ret_rcode);

/* Dotted text of at most 253 characters ("web1.vm", no last dot) as a name. False when it is none. */
bool dns_name_from_text(const char *text, struct dns_name *ret);
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);
/* Is `name` `zone` or below it? */
bool dns_name_is_below(const struct dns_name *name, const struct dns_name *zone);
int dns_name_labels(const struct dns_name *name);
/* The n-th label from the left, not terminated; borrowed. NULL when there are fewer. */
const uint8_t *dns_name_label(const struct dns_name *name, int n, size_t *ret_len);
/* The name without its first n labels. */
void dns_name_suffix(const struct dns_name *name, int n, struct dns_name *ret);

/* What is in a reply besides header and question. */
struct dns_reply {
	enum dns_rcode rcode;
	bool authoritative;
	bool recursion_available;
	uint32_t ttl_s;
	/* one answer at most */
	enum { DNS_NO_ANSWER, DNS_ANSWER_A, DNS_ANSWER_PTR, DNS_ANSWER_SOA } answer;
	uint32_t a;		       /* DNS_ANSWER_A, host byte order */
	const struct dns_name *target; /* DNS_ANSWER_PTR */
	/* the zone, for DNS_ANSWER_SOA, and for the SOA in the authority section of a negative answer; else NULL */
	const struct dns_name *zone;
	uint32_t serial;
};
/* `msg` is the query that dns_read_query() took. Returns the reply's length in `out`, DNS_REPLY_MAX bytes. */
size_t dns_reply(const uint8_t *msg, const struct dns_query *q, const struct dns_reply *r, uint8_t *out);
/* A reply with nothing but that rcode, for DNS_WRONG too: then of a question that was not understood only the header comes back. */
size_t dns_reply_error(const uint8_t *msg, const struct dns_query *q, enum dns_rcode rcode, uint8_t *out);
/* Header and question with TC set: ask again by TCP. */
size_t dns_reply_truncated(const uint8_t *msg, const struct dns_query *q, uint8_t *out);

/* Is `msg` somebody's reply to this question: QR, that id, the same question (letters' case not looked at)? */
bool dns_is_reply_to(const uint8_t *msg, size_t n, uint16_t id, const struct dns_query *q);

static inline uint16_t dns_get_id(const uint8_t *msg)
{
	return (uint16_t)(msg[0] << 8 | msg[1]);
}

static inline void dns_set_id(uint8_t *msg, uint16_t id)
{
	msg[0] = (uint8_t)(id >> 8);
	msg[1] = (uint8_t)id;
}

#endif
