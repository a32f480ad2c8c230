/* SPDX-License-Identifier: MIT */
/*
 * Ten thousand machines on the app without a terminal: how long a key takes to its painted canvas while all of them tell
 * figures, how long a second's worth of figures takes, and what a machine costs in memory.
 *
 *	bench_ui --first PROGRAM [ARGUMENT…]	from fork to the first and to the last byte of a program's first frame, 30 times
 */
#include "base/clock.h"
#include "base/mem.h"
#include "tests/lib/fake_engine.h"
#include "ui/app.h"

#include <malloc.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

#define STARTS 30
#define QUIET_MS 60 /* silent for so long: the frame is out */

/* One start on a pty of 120x36: microseconds to the first byte and to the last of the first burst. */
static void start_once(char **argv, int64_t *ret_first, int64_t *ret_last)
{
	struct winsize ws = {.ws_row = 36, .ws_col = 120};
	int64_t t = clock_mono_us();
	char buf[65536];
	int fd;
	pid_t pid = forkpty(&fd, NULL, NULL, &ws);

	if (pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	*ret_first = *ret_last = 0;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, *ret_first ? QUIET_MS : 5000) <= 0 || read(fd, buf, sizeof(buf)) <= 0)
			break;
		*ret_last = clock_mono_us() - t;
		if (!*ret_first)
			*ret_first = *ret_last;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

static void bench_first(char **argv)
{
	int64_t first[STARTS], last[STARTS];

	for (int i = 0; i < STARTS; i++)
		start_once(argv, &first[i], &last[i]);
	printf("%s\n", strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0]);
	report("fork to first byte", first, STARTS);
	report("fork to last byte of first frame", last, STARTS);
}

static void bench_many(void)
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
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--first"))
		bench_first(argv + 2);
	else
		bench_many();
	return 0;
}
