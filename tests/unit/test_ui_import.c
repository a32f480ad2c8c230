/* SPDX-License-Identifier: MIT */
/*
 * Choosing a file to import, on the fake engine: where keys lead, what is asked of the engine, and what is not.
 */
#include "tests/lib/test.h"
#include "tests/lib/uibench.h"
#include "ui/widgets/command.h"

static void begin(struct app_args aa)
{
	aa.cols = aa.cols ? aa.cols : 100;
	aa.rows = aa.rows ? aa.rows : 30;
	bench_begin((struct fake_args){.vms = 2}, aa);
}

static void finish(void)
{
	bench_finish();
}

static void paste(const char *text)
{
	app_key(b.app, (struct key){.sym = SYM_PASTE_BEGIN});
	type(text);
	app_key(b.app, (struct key){.sym = SYM_PASTE_END});
	app_paint(b.app, &b.c);
}

static void open_browser(void)
{
	press("2 i ~~");
	assert_true(screen_has(" /home/me  "));
}

static void assert_asked(const char *path)
{
	assert_int_equal(last()->kind, REQ_DIR_LIST);
	assert_string_equal(last()->path, path);
}

static void test_up_comes_back_to_where_one_came_from(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	assert_asked("");
	press("j right ~~"); /* src: the link's name is kept, not what it leads to */
	assert_asked("/home/me/src");
	assert_true(screen_has("0 entries"));
	press("backspace ~~");
	assert_asked("/home/me");
	assert_true(screen_has("▸ src/"));
	press("h ~~");
	assert_true(screen_has("▸ me/"));
	press("left ~~");
	assert_true(screen_has("▸ home/"));
	press("left ~~"); /* there is nothing above */
	assert_asked("/");
	assert_false(screen_has("../"));
	press("enter ~~ enter ~~ g enter ~~"); /* and ".." is a way up as well */
	assert_asked("/home");
	assert_true(screen_has("▸ me/"));
	press("~ ~~");
	assert_asked("~");
	assert_true(screen_has(" /home/me  "));
	finish();
}

static void test_the_file_is_imported_under_its_name(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("/ d e b enter enter");
	assert_true(screen_has("banger-tui image import /home/me/debian-12.5.tar.gz debian-12.5"));
	press("- x");
	assert_true(screen_has("debian-12.5-x"));
	press("ctrl-y");
	auto_free char *copied = app_take_clipboard(b.app);
	assert_string_equal(copied, "banger-tui image import /home/me/debian-12.5.tar.gz debian-12.5-x");
	press("enter");
	assert_int_equal(last()->kind, REQ_IMAGE_IMPORT);
	assert_string_equal(last()->ref, "debian-12.5-x");
	assert_string_equal(last()->path, "/home/me/debian-12.5.tar.gz");
	tick(1);
	assert_true(screen_has("▸ ● import image debian-12.5-x"));
	finish();
}

static void test_names_are_checked_at_every_key(void **state)
{
	size_t asked;

	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("G enter");
	assert_true(screen_has("there is an image 'tiny'"));
	press("2");
	assert_false(screen_has("there is an image"));
	press("/");
	assert_true(screen_has("image name has '/' at position 6"));
	asked = fake_asked_count(b.f);
	press("enter"); /* stays */
	assert_int_equal(fake_asked_count(b.f), asked);
	press("ctrl-u");
	assert_true(screen_has("must not be empty"));
	press("esc");
	assert_true(screen_has("▸ tiny.ext4"));
	press("esc");
	assert_true(screen_has("Images  4 of 4"));
	finish();
}

static void test_only_files_are_taken(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("/ o l d enter enter");
	assert_true(screen_has("old.img is a link to nothing"));
	press("esc / q u e enter enter");
	assert_true(screen_has("queue is no file"));
	finish();
	begin((struct app_args){0});
	press("3 i ~~ space");
	assert_true(screen_has("a file is asked for, not a directory"));
	finish();
}

static void test_hidden_names(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	assert_false(screen_has(".bashrc"));
	press("G .");
	assert_true(screen_has(".bashrc"));
	assert_true(screen_has("▸ tiny.ext4"));
	press(".");
	assert_false(screen_has(".bashrc"));
	assert_true(screen_has("2 hidden"));
	finish();
}

static void test_a_path_is_completed(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("p i m tab");
	assert_true(screen_has("path /home/me/images/"));
	assert_asked("/home/me/images/");
	press("~~ a tab");
	assert_true(screen_has("path /home/me/images/alpine-root.tar.zst"));
	press("ctrl-w ctrl-w");
	assert_true(screen_has("path /home/me/\n"));
	press("~~ down enter"); /* the row that was picked */
	assert_asked("/home/me/src");
	press("~~ tab . c tab"); /* what is hidden can be typed */
	assert_asked("/home/me/src");
	press("esc ~~");
	assert_asked("/home/me/src");
	press("p ctrl-u / enter ~~");
	assert_true(screen_has("▸ etc/"));
	press("p ctrl-u ~ / ~~ t i enter"); /* the beginning of a name will do */
	assert_true(screen_has("file        /home/me/tiny.ext4"));
	finish();
}

static void test_a_path_that_leads_nowhere(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("G p x enter ~~");
	assert_asked("/home/me/x");
	assert_true(screen_has("/home/me/x cannot be read: No such file"));
	assert_true(screen_has("path /home/me/x"));
	press("backspace ~~"); /* what is listed again follows */
	assert_true(screen_has("tiny.ext4"));
	press("esc ~~");
	assert_true(screen_has("▸ tiny.ext4"));
	press("h ~~ G enter ~~");
	assert_true(screen_has("Permission denied"));
	press("h ~~");
	assert_true(screen_has("▸ root/"));
	finish();
}

static void test_a_pasted_path_is_taken_whole(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	paste("/home/me/images/web root.tar");
	press("~~ enter");
	assert_true(screen_has("web-root"));
	assert_true(screen_has("'/home/me/images/web root.tar' web-root"));
	press("esc");
	assert_true(screen_has("▸ web root.tar"));
	paste("'/home/me/tiny.ext4' "); /* as terminals drop a file */
	press("enter ~~");
	assert_true(screen_has("file        /home/me/tiny.ext4"));
	press("esc");
	paste("file:///home/me/latest.tar");
	press("enter ~~");
	assert_true(screen_has("file        /home/me/latest.tar"));
	press("ctrl-u");
	paste("other"); /* here it is a name */
	assert_true(screen_has("latest.tar other"));
	finish();
}

/* A quote is none of a path, before its end has come, too. */
static void test_a_quoted_path_leads_where_it_says(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	paste("'/home/me/images/web root.tar'");
	press("~~");
	assert_asked("/home/me/images/");
	assert_true(screen_has("path /home/me/images/web root.tar"));
	assert_true(screen_has("▸ web root.tar"));
	press("enter");
	assert_true(screen_has("file        /home/me/images/web root.tar"));
	press("esc p ctrl-u");
	type("'/home/me/sr");
	press("~~");
	assert_asked("/home/me/");
	assert_false(screen_has("cannot be read"));
	type("c/'");
	press("~~");
	assert_asked("/home/me/src/");
	finish();
}

/* The bytes are shown cleaned, and handed on as they are; what is copied is printable. */
static void test_names_are_bytes(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("g j enter ~~ G k enter");
	assert_true(screen_has("ev-31mil"));
	assert_true(screen_has("$'/home/me/images/ev\\033[31mil\\377.tar'"));
	press("enter");
	assert_int_equal(last()->kind, REQ_IMAGE_IMPORT);
	assert_string_equal(last()->path, "/home/me/images/ev\033[31mil\xff.tar");
	assert_string_equal(last()->ref, "ev-31mil");
	finish();
}

static void test_late_answers_are_dropped(void **state)
{
	struct event ev = {.kind = EV_DIR, .dir = {.job = 1, .part = DIR_END}};

	(void)state;
	begin((struct app_args){0});
	press("2 i");
	assert_true(screen_has("reading…"));
	press("enter j l h"); /* nothing to go into, and nothing breaks */
	tick(1);
	press("~"); /* job 2 now */
	fake_push(b.f, &ev);
	settle();
	assert_true(screen_has("tiny.ext4")); /* still what was there */
	assert_true(screen_has("reading…"));
	now += 1000;
	settle();
	assert_false(screen_has("tiny.ext4")); /* for a while */
	tick(1);
	assert_true(screen_has("tiny.ext4"));
	assert_false(screen_has("reading…"));
	finish();
}

/* Keys that come after an answer and before the frame that shows it mean what the answer says. */
static void test_keys_between_answer_and_frame(void **state)
{
	struct key enter = {.sym = SYM_ENTER}, slash = {.sym = SYM_CHAR, .cp = '/'}, n = {.sym = SYM_CHAR, .cp = 'n'};

	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("G k k k k k k k");
	assert_true(screen_has("▸ images/"));
	press("j enter"); /* src, which is empty */
	fake_tick(b.f);
	while (app_pump(b.app, 1000))
		;
	app_key(b.app, slash);
	app_key(b.app, n);
	app_key(b.app, enter);
	app_key(b.app, enter);
	app_paint(b.app, &b.c);
	assert_true(screen_has("0 of 0   /n")); /* it is the empty directory that was filtered */
	assert_asked("/home/me/src");
	finish();
}

static void test_the_directory_is_remembered(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	press("enter ~~ q"); /* q closes the browser, not the program */
	assert_int_equal(app_take_wishes(b.app) & WISH_QUIT, 0);
	assert_true(screen_has("Images  4 of 4"));
	press("i ~~");
	assert_asked("/home/me/images");
	press("q q"); /* no look keeps anybody */
	assert_int_equal(app_take_wishes(b.app), WISH_QUIT);
	finish();
}

static void test_the_palette_takes_a_path(void **state)
{
	struct err e = {0};

	(void)state;
	begin((struct app_args){0});
	assert_ok(app_command(b.app, "import /home/me/images/web root.tar", &e), &e);
	tick(1);
	assert_true(screen_has("web-root"));
	press("esc esc");
	assert_true(screen_has("VMs  2 of 2"));
	assert_ok(app_command(b.app, "import ~/images", &e), &e);
	tick(1);
	assert_true(screen_has(" /home/me/images  3 entries"));
	assert_ok(app_command(b.app, "new", &e), &e); /* a form over a form */
	app_paint(b.app, &b.c);
	press("esc");
	assert_true(screen_has("VMs  2 of 2"));
	finish();
}

static void test_readonly_imports_nothing(void **state)
{
	(void)state;
	begin((struct app_args){.readonly = true});
	press("2 i");
	assert_true(screen_has("read-only"));
	assert_int_equal(app_command(b.app, "import /home/me", NULL), 0);
	assert_int_equal(fake_asked_count(b.f), 0);
	finish();
}

static void test_before_the_store_is_open(void **state)
{
	(void)state;
	bench_alone((struct app_args){0});
	press("2 i");
	assert_true(screen_has("reading…"));
	bench_attach((struct fake_args){.vms = 2});
	assert_asked("");
	tick(1);
	assert_true(screen_has(" /home/me  "));
	finish();
}

static void click(enum mouse_kind kind, int x, int y)
{
	app_mouse(b.app, &(struct mouse){kind, x, y});
	app_paint(b.app, &b.c);
}

static void test_mouse(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	click(MOUSE_CLICK, 10, 8); /* ".." is in row 5 */
	assert_true(screen_has("▸ debian-12.5.tar.gz"));
	click(MOUSE_WHEEL_DOWN, 10, 8);
	assert_true(screen_has("▸ old.img"));
	click(MOUSE_DOUBLE, 10, 6);
	assert_asked("/home/me/images");
	tick(1);
	click(MOUSE_DOUBLE, 10, 5);
	assert_asked("/home/me");
	tick(1);
	click(MOUSE_DOUBLE, 10, 8);
	assert_true(screen_has("Back esc"));
	for (int x = 0; x < 100 && screen_has("Back esc"); x++) /* the button is where its word is */
		click(MOUSE_CLICK, 99 - x, 10);
	assert_true(screen_has("▸ debian-12.5.tar.gz"));
	finish();
}

static void test_every_size_paints(void **state)
{
	(void)state;
	begin((struct app_args){0});
	open_browser();
	for (int face = 0; face < 3; face++) {
		for (int cols = 40; cols < 130; cols += 7)
			for (int rows = 10; rows < 40; rows += 3) {
				app_resize(b.app, cols, rows);
				app_paint(b.app, &b.c);
			}
		press(face == 0 ? "p" : "esc ~~ G enter");
	}
	app_resize(b.app, 40, 10);
	app_paint(b.app, &b.c);
	assert_true(screen_has("Import ⏎"));
	finish();
}

static void test_words_for_a_shell(void **state)
{
	static const struct {
		const char *word, *want;
	} rows[] = {
		{"plain-1.2", " plain-1.2"},	{"", " ''"},		{"two words", " 'two words'"},
		{"it's", " 'it'\\''s'"},	{"né", " 'né'"},	{"a\nb", " $'a\\012b'"},
		{"'\\\033", " $'\\'\\\\\\033'"}, {"\xff", " $'\\377'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = {0};

		command_word(&out, rows[i].word);
		assert_string_equal(buf_cstr(&out), rows[i].want);
	}
}

static void an_ext4_may_stay_where_it_is(void **state UNUSED)
{
	begin((struct app_args){0});
	open_browser();
	press("G enter down space");
	assert_true(screen_has("banger-tui image register /home/me/tiny.ext4"));
	assert_true(screen_has("nothing is copied") || screen_has("takes its name"));
	press("enter");
	assert_int_equal(last()->kind, REQ_IMAGE_REGISTER);
	assert_string_equal(last()->path, "/home/me/tiny.ext4");
	finish();
}

static void a_directory_is_taken_as_it_is(void **state UNUSED)
{
	begin((struct app_args){0});
	open_browser();
	press("space");
	assert_true(screen_has("banger-tui image import /home/me me"));
	press("enter");
	assert_int_equal(last()->kind, REQ_IMAGE_IMPORT);
	assert_string_equal(last()->path, "/home/me");
	assert_string_equal(last()->ref, "me");
	finish();
}

static void a_kernel_comes_with_its_modules(void **state UNUSED)
{
	begin((struct app_args){0});
	press("3 i ~~");
	assert_true(screen_has("Import a kernel") || screen_has("/home/me"));
	press("G enter");
	assert_true(screen_has("they must be built in"));
	press("down");
	type("lib");
	assert_true(screen_has("a whole path"));
	press("ctrl-u");
	type("/lib/modules/6.1.0");
	assert_true(screen_has("banger-tui kernel import --modules /lib/modules/6.1.0 /home/me/tiny.ext4"));
	press("enter");
	assert_int_equal(last()->kind, REQ_KERNEL_IMPORT);
	assert_string_equal(last()->modules, "/lib/modules/6.1.0");
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_comes_back_to_where_one_came_from),
		cmocka_unit_test(test_the_file_is_imported_under_its_name),
		cmocka_unit_test(test_names_are_checked_at_every_key),
		cmocka_unit_test(test_only_files_are_taken),
		cmocka_unit_test(test_hidden_names),
		cmocka_unit_test(test_a_path_is_completed),
		cmocka_unit_test(test_a_path_that_leads_nowhere),
		cmocka_unit_test(test_a_pasted_path_is_taken_whole),
		cmocka_unit_test(test_a_quoted_path_leads_where_it_says),
		cmocka_unit_test(test_names_are_bytes),
		cmocka_unit_test(test_late_answers_are_dropped),
		cmocka_unit_test(test_keys_between_answer_and_frame),
		cmocka_unit_test(test_the_directory_is_remembered),
		cmocka_unit_test(test_the_palette_takes_a_path),
		cmocka_unit_test(test_readonly_imports_nothing),
		cmocka_unit_test(test_before_the_store_is_open),
		cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_every_size_paints),
		cmocka_unit_test(test_words_for_a_shell),
		cmocka_unit_test(an_ext4_may_stay_where_it_is),
		cmocka_unit_test(a_directory_is_taken_as_it_is),
		cmocka_unit_test(a_kernel_comes_with_its_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
