/* SPDX-License-Identifier: MIT */
/*
 * Short forms. What moves on the screen keeps its width: callers right-align into fixed columns, and no form here is
 * longer than seven cells but the durations' eight.
 */
#include "ui/text.h"

#include "base/utf8.h"
#include "core/model/size.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

char *text_duration(int64_t ms, char buf[TEXT_SHORT])
{
	long long s = ms > 0 ? ms / 1000 : 0;

	if (s < MINUTE)
		snprintf(buf, TEXT_SHORT, "%llds", s);
	else if (s < HOUR)
		snprintf(buf, TEXT_SHORT, "%lldm %02llds", s / MINUTE, s % MINUTE);
	else if (s < DAY)
		snprintf(buf, TEXT_SHORT, "%lldh %02lldm", s / HOUR, s % HOUR / MINUTE);
	else
		snprintf(buf, TEXT_SHORT, "%lldd %lldh", s / DAY, s % DAY / HOUR);
	return buf;
}

char *text_age(int64_t ms, char buf[TEXT_SHORT])
{
	text_duration(ms, buf);
	buf[strcspn(buf, " ")] = 0;
	return buf;
}

char *text_took(int64_t ms, char buf[TEXT_SHORT])
{
	if (ms < 1000)
		snprintf(buf, TEXT_SHORT, "%lldms", (long long)(ms < 0 ? 0 : ms));
	else if (ms < MINUTE * 1000)
		snprintf(buf, TEXT_SHORT, "%lld.%llds", (long long)ms / 1000, (long long)ms % 1000 / 100);
	else
		text_duration(ms, buf);
	return buf;
}

char *text_rate(uint64_t bps, char buf[TEXT_SHORT])
{
	if (bps == UINT64_MAX)
		snprintf(buf, TEXT_SHORT, "-");
	else if (bps < 1024)
		snprintf(buf, TEXT_SHORT, "%d", (int)bps);
	else
		size_human(bps, buf);
	return buf;
}

char *text_percent(int permille, char buf[TEXT_SHORT])
{
	if (permille < 0)
		snprintf(buf, TEXT_SHORT, "-");
	else
		snprintf(buf, TEXT_SHORT, "%d%%", (permille + 5) / 10);
	return buf;
}

bool text_contains(const char *haystack, const char *needle)
{
	size_t n = strlen(needle);

	for (; n && *haystack; haystack++) {
		size_t i = 0;

		while (i < n && tolower((unsigned char)haystack[i]) == tolower((unsigned char)needle[i]))
			i++;
		if (i == n)
			return true;
	}
	return n == 0;
}

char *text_clock(int64_t wall_ms, char buf[TEXT_SHORT])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, TEXT_SHORT, "%H:%M:%S", &tm))
		buf[0] = 0;
	return buf;
}
