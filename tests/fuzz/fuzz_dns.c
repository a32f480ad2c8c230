/* SPDX-License-Identifier: MIT */
/*
 * What a guest, or a forger on the way from the host's name server, can send to banger-names: a query read and answered to a guest and
 * to the host; the same bytes as a reply to a question; and as a table, which is ours, but read from a file.
 */
#include "base/mem.h"
#include "namesrv/zone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void answer(const struct zone *z, const uint8_t *msg, size_t n, bool is_guest)
{
	struct zone_asker who = {.is_guest = is_guest, .ip = 0xac100002};
	uint8_t out[DNS_REPLY_MAX];
	enum dns_rcode rcode;
	struct dns_query q, back;
	size_t len = 0;

	enum dns_verdict v = dns_read_query(msg, n, &q, &rcode);
	if (v == DNS_DROP)
		return;
	if (v == DNS_WRONG)
		len = dns_reply_error(msg, &q, rcode, out);
	else if (zone_answer(z, &who, msg, &q, out, &len) == ZONE_FORWARD)
		len = dns_reply_truncated(msg, &q, out);
	/* What we say is a reply, and for a query that was understood a reply to it. */
	if (len < DNS_HEADER || len > sizeof(out) || dns_read_query(out, len, &back, &rcode) != DNS_DROP ||
	    (v == DNS_OK && !dns_is_reply_to(out, len, q.id, &q)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char table[] = "banger-names 1\nnet 172.16.0.1/24\n172.16.0.2 web1 nat\n172.16.0.3 db\n";
	struct zone z, read;
	struct dns_query q = {.id = 1};
	auto_free char *text = xmalloc(n + 1);

	if (zone_parse(table, sizeof(table) - 1, 1, &z, NULL) < 0)
		abort();
	answer(&z, data, n, true);
	answer(&z, data, n, false);
	(void)dns_name_from_text("web1.vm", &q.name);
	(void)dns_is_reply_to(data, n, n > 1 ? dns_get_id(data) : 0, &q);
	zone_done(&z);
	memcpy(text, data, n);
	text[n] = '\0';
	if (zone_parse(text, n, 1, &read, NULL) == 0)
		zone_done(&read);
	return 0;
}
