/* SPDX-License-Identifier: MIT */
/*
 * Cells, clipping, wide and combining characters, charts, themes, short forms.
 */
#include "tests/lib/test.h"
#include "ui/canvas.h"
#include "ui/screen.h"
#include "ui/text.h"
#include "ui/widgets/chart.h"

static void shows(const struct canvas *c, const char *want)
{
	auto_buf text = {0};

	canvas_to_text(c, &text);
	assert_string_equal(buf_cstr(&text), want);
}

static void test_text_is_cut_with_an_ellipsis(void **state)
{
	struct canvas c = {0};

	(void)state;
	canvas_init(&c, 10, 2);
	assert_int_equal(canvas_text(&c, 0, 0, ROLE_TEXT, 10, "0123456789"), 10);
	assert_int_equal(canvas_text(&c, 0, 1, ROLE_TEXT, 5, "0123456789"), 5);
	shows(&c, "0123456789\n0123…\n");
	assert_int_equal(canvas_text(&c, 0, 1, ROLE_TEXT, 0, "x"), 0);
	canvas_done(&c);
}

static void test_wide_characters_own_two_cells(void **state)
{
	struct canvas c = {0};

	(void)state;
	canvas_init(&c, 8, 1);
	assert_int_equal(canvas_text(&c, 0, 0, ROLE_TEXT, 8, "日本x"), 5);
	assert_int_equal(canvas_at(&c, 0, 0)->width, 2);
	assert_int_equal(canvas_at(&c, 1, 0)->width, 0);
	/* Painting over one half leaves no lonely other half. */
	canvas_text(&c, 1, 0, ROLE_TEXT, 1, "a");
	assert_string_equal(canvas_at(&c, 0, 0)->text, " ");
	shows(&c, " a本x\n");
	canvas_text(&c, 2, 0, ROLE_TEXT, 1, "b");
	shows(&c, " ab x\n");
	canvas_done(&c);
}

static void test_wide_character_does_not_fit_half(void **state)
{
	struct canvas c = {0};

	(void)state;
	canvas_init(&c, 4, 1);
	assert_int_equal(canvas_text(&c, 0, 0, ROLE_TEXT, 4, "日本語"), 3);
	shows(&c, "日…\n");
	canvas_text(&c, 3, 0, ROLE_TEXT, 2, "語");
	assert_int_equal(canvas_at(&c, 3, 0)->width, 1);
	canvas_done(&c);
}

static void test_marks_join_their_base(void **state)
{
	struct canvas c = {0};
	auto_buf many = {0};

	(void)state;
	canvas_init(&c, 4, 1);
	assert_int_equal(canvas_text(&c, 0, 0, ROLE_TEXT, 4, "e\xcc\x81x"), 2);
	assert_string_equal(canvas_at(&c, 0, 0)->text, "e\xcc\x81");
	buf_adds(&many, "a");
	for (int i = 0; i < 20; i++)
		buf_adds(&many, "\xcc\x81");
	canvas_text(&c, 0, 0, ROLE_TEXT, 4, buf_cstr(&many));
	assert_true(strlen(canvas_at(&c, 0, 0)->text) < CELL_TEXT);
	canvas_done(&c);
}

static void test_control_characters_never_get_in(void **state)
{
	struct canvas c = {0};

	(void)state;
	canvas_init(&c, 10, 1);
	assert_int_equal(canvas_text(&c, 0, 0, ROLE_TEXT, 10, "a\033[2Jb\n"), 7);
	shows(&c, "a\xef\xbf\xbd[2Jb\xef\xbf\xbd\n");
	canvas_raw(&c, 0, 0, "\033", 1, 0, 1, 2);
	assert_string_equal(canvas_at(&c, 0, 0)->text, "\xef\xbf\xbd");
	canvas_done(&c);
}

static void test_clip_holds_everything(void **state)
{
	struct canvas c = {0};
	struct rect old;

	(void)state;
	canvas_init(&c, 6, 3);
	old = canvas_clip(&c, (struct rect){2, 1, 2, 1});
	canvas_fill(&c, (struct rect){-5, -5, 50, 50}, ROLE_DIM);
	canvas_text(&c, 0, 1, ROLE_TEXT, 6, "abcdef");
	canvas_text(&c, 0, 0, ROLE_TEXT, 6, "abcdef");
	canvas_mark(&c, (struct rect){0, 0, 6, 3}, STYLE_SELECTED);
	shows(&c, "\n  cd\n\n");
	assert_int_equal(canvas_at(&c, 0, 0)->style, ROLE_TEXT);
	assert_int_equal(canvas_at(&c, 2, 1)->style, ROLE_TEXT | STYLE_SELECTED);
	canvas_clip(&c, old);
	assert_null(canvas_at(&c, 6, 0));
	assert_null(canvas_at(&c, 0, -1));
	canvas_done(&c);
}

static void test_ascii_replaces_everything(void **state)
{
	struct canvas c = {0};

	(void)state;
	canvas_init(&c, 12, 1);
	canvas_text(&c, 0, 0, ROLE_TEXT, 12, "●│─▓░日é⣿ж");
	canvas_to_ascii(&c);
	shows(&c, "*|-#.??e#?\n");
	canvas_done(&c);
}

static void test_rects_are_total(void **state)
{
	struct rect r = {0, 0, 10, 4}, cut;

	(void)state;
	cut = rect_take_top(&r, 100);
	assert_int_equal(cut.h, 4);
	assert_int_equal(r.h, 0);
	cut = rect_take_left(&r, -3);
	assert_int_equal(cut.w, 0);
	cut = rect_centre((struct rect){0, 0, 10, 4}, 40, 2);
	assert_int_equal(cut.w, 10);
	assert_int_equal(cut.y, 1);
	cut = rect_intersect((struct rect){0, 0, 2, 2}, (struct rect){5, 5, 2, 2});
	assert_int_equal(cut.w, 0);
	assert_false(rect_contains(cut, 5, 5));
}

static void test_short_forms(void **state)
{
	char buf[TEXT_SHORT];

	(void)state;
	assert_string_equal(text_duration(-5, buf), "0s");
	assert_string_equal(text_duration(184000, buf), "3m 04s");
	assert_string_equal(text_duration(11520000, buf), "3h 12m");
	assert_string_equal(text_age(11520000, buf), "3h");
	assert_string_equal(text_duration(4 * 86400000LL + 7200000, buf), "4d 2h");
	assert_string_equal(text_took(2100, buf), "2.1s");
	assert_string_equal(text_took(12, buf), "12ms");
	assert_string_equal(text_percent(425, buf), "43%");
	assert_string_equal(text_percent(-1, buf), "-");
	assert_string_equal(text_rate(UINT64_MAX, buf), "-");
	assert_string_equal(text_rate(0, buf), "0");
	assert_true(text_contains("Debian", "BIA"));
	assert_true(text_contains("x", ""));
	assert_false(text_contains("deb", "debian"));
}

static void test_charts_draw_gaps_as_gaps(void **state)
{
	struct hist h = {0};
	struct canvas c = {0};
	struct vm_stats s = {.guest = true};
	struct graph g = {.hist = &h, .series = HIST_CPU, .max = 1000, .span_s = 8, .style = ROLE_GRAPH};

	(void)state;
	s.at_ms = 1000;
	s.cpu_permille = 1000;
	hist_push(&h, &s);
	s.at_ms = 5000; /* three seconds nobody saw */
	s.cpu_permille = 0;
	hist_push(&h, &s);
	canvas_init(&c, 8, 1);
	chart_spark(&c, 0, 0, 6, ROLE_GRAPH, &h, HIST_CPU, 1000);
	shows(&c, " █   ▁\n");
	canvas_init(&c, 4, 1);
	chart_graph(&c, (struct rect){0, 0, 4, 1}, &g);
	shows(&c, " ⢸ ⢀\n");
	canvas_init(&c, 4, 1);
	chart_bar(&c, 0, 0, 4, ROLE_GRAPH, 1);
	shows(&c, "▓░░░\n");
	chart_bar(&c, 0, 0, 4, ROLE_GRAPH, 5000);
	shows(&c, "▓▓▓▓\n");
	canvas_done(&c);
	hist_done(&h);
}

static void test_themes(void **state)
{
	struct theme t = {.depth = DEPTH_256};
	struct look l;

	(void)state;
	unsetenv("NO_COLOR");
	unsetenv("COLORFGBG");
	assert_true(theme_choose(&t, "light", DEPTH_256));
	assert_true(t.light);
	assert_true(theme_choose(&t, "dark,16", DEPTH_256));
	assert_int_equal(t.depth, DEPTH_16);
	assert_false(theme_choose(&t, "pink", DEPTH_256));
	setenv("COLORFGBG", "0;15", 1);
	assert_true(theme_choose(&t, NULL, DEPTH_16));
	assert_true(t.light);
	setenv("NO_COLOR", "1", 1);
	assert_true(theme_choose(&t, "auto", DEPTH_256));
	assert_int_equal(t.depth, DEPTH_MONO);
	unsetenv("NO_COLOR");
	/* Without colour a selected row is told by an attribute. */
	l = theme_look(&t, ROLE_OK | STYLE_SELECTED, 5, 6);
	assert_int_equal(l.fg, COLOUR_DEFAULT);
	assert_true(l.attrs & STYLE_REVERSE);
}

static void test_colours_come_down(void **state)
{
	(void)state;
	assert_int_equal(theme_colour(DEPTH_256, COLOUR_RGB | 0xff0000), 196);
	assert_int_equal(theme_colour(DEPTH_256, COLOUR_RGB | 0x808080), 244);
	assert_int_equal(theme_colour(DEPTH_16, COLOUR_RGB | 0xff0000), 9);
	assert_int_equal(theme_colour(DEPTH_16, 196), 9);
	assert_int_equal(theme_colour(DEPTH_8, 9), 1);
	assert_int_equal(theme_colour(DEPTH_MONO, 9), COLOUR_DEFAULT);
	assert_int_equal(theme_colour(DEPTH_256, COLOUR_DEFAULT), COLOUR_DEFAULT);
}

static void test_reset_string_undoes_all_modes(void **state)
{
	static const char *const modes[] = {"?1000l", "?1002l", "?1003l", "?1006l", "?2004l",
					    "?1004l", "?25h",	"?7h",	  "?1049l"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		assert_non_null(strstr(screen_reset_string(), modes[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_cut_with_an_ellipsis),
		cmocka_unit_test(test_wide_characters_own_two_cells),
		cmocka_unit_test(test_wide_character_does_not_fit_half),
		cmocka_unit_test(test_marks_join_their_base),
		cmocka_unit_test(test_control_characters_never_get_in),
		cmocka_unit_test(test_clip_holds_everything),
		cmocka_unit_test(test_ascii_replaces_everything),
		cmocka_unit_test(test_rects_are_total),
		cmocka_unit_test(test_short_forms),
		cmocka_unit_test(test_charts_draw_gaps_as_gaps),
		cmocka_unit_test(test_themes),
		cmocka_unit_test(test_colours_come_down),
		cmocka_unit_test(test_reset_string_undoes_all_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
