/* SPDX-License-Identifier: MIT */
/*
 * How fast something goes: a mean over the last few seconds, so that what is made of it for people does not jump, and which is 0
 * soon after nothing moves any more. Plain data; a zeroed one is fresh.
 */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include <stdint.h>

#define METER_SPAN_MS 5000 /* the mean is over so much, or over all there is until then */
#define METER_FIRST_MS 1000 /* sooner nothing is said; that nothing moves, not before a whole span */

#define METER_SAMPLES 12

struct meter {
	struct {
		int64_t at_ms, done;
	} samples[METER_SAMPLES]; /* a ring, the newest at head */
	int n, head;
};

/* At this time (monotonic) so much is done: units a second, -1 when that cannot be told yet. Less than before begins anew. */
int64_t meter_rate(struct meter *m, int64_t now_ms, int64_t done);

#endif
