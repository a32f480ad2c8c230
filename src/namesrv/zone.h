/* SPDX-License-Identifier: MIT */
/*
 * What the name server knows: the table of the bridged network, and what is answered from it. Pure.
 *
 * Two zones: "vm", with one name a machine right below it, and the part of in-addr.arpa that the network's addresses are in, cut
 * where an octet ends. What they do not have is NXDOMAIN; a name they have without that type is no error and no answer; both with
 * the zone's SOA (RFC 2308). Everything else is not ours to know.
 */
#ifndef NAMESRV_ZONE_H
#define NAMESRV_ZONE_H

#include "base/err.h"
#include "core/net/dns.h"

#include <stdbool.h>
#include <stdint.h>

#define ZONE_TTL_S 5 /* machines come and go */

struct zone_host {
	uint32_t ip; /* host byte order */
	bool nat;
	struct dns_name name; /* "web1.vm" */
};

struct zone {
	uint32_t addr; /* the bridge's, host byte order */
	uint32_t mask;
	int prefix;
	uint32_t serial;
	struct zone_host *hosts;
	int n;
};

void zone_done(struct zone *z);
/* Read a table (namesrv.h). Strict, and all or nothing: ERR_PROTO naming the line; *ret is the caller's (zone_done) and empty on
 * failure. */
NODISCARD int zone_parse(const char *text, size_t n, uint32_t serial, struct zone *ret, struct err *e);

/* Who asks. */
struct zone_asker {
	bool is_guest; /* by the bridge's address; else the host, by the loopback */
	uint32_t ip;
};

enum zone_outcome { ZONE_ANSWERED, ZONE_FORWARD };
/* Answer a query that dns_read_query() took: the reply in `out` (DNS_REPLY_MAX bytes), its length in *ret_len. ZONE_FORWARD: it is
 * for the host's own name servers, and nothing was written. */
enum zone_outcome zone_answer(const struct zone *z, const struct zone_asker *who, const uint8_t *msg, const struct dns_query *q,
			      uint8_t *out, size_t *ret_len);

#endif
