/* SPDX-License-Identifier: MIT */
/*
 * What a guest on a private network may reach: everything, nothing, or a list of IPv4 ranges. Plain data and its words; the
 * rules made of it are core/net/nat_egress.h.
 *
 * Names are not in a list: an address that a resolver picks at some moment is no promise. The resolver itself is an item ("dns"),
 * because questions to it carry data out as well as any other packet.
 */
#ifndef MODEL_EGRESS_H
#define MODEL_EGRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EGRESS_RANGES_MAX 16
/* "allow=dns" and each ",255.255.255.255/32" */
#define EGRESS_TEXT (10 + EGRESS_RANGES_MAX * 19)

enum egress_kind { EGRESS_FULL, EGRESS_NONE, EGRESS_ALLOW };

struct egress_range {
	uint32_t addr; /* host byte order, no bit beyond the prefix */
	uint8_t len;   /* 0 to 32 */
};

/* All zero is EGRESS_FULL. */
struct egress {
	enum egress_kind kind;
	bool dns; /* of a list: the host's resolver may be asked */
	int n;	  /* of a list; at least one where there is no dns */
	struct egress_range ranges[EGRESS_RANGES_MAX];
};

/* "full", "none", or "allow=" and at least one of: an address, a range ("10.1.0.0/16"), "dns", parted by commas. ERR_USAGE names
 * the item that is wrong; `ret` is untouched then. */
NODISCARD int egress_parse(const char *text, struct egress *ret, struct err *e);
/* As a person asks for it: ERR_USAGE when the list has what the rules never let through, the host's loopback (127.0.0.0/8, and
 * 0.0.0.0/8, which is another way to it). A wider range may hold them: they stay closed. */
NODISCARD int egress_check(const struct egress *g, struct err *e);
/* Canonical text, parses back: "allow=dns,10.1.0.0/16,192.0.2.7". Returns buf; size EGRESS_TEXT holds any. */
char *egress_format(const struct egress *g, char *buf, size_t size);
/* "10.1.0.0/16", or the address alone for one. Returns buf. */
char *egress_range_format(const struct egress_range *r, char buf[19]);

#endif
