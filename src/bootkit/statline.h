/* SPDX-License-Identifier: MIT */
/*
 * `banger-guest stat`: the machine's figures, one line a second.
 */
#ifndef BOOTKIT_STATLINE_H
#define BOOTKIT_STATLINE_H

#include <stddef.h>
#include <stdint.h>

#include "bootkit/util.h"
#include "wire/stat.h"

/* Ticks of each core since boot, as /proc/stat tells them. */
struct cpu_ticks {
	unsigned cores;
	uint64_t busy[WIRE_STAT_CPU_MAX];
	uint64_t total[WIRE_STAT_CPU_MAX];
};

/* Readers of /proc files (proc(5)); each takes the text and fills its part. -1: nothing found. */
int statline_parse_cpu(const char *proc_stat, struct cpu_ticks *ret_ticks) NODISCARD;
int statline_parse_meminfo(const char *meminfo, struct wire_stat *s) NODISCARD;
int statline_parse_loadavg(const char *loadavg, struct wire_stat *s) NODISCARD;
void statline_parse_net(const char *net_dev, struct wire_stat *s);
void statline_parse_diskstats(const char *diskstats, struct wire_stat *s);
/* Busy share of each core between two readings. */
void statline_cpu_between(const struct cpu_ticks *before, const struct cpu_ticks *now, struct wire_stat *s);

/* `banger-guest stat [LINES]`: without LINES until the reader is gone. */
int statline_main(int argc, char **argv);

#endif
