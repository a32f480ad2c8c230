/* SPDX-License-Identifier: MIT */
/*
 * See eta.h. Everything is rounded up: who waits as long as it says has waited long enough.
 */
#include "core/model/eta.h"

#include "base/attrs.h"

#include <stdio.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define MOST_S (7LL * DAY)

int64_t eta_ms(int64_t done, int64_t total, int64_t rate)
{
	double ms;

	if (rate <= 0 || done < 0 || total <= done)
		return -1;
	ms = (double)(total - done) * 1000 / (double)rate;
	return ms < MOST_S * 1000.0 ? (int64_t)ms : MOST_S * 1000 + 1;
}

static long long step_of(long long s)
{
	return s <= 10 ? 1 : s <= MINUTE ? 5 : s <= 10 * MINUTE ? 10 : s <= HOUR ? MINUTE : s <= DAY ? 10 * MINUTE : HOUR;
}

char *eta_text(int64_t ms, char buf[ETA_TEXT])
{
	long long s = MAX((int64_t)1, (ms + 999) / 1000), step = step_of(s);

	s = (s + step - 1) / step * step;
	if (s > MOST_S)
		snprintf(buf, ETA_TEXT, ">7d");
	else if (s < MINUTE)
		snprintf(buf, ETA_TEXT, "%llds", s);
	else if (s < 10 * MINUTE)
		snprintf(buf, ETA_TEXT, "%lldm %02llds", s / MINUTE, s % MINUTE);
	else if (s < HOUR)
		snprintf(buf, ETA_TEXT, "%lldm", s / MINUTE);
	else if (s < DAY)
		snprintf(buf, ETA_TEXT, "%lldh %02lldm", s / HOUR, s % HOUR / MINUTE);
	else
		snprintf(buf, ETA_TEXT, "%lldd %lldh", s / DAY, s % DAY / HOUR);
	return buf;
}
