/* SPDX-License-Identifier: MIT */
/*
 * Ten thousand machines on the app without a terminal: how long a key takes to its painted canvas while all of them tell
 * figures, how long a second's worth of figures takes, and what a machine costs in memory.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "tests/lib/fake_engine.h"
#include "ui/app.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define MACHINES 10000
#define KEYS 2000
#define SLICE 512 /* events a turn, as ui.c takes them */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *what, int64_t *us, size_t n)
{
	qsort(us, n, sizeof(*us), by_value);
	printf("  %-34s p50 %6.2f ms   p99 %6.2f ms   worst %6.2f ms   (%zu)\n", what, (double)us[n / 2] / 1000,
	       (double)us[n * 99 / 100] / 1000, (double)us[n - 1] / 1000, n);
}

static int64_t timed_key(struct app *app, struct canvas *c, const char *name)
{
	int64_t t = clock_mono_us();
	struct key k;

	/* The worst case: the key arrives while a slice of events is being taken in. */
	app_pump(app, SLICE);
	if (key_parse(name, &k))
		app_key(app, k);
	app_paint(app, c);
	return clock_mono_us() - t;
}

static void bench_keys(struct app *app, struct fake *f, struct canvas *c, const char *what, const char *const *names,
		       size_t n_names)
{
	int64_t *us = xcalloc(KEYS, sizeof(*us));

	for (size_t i = 0; i < KEYS; i++) {
		if (i % 40 == 0)
			fake_tick(f);
		us[i] = timed_key(app, c, names[i % n_names]);
	}
	report(what, us, KEYS);
	free(us);
}

int main(void)
{
	static const char *const move[] = {"j", "pgdn", "G", "g", "k", "ctrl-d"};
	static const char *const filter[] = {"/", "v", "m", "-", "0", "7", "7", "backspace", "esc"};
	static const char *const sort[] = {">", "I"};
	struct fake_args fa = {.vms = MACHINES, .all_run = true};
	struct app_args aa = {.cols = 200, .rows = 60};
	struct fake *f = fake_new(&fa);
	struct engine_port port;
	struct canvas c = {0};
	struct app *app = app_new(&aa);
	size_t before = mallinfo2().uordblks;
	int64_t t = clock_mono_us(), us[60];

	fake_port(f, &port);
	app_attach(app, &port);
	while (app_pump(app, SLICE))
		app_paint(app, &c);
	printf("  replay of %d machines, a frame a slice: %.0f ms, %.0f bytes a machine\n", MACHINES,
	       (double)(clock_mono_us() - t) / 1000, (double)(mallinfo2().uordblks - before) / MACHINES);
	for (size_t i = 0; i < ARRAY_LEN(us); i++) {
		for (int q = 0; q < 4; q++)
			fake_tick(f);
		t = clock_mono_us();
		while (app_pump(app, SLICE))
			;
		app_paint(app, &c);
		us[i] = clock_mono_us() - t;
	}
	report("a second's figures and a frame", us, ARRAY_LEN(us));
	bench_keys(app, f, &c, "key to canvas, moving", move, ARRAY_LEN(move));
	bench_keys(app, f, &c, "key to canvas, filtering", filter, ARRAY_LEN(filter));
	bench_keys(app, f, &c, "key to canvas, sorting", sort, ARRAY_LEN(sort));
	app_free(app);
	canvas_done(&c);
	port.close(port.self);
	return 0;
}
