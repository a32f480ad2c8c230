/* SPDX-License-Identifier: MIT */
/*
 * Throughput of the emulator beside bare libvterm (parser, state and screen layer, damage merged by row, no
 * scrollback), on the same bytes in the same run, the two taking turns.
 *
 *	bench_term [MiB per kind, default 32]
 *
 * Prints MB/s of the best of five rounds and the ratio. What the emulator does more: cells, packed scrollback, bounds.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "ui/term/emu.h"

#include <stdio.h>
#include <string.h>
#include <vterm.h>

#define PIECE 16384
#define ROUNDS 5

static void plain_text(struct buf *b)
{
	static const char line[] = "[ 42%] Building C object src/CMakeFiles/library.dir/some/deep/module_name.c.o\r\n";

	buf_add(b, line, sizeof(line) - 1);
}

static void coloured_text(struct buf *b)
{
	for (int i = 0; i < 12; i++)
		buf_addf(b, "\033[%d;1mword\033[0m \033[38;5;%dm%d\033[m ", 31 + i % 7, 16 + i * 7, i);
	buf_adds(b, "\r\n");
}

static void wide_text(struct buf *b)
{
	buf_adds(b, "漢字とかなの混じった長い行と café naïve Grüße und mehr — 終わり\r\n");
}

static void screen_program(struct buf *b)
{
	for (int y = 1; y <= 24; y++)
		buf_addf(b, "\033[%d;1H\033[K\033[7m%5d\033[0m %-40s\033[%d;60H\033[32m%d.%d%%\033[m", y, y * 7,
			 "process name", y, y, y % 10);
}

static double mb_per_s(size_t bytes, int64_t us)
{
	return (double)bytes / (double)(us > 0 ? us : 1);
}

static double run_emu(const struct buf *in)
{
	auto_emu e = emu_new(80, 24);
	int64_t start = clock_mono_us();

	for (size_t i = 0; i < in->len; i += PIECE)
		emu_feed(e, in->data + i, MIN((size_t)PIECE, in->len - i));
	return mb_per_s(in->len, clock_mono_us() - start);
}

static double run_vterm(const struct buf *in)
{
	VTerm *vt = vterm_new(24, 80);
	VTermScreen *screen = vterm_obtain_screen(vt);
	int64_t start, us;

	vterm_set_utf8(vt, 1);
	vterm_screen_enable_altscreen(screen, 1);
	vterm_screen_set_damage_merge(screen, VTERM_DAMAGE_ROW);
	vterm_screen_reset(screen, 1);
	start = clock_mono_us();
	for (size_t i = 0; i < in->len; i += PIECE)
		vterm_input_write(vt, in->data + i, MIN((size_t)PIECE, in->len - i));
	vterm_screen_flush_damage(screen);
	us = clock_mono_us() - start;
	vterm_free(vt);
	return mb_per_s(in->len, us);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct buf *b);
	} kinds[] = {
		{"plain", plain_text}, {"colours", coloured_text}, {"wide", wide_text}, {"screen", screen_program}};
	size_t mib = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 32;

	mib = MAX((size_t)1, MIN(mib, (size_t)1024));
	printf("%-8s %12s %12s %7s\n", "", "ours MB/s", "vterm MB/s", "ratio");
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		auto_buf in = {0};
		double ours = 0, theirs = 0;

		while (in.len < mib << 20)
			kinds[k].make(&in);
		for (int i = 0; i < ROUNDS; i++) {
			double a = run_emu(&in), b = run_vterm(&in);

			ours = MAX(ours, a);
			theirs = MAX(theirs, b);
		}
		printf("%-8s %12.1f %12.1f %7.2f\n", kinds[k].name, ours, theirs, ours / theirs);
	}
	return 0;
}
