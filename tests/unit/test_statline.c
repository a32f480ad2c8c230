/* SPDX-License-Identifier: MIT */
/*
 * Figures from the text of /proc.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bootkit/statline.h"

static void cores_are_read_and_the_sum_skipped(void **state)
{
	struct cpu_ticks t;

	(void)state;
	assert_int_equal(statline_parse_cpu("cpu  9 9 9 9 9 9 9 9 0 0\n"
					    "cpu0 10 1 4 80 5 0 0 0 0 0\n"
					    "cpu1 1 2 3 4\n"
					    "intr 1 2 3\n",
					    &t),
			 0);
	assert_int_equal(t.cores, 2);
	assert_int_equal(t.total[0], 100);
	assert_int_equal(t.busy[0], 15);
	assert_int_equal(t.total[1], 10);
	assert_int_equal(t.busy[1], 6);
	assert_int_equal(statline_parse_cpu("cpu  1 2 3 4\n", &t), -1);
	assert_int_equal(statline_parse_cpu("", &t), -1);
}

static void more_cores_than_a_line_carries_are_left_out(void **state)
{
	char text[8192] = "";
	struct cpu_ticks t;
	size_t len = 0;

	(void)state;
	for (int i = 0; i < WIRE_STAT_CPU_MAX + 10; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "cpu%d 1 1 1 1 1 1 1 1\n", i);
	assert_int_equal(statline_parse_cpu(text, &t), 0);
	assert_int_equal(t.cores, WIRE_STAT_CPU_MAX);
}

static void shares_come_from_two_readings(void **state)
{
	struct cpu_ticks before = {.cores = 3, .busy = {10, 10, 10}, .total = {100, 100, 100}};
	struct cpu_ticks now = {.cores = 4, .busy = {35, 10, 5, 9}, .total = {200, 100, 150, 9}};
	struct wire_stat s = {0};

	(void)state;
	statline_cpu_between(&before, &now, &s);
	assert_int_equal(s.cpus, 4);
	assert_int_equal(s.cpu_permille[0], 250);
	assert_int_equal(s.cpu_permille[1], 0); /* no time went by */
	assert_int_equal(s.cpu_permille[2], 0); /* went backwards, as steal may */
	assert_int_equal(s.cpu_permille[3], 0); /* came online since */
}

static void memory_needs_all_its_lines(void **state)
{
	struct wire_stat s = {0};

	(void)state;
	assert_int_equal(statline_parse_meminfo("MemTotal:  222756 kB\nMemFree: 1 kB\nMemAvailable:  184216 kB\n"
						"Buffers: 2 kB\nCached:   11124 kB\nSwapCached:  5 kB\n",
						&s),
			 0);
	assert_int_equal(s.mem_total_kib, 222756);
	assert_int_equal(s.mem_available_kib, 184216);
	assert_int_equal(s.mem_cached_kib, 11124);
	assert_int_equal(statline_parse_meminfo("MemTotal: 1 kB\n", &s), -1);
}

static void load_is_in_hundredths(void **state)
{
	struct wire_stat s = {0};

	(void)state;
	assert_int_equal(statline_parse_loadavg("1.05 0.50 12.00 3/61 104\n", &s), 0);
	assert_int_equal(s.load_centi[0], 105);
	assert_int_equal(s.load_centi[1], 50);
	assert_int_equal(s.load_centi[2], 1200);
	assert_int_equal(s.procs_running, 3);
	assert_int_equal(statline_parse_loadavg("nothing", &s), -1);
}

static void traffic_is_summed_without_loopback(void **state)
{
	static const char text[] = "Inter-|   Receive                 |  Transmit\n"
				   " face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
				   "    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0\n"
				   "  eth0: 100 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"
				   "docker0:5 1 0 0 0 0 0 0 3 1 0 0 0 0 0 0\n";
	struct wire_stat s = {.net_rx_bytes = 7};

	(void)state;
	statline_parse_net(text, &s);
	assert_int_equal(s.net_rx_bytes, 105);
	assert_int_equal(s.net_tx_bytes, 23);
	statline_parse_net("", &s);
	assert_int_equal(s.net_rx_bytes, 0);
}

static void reads_whole_virtio_disks_alone(void **state)
{
	struct wire_stat st = {0};

	(void)state;
	statline_parse_diskstats("   7       0 loop0 9 9 99 9 9 9 99 9 9 9 9\n"
				 " 254       0 vda 10 0 16 5 20 0 4 7 0 9 9\n"
				 " 254       1 vda1 10 0 16 5 20 0 4 7 0 9 9\n"
				 " 254      16 vdb 1 0 2 0 1 0 8 0 0 0 0\n"
				 "garbage\n",
				 &st);
	assert_true(st.has_disk);
	assert_int_equal(st.disk_rd_bytes, 18 * 512);
	assert_int_equal(st.disk_wr_bytes, 12 * 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_whole_virtio_disks_alone),
		cmocka_unit_test(cores_are_read_and_the_sum_skipped),
		cmocka_unit_test(more_cores_than_a_line_carries_are_left_out),
		cmocka_unit_test(shares_come_from_two_readings),
		cmocka_unit_test(memory_needs_all_its_lines),
		cmocka_unit_test(load_is_in_hundredths),
		cmocka_unit_test(traffic_is_summed_without_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
