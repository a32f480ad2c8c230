/* SPDX-License-Identifier: MIT */
/*
 * Scripts: every line is judged when the file is read; expectations wait with a bound.
 */
#include "tests/lib/test.h"
#include "ui/script.h"

static void test_errors_name_the_line(void **state)
{
	static const char *const wrong[] = {"key enter\nkee x\n", "# ok\nkey nothing-such\n", "\nexpect\n",
					    "x\nresize 80\n", "key q\nrun nosuch dev\n", "run vms\nrun save-screen\n"};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_null(script_parse(wrong[i], "s", &e));
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.msg, i == 3 ? "s:1:" : "s:2:"));
		err_clear(&e);
	}
	assert_null(script_load("/nonexistent/script", &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void test_keys_and_expectations(void **state)
{
	struct app_args aa = {.cols = 80, .rows = 24};
	struct app *app = app_new(&aa);
	struct canvas c = {0};
	struct err e = {0};
	struct script *s = script_parse("key ?\nexpect Keys here\nkey esc\nreject 2 Keys here\nresize 100x30\n"
					"run host\nexpect 3 Host\nexpect 3 unicorns\n",
					"s", &e);

	(void)state;
	assert_non_null(s);
	for (int i = 0; i < 7; i++) {
		app_paint(app, &c);
		assert_int_equal(script_step(s, app, &c, 1000, &e), SCRIPT_GOES_ON);
	}
	app_paint(app, &c);
	assert_int_equal(c.cols, 100);
	assert_int_equal(script_step(s, app, &c, 1000, &e), SCRIPT_WAITS);
	assert_int_equal(script_wait_ms(s, 2000), 2000);
	assert_int_equal(script_step(s, app, &c, 3999, &e), SCRIPT_WAITS);
	assert_int_equal(script_step(s, app, &c, 4000, &e), SCRIPT_FAILED);
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_non_null(strstr(e.msg, "s:8"));
	script_free(s);
	app_free(app);
	canvas_done(&c);
}

/* What is refused when its turn comes fails the script as well. */
static void test_a_refused_command_fails(void **state)
{
	struct app_args aa = {.cols = 80, .rows = 24};
	struct app *app = app_new(&aa);
	struct canvas c = {0};
	struct err e = {0};
	struct script *s = script_parse("run vms\nrun stop nobody\nkey q\n", "s", &e);

	(void)state;
	assert_non_null(s);
	app_paint(app, &c);
	assert_int_equal(script_step(s, app, &c, 0, &e), SCRIPT_GOES_ON);
	assert_int_equal(script_step(s, app, &c, 0, &e), SCRIPT_FAILED);
	assert_string_equal(e.msg, "s:2: there is no machine 'nobody'");
	script_free(s);
	app_free(app);
	canvas_done(&c);
}

static void test_typed_text_and_the_end(void **state)
{
	struct app_args aa = {.cols = 80, .rows = 24};
	struct app *app = app_new(&aa);
	struct canvas c = {0};
	struct err e = {0};
	struct script *s = script_parse("key :\ntype stop wéb\nexpect stop wéb\n", "s", &e);

	(void)state;
	assert_non_null(s);
	for (int i = 0; i < 3; i++) {
		app_paint(app, &c);
		assert_int_equal(script_step(s, app, &c, 0, &e), SCRIPT_GOES_ON);
	}
	assert_int_equal(script_step(s, app, &c, 0, &e), SCRIPT_DONE);
	script_free(s);
	app_free(app);
	canvas_done(&c);
}

static void test_screen_is_saved(void **state)
{
	struct app_args aa = {.cols = 80, .rows = 24};
	struct app *app = app_new(&aa);
	struct canvas c = {0};
	char line[600], *text;

	snprintf(line, sizeof(line), "save-screen %s", tmpdir_path(state, "screen.txt"));
	app_command(app, line, NULL);
	app_paint(app, &c);
	text = test_read(tmpdir_path(state, "screen.txt"));
	assert_non_null(strstr(text, "banger"));
	free(text);
	app_command(app, "save-screen /nonexistent/x", NULL);
	app_paint(app, &c);
	app_paint(app, &c);
	app_free(app);
	canvas_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_keys_and_expectations),
		cmocka_unit_test(test_a_refused_command_fails),
		cmocka_unit_test(test_typed_text_and_the_end),
		cmocka_unit_test_setup_teardown(test_screen_is_saved, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
