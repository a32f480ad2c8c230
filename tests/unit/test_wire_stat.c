/* SPDX-License-Identifier: MIT */
/*
 * The stat line: what is written is read back, and nothing a hostile guest may write is believed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/stat.h"

#define HEAD "banger-stat v=1 boot=6f2c up=81234 clock=1795468156123"
#define TAIL " mem=1000,800,100 net=7,8 procs=61,2 booted=1"
#define LINE HEAD " cpu=12,0,988 load=10,5,1" TAIL

static int parse(const char *line, struct wire_stat *s)
{
	size_t len = strlen(line);
	char *exact = malloc(len + 1);
	int result;

	/* No NUL behind the bytes: a sanitizer sees a reader that goes too far. */
	assert_non_null(exact);
	memcpy(exact, line, len);
	result = wire_stat_parse(exact, len, s);
	free(exact);
	return result;
}

static struct wire_stat sample(void)
{
	struct wire_stat s = {
		.boot_id = "4f0c-9",
		.uptime_ms = 81234,
		.clock_ms = 1795468156123,
		.cpus = 3,
		.cpu_permille = {0, 500, 1000},
		.load_centi = {101, 50, 7},
		.mem_total_kib = 225280,
		.mem_available_kib = 180224,
		.mem_cached_kib = 40960,
		.has_root = true,
		.has_work = true,
		.root_total_kib = 8388608,
		.root_used_kib = 73728,
		.work_total_kib = 8388608,
		.work_used_kib = 16,
		.net_rx_bytes = UINT64_MAX,
		.net_tx_bytes = 1,
		.has_disk = true,
		.disk_rd_bytes = 8192,
		.disk_wr_bytes = UINT64_MAX,
		.procs = 61,
		.procs_running = 2,
		.booted = true,
	};
	return s;
}

static void formatted_line_is_read_back(void **state)
{
	struct wire_stat s = sample(), read;
	char line[WIRE_STAT_LINE_MAX];
	int len;

	(void)state;
	memset(&read, 0xff, sizeof(read));
	len = wire_stat_format(&s, line, sizeof(line));
	assert_true(len > 0);
	assert_int_equal(line[len - 1], '\n');
	assert_int_equal(wire_stat_parse(line, (size_t)len, &read), 0);
	assert_string_equal(read.boot_id, s.boot_id);
	assert_int_equal(read.uptime_ms, s.uptime_ms);
	assert_int_equal(read.clock_ms, s.clock_ms);
	assert_int_equal(read.cpus, 3);
	assert_memory_equal(read.cpu_permille, s.cpu_permille, sizeof(s.cpu_permille));
	assert_memory_equal(read.load_centi, s.load_centi, sizeof(s.load_centi));
	assert_int_equal(read.mem_total_kib, s.mem_total_kib);
	assert_int_equal(read.mem_available_kib, s.mem_available_kib);
	assert_int_equal(read.mem_cached_kib, s.mem_cached_kib);
	assert_true(read.has_root && read.has_work);
	assert_int_equal(read.root_used_kib, s.root_used_kib);
	assert_int_equal(read.work_used_kib, s.work_used_kib);
	assert_true(read.net_rx_bytes == UINT64_MAX);
	assert_int_equal(read.net_tx_bytes, 1);
	assert_true(read.has_disk);
	assert_int_equal(read.disk_rd_bytes, 8192);
	assert_true(read.disk_wr_bytes == UINT64_MAX);
	assert_int_equal(read.procs, 61);
	assert_int_equal(read.procs_running, 2);
	assert_true(read.booted);
}

static void largest_line_fits(void **state)
{
	struct wire_stat s = sample();
	char line[WIRE_STAT_LINE_MAX];

	(void)state;
	memset(s.boot_id, 'a', WIRE_BOOT_ID_MAX);
	s.boot_id[WIRE_BOOT_ID_MAX] = '\0';
	s.cpus = WIRE_STAT_CPU_MAX;
	for (int i = 0; i < WIRE_STAT_CPU_MAX; i++)
		s.cpu_permille[i] = 1000;
	s.uptime_ms = s.clock_ms = s.mem_total_kib = s.mem_available_kib = s.mem_cached_kib = UINT64_MAX;
	s.root_total_kib = s.root_used_kib = s.work_total_kib = s.work_used_kib = UINT64_MAX;
	s.net_tx_bytes = s.disk_rd_bytes = UINT64_MAX;
	s.procs = s.procs_running = s.load_centi[0] = s.load_centi[1] = s.load_centi[2] = UINT32_MAX;
	assert_true(wire_stat_format(&s, line, sizeof(line)) > 0);
	assert_int_equal(wire_stat_parse(line, strlen(line), &s), 0);
}

static void format_refuses_what_a_line_cannot_carry(void **state)
{
	struct wire_stat s = sample();
	char line[WIRE_STAT_LINE_MAX];

	(void)state;
	assert_int_equal(wire_stat_format(&s, line, 0), -1);
	assert_int_equal(wire_stat_format(&s, line, 40), -1);
	s.cpus = 0;
	assert_int_equal(wire_stat_format(&s, line, sizeof(line)), -1);
	s.cpus = WIRE_STAT_CPU_MAX + 1;
	assert_int_equal(wire_stat_format(&s, line, sizeof(line)), -1);
	s = sample();
	strcpy(s.boot_id, "a b");
	assert_int_equal(wire_stat_format(&s, line, sizeof(line)), -1);
	s.boot_id[0] = '\0';
	assert_int_equal(wire_stat_format(&s, line, sizeof(line)), -1);
}

static void disks_are_optional_and_unknown_keys_skipped(void **state)
{
	struct wire_stat s;

	(void)state;
	assert_int_equal(parse(LINE, &s), 0);
	assert_false(s.has_root || s.has_work);
	assert_int_equal(s.cpus, 3);
	assert_int_equal(s.cpu_permille[2], 988);
	assert_int_equal(parse(LINE " later=anything,at=all\n", &s), 0);
}

static void contradictions_are_pulled_into_range(void **state)
{
	struct wire_stat s;

	(void)state;
	assert_int_equal(
		parse(HEAD " cpu=5000 load=0,0,0 mem=10,99,99 root=5,6 work=1,2 net=0,0 procs=1,9 booted=0", &s), 0);
	assert_int_equal(s.cpu_permille[0], 1000);
	assert_int_equal(s.mem_available_kib, 10);
	assert_int_equal(s.mem_cached_kib, 10);
	assert_int_equal(s.root_used_kib, 5);
	assert_int_equal(s.work_used_kib, 1);
	assert_int_equal(s.procs_running, 1);
	assert_false(s.booted);
}

static void bad_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"banger-stat",
		"banger-sta",
		"banger-statv=1",
		"something else",
		HEAD TAIL,					  /* no cpu, no load */
		HEAD " cpu= load=1,1,1" TAIL,			  /* no number */
		HEAD " cpu=1,,2 load=1,1,1" TAIL,		  /* a hole */
		HEAD " cpu=1, load=1,1,1" TAIL,			  /* a comma too many */
		HEAD " cpu=-1 load=1,1,1" TAIL,			  /* a sign */
		HEAD " cpu=0x1 load=1,1,1" TAIL,		  /* hexadecimal */
		HEAD " cpu=99999999999999999999 load=1,1,1" TAIL, /* more than 64 bits */
		HEAD " cpu=1 load=1,1" TAIL,			  /* too few */
		HEAD " cpu=1 load=1,1,1,1" TAIL,		  /* too many */
		HEAD " cpu=1 load=1,1,4294967296" TAIL,		  /* more than 32 bits */
		HEAD " cpu=1 cpu=1 load=1,1,1" TAIL,		  /* twice */
		HEAD "  cpu=1 load=1,1,1" TAIL,			  /* two blanks */
		HEAD " cpu=1 load=1,1,1" TAIL " ",		  /* a blank at the end */
		HEAD " cpu=1 load=1,1,1" TAIL "\n\n",		  /* more than a line */
		LINE " word",					  /* no value */
		"banger-stat v=2" LINE,
		"banger-stat v=1 boot= up=1 clock=1 cpu=1 load=1,1,1" TAIL,
		"banger-stat v=1 boot=a/b up=1 clock=1 cpu=1 load=1,1,1" TAIL,
		"banger-stat v=1 boot=\x1b[2J up=1 clock=1 cpu=1 load=1,1,1" TAIL,
		"banger-stat v=2 boot=a up=1 clock=1 cpu=1 load=1,1,1" TAIL,
		"banger-stat v=1 boot=a up=1 clock=1 cpu=1 load=1,1,1 mem=1,1,1 net=1,1 procs=1,1 booted=2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct wire_stat s = {.uptime_ms = 4711};

		if (parse(lines[i], &s) == 0)
			fail_msg("believed: %s", lines[i]);
		assert_int_equal(s.uptime_ms, 4711);
	}
}

static void limits_hold(void **state)
{
	char line[4 * WIRE_STAT_LINE_MAX], *at = line;
	struct wire_stat s;

	(void)state;
	at += sprintf(at, "%s", HEAD " load=1,1,1" TAIL " cpu=0");
	for (int i = 1; i < WIRE_STAT_CPU_MAX; i++)
		at += sprintf(at, ",0");
	assert_int_equal(parse(line, &s), 0);
	assert_int_equal(s.cpus, WIRE_STAT_CPU_MAX);
	strcpy(at, ",0");
	assert_int_equal(parse(line, &s), -1);

	at = line + sprintf(line, "%s", LINE " pad=");
	memset(at, 'x', 2 * WIRE_STAT_LINE_MAX);
	at[2 * WIRE_STAT_LINE_MAX] = '\0';
	assert_int_equal(parse(line, &s), -1);
}

static void every_cut_of_a_line_is_harmless(void **state)
{
	struct wire_stat s;
	char line[sizeof(LINE)];

	(void)state;
	for (size_t len = 0; len < sizeof(LINE) - 1; len++) {
		memcpy(line, LINE, len);
		line[len] = '\0';
		assert_int_equal(parse(line, &s), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formatted_line_is_read_back),
		cmocka_unit_test(largest_line_fits),
		cmocka_unit_test(format_refuses_what_a_line_cannot_carry),
		cmocka_unit_test(disks_are_optional_and_unknown_keys_skipped),
		cmocka_unit_test(contradictions_are_pulled_into_range),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(every_cut_of_a_line_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
