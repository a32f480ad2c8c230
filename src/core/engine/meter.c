/* SPDX-License-Identifier: MIT */
/*
 * See meter.h.
 */
#include "core/engine/meter.h"

#define SAMPLE_MS (METER_SPAN_MS / 10)

static void put(struct meter *m, int64_t now_ms, int64_t done)
{
	m->head = (m->head + 1) % METER_SAMPLES;
	m->samples[m->head].at_ms = now_ms;
	m->samples[m->head].done = done;
	if (m->n < METER_SAMPLES)
		m->n++;
}

int64_t meter_rate(struct meter *m, int64_t now_ms, int64_t done)
{
	int oldest = m->head;

	if (m->n && (done < m->samples[m->head].done || now_ms < m->samples[m->head].at_ms))
		m->n = 0;
	if (!m->n || now_ms - m->samples[m->head].at_ms >= SAMPLE_MS)
		put(m, now_ms, done);
	/* The youngest that is a whole span old, else the oldest there is. */
	for (int i = 0; i < m->n; i++) {
		oldest = (m->head - i + METER_SAMPLES) % METER_SAMPLES;
		if (now_ms - m->samples[oldest].at_ms >= METER_SPAN_MS)
			break;
	}
	if (now_ms - m->samples[oldest].at_ms < (done > m->samples[oldest].done ? METER_FIRST_MS : METER_SPAN_MS))
		return -1;
	return (done - m->samples[oldest].done) * 1000 / (now_ms - m->samples[oldest].at_ms);
}
