/* SPDX-License-Identifier: MIT */
/*
 * Figures of the host and of running VMs: see sampler.h.
 *
 * Rates are differences of counters over the real time between two readings; a counter that went back (a restarted guest)
 * yields no rate for that second. What guests say is clamped by wire/stat.h and never trusted further than a figure on a
 * screen.
 */
#include "core/engine/sampler.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/mem.h"
#include "core/engine/engine.h"
#include "core/net/link.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GUEST_STALE_MS 5000 /* a guest silent for so long is not shown as talking */
#define DISK_EVERY_MS 5000  /* allocated blocks change slowly and cost a stat(2) per file */

struct counters {
	int64_t at_ms;
	uint64_t rx, tx, rd, wr;
};

struct target {
	struct target *next;
	char id[ID_SIZE];
	pid_t pid;
	uint64_t start_time;
	int64_t cpu_at_ms; /* of cpu_ticks; 0 = no reading yet */
	uint64_t cpu_ticks;
	uint64_t disk_bytes;
	struct snap_fill snap;
	int64_t disk_at_ms;
	struct wire_stat guest;
	int64_t guest_at_ms; /* monotonic; 0 = never */
	int64_t guest_wall_ms;
	struct counters last, before; /* of the guest's network and disk counters */
	struct counters tap, io;      /* the host's own, as last read; at_ms 0 = never */
};

struct sampler {
	pthread_mutex_t mutex; /* guards the list and the guests' figures */
	struct target *targets;
	const struct paths *paths;
	const char *interfaces;
	long ticks_per_s, page_size;
	uint64_t cpu_busy, cpu_total;
	uint64_t disk_used;
	int64_t disk_at_ms;
};

struct sampler *sampler_new(const struct paths *paths)
{
	struct sampler *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->mutex, NULL);
	s->paths = paths;
	s->interfaces = "/sys/class/net";
	s->ticks_per_s = sysconf(_SC_CLK_TCK);
	s->page_size = sysconf(_SC_PAGESIZE);
	return s;
}

void sampler_set_interfaces(struct sampler *s, const char *dir)
{
	s->interfaces = dir;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	while (s->targets) {
		struct target *t = s->targets;

		s->targets = t->next;
		free(t);
	}
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

static struct target **find_target(struct sampler *s, const char *vm_id)
{
	struct target **p = &s->targets;

	while (*p && strcmp((*p)->id, vm_id) != 0)
		p = &(*p)->next;
	return p;
}

void sampler_add(struct sampler *s, const char *vm_id, pid_t pid, uint64_t start_time)
{
	struct target **p, *t = xcalloc(1, sizeof(*t));

	str_copy(t->id, sizeof(t->id), vm_id);
	t->pid = pid;
	t->start_time = start_time;
	sampler_remove(s, vm_id);
	pthread_mutex_lock(&s->mutex);
	p = find_target(s, vm_id);
	t->next = *p;
	*p = t;
	pthread_mutex_unlock(&s->mutex);
}

void sampler_remove(struct sampler *s, const char *vm_id)
{
	struct target **p, *t;

	pthread_mutex_lock(&s->mutex);
	p = find_target(s, vm_id);
	t = *p;
	if (t)
		*p = t->next;
	pthread_mutex_unlock(&s->mutex);
	free(t);
}

void sampler_guest(struct sampler *s, const char *vm_id, const struct wire_stat *st)
{
	struct target *t;

	pthread_mutex_lock(&s->mutex);
	t = *find_target(s, vm_id);
	if (t) {
		t->guest = *st;
		t->guest_at_ms = clock_mono_ms();
		t->guest_wall_ms = clock_wall_ms();
		t->before = t->last;
		t->last = (struct counters){t->guest_at_ms, st->net_rx_bytes, st->net_tx_bytes, st->disk_rd_bytes, st->disk_wr_bytes};
	}
	pthread_mutex_unlock(&s->mutex);
}

/* Read a small file of /proc into text. False when it is gone. */
static bool read_proc(const char *path, char *text, size_t size)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* utime + stime (fields 14, 15), start time (22) and resident pages (24) of proc_pid_stat(5). */
static bool read_process(pid_t pid, uint64_t *ret_ticks, uint64_t *ret_start, uint64_t *ret_rss_pages)
{
	char path[64], text[1024];
	const char *p;
	uint64_t utime, stime;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_proc(path, text, sizeof(text)))
		return false;
	p = strrchr(text, ')'); /* the command name may hold anything */
	if (!p || sscanf(p + 1,
			 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			 " %*d %*d %*d %*d %*d %*d %" SCNu64 " %*u %" SCNu64,
			 &utime, &stime, ret_start, ret_rss_pages) != 4)
		return false;
	*ret_ticks = utime + stime;
	return true;
}

static void sample_process(struct sampler *s, struct target *t, int64_t now, struct vm_stats *st)
{
	uint64_t ticks, start, pages;

	st->cpu_permille = -1;
	if (!read_process(t->pid, &ticks, &start, &pages) || start != t->start_time)
		return;
	st->rss_bytes = pages * (uint64_t)s->page_size;
	if (t->cpu_at_ms && now > t->cpu_at_ms && ticks >= t->cpu_ticks)
		st->cpu_permille = (int)((ticks - t->cpu_ticks) * 1000 * 1000 / (uint64_t)s->ticks_per_s /
					 (uint64_t)(now - t->cpu_at_ms));
	t->cpu_ticks = ticks;
	t->cpu_at_ms = now;
}

static uint64_t rate(uint64_t before, uint64_t now, int64_t ms)
{
	return now >= before && ms > 0 ? (now - before) * 1000 / (uint64_t)ms : 0;
}

static int mean_permille(const struct wire_stat *g)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < g->cpus; i++)
		sum += g->cpu_permille[i];
	return g->cpus ? (int)(sum / g->cpus) : 0;
}

static void sample_guest(const struct target *t, int64_t now, struct vm_stats *st)
{
	const struct wire_stat *g = &t->guest;
	int64_t ms = t->last.at_ms - t->before.at_ms;

	st->guest = t->guest_at_ms && now - t->guest_at_ms < GUEST_STALE_MS;
	if (!st->guest)
		return;
	st->booted = g->booted;
	st->guest_cpu_permille = mean_permille(g);
	st->load_centi = (int)MIN(g->load_centi[0], 1000000u);
	st->procs = (int)MIN(g->procs, 1000000u);
	st->mem_total_bytes = g->mem_total_kib * 1024;
	st->mem_used_bytes = (g->mem_total_kib - g->mem_available_kib) * 1024;
	st->root_total_bytes = g->root_total_kib * 1024;
	st->root_used_bytes = g->root_used_kib * 1024;
	st->uptime_s = g->uptime_ms / 1000;
	st->clock_skew_ms = (int64_t)g->clock_ms - t->guest_wall_ms;
	if (t->before.at_ms) {
		st->net_known = st->io_known = true;
		st->net_rx_bps = rate(t->before.rx, t->last.rx, ms);
		st->net_tx_bps = rate(t->before.tx, t->last.tx, ms);
		st->disk_rd_bps = rate(t->before.rd, t->last.rd, ms);
		st->disk_wr_bps = rate(t->before.wr, t->last.wr, ms);
	}
}

static bool read_tap(const struct sampler *s, const char *vm_id, const char *counter, uint64_t *ret)
{
	char path[PATHS_MAX], text[32];

	snprintf(path, sizeof(path), "%s/" LINK_TAP_PREFIX "%s/statistics/%s", s->interfaces, vm_id, counter);
	return read_proc(path, text, sizeof(text)) && sscanf(text, "%" SCNu64, ret) == 1;
}

/* What the host sends through a tap is what the guest receives. */
static void sample_tap(const struct sampler *s, struct target *t, int64_t now, struct vm_stats *st)
{
	struct counters c = {.at_ms = now};

	if (!read_tap(s, t->id, "tx_bytes", &c.rx) || !read_tap(s, t->id, "rx_bytes", &c.tx))
		return;
	if (t->tap.at_ms) {
		st->net_known = true;
		st->net_rx_bps = rate(t->tap.rx, c.rx, now - t->tap.at_ms);
		st->net_tx_bps = rate(t->tap.tx, c.tx, now - t->tap.at_ms);
	}
	t->tap = c;
}

/* read_bytes and write_bytes of proc_pid_io(5); a VMM of another user's keeps them to itself. */
static void sample_io(struct target *t, int64_t now, struct vm_stats *st)
{
	struct counters c = {.at_ms = now};
	char path[64], text[512];
	const char *rd, *wr;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)t->pid);
	if (!read_proc(path, text, sizeof(text)) || !(rd = strstr(text, "\nread_bytes: ")) || !(wr = strstr(text, "\nwrite_bytes: ")))
		return;
	if (sscanf(rd, " read_bytes: %" SCNu64, &c.rd) != 1 || sscanf(wr, " write_bytes: %" SCNu64, &c.wr) != 1)
		return;
	if (t->io.at_ms && !st->io_known) {
		st->io_known = true;
		st->disk_rd_bps = rate(t->io.rd, c.rd, now - t->io.at_ms);
		st->disk_wr_bps = rate(t->io.wr, c.wr, now - t->io.at_ms);
	}
	t->io = c;
}

void sampler_vms(struct sampler *s, void (*each)(void *arg, const struct vm_stats *st), void *arg)
{
	int64_t now = clock_mono_ms();

	pthread_mutex_lock(&s->mutex);
	for (struct target *t = s->targets; t; t = t->next) {
		struct vm_stats st = {.at_ms = now};

		str_copy(st.id, sizeof(st.id), t->id);
		sample_process(s, t, now, &st);
		sample_guest(t, now, &st);
		sample_tap(s, t, now, &st);
		if (st.rss_bytes) /* it is that process */
			sample_io(t, now, &st);
		if (now - t->disk_at_ms >= DISK_EVERY_MS || !t->disk_at_ms) {
			t->disk_bytes = vm_disk_bytes(s->paths, t->id);
			vm_snap_fill(s->paths, t->id, &t->snap);
			t->disk_at_ms = now;
		}
		st.disk_bytes = t->disk_bytes;
		st.snap = t->snap;
		each(arg, &st);
	}
	pthread_mutex_unlock(&s->mutex);
}

/* Sum over the subdirectories of <state>/<sub> of what `files` hold there. */
static uint64_t disk_used_below(const struct sampler *s, const char *sub)
{
	char path[PATHS_MAX + 320];
	uint64_t sum = 0;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", s->paths->state, sub);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		static const char *const files[] = {"rootfs.ext4", "upper.ext4", "cow", "work.ext4", "modules.ext4", "vmlinuz"};

		if (d->d_name[0] == '.')
			continue;
		for (size_t i = 0; i < ARRAY_LEN(files); i++) {
			snprintf(path, sizeof(path), "%s/%s/%s/%s", s->paths->state, sub, d->d_name, files[i]);
			sum += fs_allocated(path);
		}
	}
	if (dir)
		closedir(dir);
	return sum;
}

/* "cpu  user nice system idle iowait irq softirq steal …" of proc_stat(5). */
static bool read_cpu(uint64_t *ret_busy, uint64_t *ret_total)
{
	char text[256];
	uint64_t v[8] = {0};

	if (!read_proc("/proc/stat", text, sizeof(text)) ||
	    sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) < 4)
		return false;
	*ret_total = 0;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		*ret_total += v[i];
	*ret_busy = *ret_total - v[3] - v[4];
	return true;
}

/* A field of proc_meminfo(5) in bytes; 0 when missing. */
static uint64_t meminfo(const char *text, const char *field)
{
	const char *p = strstr(text, field);
	uint64_t kib = 0;

	if (p)
		sscanf(p + strlen(field), ": %" SCNu64, &kib);
	return kib * 1024;
}

static void sample_memory(struct host_stats *ret)
{
	char text[4096];

	if (!read_proc("/proc/meminfo", text, sizeof(text)))
		return;
	ret->mem_total_bytes = meminfo(text, "MemTotal");
	ret->mem_used_bytes = ret->mem_total_bytes - MIN(ret->mem_total_bytes, meminfo(text, "MemAvailable"));
}

void sampler_host(struct sampler *s, struct host_stats *ret)
{
	uint64_t busy, total;

	memset(ret, 0, sizeof(*ret));
	ret->at_ms = clock_mono_ms();
	ret->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	ret->cpu_permille = -1;
	if (read_cpu(&busy, &total)) {
		if (s->cpu_total && total > s->cpu_total && busy >= s->cpu_busy)
			ret->cpu_permille = (int)((busy - s->cpu_busy) * 1000 / (total - s->cpu_total));
		s->cpu_busy = busy;
		s->cpu_total = total;
	}
	sample_memory(ret);
	if (ret->at_ms - s->disk_at_ms >= DISK_EVERY_MS || !s->disk_at_ms) {
		s->disk_used = disk_used_below(s, "vms") + disk_used_below(s, "images") + disk_used_below(s, "kernels");
		s->disk_at_ms = ret->at_ms;
	}
	ret->disk_used_bytes = s->disk_used;
	if (fs_space(s->paths->state, &ret->disk_free_bytes, &ret->disk_total_bytes, NULL) < 0)
		ret->disk_total_bytes = 0;
}

void sampler_limits(int *ret_cpus, uint64_t *ret_mem_bytes)
{
	struct host_stats st = {0};

	sample_memory(&st);
	*ret_cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	*ret_mem_bytes = st.mem_total_bytes;
}
