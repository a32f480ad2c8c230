/* SPDX-License-Identifier: MIT */
/*
 * engine/sampler: a process of ours as the target, a stranger under the same pid, guests whose counters go back.
 */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/engine/engine.h"
#include "core/engine/sampler.h"

#include <time.h>
#include <unistd.h>

#define ID "0123456789ab"

struct bench {
	struct paths paths;
	struct sampler *s;
	struct vm_stats st[4];
	int n;
};

static void bench_open(struct bench *b, void **state)
{
	memset(b, 0, sizeof(*b));
	path_join(b->paths.state, PATHS_MAX, *state, "state");
	b->s = sampler_new(&b->paths);
}

static void keep(void *arg, const struct vm_stats *st)
{
	struct bench *b = arg;

	b->st[b->n++] = *st;
}

static struct vm_stats sample(struct bench *b)
{
	b->n = 0;
	sampler_vms(b->s, keep, b);
	assert_int_equal(b->n, 1);
	assert_string_equal(b->st[0].id, ID);
	return b->st[0];
}

/* Rates are over real time: work until some has passed. */
static void pass_ms(int ms)
{
	int64_t until = clock_mono_ms() + ms;

	while (clock_mono_ms() < until)
		;
}

/* Rates of this process need it to have had a processor, however busy the host is. */
static void burn_ms(int ms)
{
	clock_t until = clock() + (clock_t)ms * CLOCKS_PER_SEC / 1000;

	while (clock() < until)
		;
}

static void watch_self(struct bench *b)
{
	sampler_add(b->s, ID, getpid(), proc_start_time(getpid()));
}

static void a_process_has_figures_and_a_rate_from_the_second_reading(void **state)
{
	struct bench b;
	struct vm_stats st;

	bench_open(&b, state);
	watch_self(&b);
	st = sample(&b);
	assert_int_equal(st.cpu_permille, -1);
	assert_true(st.rss_bytes > 0);
	assert_false(st.guest);
	burn_ms(50);
	st = sample(&b);
	assert_true(st.cpu_permille > 0);
	sampler_free(b.s);
}

static void a_stranger_with_its_pid_is_not_sampled(void **state)
{
	struct bench b;
	struct vm_stats st;

	bench_open(&b, state);
	sampler_add(b.s, ID, getpid(), proc_start_time(getpid()) + 1);
	st = sample(&b);
	assert_int_equal(st.cpu_permille, -1);
	assert_int_equal(st.rss_bytes, 0);
	sampler_free(b.s);
}

static void adding_again_replaces_and_removing_ends(void **state)
{
	struct bench b;

	bench_open(&b, state);
	watch_self(&b);
	watch_self(&b);
	sample(&b);
	sampler_remove(b.s, ID);
	sampler_remove(b.s, ID);
	b.n = 0;
	sampler_vms(b.s, keep, &b);
	assert_int_equal(b.n, 0);
	sampler_free(b.s);
	sampler_free(NULL);
}

static struct wire_stat guest(uint64_t rx, uint64_t tx)
{
	return (struct wire_stat){
		.uptime_ms = 61000,
		.clock_ms = (uint64_t)clock_wall_ms(),
		.cpus = 2,
		.cpu_permille = {100, 300},
		.load_centi = {150, 100, 50},
		.mem_total_kib = 1024,
		.mem_available_kib = 256,
		.root_total_kib = 2048,
		.root_used_kib = 512,
		.net_rx_bytes = rx,
		.net_tx_bytes = tx,
		.procs = 42,
		.booted = true,
	};
}

static void what_the_guest_says_is_shown(void **state)
{
	struct wire_stat g = guest(1000, 2000);
	struct bench b;
	struct vm_stats st;

	bench_open(&b, state);
	watch_self(&b);
	sampler_guest(b.s, "ffffffffffff", &g); /* not watched: dropped */
	sampler_guest(b.s, ID, &g);
	st = sample(&b);
	assert_true(st.guest && st.booted);
	assert_int_equal(st.guest_cpu_permille, 200);
	assert_int_equal(st.load_centi, 150);
	assert_int_equal(st.procs, 42);
	assert_int_equal(st.mem_used_bytes, 768 * 1024);
	assert_int_equal(st.root_used_bytes, 512 * 1024);
	assert_int_equal(st.uptime_s, 61);
	assert_true(st.clock_skew_ms > -60000 && st.clock_skew_ms < 60000);
	assert_int_equal(st.net_rx_bps, 0); /* one line is no rate */
	sampler_free(b.s);
}

static void counters_give_rates_and_going_back_gives_none(void **state)
{
	struct wire_stat first = guest(1000, 2000), second = guest(1000000, 3000000), restarted = guest(5, 6);
	struct bench b;
	struct vm_stats st;

	bench_open(&b, state);
	watch_self(&b);
	sampler_guest(b.s, ID, &first);
	pass_ms(3);
	sampler_guest(b.s, ID, &second);
	st = sample(&b);
	assert_true(st.net_rx_bps > 0);
	assert_true(st.net_tx_bps > st.net_rx_bps);
	pass_ms(3);
	sampler_guest(b.s, ID, &restarted);
	st = sample(&b);
	assert_int_equal(st.net_rx_bps, 0);
	assert_int_equal(st.net_tx_bps, 0);
	sampler_free(b.s);
}

static void disks_are_counted_by_their_blocks(void **state)
{
	struct err e = {0};
	struct host_stats host;
	struct bench b;
	char dir[PATHS_MAX], path[PATHS_MAX + 16];

	bench_open(&b, state);
	assert_ok(fs_mkdir_p(path_join(dir, sizeof(dir), b.paths.state, "vms/" ID), 0700, &e), &e);
	snprintf(path, sizeof(path), "%s/upper.ext4", dir);
	test_write(path, "some blocks");
	snprintf(path, sizeof(path), "%s/work.ext4", dir);
	assert_ok(fs_create_sparse(path, (uint64_t)1 << 30, 0600, &e), &e);
	watch_self(&b);
	assert_in_range(sample(&b).disk_bytes, 1, 1 << 20);
	assert_int_equal(vm_disk_bytes(&b.paths, ID), sample(&b).disk_bytes);
	assert_int_equal(vm_disk_bytes(&b.paths, "ffffffffffff"), 0);
	assert_int_equal(sample(&b).snap.total_bytes, 0);
	sampler_host(b.s, &host);
	assert_in_range(host.disk_used_bytes, 1, 1 << 20);
	assert_true(host.disk_total_bytes >= host.disk_free_bytes);
	sampler_free(b.s);
}

static void put_counters(const char *dir, const char *rx, const char *tx)
{
	char path[PATHS_MAX + 16];

	snprintf(path, sizeof(path), "%s/rx_bytes", dir);
	test_write(path, rx);
	snprintf(path, sizeof(path), "%s/tx_bytes", dir);
	test_write(path, tx);
}

/* A tap counts, whatever its guest says; and a silent guest's disks by what its VMM does. */
static void the_host_counts_too(void **state)
{
	struct err e = {0};
	struct bench b;
	struct vm_stats st;
	char net[PATHS_MAX], dir[PATHS_MAX];

	bench_open(&b, state);
	path_join(net, sizeof(net), *state, "net");
	sampler_set_interfaces(b.s, net);
	watch_self(&b);
	st = sample(&b);
	assert_false(st.net_known);
	assert_false(st.io_known);
	assert_ok(fs_mkdir_p(path_join(dir, sizeof(dir), net, "bgr" ID "/statistics"), 0700, &e), &e);
	put_counters(dir, "1000\n", "2000\n");
	pass_ms(5);
	st = sample(&b);
	assert_false(st.net_known); /* a rate needs two */
	if (access("/proc/self/io", R_OK) == 0)
		assert_true(st.io_known);
	put_counters(dir, "1000000\n", "2000\n");
	pass_ms(5);
	st = sample(&b);
	assert_true(st.net_known);
	assert_true(st.net_tx_bps > 0);
	assert_int_equal(st.net_rx_bps, 0);
	/* Made anew, its counters go back: no rate for once. */
	put_counters(dir, "0\n", "0\n");
	pass_ms(5);
	st = sample(&b);
	assert_int_equal(st.net_tx_bps, 0);
	sampler_free(b.s);
}

static void a_snapshot_is_full_by_its_file(void **state)
{
	struct err e = {0};
	struct bench b;
	struct vm_stats st;
	char dir[PATHS_MAX], path[PATHS_MAX + 16];

	bench_open(&b, state);
	assert_ok(fs_mkdir_p(path_join(dir, sizeof(dir), b.paths.state, "vms/" ID), 0700, &e), &e);
	snprintf(path, sizeof(path), "%s/cow", dir);
	assert_ok(fs_create_sparse(path, 1 << 20, 0600, &e), &e);
	watch_self(&b);
	st = sample(&b);
	assert_int_equal(st.snap.total_bytes, 1 << 20);
	assert_in_range(snap_fill_permille(&st.snap), 0, 100);
	assert_false(st.snap.lost);
	sampler_free(b.s);
}

static void the_host_has_limits_and_figures(void **state)
{
	struct host_stats host;
	struct bench b;
	uint64_t mem = 0;
	int cpus = 0;

	bench_open(&b, state);
	sampler_limits(&cpus, &mem);
	assert_true(cpus > 0 && mem > 0);
	sampler_host(b.s, &host);
	assert_int_equal(host.cpus, cpus);
	assert_int_equal(host.mem_total_bytes, mem);
	assert_true(host.mem_used_bytes <= mem);
	assert_int_equal(host.cpu_permille, -1);
	pass_ms(50);
	sampler_host(b.s, &host);
	assert_in_range(host.cpu_permille, 0, 1000);
	sampler_free(b.s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(a_process_has_figures_and_a_rate_from_the_second_reading),
		T(a_stranger_with_its_pid_is_not_sampled),
		T(adding_again_replaces_and_removing_ends),
		T(what_the_guest_says_is_shown),
		T(counters_give_rates_and_going_back_gives_none),
		T(disks_are_counted_by_their_blocks),
		T(the_host_counts_too),
		T(a_snapshot_is_full_by_its_file),
		T(the_host_has_limits_and_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
