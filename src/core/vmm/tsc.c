/* SPDX-License-Identifier: MIT */
/*
 * The rate of the time-stamp counter: see tsc.h.
 *
 * /proc/cpuinfo gives the present clock of a core, which is another number, and the kernel's own finding is in a log only
 * root may read. So it is measured: the counter against CLOCK_MONOTONIC_RAW. Each end is read several times and the pair
 * closest together is kept, so being scheduled away in between does not spoil it.
 */
#include "core/vmm/tsc.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>

#define MEASURE_NS 10000000
#define TRIES 16

struct reading {
	uint64_t tsc, ns;
};

static uint64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct reading read_pair(void)
{
	struct reading best = {0};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), ns = raw_ns(), after = __rdtsc();

		if (after - before >= least)
			continue;
		least = after - before;
		best = (struct reading){before + (after - before) / 2, ns};
	}
	return best;
}

static unsigned measure(void)
{
	struct timespec pause = {.tv_nsec = MEASURE_NS};
	struct reading a = read_pair(), b;

	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	b = read_pair();
	if (b.ns <= a.ns || b.tsc <= a.tsc)
		return 0;
	return (unsigned)((double)(b.tsc - a.tsc) * 1000000 / (double)(b.ns - a.ns));
}
#else
static unsigned measure(void)
{
	return 0;
}
#endif

static unsigned rate;

static void measure_once(void)
{
	rate = measure();
}

unsigned tsc_khz(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, measure_once);
	return rate;
}
