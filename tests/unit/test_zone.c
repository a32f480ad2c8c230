/* SPDX-License-Identifier: MIT */
/*
 * namesrv/zone: which tables are believed, and what is answered to whom.
 */
#include "base/buf.h"
#include "namesrv/namesrv.h"
#include "namesrv/zone.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>

static const struct namesrv_host hosts[] = {{"web1", "172.16.0.2", true}, {"db", "172.16.0.3", false}};

static struct zone zone_of(const char *cidr, const struct namesrv_host *h, int n)
{
	struct err e = {0};
	auto_buf text = {0};
	struct zone z;

	namesrv_format(cidr, h, n, &text);
	assert_ok(zone_parse(text.data, text.len, 42, &z, &e), &e);
	return z;
}

static void a_table(void **state)
{
	struct err e = {0};
	auto_buf text = {0};
	struct zone z;

	(void)state;
	namesrv_format("172.16.0.1/24", hosts, 2, &text);
	assert_string_equal(text.data, "banger-names 1\nnet 172.16.0.1/24\n172.16.0.2 web1 nat\n172.16.0.3 db\n");
	assert_ok(zone_parse(text.data, text.len, 42, &z, &e), &e);
	assert_int_equal(z.addr, 0xac100001);
	assert_int_equal(z.mask, 0xffffff00);
	assert_int_equal(z.n, 2);
	assert_true(z.hosts[0].nat);
	assert_false(z.hosts[1].nat);
	assert_int_equal(z.hosts[1].ip, 0xac100003);
	zone_done(&z);
	z = zone_of("10.1.0.1/16", NULL, 0);
	assert_int_equal(z.n, 0);
	zone_done(&z);
}

static void tables_that_are_none(void **state)
{
#define T "banger-names 1\nnet 172.16.0.1/24\n"
	static const char *const bad[] = {
		"", "\n", "banger-names 1\n", "banger-names 2\nnet 172.16.0.1/24\n", "net 172.16.0.1/24\nbanger-names 1\n",
		"banger-names 1\nnet 172.16.0.1\n", "banger-names 1\nnet 172.16.0.1/\n", "banger-names 1\nnet 172.16.0.1/31\n",
		"banger-names 1\nnet 172.16.0.1/7\n", "banger-names 1\nnet 172.16.0.1/24x\n", "banger-names 1\nnet 172.16.0/24\n",
		"banger-names 1\nnet 172.16.0.1/24",
		T "172.16.0.2 web1", T "172.16.0.2\n", T "172.16.0.2 web1 \n", T "172.16.0.2 web1 yes\n", T "172.16.0.2 web1 nat nat\n",
		T "172.16.1.2 web1\n", T "172.16.0.256 web1\n", T "web1 172.16.0.2\n", T "172.16.0.2 web1.x\n", T "172.16.0.2 \n", T "\n",
		T "172.16.0.2 0123456789012345678901234567890123456789012345678901234567890123\n",
	};
	struct err e = {0};
	auto_buf many = {0};
	struct zone z;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(zone_parse(bad[i], strlen(bad[i]), 1, &z, &e), &e, ERR_PROTO);
		assert_null(z.hosts);
		assert_int_equal(z.n, 0);
	}
	assert_err(zone_parse(T "172.16.0.2 a\0b\n", sizeof(T "172.16.0.2 a\0b\n") - 1, 1, &z, &e), &e, ERR_PROTO);
	buf_adds(&many, T);
	for (int i = 0; i <= NAMESRV_HOSTS_MAX; i++)
		buf_adds(&many, "172.16.0.2 a\n");
	assert_err(zone_parse(many.data, many.len, 1, &z, &e), &e, ERR_PROTO);
	many.len -= strlen("172.16.0.2 a\n");
	assert_ok(zone_parse(many.data, many.len, 1, &z, &e), &e);
	assert_int_equal(z.n, NAMESRV_HOSTS_MAX);
	zone_done(&z);
}

/* A question, its answer taken apart. */
struct got {
	enum zone_outcome outcome;
	int rcode, answers, authorities;
	bool aa, ra;
	uint32_t ip;	/* of an A answer */
	char text[256]; /* of a PTR answer, or the owner of the SOA */
	uint16_t type;	/* of the first record */
};

static size_t make_query(const char *name, uint16_t type, uint16_t class, bool rd, uint8_t *msg)
{
	struct dns_name n;
	size_t at = DNS_HEADER;

	memset(msg, 0, DNS_HEADER);
	msg[2] = rd;
	msg[5] = 1;
	if (name[0]) {
		assert_true(dns_name_from_text(name, &n));
		memcpy(msg + at, n.wire, n.len);
		at += n.len;
	} else {
		msg[at++] = 0;
	}
	msg[at++] = (uint8_t)(type >> 8);
	msg[at++] = (uint8_t)type;
	msg[at++] = (uint8_t)(class >> 8);
	msg[at++] = (uint8_t)class;
	return at;
}

/* A name that may end in a pointer, as dotted text. Returns where it ends. */
static size_t read_name(const uint8_t *msg, size_t at, char *ret)
{
	size_t end = 0;

	*ret = '\0';
	while (msg[at]) {
		if ((msg[at] & 0xc0) == 0xc0) {
			end = end ? end : at + 2;
			at = (size_t)((msg[at] & 0x3f) << 8 | msg[at + 1]);
			continue;
		}
		if (*ret)
			strcat(ret, ".");
		strncat(ret, (const char *)msg + at + 1, msg[at]);
		at += msg[at] + 1u;
	}
	return end ? end : at + 1;
}

static struct got ask_as(const struct zone *z, bool guest, const char *from, const char *name, uint16_t type, uint16_t class, bool rd)
{
	struct zone_asker who = {.is_guest = guest, .ip = ntohl(inet_addr(from))};
	uint8_t msg[512], out[DNS_REPLY_MAX];
	struct dns_query q;
	enum dns_rcode rcode;
	struct got g = {0};
	size_t n = make_query(name, type, class, rd, msg), len = 0;

	assert_int_equal(dns_read_query(msg, n, &q, &rcode), DNS_OK);
	g.outcome = zone_answer(z, &who, msg, &q, out, &len);
	if (g.outcome == ZONE_FORWARD)
		return g;
	g.rcode = out[3] & 0xf;
	g.aa = (out[2] & 4) != 0;
	g.ra = (out[3] & 0x80) != 0;
	g.answers = out[7];
	g.authorities = out[9];
	if (!g.answers && !g.authorities)
		return g;
	size_t at = read_name(out, q.question_len, g.text);
	g.type = (uint16_t)(out[at] << 8 | out[at + 1]);
	at += 10;
	if (g.type == DNS_A)
		g.ip = (uint32_t)out[at] << 24 | (uint32_t)out[at + 1] << 16 | (uint32_t)out[at + 2] << 8 | out[at + 3];
	if (g.type == DNS_PTR)
		read_name(out, at, g.text);
	return g;
}

static struct got ask(const struct zone *z, const char *name, uint16_t type)
{
	return ask_as(z, false, "127.0.0.1", name, type, DNS_IN, true);
}

static void names_of_machines(void **state)
{
	struct zone z = zone_of("172.16.0.1/24", hosts, 2);
	struct got g = ask(&z, "web1.vm", DNS_A);

	(void)state;
	assert_int_equal(g.rcode, DNS_NOERROR);
	assert_true(g.aa);
	assert_int_equal(g.answers, 1);
	assert_int_equal(g.ip, 0xac100002);
	assert_int_equal(ask(&z, "WEB1.VM", DNS_A).ip, 0xac100002);
	assert_int_equal(ask(&z, "web1.vm", DNS_ANY).ip, 0xac100002);
	/* There, and nothing of that type. */
	g = ask(&z, "web1.vm", DNS_AAAA);
	assert_int_equal(g.rcode, DNS_NOERROR);
	assert_int_equal(g.answers, 0);
	assert_int_equal(g.authorities, 1);
	assert_int_equal(g.type, DNS_SOA);
	assert_string_equal(g.text, "vm");
	/* Not there: neither an unknown one nor what is below one. */
	g = ask(&z, "web2.vm", DNS_A);
	assert_int_equal(g.rcode, DNS_NXDOMAIN);
	assert_int_equal(g.authorities, 1);
	assert_int_equal(ask(&z, "x.web1.vm", DNS_A).rcode, DNS_NXDOMAIN);
	/* The zone itself. */
	g = ask(&z, "vm", DNS_SOA);
	assert_int_equal(g.answers, 1);
	assert_int_equal(g.type, DNS_SOA);
	g = ask(&z, "vm", DNS_A);
	assert_int_equal(g.rcode, DNS_NOERROR);
	assert_int_equal(g.authorities, 1);
	zone_done(&z);
}

static void addresses(void **state)
{
	struct zone z = zone_of("172.16.0.1/24", hosts, 2);
	struct got g = ask(&z, "2.0.16.172.in-addr.arpa", DNS_PTR);

	(void)state;
	assert_int_equal(g.answers, 1);
	assert_string_equal(g.text, "web1.vm");
	g = ask(&z, "9.0.16.172.in-addr.arpa", DNS_PTR);
	assert_int_equal(g.rcode, DNS_NXDOMAIN);
	assert_string_equal(g.text, "0.16.172.in-addr.arpa");
	g = ask(&z, "2.0.16.172.in-addr.arpa", DNS_A);
	assert_int_equal(g.rcode, DNS_NOERROR);
	assert_int_equal(g.authorities, 1);
	g = ask(&z, "0.16.172.in-addr.arpa", DNS_SOA);
	assert_int_equal(g.answers, 1);
	assert_int_equal(g.type, DNS_SOA);
	assert_int_equal(ask(&z, "x.2.0.16.172.in-addr.arpa", DNS_PTR).rcode, DNS_NXDOMAIN);
	assert_int_equal(ask(&z, "02.0.16.172.in-addr.arpa", DNS_PTR).rcode, DNS_NXDOMAIN);
	assert_int_equal(ask(&z, "256.0.16.172.in-addr.arpa", DNS_PTR).rcode, DNS_NXDOMAIN);
	/* Other networks are others' to know. */
	assert_int_equal(ask(&z, "2.1.16.172.in-addr.arpa", DNS_PTR).rcode, DNS_REFUSED);
	assert_int_equal(ask(&z, "16.172.in-addr.arpa", DNS_SOA).rcode, DNS_REFUSED);
	assert_int_equal(ask(&z, "in-addr.arpa", DNS_SOA).rcode, DNS_REFUSED);
	zone_done(&z);
	/* A network that ends within an octet. */
	const struct namesrv_host far = {"far", "10.0.17.9", false};
	z = zone_of("10.0.16.1/20", &far, 1);
	assert_string_equal(ask(&z, "9.17.0.10.in-addr.arpa", DNS_PTR).text, "far.vm");
	assert_int_equal(ask(&z, "17.0.10.in-addr.arpa", DNS_SOA).answers, 1);
	assert_int_equal(ask(&z, "9.32.0.10.in-addr.arpa", DNS_PTR).rcode, DNS_REFUSED);
	assert_int_equal(ask(&z, "0.0.10.in-addr.arpa", DNS_SOA).rcode, DNS_REFUSED);
	zone_done(&z);
	const struct namesrv_host small = {"small", "10.0.0.18", false};
	z = zone_of("10.0.0.17/28", &small, 1);
	assert_string_equal(ask(&z, "18.0.0.10.in-addr.arpa", DNS_PTR).text, "small.vm");
	assert_int_equal(ask(&z, "33.0.0.10.in-addr.arpa", DNS_PTR).rcode, DNS_REFUSED);
	zone_done(&z);
}

/* Who may have others asked: a guest with NAT, nobody else. */
static void who_is_forwarded(void **state)
{
	struct zone z = zone_of("172.16.0.1/24", hosts, 2);
	struct got g;

	(void)state;
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "example.net", DNS_A, DNS_IN, true).outcome, ZONE_FORWARD);
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "", DNS_NS, DNS_IN, true).outcome, ZONE_FORWARD);
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "example.net", DNS_A, DNS_IN, false).rcode, DNS_REFUSED);
	assert_int_equal(ask_as(&z, true, "172.16.0.3", "example.net", DNS_A, DNS_IN, true).rcode, DNS_REFUSED);
	assert_int_equal(ask_as(&z, true, "172.16.0.9", "example.net", DNS_A, DNS_IN, true).rcode, DNS_REFUSED);
	assert_int_equal(ask_as(&z, false, "127.0.0.1", "example.net", DNS_A, DNS_IN, true).rcode, DNS_REFUSED);
	assert_int_equal(ask_as(&z, false, "172.16.0.2", "example.net", DNS_A, DNS_IN, true).rcode, DNS_REFUSED);
	/* What is ours is never forwarded, and answered to everybody. */
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "nobody.vm", DNS_A, DNS_IN, true).rcode, DNS_NXDOMAIN);
	g = ask_as(&z, true, "172.16.0.3", "web1.vm", DNS_A, DNS_IN, false);
	assert_int_equal(g.ip, 0xac100002);
	assert_false(g.ra);
	assert_true(ask_as(&z, true, "172.16.0.2", "web1.vm", DNS_A, DNS_IN, true).ra);
	/* No transfers, no other classes, for anybody. */
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "vm", DNS_AXFR, DNS_IN, true).rcode, DNS_REFUSED);
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "example.net", DNS_IXFR, DNS_IN, true).rcode, DNS_REFUSED);
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "version.bind", 16, 3, true).rcode, DNS_REFUSED);
	assert_int_equal(ask_as(&z, true, "172.16.0.2", "web1.vm", DNS_A, 3, true).rcode, DNS_REFUSED);
	zone_done(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table),	   cmocka_unit_test(tables_that_are_none), cmocka_unit_test(names_of_machines),
		cmocka_unit_test(addresses), cmocka_unit_test(who_is_forwarded),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
