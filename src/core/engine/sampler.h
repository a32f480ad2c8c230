/* SPDX-License-Identifier: MIT */
/*
 * Figures of the host and of running VMs, once a second, from /proc, statvfs and the guests' own stat lines. No process
 * is spawned to sample.
 *
 * sampler_guest() may be called from the netio thread; everything else belongs to the svc thread.
 */
#ifndef ENGINE_SAMPLER_H
#define ENGINE_SAMPLER_H

#include "base/path.h"
#include "core/model/stats.h"
#include "wire/stat.h"

#include <sys/types.h>

struct sampler;

struct sampler *sampler_new(const struct paths *paths);
void sampler_free(struct sampler *s);
/* Where taps' counters stand, /sys/class/net unless a test has its own; borrowed. */
void sampler_set_interfaces(struct sampler *s, const char *dir);

/* Begin to sample a VM's process. The same id again replaces (a restarted VM). */
void sampler_add(struct sampler *s, const char *vm_id, pid_t pid, uint64_t start_time);
void sampler_remove(struct sampler *s, const char *vm_id);
/* The newest line of a guest. Any thread. */
void sampler_guest(struct sampler *s, const char *vm_id, const struct wire_stat *st);

/* One reading of each VM; rates need two. Does not block beyond /proc and stat(2). */
void sampler_vms(struct sampler *s, void (*each)(void *arg, const struct vm_stats *st), void *arg);
/* The host; reservations are the caller's to fill in. */
void sampler_host(struct sampler *s, struct host_stats *ret);

/* What the host has: for limits and defaults. */
void sampler_limits(int *ret_cpus, uint64_t *ret_mem_bytes);

#endif
