/* SPDX-License-Identifier: MIT */
/*
 * One second of figures of a VM, and of the host. Rates are already per second; -1 (or UINT64_MAX) = not known.
 */
#ifndef MODEL_STATS_H
#define MODEL_STATS_H

#include "base/id.h"

#include <stdbool.h>
#include <stdint.h>

/* The file a dm-snapshot disk writes to. */
struct snap_fill {
	uint64_t used_bytes, total_bytes; /* total 0: there is none */
	bool lost;			  /* a write to it failed and the kernel has given the disk up */
};

#define SNAP_FILL_WARN_PERMILLE 800

static inline int snap_fill_permille(const struct snap_fill *f)
{
	return f->total_bytes ? (int)(f->used_bytes * 1000 / f->total_bytes) : 0;
}

/* What the VMM itself counts since the VM started; -1 where it does not say. */
struct vmm_metrics {
	int64_t read_bytes, write_bytes;
	int64_t read_ops, write_ops;
	int64_t balloon_mib;	  /* memory the guest may use now */
	int64_t guest_free_bytes; /* from the guest's balloon driver */
	int64_t guest_avail_bytes;
};

struct vm_stats {
	char id[ID_SIZE];
	int64_t at_ms; /* monotonic */
	/* seen from the host */
	int cpu_permille; /* of one CPU: 1000 = one core busy */
	uint64_t rss_bytes;
	uint64_t disk_bytes; /* allocated by the VM's own files */
	struct snap_fill snap;
	/* Bytes a second, as the guest sees it. Counted at its tap where the host can see that (a bridged machine's), and by what its VMM
	 * has had read and written while the guest says nothing; else told by the guest. */
	bool net_known, io_known;
	uint64_t net_rx_bps, net_tx_bps;
	uint64_t disk_rd_bps, disk_wr_bps;
	bool off;	     /* it does not run: disk_bytes and snap alone are known */
	/* told by the guest; valid only when `guest` */
	bool guest;
	bool booted;
	int guest_cpu_permille; /* of all its CPUs: 0-1000 */
	int load_centi;		/* 1-minute load * 100 */
	int procs;
	uint64_t mem_used_bytes, mem_total_bytes;
	uint64_t root_used_bytes, root_total_bytes;
	int64_t clock_skew_ms; /* guest minus host, rough */
	uint64_t uptime_s;
};

struct host_stats {
	int64_t at_ms;
	int cpus;
	int cpu_permille; /* of all CPUs */
	uint64_t mem_used_bytes, mem_total_bytes;
	uint64_t disk_used_bytes, disk_free_bytes, disk_total_bytes; /* used = allocated by all VMs and images */
	int vcpus_reserved;
	uint64_t mem_reserved_bytes; /* by running VMs */
};

#endif
