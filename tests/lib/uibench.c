/* SPDX-License-Identifier: MIT */
/*
 * See uibench.h.
 */
#include "tests/lib/uibench.h"

#include "tests/lib/test.h"

struct uibench b;
int64_t now;

static int64_t clock_stub(void)
{
	return now;
}

void settle(void)
{
	while (app_pump(b.app, 1000))
		;
	app_paint(b.app, &b.c);
}

void bench_alone(struct app_args aa)
{
	now = 1000000;
	aa.cols = aa.cols ? aa.cols : 80;
	aa.rows = aa.rows ? aa.rows : 24;
	aa.wall_ms = aa.mono_ms = clock_stub;
	b = (struct uibench){.app = app_new(&aa)};
	app_paint(b.app, &b.c);
}

void bench_attach(struct fake_args fa)
{
	fa.wall_ms = 1700000000000LL;
	b.f = fake_new(&fa);
	fake_port(b.f, &b.port);
	app_attach(b.app, &b.port);
	settle();
}

void bench_begin(struct fake_args fa, struct app_args aa)
{
	bench_alone(aa); /* the first frame comes before the engine */
	bench_attach(fa);
}

void bench_finish(void)
{
	app_free(b.app);
	if (b.f)
		b.port.close(b.port.self);
	canvas_done(&b.c);
}

void tick(int n)
{
	while (n-- > 0) {
		fake_tick(b.f);
		now += 250;
		settle();
	}
}

void press(const char *names)
{
	while (*names) {
		char name[KEY_NAME_SIZE];
		size_t n = strcspn(names, " ");
		struct key k;

		snprintf(name, sizeof(name), "%.*s", (int)n, names);
		names += n + strspn(names + n, " ");
		if (strcmp(name, "~~") == 0) {
			tick(1);
			continue;
		}
		assert_true(key_parse(name, &k));
		app_key(b.app, k);
		app_paint(b.app, &b.c);
	}
}

void type(const char *text)
{
	for (; *text; text++)
		app_key(b.app, (struct key){.sym = SYM_CHAR, .cp = (unsigned char)*text});
	app_paint(b.app, &b.c);
}

bool screen_has(const char *text)
{
	auto_buf out = {0};

	canvas_to_text(&b.c, &out);
	return strstr(buf_cstr(&out), text) != NULL;
}

const struct request *last(void)
{
	size_t n = fake_asked_count(b.f);

	return n ? fake_asked(b.f, n - 1) : NULL;
}
