/* SPDX-License-Identifier: MIT */
/*
 * One hour of figures of one VM, a sample a second, packed to 16 bits a figure.
 *
 * The ring grows with its content (64 samples at first) to HIST_SECONDS, about 50 KiB. A second nobody measured is
 * HIST_GAP, never 0: graphs draw gaps as gaps.
 */
#ifndef UI_HIST_H
#define UI_HIST_H

#include "core/model/stats.h"

#include <stddef.h>
#include <stdint.h>

#define HIST_SECONDS 3600
#define HIST_GAP UINT64_MAX

enum hist_series {
	HIST_CPU /* permille of one CPU */,
	HIST_MEM /* as the guest counts: what the VMM takes of the host is another thing */,
	HIST_NET_RX,
	HIST_NET_TX,
	HIST_DISK_RD,
	HIST_DISK_WR,
	HIST_SERIES_COUNT
};

struct hist {
	uint16_t (*ring)[HIST_SERIES_COUNT];
	size_t cap, len, head; /* head = where the next sample goes */
	int64_t last_s;	       /* second of the newest sample */
};

void hist_done(struct hist *h);
/* Take one second in; a jump forward leaves gaps, a second seen twice overwrites. */
void hist_push(struct hist *h, const struct vm_stats *s);
/* Nothing was measured up to now: gaps from the newest second to this one. */
void hist_idle(struct hist *h, int64_t at_ms);
/* The value `ago` seconds before the newest; HIST_GAP when unknown. */
uint64_t hist_get(const struct hist *h, enum hist_series series, size_t ago);
/* Largest value among the last n seconds; 0 when there is none. */
uint64_t hist_max(const struct hist *h, enum hist_series series, size_t n);
/* Average over the known of seconds [ago, ago + span); HIST_GAP when all are gaps. */
uint64_t hist_mean(const struct hist *h, enum hist_series series, size_t ago, size_t span);

/* The packing, exposed for its test: 11 bits of mantissa, 5 of exponent; within 0.1 % up to 4 TiB. */
uint16_t hist_pack(uint64_t v);
uint64_t hist_unpack(uint16_t p);

#endif
