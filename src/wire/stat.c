/* SPDX-License-Identifier: MIT */
/*
 * Formatter and reader of the stat line (format and promises: stat.h).
 *
 * The reader walks a {pointer, end} pair and a table of keys: each row says where its numbers go,
 * so a key is one row and the limits stand in one place. It runs on the host over bytes a hostile
 * guest wrote, and in a fuzz target; keep it free of libc parsing functions, which need a NUL.
 */
#include "wire/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes not read yet. */
struct span {
	const char *at;
	const char *end;
};

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool id_is_valid(const char *id, size_t len)
{
	if (len == 0 || len > WIRE_BOOT_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_id_char(id[i]))
			return false;
	return true;
}

/* --- writing ---------------------------------------------------------------------------- */

/* A buffer that remembers that something did not fit. */
struct out {
	char *buf;
	size_t size;
	size_t len;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *format, ...)
{
	va_list args;
	int n;

	assert(o->full || o->len < o->size);
	if (o->full)
		return;
	va_start(args, format);
	n = vsnprintf(o->buf + o->len, o->size - o->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= o->size - o->len)
		o->full = true;
	else
		o->len += (size_t)n;
}

static void put_cpus(struct out *o, const struct wire_stat *s)
{
	put(o, " cpu=");
	for (unsigned i = 0; i < s->cpus; i++)
		put(o, "%s%u", i ? "," : "", (unsigned)s->cpu_permille[i]);
}

int wire_stat_format(const struct wire_stat *s, char *buf, size_t size)
{
	struct out o = {.buf = buf, .size = size, .full = size == 0};

	if (s->cpus == 0 || s->cpus > WIRE_STAT_CPU_MAX)
		return -1;
	if (!id_is_valid(s->boot_id, strnlen(s->boot_id, sizeof(s->boot_id))))
		return -1;
	put(&o, WIRE_STAT_TAG " v=%d boot=%s up=%" PRIu64 " clock=%" PRIu64, WIRE_STAT_VERSION, s->boot_id,
	    s->uptime_ms, s->clock_ms);
	put_cpus(&o, s);
	put(&o, " load=%" PRIu32 ",%" PRIu32 ",%" PRIu32, s->load_centi[0], s->load_centi[1], s->load_centi[2]);
	put(&o, " mem=%" PRIu64 ",%" PRIu64 ",%" PRIu64, s->mem_total_kib, s->mem_available_kib, s->mem_cached_kib);
	if (s->has_root)
		put(&o, " root=%" PRIu64 ",%" PRIu64, s->root_total_kib, s->root_used_kib);
	if (s->has_work)
		put(&o, " work=%" PRIu64 ",%" PRIu64, s->work_total_kib, s->work_used_kib);
	put(&o, " net=%" PRIu64 ",%" PRIu64, s->net_rx_bytes, s->net_tx_bytes);
	if (s->has_disk)
		put(&o, " disk=%" PRIu64 ",%" PRIu64, s->disk_rd_bytes, s->disk_wr_bytes);
	put(&o, " procs=%" PRIu32 ",%" PRIu32 " booted=%d\n", s->procs, s->procs_running, s->booted);
	assert(o.full || o.len < size);
	return o.full ? -1 : (int)o.len;
}

/* --- reading ---------------------------------------------------------------------------- */

static int read_number(struct span *in, uint64_t *ret_n)
{
	uint64_t n = 0;
	const char *from = in->at;

	for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*in->at - '0'), &n))
			return -1;
	}
	if (in->at == from)
		return -1;
	*ret_n = n;
	return 0;
}

/* Read `a,b,c`, at most max numbers, none above limit, to the end of in; returns how many or -1. */
static int read_numbers(struct span in, uint64_t *ret, int max, uint64_t limit)
{
	for (int n = 0; n < max; n++) {
		if (read_number(&in, &ret[n]) < 0 || ret[n] > limit)
			return -1;
		if (in.at == in.end)
			return n + 1;
		if (*in.at++ != ',')
			return -1;
	}
	return -1;
}

enum key {
	KEY_V,
	KEY_BOOT,
	KEY_UP,
	KEY_CLOCK,
	KEY_CPU,
	KEY_LOAD,
	KEY_MEM,
	KEY_ROOT,
	KEY_WORK,
	KEY_NET,
	KEY_DISK,
	KEY_PROCS,
	KEY_BOOTED,
	KEY_N
};

/* What stands behind a key: how many numbers, and the greatest that any of them may be. */
static const struct {
	const char *name;
	int count;
	uint64_t limit;
	bool required;
} keys[] = {
	[KEY_V] = {"v", 1, UINT32_MAX, true},
	[KEY_BOOT] = {"boot", 0, 0, true},
	[KEY_UP] = {"up", 1, UINT64_MAX, true},
	[KEY_CLOCK] = {"clock", 1, UINT64_MAX, true},
	[KEY_CPU] = {"cpu", WIRE_STAT_CPU_MAX, UINT64_MAX, true},
	[KEY_LOAD] = {"load", 3, UINT32_MAX, true},
	[KEY_MEM] = {"mem", 3, UINT64_MAX, true},
	[KEY_ROOT] = {"root", 2, UINT64_MAX, false},
	[KEY_WORK] = {"work", 2, UINT64_MAX, false},
	[KEY_NET] = {"net", 2, UINT64_MAX, true},
	[KEY_DISK] = {"disk", 2, UINT64_MAX, false},
	[KEY_PROCS] = {"procs", 2, UINT32_MAX, true},
	[KEY_BOOTED] = {"booted", 1, 1, true},
};

_Static_assert(sizeof(keys) / sizeof(keys[0]) == KEY_N, "each key has its row");
_Static_assert(KEY_N <= 8 * sizeof(unsigned), "the set of keys seen is an unsigned");

static uint64_t at_most(uint64_t n, uint64_t max)
{
	return n < max ? n : max;
}

/* Keep the numbers of one key; n is how many there were. Keys with a fixed count have exactly it. */
static void keep(struct wire_stat *s, enum key key, const uint64_t *v, int n)
{
	switch (key) {
	case KEY_UP:
		s->uptime_ms = v[0];
		break;
	case KEY_CLOCK:
		s->clock_ms = v[0];
		break;
	case KEY_CPU:
		s->cpus = (unsigned)n;
		for (int i = 0; i < n; i++)
			s->cpu_permille[i] = (uint16_t)at_most(v[i], 1000);
		break;
	case KEY_LOAD:
		for (int i = 0; i < 3; i++)
			s->load_centi[i] = (uint32_t)v[i];
		break;
	case KEY_MEM:
		s->mem_total_kib = v[0];
		s->mem_available_kib = at_most(v[1], v[0]);
		s->mem_cached_kib = at_most(v[2], v[0]);
		break;
	case KEY_ROOT:
		s->has_root = true;
		s->root_total_kib = v[0];
		s->root_used_kib = at_most(v[1], v[0]);
		break;
	case KEY_WORK:
		s->has_work = true;
		s->work_total_kib = v[0];
		s->work_used_kib = at_most(v[1], v[0]);
		break;
	case KEY_DISK:
		s->has_disk = true;
		s->disk_rd_bytes = v[0];
		s->disk_wr_bytes = v[1];
		break;
	case KEY_NET:
		s->net_rx_bytes = v[0];
		s->net_tx_bytes = v[1];
		break;
	case KEY_PROCS:
		s->procs = (uint32_t)v[0];
		s->procs_running = (uint32_t)at_most(v[1], v[0]);
		break;
	case KEY_BOOTED:
		s->booted = v[0] == 1;
		break;
	case KEY_V:
	case KEY_BOOT:
	case KEY_N:
		break;
	}
}

static int read_value(struct wire_stat *s, enum key key, struct span value)
{
	uint64_t numbers[WIRE_STAT_CPU_MAX];
	size_t len = (size_t)(value.end - value.at);
	int n;

	if (key == KEY_BOOT) {
		if (!id_is_valid(value.at, len))
			return -1;
		memcpy(s->boot_id, value.at, len);
		s->boot_id[len] = '\0';
		return 0;
	}
	n = read_numbers(value, numbers, keys[key].count, keys[key].limit);
	if (n < 0 || (key != KEY_CPU && n != keys[key].count))
		return -1;
	if (key == KEY_V && numbers[0] != WIRE_STAT_VERSION)
		return -1;
	keep(s, key, numbers, n);
	return 0;
}

static enum key key_find(struct span name)
{
	size_t len = (size_t)(name.end - name.at);

	for (int k = 0; k < KEY_N; k++)
		if (strlen(keys[k].name) == len && memcmp(keys[k].name, name.at, len) == 0)
			return (enum key)k;
	return KEY_N;
}

/* Take one `key=value` word. seen has a bit for each key that was there already. */
static int read_word(struct wire_stat *s, struct span word, unsigned *seen)
{
	const char *equals = memchr(word.at, '=', (size_t)(word.end - word.at));
	enum key key;

	if (!equals)
		return -1;
	key = key_find((struct span){word.at, equals});
	if (key == KEY_N)
		return 0;
	if (*seen & (1u << key))
		return -1;
	*seen |= 1u << key;
	return read_value(s, key, (struct span){equals + 1, word.end});
}

static bool all_required(unsigned seen)
{
	for (int k = 0; k < KEY_N; k++)
		if (keys[k].required && !(seen & (1u << k)))
			return false;
	return true;
}

int wire_stat_parse(const char *line, size_t len, struct wire_stat *ret_s)
{
	const size_t tag = strlen(WIRE_STAT_TAG);
	struct span in = {line, line + len};
	struct wire_stat s = {0};
	unsigned seen = 0;

	if (len > 0 && in.end[-1] == '\n')
		in.end--;
	if (len >= WIRE_STAT_LINE_MAX || (size_t)(in.end - in.at) < tag || memcmp(in.at, WIRE_STAT_TAG, tag) != 0)
		return -1;
	in.at += tag;
	while (in.at < in.end) {
		const char *stop;

		if (*in.at++ != ' ')
			return -1;
		stop = memchr(in.at, ' ', (size_t)(in.end - in.at));
		if (!stop)
			stop = in.end;
		if (read_word(&s, (struct span){in.at, stop}, &seen) < 0)
			return -1;
		in.at = stop;
	}
	if (!all_required(seen))
		return -1;
	*ret_s = s;
	return 0;
}
