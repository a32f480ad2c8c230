/* SPDX-License-Identifier: MIT */
/*
 * The machine's figures from /proc, as lines of wire/stat.h. Readers take text, so that they are
 * tested without a machine; collecting is at the end of the file.
 *
 * The first line follows the start by a quarter of a second, because a share of CPU needs two
 * readings and whoever asks once should not wait a whole one.
 */
#include "bootkit/statline.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "bootkit/booted.h"
#include "bootkit/paths.h"

#define PROC_FILE_MAX (1 << 20)
#define FIRST_AFTER_MS 250
#define EVERY_MS 1000
#define LINES_MAX 1000000000

static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

/* Columns: user nice system idle iowait irq softirq steal; guest time is within user. */
static bool parse_core(const char *line, uint64_t *ret_busy, uint64_t *ret_total)
{
	uint64_t v[8] = {0};
	int n = sscanf(line,
		       "cpu%*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		       " %" SCNu64,
		       &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]);

	if (n < 4)
		return false;
	*ret_total = 0;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		*ret_total += v[i];
	*ret_busy = *ret_total - v[3] - v[4];
	return true;
}

int statline_parse_cpu(const char *proc_stat, struct cpu_ticks *ret_ticks)
{
	struct cpu_ticks t = {0};

	for (const char *line = proc_stat; *line && t.cores < WIRE_STAT_CPU_MAX; line = next_line(line))
		if (strncmp(line, "cpu", 3) == 0 && line[3] != ' ' &&
		    parse_core(line, &t.busy[t.cores], &t.total[t.cores]))
			t.cores++;
	if (t.cores == 0)
		return -1;
	*ret_ticks = t;
	return 0;
}

void statline_cpu_between(const struct cpu_ticks *before, const struct cpu_ticks *now, struct wire_stat *s)
{
	s->cpus = now->cores;
	for (unsigned i = 0; i < now->cores; i++) {
		bool known = i < before->cores && now->total[i] > before->total[i] && now->busy[i] >= before->busy[i];
		uint64_t total = known ? now->total[i] - before->total[i] : 1;
		uint64_t busy = known ? now->busy[i] - before->busy[i] : 0;

		s->cpu_permille[i] = (uint16_t)(busy >= total ? 1000 : busy * 1000 / total);
	}
}

int statline_parse_meminfo(const char *meminfo, struct wire_stat *s)
{
	const struct {
		const char *format;
		uint64_t *to;
	} wanted[] = {
		{"MemTotal: %" SCNu64, &s->mem_total_kib},
		{"MemAvailable: %" SCNu64, &s->mem_available_kib},
		{"Cached: %" SCNu64, &s->mem_cached_kib},
	};
	unsigned found = 0;

	for (const char *line = meminfo; *line; line = next_line(line))
		for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
			if (sscanf(line, wanted[i].format, wanted[i].to) == 1)
				found++;
	return found == ARRAY_LEN(wanted) ? 0 : -1;
}

int statline_parse_loadavg(const char *loadavg, struct wire_stat *s)
{
	unsigned whole[3], cents[3];

	if (sscanf(loadavg, "%u.%2u %u.%2u %u.%2u %" SCNu32, &whole[0], &cents[0], &whole[1], &cents[1], &whole[2],
		   &cents[2], &s->procs_running) != 7)
		return -1;
	for (int i = 0; i < 3; i++)
		s->load_centi[i] = whole[i] * 100 + cents[i];
	return 0;
}

/* Lines are "  name: rx_bytes packets errs drop fifo frame compressed multicast tx_bytes ...". */
void statline_parse_net(const char *net_dev, struct wire_stat *s)
{
	s->net_rx_bytes = s->net_tx_bytes = 0;
	for (const char *line = net_dev; *line; line = next_line(line)) {
		char name[32];
		uint64_t rx, tx;

		if (sscanf(line, " %31[^:\n]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name, &rx, &tx) != 3 ||
		    strcmp(name, "lo") == 0)
			continue;
		s->net_rx_bytes += rx;
		s->net_tx_bytes += tx;
	}
}

/* Lines are "major minor name reads merged sectors ms writes merged sectors …" (iostats.rst), a sector being 512 bytes.
 * Whole virtio disks alone ("vda"): partitions and what lies on top would count twice. */
void statline_parse_diskstats(const char *diskstats, struct wire_stat *s)
{
	s->disk_rd_bytes = s->disk_wr_bytes = 0;
	for (const char *line = diskstats; *line; line = next_line(line)) {
		char name[32];
		uint64_t rd, wr;

		if (sscanf(line, " %*u %*u %31s %*u %*u %" SCNu64 " %*u %*u %*u %" SCNu64, name, &rd, &wr) != 3 ||
		    strncmp(name, "vd", 2) != 0 || strlen(name) != 3)
			continue;
		s->has_disk = true;
		s->disk_rd_bytes += rd * 512;
		s->disk_wr_bytes += wr * 512;
	}
}

/* --- collecting ------------------------------------------------------------------------- */

static int read_ticks(struct cpu_ticks *ret_ticks)
{
	auto_free char *text = file_read("/proc/stat", PROC_FILE_MAX, NULL);

	return text ? statline_parse_cpu(text, ret_ticks) : -1;
}

static uint32_t count_processes(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint32_t n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	if (dir)
		closedir(dir);
	return n;
}

static bool measure_fs(const char *path, uint64_t *ret_total_kib, uint64_t *ret_used_kib)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0 || fs.f_frsize == 0)
		return false;
	*ret_total_kib = (uint64_t)fs.f_blocks * fs.f_frsize / 1024;
	*ret_used_kib = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize / 1024;
	return true;
}

static void measure_disks(struct wire_stat *s)
{
	struct stat root, work;

	s->has_root = measure_fs("/", &s->root_total_kib, &s->root_used_kib);
	s->has_work = stat("/", &root) == 0 && stat("/root", &work) == 0 && root.st_dev != work.st_dev &&
		      measure_fs("/root", &s->work_total_kib, &s->work_used_kib);
}

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int collect(struct cpu_ticks *before, struct wire_stat *s)
{
	auto_free char *meminfo = file_read("/proc/meminfo", PROC_FILE_MAX, NULL);
	auto_free char *loadavg = file_read("/proc/loadavg", PROC_FILE_MAX, NULL);
	auto_free char *net = file_read("/proc/net/dev", PROC_FILE_MAX, NULL);
	auto_free char *disks = file_read("/proc/diskstats", PROC_FILE_MAX, NULL);
	struct cpu_ticks now;

	if (!meminfo || !loadavg || read_ticks(&now) < 0 || statline_parse_meminfo(meminfo, s) < 0 ||
	    statline_parse_loadavg(loadavg, s) < 0)
		return -1;
	if (net)
		statline_parse_net(net, s);
	if (disks)
		statline_parse_diskstats(disks, s);
	statline_cpu_between(before, &now, s);
	*before = now;
	measure_disks(s);
	s->procs = count_processes();
	s->booted = booted_now();
	s->uptime_ms = clock_ms(CLOCK_BOOTTIME);
	s->clock_ms = clock_ms(CLOCK_REALTIME);
	return 0;
}

static int print_one(struct cpu_ticks *before, const char *boot_id)
{
	struct wire_stat s = {0};
	char line[WIRE_STAT_LINE_MAX];
	int len;

	snprintf(s.boot_id, sizeof(s.boot_id), "%s", boot_id);
	if (collect(before, &s) < 0)
		return -1;
	len = wire_stat_format(&s, line, sizeof(line));
	return len < 0 ? -1 : fd_write_all(STDOUT_FILENO, line, (size_t)len);
}

int statline_main(int argc, char **argv)
{
	struct cpu_ticks before = {0};
	char boot_id[WIRE_BOOT_ID_MAX + 1];
	uint64_t lines = UINT64_MAX, next = now_ms() + FIRST_AFTER_MS;

	if (argc > 2 || (argc == 2 && number_parse(argv[1], LINES_MAX, &lines) < 0)) {
		fprintf(stderr, "usage: banger-guest stat [LINES]\n");
		return 2;
	}
	if (file_read_line(KIT_BOOT_ID, boot_id, sizeof(boot_id)) < 0 || read_ticks(&before) < 0) {
		say_fail("read the machine's figures");
		return 1;
	}
	for (; lines > 0; lines--, next += EVERY_MS) {
		uint64_t now = now_ms();

		if (next > now)
			sleep_ms((unsigned)(next - now));
		else
			next = now; /* slept with the host: do not catch up line by line */
		if (print_one(&before, boot_id) < 0)
			return 1;
	}
	return 0;
}
