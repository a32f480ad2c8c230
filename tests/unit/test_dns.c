/* SPDX-License-Identifier: MIT */
/*
 * net/dns: what is taken for a query and what not, byte by byte, and what replies look like on the wire.
 */
#include "core/net/dns.h"
#include "tests/lib/test.h"

/* id 0x1234, RD, one question: web1.vm A IN */
#define HEAD "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define WEB1 "\x04Web1\x02VM\x00"
#define QUERY HEAD WEB1 "\x00\x01\x00\x01"
#define OPT(size) "\x00\x00\x29" size "\x00\x00\x00\x00\x00\x00"
#define HEAD_OPT "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static enum dns_verdict read_it(const uint8_t *msg, size_t n, struct dns_query *q, enum dns_rcode *rcode)
{
	/* A copy of exactly that length: a byte too far is seen by the sanitizer. */
	uint8_t *copy = malloc(n ? n : 1);

	memcpy(copy, msg, n);
	enum dns_verdict v = dns_read_query(copy, n, q, rcode);
	free(copy);
	return v;
}

static void a_query(void **state)
{
	struct dns_query q;
	struct dns_name want;
	enum dns_rcode rcode;

	(void)state;
	assert_int_equal(read_it(BYTES(QUERY), &q, &rcode), DNS_OK);
	assert_int_equal(q.id, 0x1234);
	assert_true(q.recursion);
	assert_false(q.edns);
	assert_int_equal(q.udp_max, 512);
	assert_int_equal(q.type, DNS_A);
	assert_int_equal(q.class, DNS_IN);
	assert_int_equal(q.question_len, sizeof(QUERY) - 1);
	assert_true(dns_name_from_text("web1.vm", &want));
	assert_true(dns_name_equal(&q.name, &want));
	/* The root, and the longest name there is. */
	assert_int_equal(read_it(BYTES(HEAD "\x00\x00\x01\x00\x01"), &q, &rcode), DNS_OK);
	assert_int_equal(q.name.len, 1);
}

static void edns(void **state)
{
	static const struct {
		const char *opt;
		size_t max;
	} sizes[] = {{"\x04\xd0", 1232}, {"\x10\x00", 1232}, {"\x02\x58", 600}, {"\x00\x10", 512}, {"\x00\x00", 512}};
	struct dns_query q;
	enum dns_rcode rcode;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t msg[] = HEAD_OPT WEB1 "\x00\x01\x00\x01" OPT("\x00\x00");

		memcpy(msg + sizeof(msg) - 1 - 8, sizes[i].opt, 2);
		assert_int_equal(read_it(msg, sizeof(msg) - 1, &q, &rcode), DNS_OK);
		assert_true(q.edns);
		assert_int_equal(q.udp_max, sizes[i].max);
	}
	/* With options (a cookie) and DO. */
	assert_int_equal(read_it(BYTES(HEAD_OPT WEB1 "\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x0c\x00\x0a\x00\x08"
						     "12345678"),
				 &q, &rcode),
			 DNS_OK);
	/* A version to come. */
	assert_int_equal(read_it(BYTES(HEAD_OPT WEB1 "\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x01\x00\x00\x00\x00"), &q, &rcode), DNS_WRONG);
	assert_int_equal(rcode, DNS_BADVERS);
	assert_true(q.edns);
}

static void what_is_wrong(void **state)
{
	static const struct {
		const char *msg;
		size_t n;
		enum dns_rcode rcode;
	} wrong[] = {
#define WRONG(s, code) {s, sizeof(s) - 1, code}
		/* opcodes */
		WRONG("\x12\x34\x09\x00\x00\x01\x00\x00\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01", DNS_NOTIMP), /* STATUS and more */
		WRONG("\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01", DNS_NOTIMP), /* UPDATE */
		/* counts */
		WRONG("\x12\x34\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", DNS_FORMERR),
		WRONG("\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01" WEB1 "\x00\x01\x00\x01", DNS_FORMERR),
		WRONG("\x12\x34\x01\x00\xff\xff\x00\x00\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01", DNS_FORMERR),
		WRONG("\x12\x34\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01", DNS_FORMERR),
		WRONG("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x01\x00\x00" WEB1 "\x00\x01\x00\x01", DNS_FORMERR),
		WRONG("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x02" WEB1 "\x00\x01\x00\x01" OPT("\x04\xd0") OPT("\x04\xd0"), DNS_FORMERR),
		WRONG(HEAD_OPT WEB1 "\x00\x01\x00\x01", DNS_FORMERR), /* promised, not there */
		/* names */
		WRONG(HEAD, DNS_FORMERR),
		WRONG(HEAD "\x04web", DNS_FORMERR),
		WRONG(HEAD "\x04web1\x02vm", DNS_FORMERR),
		WRONG(HEAD "\xc0\x0c\x00\x01\x00\x01", DNS_FORMERR),       /* a pointer to itself */
		WRONG(HEAD "\x04web1\xc0\x0c\x00\x01\x00\x01", DNS_FORMERR), /* and behind a label */
		WRONG(HEAD "\xc0\xff\x00\x01\x00\x01", DNS_FORMERR),
		WRONG(HEAD "\xc0", DNS_FORMERR),
		WRONG(HEAD "\x40""aa\x00\x00\x01\x00\x01", DNS_FORMERR), /* reserved label types */
		WRONG(HEAD "\x80""aa\x00\x00\x01\x00\x01", DNS_FORMERR),
		/* the end */
		WRONG(HEAD WEB1, DNS_FORMERR),
		WRONG(HEAD WEB1 "\x00\x01\x00", DNS_FORMERR),
		WRONG(QUERY "x", DNS_FORMERR),
		/* the additional record is no OPT, has a name, is cut, promises more than is there, has something behind it */
		WRONG(HEAD_OPT WEB1 "\x00\x01\x00\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00", DNS_FORMERR),
		WRONG(HEAD_OPT WEB1 "\x00\x01\x00\x01\x01""a\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00", DNS_FORMERR),
		WRONG(HEAD_OPT WEB1 "\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00", DNS_FORMERR),
		WRONG(HEAD_OPT WEB1 "\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\xff\xff", DNS_FORMERR),
		WRONG(HEAD_OPT WEB1 "\x00\x01\x00\x01" OPT("\x04\xd0") "x", DNS_FORMERR),
	};
	struct dns_query q;
	enum dns_rcode rcode;
	uint8_t out[DNS_REPLY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(read_it((const uint8_t *)wrong[i].msg, wrong[i].n, &q, &rcode), DNS_WRONG);
		assert_int_equal(rcode, wrong[i].rcode);
		size_t n = dns_reply_error((const uint8_t *)wrong[i].msg, &q, rcode, out);
		assert_true(n >= DNS_HEADER && n <= DNS_REPLY_MAX);
		assert_int_equal(dns_get_id(out), 0x1234);
		assert_int_equal(out[3] & 0xf, wrong[i].rcode);
		assert_int_equal(out[2] & 0x80, 0x80);
	}
}

static void what_is_no_query(void **state)
{
	struct dns_query q;
	enum dns_rcode rcode;

	(void)state;
	for (size_t n = 0; n < DNS_HEADER; n++)
		assert_int_equal(read_it((const uint8_t *)QUERY, n, &q, &rcode), DNS_DROP);
	/* Replies are never answered: two servers would go on for ever. */
	assert_int_equal(read_it(BYTES("\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01"), &q, &rcode), DNS_DROP);
}

/* Every beginning of a good query is no good one. */
static void cut_anywhere(void **state)
{
	struct dns_query q;
	enum dns_rcode rcode;

	(void)state;
	for (size_t n = DNS_HEADER; n < sizeof(QUERY) - 1; n++)
		assert_int_equal(read_it((const uint8_t *)QUERY, n, &q, &rcode), DNS_WRONG);
}

static void long_names(void **state)
{
	uint8_t msg[DNS_HEADER + 400] = HEAD;
	struct dns_query q;
	enum dns_rcode rcode;
	size_t at = DNS_HEADER;

	(void)state;
	/* 3 labels of 63 and one of 61: 255 bytes. One more is too long. */
	for (int more = 0; more < 2; more++) {
		at = DNS_HEADER;
		for (int i = 0; i < 4; i++) {
			uint8_t n = (uint8_t)(i < 3 ? 63 : 61 + more);
			msg[at++] = n;
			memset(msg + at, 'a', n);
			at += n;
		}
		memcpy(msg + at, "\x00\x00\x01\x00\x01", 5);
		at += 5;
		assert_int_equal(read_it(msg, at, &q, &rcode), more ? DNS_WRONG : DNS_OK);
		if (!more)
			assert_int_equal(q.name.len, DNS_NAME_MAX);
	}
	/* 127 labels of one byte are as long. */
	at = DNS_HEADER;
	for (int i = 0; i < 127; i++) {
		msg[at++] = 1;
		msg[at++] = 'a';
	}
	memcpy(msg + at, "\x00\x00\x01\x00\x01", 5);
	assert_int_equal(read_it(msg, at + 5, &q, &rcode), DNS_OK);
	assert_int_equal(dns_name_labels(&q.name), 127);
}

static void names(void **state)
{
	static const char *const none[] = {"", ".", "a..b", ".a", "a.", "0123456789012345678901234567890123456789012345678901234567890123.vm"};
	struct dns_name a, b, suffix;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(dns_name_from_text(none[i], &a));
	assert_true(dns_name_from_text("WEB1.vm", &a));
	assert_true(dns_name_from_text("vm", &b));
	assert_true(dns_name_is_below(&a, &b));
	assert_true(dns_name_is_below(&b, &b));
	assert_false(dns_name_is_below(&b, &a));
	assert_memory_equal(dns_name_label(&a, 0, &len), "web1", 4);
	assert_int_equal(len, 4);
	assert_null(dns_name_label(&a, 2, &len));
	dns_name_suffix(&a, 1, &suffix);
	assert_true(dns_name_equal(&suffix, &b));
	dns_name_suffix(&a, 9, &suffix);
	assert_int_equal(suffix.len, 1);
	/* Ends like it, and is not below it. */
	assert_true(dns_name_from_text("web1.xvm", &a));
	assert_false(dns_name_is_below(&a, &b));
}

static struct dns_query query_of(const uint8_t *msg, size_t n)
{
	struct dns_query q;
	enum dns_rcode rcode;

	assert_int_equal(dns_read_query(msg, n, &q, &rcode), DNS_OK);
	return q;
}

static void replies_on_the_wire(void **state)
{
	static const uint8_t opt[] = HEAD_OPT WEB1 "\x00\x01\x00\x01" OPT("\x04\xd0");
	struct dns_query q = query_of(BYTES(QUERY));
	uint8_t out[DNS_REPLY_MAX];
	struct dns_name vm;
	size_t n;

	(void)state;
	assert_true(dns_name_from_text("vm", &vm));
	/* The question comes back with its capitals (RFC 1035 and what "0x20" wants); the name is a pointer. */
	n = dns_reply((const uint8_t *)QUERY, &q,
		      &(struct dns_reply){.authoritative = true, .ttl_s = 5, .answer = DNS_ANSWER_A, .a = 0xac100002, .zone = &vm}, out);
	static const char a[] = "\x12\x34\x85\x00\x00\x01\x00\x01\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01"
				"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\xac\x10\x00\x02";
	assert_int_equal(n, sizeof(a) - 1);
	assert_memory_equal(out, a, n);
	/* No such name: the zone's SOA, its owner a pointer to "VM" in the question. */
	n = dns_reply((const uint8_t *)QUERY, &q,
		      &(struct dns_reply){.rcode = DNS_NXDOMAIN, .authoritative = true, .ttl_s = 5, .zone = &vm, .serial = 7}, out);
	static const char nx[] = "\x12\x34\x85\x03\x00\x01\x00\x00\x00\x01\x00\x00" WEB1 "\x00\x01\x00\x01"
				 "\xc0\x11\x00\x06\x00\x01\x00\x00\x00\x05\x00\x23"
				 "\xc0\x11\x0ahostmaster\xc0\x11"
				 "\x00\x00\x00\x07\x00\x00\x0e\x10\x00\x00\x02\x58\x00\x01\x51\x80\x00\x00\x00\x05";
	assert_int_equal(n, sizeof(nx) - 1);
	assert_memory_equal(out, nx, n);
	/* With EDNS an OPT of ours comes back; refused otherwise plainly. */
	q = query_of(opt, sizeof(opt) - 1);
	n = dns_reply_error(opt, &q, DNS_REFUSED, out);
	static const char refused[] = "\x12\x34\x81\x05\x00\x01\x00\x00\x00\x00\x00\x01" WEB1 "\x00\x01\x00\x01" OPT("\x04\xd0");
	assert_int_equal(n, sizeof(refused) - 1);
	assert_memory_equal(out, refused, n);
	n = dns_reply_truncated(opt, &q, out);
	assert_int_equal(out[2] & 0x02, 0x02);
	assert_int_equal(n, sizeof(refused) - 1);
	/* The upper bits of a code are the OPT's. */
	q.edns = true;
	n = dns_reply_error(opt, &q, DNS_BADVERS, out);
	assert_int_equal(out[3] & 0xf, 0);
	assert_int_equal(out[n - 6], 1);
}

/* The longest reply: a question of 255 bytes, a target of 255, and an OPT. */
static void the_longest_reply_fits(void **state)
{
	uint8_t msg[DNS_HEADER + DNS_NAME_MAX + 4] = HEAD, out[DNS_REPLY_MAX];
	struct dns_query q;
	enum dns_rcode rcode;
	size_t at = DNS_HEADER;

	(void)state;
	for (int i = 0; i < 127; i++) {
		msg[at++] = 1;
		msg[at++] = 'a';
	}
	memcpy(msg + at, "\x00\x00\x0c\x00\x01", 5);
	assert_int_equal(dns_read_query(msg, sizeof(msg), &q, &rcode), DNS_OK);
	q.edns = true;
	size_t n = dns_reply(msg, &q, &(struct dns_reply){.answer = DNS_ANSWER_PTR, .target = &q.name}, out);
	assert_int_equal(n, 12 + 259 + 12 + 255 + 11);
}

static void whose_reply_it_is(void **state)
{
	static const uint8_t good[] = "\xab\xcd\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00" WEB1 "\x00\x01\x00\x01";
	static const struct {
		size_t at;
		uint8_t to;
	} spoils[] = {
		{0, 0},	     /* another id */
		{2, 0x01},   /* a query */
		{2, 0x89},   /* another opcode */
		{5, 0},	     /* no question */
		{5, 2},	     /* two */
		{13, 'x'},   /* another name */
		{12, 0xc0},  /* a pointer for a name */
		{22, 0x1c},  /* another type */
		{24, 0x03},  /* another class */
	};
	struct dns_query q = query_of(BYTES(QUERY));
	uint8_t msg[sizeof(good) - 1];

	(void)state;
	assert_true(dns_is_reply_to(good, sizeof(good) - 1, 0xabcd, &q));
	assert_false(dns_is_reply_to(good, sizeof(good) - 2, 0xabcd, &q));
	for (size_t n = 0; n < sizeof(good) - 1; n++)
		assert_false(dns_is_reply_to(good, n, 0xabcd, &q));
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		memcpy(msg, good, sizeof(msg));
		msg[spoils[i].at] = spoils[i].to;
		assert_false(dns_is_reply_to(msg, sizeof(msg), 0xabcd, &q));
	}
	memcpy(msg, good, sizeof(msg));
	msg[13] = 'w'; /* case is not looked at */
	assert_true(dns_is_reply_to(msg, sizeof(msg), 0xabcd, &q));
	dns_set_id(msg, 0x0102);
	assert_int_equal(dns_get_id(msg), 0x0102);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query),
		cmocka_unit_test(edns),
		cmocka_unit_test(what_is_wrong),
		cmocka_unit_test(what_is_no_query),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(long_names),
		cmocka_unit_test(names),
		cmocka_unit_test(replies_on_the_wire),
		cmocka_unit_test(the_longest_reply_fits),
		cmocka_unit_test(whose_reply_it_is),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
