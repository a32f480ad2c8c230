/* SPDX-License-Identifier: MIT */
/*
 * History rings.
 *
 * Figures are kept as small floats because a graph has at most a few hundred levels, and an hour of six 64-bit
 * figures for a hundred machines would be 17 MiB instead of 4.
 */
#include "ui/hist.h"

#include "base/mem.h"

#include <string.h>

#define PACK_GAP 0xffff
#define RING_FIRST 64

uint16_t hist_pack(uint64_t v)
{
	unsigned e = 0;

	if (v == HIST_GAP)
		return PACK_GAP;
	while (v > 2047 && e < 31) {
		v >>= 1;
		e++;
	}
	if (v > 2047 || (e == 31 && v == 2047))
		return PACK_GAP - 1;
	return (uint16_t)(e << 11 | v);
}

uint64_t hist_unpack(uint16_t p)
{
	return p == PACK_GAP ? HIST_GAP : (uint64_t)(p & 2047) << (p >> 11);
}

void hist_done(struct hist *h)
{
	free(h->ring);
	*h = (struct hist){0};
}

/* Unroll into a larger ring: oldest first. */
static void grow(struct hist *h)
{
	size_t cap = h->cap ? MIN(h->cap * 4, (size_t)HIST_SECONDS) : RING_FIRST;
	uint16_t(*ring)[HIST_SERIES_COUNT] = xcalloc(cap, sizeof(*ring));

	for (size_t i = 0; i < h->len; i++)
		memcpy(ring[i], h->ring[(h->head + h->cap - h->len + i) % h->cap], sizeof(*ring));
	free(h->ring);
	h->ring = ring;
	h->cap = cap;
	h->head = h->len % cap;
}

static void push_row(struct hist *h, const uint16_t row[HIST_SERIES_COUNT])
{
	if (h->len == h->cap && h->cap < HIST_SECONDS)
		grow(h);
	memcpy(h->ring[h->head], row, sizeof(*h->ring));
	h->head = (h->head + 1) % h->cap;
	h->len = MIN(h->len + 1, h->cap);
}

static void pack_row(const struct vm_stats *s, uint16_t row[HIST_SERIES_COUNT])
{
	const uint64_t gap = HIST_GAP;

	row[HIST_CPU] = hist_pack(s->cpu_permille < 0 ? gap : (uint64_t)s->cpu_permille);
	row[HIST_MEM] = hist_pack(s->guest ? s->mem_used_bytes : gap);
	row[HIST_NET_RX] = hist_pack(s->net_known ? s->net_rx_bps : gap);
	row[HIST_NET_TX] = hist_pack(s->net_known ? s->net_tx_bps : gap);
	row[HIST_DISK_RD] = hist_pack(s->io_known ? s->disk_rd_bps : gap);
	row[HIST_DISK_WR] = hist_pack(s->io_known ? s->disk_wr_bps : gap);
}

static void push_gaps(struct hist *h, int64_t n)
{
	static const uint16_t nothing[HIST_SERIES_COUNT] = {PACK_GAP, PACK_GAP, PACK_GAP, PACK_GAP, PACK_GAP, PACK_GAP};

	for (int64_t i = 0; i < MIN(n, (int64_t)HIST_SECONDS); i++)
		push_row(h, nothing);
}

void hist_push(struct hist *h, const struct vm_stats *s)
{
	int64_t at = s->at_ms / 1000, jump = at - h->last_s;
	uint16_t row[HIST_SERIES_COUNT];

	pack_row(s, row);
	if (h->len && jump <= 0) {
		memcpy(h->ring[(h->head + h->cap - 1) % h->cap], row, sizeof(*h->ring));
		return;
	}
	/* Samples are taken about once a second: one late by less than a second is no gap. */
	if (h->len && jump > 2)
		push_gaps(h, jump - 1);
	push_row(h, row);
	h->last_s = at;
}

void hist_idle(struct hist *h, int64_t at_ms)
{
	int64_t at = at_ms / 1000;

	if (!h->len || at <= h->last_s)
		return;
	push_gaps(h, at - h->last_s);
	h->last_s = at;
}

uint64_t hist_get(const struct hist *h, enum hist_series series, size_t ago)
{
	if (ago >= h->len)
		return HIST_GAP;
	return hist_unpack(h->ring[(h->head + h->cap - 1 - ago) % h->cap][series]);
}

uint64_t hist_max(const struct hist *h, enum hist_series series, size_t n)
{
	uint64_t max = 0;

	for (size_t i = 0; i < MIN(n, h->len); i++) {
		uint64_t v = hist_get(h, series, i);

		if (v != HIST_GAP && v > max)
			max = v;
	}
	return max;
}

uint64_t hist_mean(const struct hist *h, enum hist_series series, size_t ago, size_t span)
{
	uint64_t sum = 0;
	size_t known = 0;

	for (size_t i = ago; i < ago + span && i < h->len; i++) {
		uint64_t v = hist_get(h, series, i);

		if (v == HIST_GAP)
			continue;
		sum += v;
		known++;
	}
	return known ? sum / known : HIST_GAP;
}
