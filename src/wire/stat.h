/* SPDX-License-Identifier: MIT */
/*
 * The line `banger-guest stat` prints once a second, and its reader.
 *
 *	banger-stat v=1 boot=6f2c up=81234 clock=1795468156123 cpu=12,0,988 load=10,5,1
 *	mem=225280,180224,40960 root=8388608,73728 work=8388608,16 net=10240,20480 procs=61,2
 *	booted=1 disk=8192,4096
 *
 * (one line; folded here). Words are separated by one blank, keys come in any order and at most
 * once, a key the reader does not know is skipped, every number is decimal and unsigned. All keys
 * of version 1 are required except `root`, `work` and `disk`, which a machine may not have.
 *
 * The line comes from a guest, so the reader trusts none of it: it never allocates, reads no
 * further than the length given, bounds every count, and refuses numbers that do not fit. Figures
 * that contradict each other (more used than there is) are pulled into range rather than refused,
 * because two files of /proc are never read at the same instant.
 */
#ifndef BANGER_WIRE_STAT_H
#define BANGER_WIRE_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/seed.h"

#define WIRE_STAT_VERSION 1
#define WIRE_STAT_TAG "banger-stat"
#define WIRE_STAT_CPU_MAX 64	/* cores one line can carry; more are not told */
#define WIRE_STAT_LINE_MAX 1024 /* longest line, newline and NUL included */

/* One second of a machine. */
struct wire_stat {
	char boot_id[WIRE_BOOT_ID_MAX + 1];	  /* of this boot: tells a restarted guest from the old one */
	uint64_t uptime_ms;			  /* since the guest's kernel started */
	uint64_t clock_ms;			  /* the guest's wall clock, since the epoch: shows a skew */
	unsigned cpus;				  /* entries of cpu_permille, 1..WIRE_STAT_CPU_MAX */
	uint16_t cpu_permille[WIRE_STAT_CPU_MAX]; /* busy share of each core since the last line, 0..1000 */
	uint32_t load_centi[3];			  /* load average × 100 over 1, 5, 15 minutes */
	uint64_t mem_total_kib, mem_available_kib, mem_cached_kib;
	bool has_root, has_work;
	uint64_t root_total_kib, root_used_kib; /* file system at / (the upper layer in overlay mode) */
	uint64_t work_total_kib, work_used_kib; /* file system at /root */
	uint64_t net_rx_bytes, net_tx_bytes;	/* since boot, all interfaces but lo */
	bool has_disk;
	uint64_t disk_rd_bytes, disk_wr_bytes;	/* since boot, all virtio disks */
	uint32_t procs, procs_running;
	bool booted; /* the image's init says that it has finished, or there is none */
};

/*
 * Write s as one line with its newline into buf and return its length without the NUL, or -1 when
 * size is too small (WIRE_STAT_LINE_MAX always suffices) or s holds what a line cannot carry
 * (no core, too many, a boot id with other characters than letters, digits and hyphens).
 */
int wire_stat_format(const struct wire_stat *s, char *buf, size_t size);

/*
 * Read one line of len bytes, with or without its newline, into ret_s. Returns 0, or -1 when it is
 * not a line of version 1; ret_s is then untouched. Does not block or allocate.
 */
int wire_stat_parse(const char *line, size_t len, struct wire_stat *ret_s);

#endif
