/* SPDX-License-Identifier: MIT */
/*
 * The host tells the time when it lets a machine go on that it had stopped: the machine's own clock stood still as well.
 */
#include "bootkit/clock.h"

#include <stdio.h>
#include <time.h>

bool clock_is_off(int64_t now, int64_t told)
{
	return told - now > CLOCK_SLACK_MS || now - told > CLOCK_SLACK_MS;
}

int clock_main(int argc, char **argv)
{
	struct timespec now, set;
	uint64_t told;

	if (argc != 2 || number_parse(argv[1], INT64_MAX, &told) < 0) {
		fprintf(stderr, "usage: banger-guest clock MILLISECONDS\n");
		return 2;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	if (!clock_is_off((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, (int64_t)told))
		return 0;
	set = (struct timespec){.tv_sec = (time_t)(told / 1000), .tv_nsec = (long)(told % 1000) * 1000000};
	if (clock_settime(CLOCK_REALTIME, &set) < 0) {
		say_fail("set the clock");
		return 1;
	}
	return 0;
}
