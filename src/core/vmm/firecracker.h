/* SPDX-License-Identifier: MIT */
/*
 * The Firecracker backend, a row of the table in vmm.c.
 *
 * KVM only, x86_64 only here. Networks are taps: there is no user network, so `slirp` cannot be served. Everything but
 * socket and name goes over the API (fc_api.h) after the process has started.
 */
#ifndef VMM_FIRECRACKER_H
#define VMM_FIRECRACKER_H

#include "core/vmm/fc_api.h"
#include "core/vmm/vmm.h"

extern const struct vmm_backend firecracker_backend;

/* The oldest that is used: from here on devices are found by ACPI. */
#define FC_MIN_MAJOR 1
#define FC_MIN_MINOR 8

/* Where a new one is got; no distribution packages it. */
#define FC_RELEASES "https://github.com/firecracker-microvm/firecracker/releases"

/* The one interface a machine has. */
#define FC_NIC "eth0"

/* From this version on it boots a bzImage; before, only the ELF inside. */
bool firecracker_boots_bzimage(const char *version);
/* Interval of the balloon's statistics. */
#define FC_STATS_S 2

/* Counters since the VM started, as the keeper adds them up from the flushes of Firecracker, which forgets what it has
 * written: VMM_FILE_TOTALS holds them as JSON. */
struct fc_totals {
	int64_t n; /* flushes counted */
	int64_t read_bytes, write_bytes, read_ops, write_ops;
};

/* Add one line of Firecracker's metrics. False when it is none. */
bool fc_totals_add(struct fc_totals *t, const char *line, size_t n);
void fc_totals_format(const struct fc_totals *t, struct buf *out);
/* ERR_NOT_FOUND when there are none yet. */
NODISCARD int fc_totals_load(const char *path, struct fc_totals *ret, struct err *e);

/* The keeper's link (fc_link.c); see struct vmm_backend. */
NODISCARD int fc_link_attach(struct op *op, const struct vmm_newborn *n, struct vmm_link *ret, struct err *e);
NODISCARD int fc_link_start(struct op *op, struct vmm_link *k, const struct vm_launch *l, struct err *e);
NODISCARD int fc_link_drain(struct vmm_link *k, struct err *e);
NODISCARD int fc_link_hold(struct vmm_link *k, bool on, struct err *e);
void fc_link_detach(struct vmm_link *k);

#endif
