/* SPDX-License-Identifier: MIT */
/*
 * Whole screens as text, compared with tests/ui/golden/NAME.txt. UPDATE_GOLDEN=1 writes them anew: look at the diff.
 *
 * Each row is a story: size, machines, keys. Time stands still but for the ticks named in the story ("~12" = twelve);
 * "=wide" is a line of wide, combining and hostile characters on the followed serial log.
 */
#include "tests/lib/fake_engine.h"
#include "tests/lib/test.h"
#include "base/utf8.h"
#include "ui/app.h"

#include <time.h>

#define NOW_MS 1700000000000LL

static int64_t mono_ms;

static int64_t test_wall_ms(void)
{
	return NOW_MS + mono_ms;
}

static int64_t test_mono_ms(void)
{
	return mono_ms;
}

struct story {
	const char *name;
	int cols, rows, vms;
	const char *keys; /* space-separated; as above */
	bool empty, fail;
};

static const struct story stories[] = {
	{"vms-132x40", 132, 40, 5, "~12", 0, 0},
	{"vms-80x24", 80, 24, 5, "~12", 0, 0},
	{"vms-40x10", 40, 10, 5, "~12", 0, 0},
	{"vms-200x60", 200, 60, 5, "~40 j j j z", 0, 0},
	{"vms-too-small", 30, 5, 5, "~4", 0, 0},
	{"vms-one", 80, 24, 1, "~8", 0, 0},
	{"vms-10000", 80, 24, 10000, "~4 G", 0, 0},
	{"vms-filter", 80, 24, 40, "~4 / c i", 0, 0},
	{"vms-inverse-filter", 80, 24, 10, "~4 / ! v m", 0, 0},
	{"vms-marked", 80, 24, 5, "~4 space j space", 0, 0},
	{"vms-sorted-cpu", 80, 24, 8, "~8 > > >", 0, 0},
	{"vms-starting", 132, 40, 5, "~4 G s ~4", 0, 0},
	{"detail-40x10", 40, 10, 5, "~12 j l", 0, 0},
	{"detail-graphs", 132, 40, 5, "~240 j j j ]", 0, 0},
	{"detail-log", 132, 40, 5, "~8 j j j ] ] ~8", 0, 0},
	{"detail-log-wide", 40, 10, 5, "~8 j j j l ] ] =wide", 0, 0},
	{"detail-log-wrapped", 80, 24, 5, "~8 j j j l ] ] w =wide", 0, 0},
	{"detail-log-held", 40, 10, 5, "~8 j j j l ] ] =wide ~40 k k", 0, 0},
	{"detail-events", 132, 40, 5, "~4 s ~40 [", 0, 0},
	{"first-run", 80, 24, 0, "~4", 1, 0},
	{"store-damaged", 80, 24, 0, "~4", 0, 1},
	{"create", 80, 24, 5, "~4 n", 0, 0},
	{"create-wrong", 80, 24, 5, "~4 n d e v down o x down 9 9 down ctrl-u 9 9 9 G", 0, 0},
	{"create-40x10", 40, 10, 5, "~4 n down down down", 0, 0},
	{"delete-one", 80, 24, 5, "~4 j j j d", 0, 0},
	{"delete-many", 80, 24, 12, "~4 * d", 0, 0},
	{"delete-many-40x10", 40, 10, 12, "~4 * d", 0, 0},
	{"kill", 80, 24, 5, "~4 j K", 0, 0},
	{"palette", 80, 24, 5, "~4 : s t", 0, 0},
	{"help", 80, 24, 5, "~4 ?", 0, 0},
	{"help-40x10", 40, 10, 5, "~4 ?", 0, 0},
	{"help-40x10-end", 40, 10, 5, "~4 ? G", 0, 0},
	{"images", 132, 40, 5, "~4 2 G p ~2", 0, 0},
	{"images-pulling", 80, 24, 5, "~4 2 G p ~1", 0, 0},
	{"images-40x10", 40, 10, 5, "~4 2", 0, 0},
	{"images-pane", 120, 24, 5, "~4 2 j tab", 0, 0},
	{"images-pane-80x24", 80, 24, 5, "~4 2 j tab", 0, 0},
	{"images-pane-40x10", 40, 10, 5, "~4 2 j tab G", 0, 0},
	{"images-pane-40x10-list", 40, 10, 5, "~4 2 j tab G esc", 0, 0},
	{"images-prune", 80, 24, 5, "~4 2 C ~1", 0, 0},
	{"images-prune-40x10", 40, 10, 5, "~4 2 C ~1", 0, 0},
	{"images-used", 80, 24, 5, "~4 2 d", 0, 0},
	{"kernels-used-40x10", 40, 10, 60, "~4 3 d", 0, 0},
	{"import", 80, 24, 5, "~4 2 i ~1", 0, 0},
	{"import-120x36", 120, 36, 5, "~4 2 i ~1 j j j .", 0, 0},
	{"import-40x10", 40, 10, 5, "~4 2 i ~1 j j j", 0, 0},
	{"import-reading", 80, 24, 5, "~4 2 i", 0, 0},
	{"import-filter", 80, 24, 5, "~4 2 i ~1 / t a r", 0, 0},
	{"import-bytes", 80, 24, 5, "~4 2 i ~1 j enter ~1 G k", 0, 0},
	{"import-denied", 80, 24, 5, "~4 2 i ~1 h ~1 G enter ~1", 0, 0},
	{"import-path", 80, 24, 5, "~4 2 i ~1 p i m tab ~1 a", 0, 0},
	{"import-path-40x10", 40, 10, 5, "~4 2 i ~1 p d", 0, 0},
	{"import-name", 80, 24, 5, "~4 2 i ~1 j j j enter", 0, 0},
	{"import-name-wrong", 80, 24, 5, "~4 2 i ~1 j j j enter space", 0, 0},
	{"import-name-taken-120x36", 120, 36, 5, "~4 2 i ~1 G enter", 0, 0},
	{"import-name-40x10", 40, 10, 5, "~4 2 i ~1 G enter", 0, 0},
	{"import-job", 80, 24, 5, "~4 2 i ~1 G enter enter ~2", 0, 0},
	{"kernels", 80, 24, 5, "~4 3", 0, 0},
	{"kernels-120x36", 120, 36, 5, "~4 3 j", 0, 0},
	{"kernels-wide", 132, 12, 5, "~4 3", 0, 0},
	{"activity", 80, 24, 5, "~4 s ~40 2 G p ~2 4", 0, 0},
	{"activity-layers-120x36", 120, 36, 5, "~4 s ~8 2 G k p ~1 4", 0, 0},
	{"activity-layers-80x24", 80, 24, 5, "~4 s ~8 2 G k p ~1 4", 0, 0},
	{"activity-layers-40x10", 40, 10, 5, "~4 2 G k p ~1 4", 0, 0},
	{"activity-layers-few", 80, 24, 5, "~4 2 G p ~1 4", 0, 0},
	{"activity-layers-canceled", 80, 24, 5, "~4 2 G p ~1 4 c ~1", 0, 0},
	{"activity-failed-120x36", 120, 36, 5, "~4 : p u l l space q u a y . i o / a / b r o k e n : 1 enter ~20", 0, 0},
	{"activity-failed-80x24", 80, 24, 5, "~4 : p u l l space q u a y . i o / a / b r o k e n : 1 enter ~20", 0, 0},
	{"activity-failed-40x10", 40, 10, 5, "~4 : p u l l space q u a y . i o / a / b r o k e n : 1 enter ~20", 0, 0},
	{"activity-failed-40x10-page", 40, 10, 5, "~4 : p u l l space q u a y . i o / a / b r o k e n : 1 enter ~20 enter pgdn", 0, 0},
	{"activity-failed-80x24-page", 80, 24, 5, "~4 : p u l l space q u a y . i o / a / b r o k e n : 1 enter ~20 enter", 0, 0},
	{"host", 80, 24, 5, "~4 5", 0, 0},
	{"host-end", 80, 24, 5, "~4 5 ~8 G", 0, 0},
	{"host-120x36", 120, 36, 5, "~4 5 ~8 j", 0, 0},
	{"host-looking", 120, 36, 5, "~4 5 ~1", 0, 0},
	{"host-40x10", 40, 10, 5, "~4 5 ~8", 0, 0},
	{"host-checks", 80, 24, 5, "~4 5 ~8 tab G", 0, 0},
	{"host-checks-40x10", 40, 10, 5, "~4 5 ~8 tab j j j", 0, 0},
	{"host-filter", 80, 24, 5, "~4 5 ~8 tab / n e t", 0, 0},
	{"host-mend", 80, 24, 5, "~4 5 ~8 tab j j j m", 0, 0},
	{"host-mend-40x10", 40, 10, 5, "~4 5 ~8 tab j j j m", 0, 0},
	{"host-mended", 120, 36, 5, "~4 5 ~8 j j j m y ~8", 0, 0},
	{"consoles-none", 80, 24, 5, "~4 6", 0, 0},
	{"quit-with-jobs", 80, 24, 5, "~4 s ~2 q", 0, 0},
};

static void play(struct app *app, struct fake *f, struct canvas *c, const char *keys)
{
	while (*keys) {
		char word[KEY_NAME_SIZE];
		size_t n = strcspn(keys, " ");
		struct key k;

		snprintf(word, sizeof(word), "%.*s", (int)n, keys);
		keys += n + strspn(keys + n, " ");
		if (!strcmp(word, "=wide")) {
			fake_log(
				f, fake_watched(f),
				"日本語 e\xcc\x81te\xcc\x81 \033[31mred\033[0m \xff\x01 한국어한국어한국어한국어한국어한국어\n");
			while (app_pump(app, 1000))
				;
		} else if (word[0] == '~' && word[1]) {
			for (long t = strtol(word + 1, NULL, 10); t > 0; t--) {
				fake_tick(f);
				mono_ms += 250;
				while (app_pump(app, 1000))
					;
			}
		} else {
			assert_true(key_parse(word, &k));
			app_key(app, k);
		}
		app_paint(app, c);
	}
}

static void paint_story(const struct story *s, struct buf *out)
{
	struct fake_args fa = {.vms = s->vms, .empty = s->empty, .fail_open = s->fail, .wall_ms = NOW_MS};
	struct app_args aa = {.cols = s->cols, .rows = s->rows, .wall_ms = test_wall_ms, .mono_ms = test_mono_ms};
	struct fake *f = fake_new(&fa);
	struct engine_port port;
	struct canvas c = {0};
	struct app *app;

	mono_ms = 0;
	fake_port(f, &port);
	app = app_new(&aa);
	app_paint(app, &c);
	app_attach(app, &port);
	while (app_pump(app, 1000))
		;
	app_paint(app, &c);
	play(app, f, &c, s->keys);
	canvas_to_text(&c, out);
	canvas_done(&c);
	app_free(app);
	port.close(port.self);
}

static void golden_path(const char *name, char *ret, size_t size)
{
	const char *dir = getenv("srcdir");

	snprintf(ret, size, "%s/tests/ui/golden/%s.txt", dir ? dir : ".", name);
}

/* Every glyph of ours has a stand-in of its own; hostile lines may hold anything. */
static void check_stand_ins(const char *text, size_t n)
{
	uint32_t cp;

	for (size_t i = 0; i < n; i += (size_t)utf8_decode(text + i, n - i, &cp))
		if (utf8_decode(text + i, n - i, &cp) > 1 && utf8_ascii(cp) == '?')
			fail_msg("U+%04x has no ASCII stand-in", (unsigned)cp);
}

static void test_story(void **state)
{
	const struct story *s = *state;
	char path[512];
	auto_buf shown = {0};
	char *want;

	paint_story(s, &shown);
	golden_path(s->name, path, sizeof(path));
	if (getenv("UPDATE_GOLDEN")) {
		test_write(path, buf_cstr(&shown));
		return;
	}
	want = test_read(path);
	if (strcmp(want, buf_cstr(&shown)) != 0)
		printf("--- %s: wanted\n%s--- shown\n%s", s->name, want, buf_cstr(&shown));
	assert_string_equal(buf_cstr(&shown), want);
	if (!strstr(s->keys, "=wide"))
		check_stand_ins(buf_cstr(&shown), shown.len);
	free(want);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(stories)];

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(stories); i++)
		tests[i] = (struct CMUnitTest){stories[i].name, test_story, NULL, NULL, (void *)(uintptr_t)&stories[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
