/* SPDX-License-Identifier: MIT */
/*
 * What a guest on a private network may reach: everything, nothing, or a list of IPv4 ranges and host names. Plain data and its
 * words; the rules made of it are core/net/nat_egress.h.
 *
 * A name stands for the addresses the host's resolver has for it when the machine starts, and the guest is told these same addresses
 * (engine/egressnames.h): a name looked up on both sides of a wall is a gap whenever the answers differ. The resolver itself is an
 * item of its own ("dns"), because questions to it carry data out as well as any other packet; names do not need it.
 */
#ifndef MODEL_EGRESS_H
#define MODEL_EGRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EGRESS_RANGES_MAX 48
#define EGRESS_NAMES_MAX 8
#define EGRESS_NAME_SIZE 128
#define EGRESS_NAME_ADDRESSES 4 /* at most, of those a name stands for: a name takes the room of as many ranges */
/* "allow=dns", each ",255.255.255.255/32" and each ",name" */
#define EGRESS_TEXT (10 + EGRESS_RANGES_MAX * 19 + EGRESS_NAMES_MAX * EGRESS_NAME_SIZE)

enum egress_kind { EGRESS_FULL, EGRESS_NONE, EGRESS_ALLOW };

struct egress_range {
	uint32_t addr; /* host byte order, no bit beyond the prefix */
	uint8_t len;   /* 0 to 32 */
};

/* All zero is EGRESS_FULL. */
struct egress {
	enum egress_kind kind;
	bool dns; /* of a list: the host's resolver may be asked */
	int n;	  /* ranges of a list */
	struct egress_range ranges[EGRESS_RANGES_MAX];
	int n_names;					/* of a list; what they stand for is not in `ranges` */
	char names[EGRESS_NAMES_MAX][EGRESS_NAME_SIZE]; /* in small letters */
};

/* "full", "none", or "allow=" and at least one of: an address, a range ("10.1.0.0/16"), a host name (RFC 1123 and underscores, with a
 * letter in it), "dns", parted by commas. ERR_USAGE names the item that is wrong; `ret` is untouched then. */
NODISCARD int egress_parse(const char *text, struct egress *ret, struct err *e);
/* As a person asks for it: ERR_USAGE when the list has what the rules never let through, the host's loopback (127.0.0.0/8, and
 * 0.0.0.0/8, which is another way to it). A wider range may hold them: they stay closed. */
NODISCARD int egress_check(const struct egress *g, struct err *e);
/* Canonical text, parses back: "allow=dns,10.1.0.0/16,192.0.2.7,example.org". Returns buf; size EGRESS_TEXT holds any. */
char *egress_format(const struct egress *g, char *buf, size_t size);
/* Is that address in what no list lets through: 127.0.0.0/8, 0.0.0.0/8? `addr` in host byte order. */
bool egress_is_closed(uint32_t addr);
/* "10.1.0.0/16", or the address alone for one. Returns buf. */
char *egress_range_format(const struct egress_range *r, char buf[19]);

#endif
