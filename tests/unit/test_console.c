/* SPDX-License-Identifier: MIT */
/* Consoles: against a scripted pipe for every way it can end, and against a real pty with a shell in it. */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/spawn.h"
#include "ui/term/console.h"
#include "ui/term/console_fd.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <sys/socket.h>

/* --- a pipe that does as it is told --- */

struct fake {
	struct buf in;	/* what the guest will send */
	struct buf out; /* what it got */
	bool end, fail, deaf, connecting, pending;
	int cols, rows, closed;
};

static enum console_io_result fake_step(void *self, UNUSED struct err *e)
{
	return ((struct fake *)self)->connecting ? CONSOLE_IO_WAIT : CONSOLE_IO_OK;
}

static enum console_io_result fake_read(void *self, void *data, size_t n, size_t *ret_n, struct err *e)
{
	struct fake *f = self;

	if (f->in.len == 0 && f->fail) {
		err_set(e, ERR_NET, "the line was cut\033[31m");
		return CONSOLE_IO_FAILED;
	}
	if (f->in.len == 0)
		return f->end ? CONSOLE_IO_END : CONSOLE_IO_WAIT;
	*ret_n = MIN(n, f->in.len);
	memcpy(data, f->in.data, *ret_n);
	buf_consume(&f->in, *ret_n);
	return CONSOLE_IO_OK;
}

static enum console_io_result fake_write(void *self, const void *data, size_t n, size_t *ret_n, UNUSED struct err *e)
{
	struct fake *f = self;

	if (f->deaf)
		return CONSOLE_IO_WAIT;
	*ret_n = MIN(n, 3);
	buf_add(&f->out, data, *ret_n);
	return CONSOLE_IO_OK;
}

static void fake_resize(void *self, int cols, int rows)
{
	((struct fake *)self)->cols = cols;
	((struct fake *)self)->rows = rows;
}

static int fake_fd(UNUSED void *self)
{
	return 7;
}

static void fake_why(UNUSED void *self, char *ret, size_t size)
{
	str_copy(ret, size, "exit status 3");
}

static void fake_close(void *self)
{
	((struct fake *)self)->closed++;
}

static const struct console_io_ops fake_ops = {
	.step = fake_step,
	.read = fake_read,
	.write = fake_write,
	.resize = fake_resize,
	.fd = fake_fd,
	.why = fake_why,
	.close = fake_close,
};

static void fake_done(struct fake *f)
{
	buf_done(&f->in);
	buf_done(&f->out);
}

#define auto_fake __attribute__((cleanup(fake_done))) struct fake

static struct console *connected(struct fake *f, int cols, int rows)
{
	struct console *c = console_new("dev", cols, rows);

	console_attach(c, (struct console_io){&fake_ops, f});
	console_turn(c);
	return c;
}

static void say(struct console *c, struct fake *f, const char *text)
{
	buf_adds(&f->in, text);
	console_turn(c);
}

static void count_to(struct console *c, struct fake *f, int from, int to)
{
	for (int i = from; i <= to; i++)
		buf_addf(&f->in, "%sline %d", i > 1 ? "\r\n" : "", i);
	console_turn(c);
}

/* --- what is painted --- */

struct picture {
	char text[40][400];
	char marks[40][200]; /* S selected, M match */
	struct emu_cursor cursor;
	bool has_cursor;
};

static void picture_put(void *arg, int x, int y, const struct emu_cell *cell)
{
	struct picture *p = arg;
	char text[EMU_CELL_TEXT];

	emu_cell_text(cell, text);
	strncat(p->text[y], text, sizeof(p->text[y]) - strlen(p->text[y]) - 1);
	p->marks[y][x] = cell->attrs & EMU_SELECTED ? 'S' : cell->attrs & EMU_MATCH ? 'M' : '.';
}

static void picture_cursor(void *arg, const struct emu_cursor *cursor)
{
	((struct picture *)arg)->cursor = *cursor;
	((struct picture *)arg)->has_cursor = true;
}

static const struct picture *paint(struct console *c)
{
	static struct picture p;
	const struct console_sink sink = {&p, picture_put, picture_cursor};

	memset(&p, 0, sizeof(p));
	console_paint(c, &sink);
	for (int y = 0; y < 40; y++)
		for (size_t n = strlen(p.text[y]); n > 0 && p.text[y][n - 1] == ' '; n--)
			p.text[y][n - 1] = '\0';
	return &p;
}

static enum console_copy press(struct console *c, const char *name, struct buf *text)
{
	struct keyenc_key k;
	bool back;

	assert_true(keyenc_parse(name, &k));
	return console_copy_key(c, &k, text, &back);
}

static void keys(struct console *c, const char *s)
{
	char name[2] = "";

	for (; *s; s++) {
		name[0] = *s;
		press(c, *s == ' ' ? "space" : name, NULL);
	}
}

/* --- states --- */

static void test_states(UNUSED void **state)
{
	auto_fake f = {.connecting = true};
	auto_console c = console_new("dev", 20, 4);

	assert_int_equal(console_state(c), CONSOLE_DEAD);
	assert_string_equal(console_why(c), "not connected");
	assert_int_equal(console_fd(c), -1);
	assert_int_equal(console_turn(c), 0);
	console_attach(c, (struct console_io){&fake_ops, &f});
	assert_int_equal(console_turn(c), 0);
	assert_int_equal(console_state(c), CONSOLE_CONNECTING);
	f.connecting = false;
	assert_true(console_turn(c) & CONSOLE_STATE);
	assert_int_equal(console_state(c), CONSOLE_LIVE);
	assert_int_equal(f.cols, 20);
	assert_int_equal(f.rows, 4);
	console_resize(c, 30, 5);
	assert_int_equal(f.cols, 30);
}

static void test_a_dead_session_keeps_its_screen_and_says_why(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);

	f.end = true;
	buf_adds(&f.in, "last words");
	assert_true(console_turn(c) & CONSOLE_STATE);
	assert_int_equal(console_state(c), CONSOLE_DEAD);
	assert_string_equal(console_why(c), "exit status 3");
	assert_string_equal(paint(c)->text[0], "last words");
	assert_false(paint(c)->cursor.visible);
	assert_int_equal(f.closed, 1);
	assert_int_equal(console_fd(c), -1);
}

static void test_a_cut_line(UNUSED void **state)
{
	auto_fake f = {.fail = true};
	auto_console c = connected(&f, 20, 4);

	assert_int_equal(console_state(c), CONSOLE_DEAD);
	assert_null(strchr(console_why(c), '\033'));
	assert_memory_equal(console_why(c), "the line was cut", 16);
}

static void test_reconnect_goes_on_below_and_forgets_modes(UNUSED void **state)
{
	auto_fake f = {0}, g = {0};
	auto_console c = connected(&f, 20, 4);

	say(c, &f, "old\033[?2004h\033[?1000h\033[31m\033[?25l\033]2;cut");
	console_detach(c, "gone");
	console_attach(c, (struct console_io){&fake_ops, &g});
	say(c, &g, "new");
	assert_int_equal(f.closed, 1);
	assert_string_equal(paint(c)->text[0], "old");
	assert_string_equal(paint(c)->text[1], "new");
	assert_false(emu_modes(console_emu(c))->paste);
	assert_int_equal(emu_modes(console_emu(c))->mouse, EMU_MOUSE_OFF);
	assert_int_equal(emu_cell(console_emu(c), 0, 1)->fg, EMU_DEFAULT);
	assert_true(paint(c)->cursor.visible);
}

/* --- flow --- */

static void test_a_turn_is_bounded(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);

	for (int i = 0; i < 100000; i++)
		buf_adds(&f.in, "flood\r\n");
	size_t before = f.in.len;

	console_turn(c);
	assert_int_equal(before - f.in.len, CONSOLE_TURN_BYTES);
	assert_true(console_pending(c));
	while (console_pending(c))
		console_turn(c);
	assert_int_equal(f.in.len, 0);
}

static void test_keys_wait_for_a_slow_guest(UNUSED void **state)
{
	auto_fake f = {.deaf = true};
	auto_console c = connected(&f, 20, 4);

	console_paste(c, "hello", 5);
	assert_true(console_pending(c));
	console_turn(c);
	assert_false(console_pending(c));
	assert_int_equal(f.out.len, 0);
	assert_true(console_events(c) & POLLOUT);
	f.deaf = false;
	console_turn(c);
	assert_string_equal(buf_cstr(&f.out), "hello");
	assert_false(console_events(c) & POLLOUT);
}

static void test_the_queue_is_bounded(UNUSED void **state)
{
	auto_fake f = {.deaf = true};
	auto_console c = connected(&f, 20, 4);
	auto_free char *big = xcalloc(1, CONSOLE_QUEUE_MAX);

	memset(big, 'x', CONSOLE_QUEUE_MAX);
	console_send(c, big, CONSOLE_QUEUE_MAX);
	console_send(c, "y", 1);
	f.deaf = false;
	console_turn(c);
	assert_int_equal(f.out.len, CONSOLE_QUEUE_MAX);
}

static void test_answers_go_to_the_guest_and_are_few(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);

	say(c, &f, "ab\033[6n");
	assert_string_equal(buf_cstr(&f.out), "\033[1;3R");
	buf_reset(&f.out);
	for (int i = 0; i < 5000; i++)
		buf_adds(&f.in, "\033[c");
	console_turn(c);
	assert_true(f.out.len > 0 && f.out.len <= EMU_REPLY_MAX);
}

static void count_bytes(void *arg, UNUSED const void *data, size_t n)
{
	*(size_t *)arg += n;
}

static void test_events_and_tap(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);
	size_t n = 0;

	console_tap(c, count_bytes, &n);
	buf_adds(&f.in, "\a");
	assert_int_equal(console_turn(c), CONSOLE_CHANGED | CONSOLE_BELL);
	buf_adds(&f.in, "\033]2;title\a");
	assert_int_equal(console_turn(c), CONSOLE_CHANGED | CONSOLE_TITLE);
	assert_string_equal(console_title(c), "title");
	assert_int_equal(console_turn(c), 0);
	assert_int_equal(n, 11);
}

/* --- view --- */

static void test_scrolled_back_rows_stay(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);

	count_to(c, &f, 1, 20);
	console_scroll(c, 5);
	assert_string_equal(paint(c)->text[0], "line 12");
	count_to(c, &f, 21, 30);
	assert_string_equal(paint(c)->text[0], "line 12");
	console_scroll(c, 1000);
	assert_string_equal(paint(c)->text[0], "line 1");
	assert_false(paint(c)->has_cursor);
	console_key(c, &(struct keyenc_key){.cp = 'x'});
	assert_int_equal(console_offset(c), 0);
	assert_string_equal(paint(c)->text[3], "line 30");
}

static void test_scrolled_back_through_a_resize(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);

	count_to(c, &f, 1, 20);
	console_scroll(c, 5);
	console_resize(c, 5, 4);
	assert_string_equal(paint(c)->text[0], "line");
	assert_string_equal(paint(c)->text[1], "12");
	console_resize(c, 20, 4);
	assert_string_equal(paint(c)->text[0], "line 12");
}

static void test_wheel(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);
	struct keyenc_mouse up = {.button = KEYENC_WHEEL_UP};

	count_to(c, &f, 1, 20);
	assert_false(console_mouse(c, &up));
	assert_int_equal(console_offset(c), 3);
	console_scroll_end(c);
	say(c, &f, "\033[?1000;1006h");
	assert_true(console_mouse(c, &up));
	console_turn(c);
	assert_string_equal(buf_cstr(&f.out), "\033[<64;1;1M");
	buf_reset(&f.out);
	say(c, &f, "\033[?1000l\033[?1049h");
	assert_false(console_mouse(c, &up));
	console_turn(c);
	assert_string_equal(buf_cstr(&f.out), "\033[A\033[A\033[A");
}

static void test_search(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);

	count_to(c, &f, 1, 40);
	assert_false(console_search(c, "LINE 7", true));
	assert_true(console_search(c, "line 7", true));
	assert_string_equal(paint(c)->text[0], "line 7");
	assert_memory_equal(paint(c)->marks[0], "MMMMMM.", 7);
	assert_true(console_search(c, "ine 1", true)); /* "line 10", in view */
	assert_string_equal(paint(c)->text[0], "line 7");
	assert_true(console_search_next(c, true));
	assert_string_equal(paint(c)->text[0], "line 1");
	assert_true(console_search_next(c, true)); /* round to the newest */
	assert_string_equal(paint(c)->text[3], "line 19");
	assert_true(console_search_next(c, false));
	assert_string_equal(paint(c)->text[0], "line 1");
	assert_false(console_search(c, "no such thing", true));
	assert_false(console_search(c, "", true));
}

static void test_search_ignores_case_and_sees_wide_characters(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);

	say(c, &f, "Error: 漢字 Über");
	assert_true(console_search(c, "error: 漢字 ü", true));
	assert_memory_equal(paint(c)->marks[0], "MMMMMMMM", 8);
	assert_false(console_search(c, "ERROR", true));
}

/* --- copy mode --- */

static void test_copy_words(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);
	auto_buf text = {0};

	say(c, &f, "one two  three");
	console_copy_enter(c);
	keys(c, "0wv");
	keys(c, "e");
	assert_memory_equal(paint(c)->marks[0], "....SSS.", 8);
	assert_int_equal(paint(c)->cursor.x, 6);
	assert_int_equal(press(c, "y", &text), CONSOLE_COPY_DONE);
	assert_string_equal(buf_cstr(&text), "two");
	assert_false(console_in_copy(c));
}

static void test_copy_joins_wrapped_rows(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 10, 4);
	auto_buf text = {0};

	say(c, &f, "a long line of text\r\nnext");
	console_copy_enter(c);
	keys(c, "gVG");
	press(c, "y", &text);
	assert_string_equal(buf_cstr(&text), "a long line of text\nnext\n\n");
}

static void test_copy_rectangle(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 10, 3);
	auto_buf text = {0};

	say(c, &f, "abcd\r\nefgh\r\nijkl");
	console_copy_enter(c);
	keys(c, "gl");
	press(c, "ctrl-v", NULL);
	keys(c, "jjl");
	press(c, "enter", &text);
	assert_string_equal(buf_cstr(&text), "bc\nfg\njk");
}

static void test_copy_from_the_scrollback(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);
	auto_buf text = {0};

	count_to(c, &f, 1, 30);
	console_copy_enter(c);
	keys(c, "g ");
	press(c, "ctrl-n", NULL);
	press(c, "ctrl-e", NULL);
	assert_string_equal(paint(c)->text[0], "line 1");
	count_to(c, &f, 31, 50); /* the guest goes on; the selection stands */
	assert_string_equal(paint(c)->text[0], "line 1");
	press(c, "alt-w", &text);
	assert_string_equal(buf_cstr(&text), "line 1\nline 2");
	assert_int_equal(console_offset(c), 0);
}

static void test_copy_motions_stay_inside(UNUSED void **state)
{
	static const char *const names[] = {"h",    "j",      "k",	"l", "w", "b", "e", "0",      "$",
					    "^",    "g",      "G",	"H", "M", "L", "{", "}",      "pgup",
					    "pgdn", "ctrl-u", "ctrl-d", "n", "N", "o", "v", "ctrl-v", "V"};
	auto_fake f = {0};
	auto_console c = connected(&f, 7, 3);

	say(c, &f, "漢字 a\r\n\r\n漢字漢字 b");
	console_copy_enter(c);
	for (unsigned i = 0, r = 1; i < 5000; i++) {
		r = r * 1103515245u + 12345u;
		press(c, names[(r >> 16) % ARRAY_LEN(names)], NULL);
		const struct picture *p = paint(c);

		assert_true(p->has_cursor && p->cursor.x >= 0 && p->cursor.x < 7);
	}
}

static void test_copy_leaves(UNUSED void **state)
{
	auto_fake f = {0};
	auto_console c = connected(&f, 20, 4);
	struct keyenc_key slash = {.cp = '/'};
	bool back = true;

	console_copy_enter(c);
	assert_int_equal(console_copy_key(c, &slash, NULL, &back), CONSOLE_COPY_SEARCH);
	assert_false(back);
	keys(c, "v");
	assert_int_equal(press(c, "esc", NULL), CONSOLE_COPY_STAY);
	assert_int_equal(press(c, "esc", NULL), CONSOLE_COPY_LEFT);
	assert_int_equal(press(c, "q", NULL), CONSOLE_COPY_LEFT);
}

/* --- real descriptors --- */

/* Turn until the screen shows it or the pipe ends; false after ten seconds. */
static bool turn_until(struct console *c, const char *want)
{
	int64_t end = clock_mono_ms() + 10000;

	while (clock_mono_ms() < end) {
		for (int y = 0; want && y < emu_rows(console_emu(c)); y++)
			if (strcmp(paint(c)->text[y], want) == 0)
				return true;
		if (console_state(c) == CONSOLE_DEAD)
			return !want;
		struct pollfd p = {.fd = console_fd(c), .events = console_events(c)};

		poll(&p, 1, console_pending(c) ? 0 : 200);
		console_turn(c);
	}
	return false;
}

static int start_shell(struct proc *p, struct err *e)
{
	static const char *const argv[] = {"sh", NULL};
	static const char *const env[] = {"PS1=> ", "ENV=", "TERM=xterm-256color", NULL};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
	auto_fd tty = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct spawn_args a = {.argv = argv, .env = env, .stdin_fd = tty, .stdout_fd = tty, .stderr_fd = tty};

	assert_ok(spawn_start(&a, p, e), e);
	return master;
}

static void test_a_shell_on_a_pty(UNUSED void **state)
{
	struct err e = {0};
	struct proc p;
	struct proc_status st;
	struct console_io io;
	auto_console c = console_new("sh", 40, 10);
	int master = start_shell(&p, &e);
	static const char script[] = "echo; stty size; printf 'a\\033[5Cb\\n'; echo done\nexit 4\n";

	assert_ok(console_fd_pty(master, &io, &e), &e);
	console_attach(c, io);
	console_turn(c);
	assert_int_equal(console_state(c), CONSOLE_LIVE);
	console_paste(c, script, sizeof(script) - 1);
	assert_true(turn_until(c, "10 40"));
	assert_true(turn_until(c, "a     b"));
	assert_true(turn_until(c, NULL));
	assert_string_equal(console_why(c), "the session ended");
	assert_true(turn_until(c, "done"));
	struct op op;

	op_init(&op, 60000);
	assert_ok(proc_wait(&op, &p, &st, &e), &e);
	op_done(&op);
	assert_true(st.exited && st.code == 4);
	proc_done(&p);
}

static void test_a_socket(UNUSED void **state)
{
	struct err e = {0};
	struct console_io io;
	auto_console c = console_new("serial", 40, 10);
	int fds[2];
	char got[8] = "";

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_ok(console_fd_socket(fds[0], &io, &e), &e);
	console_attach(c, io);
	console_turn(c);
	assert_int_equal(write(fds[1], "login: ", 7), 7);
	assert_true(turn_until(c, "login:"));
	console_key(c, &(struct keyenc_key){.cp = 'r'});
	console_turn(c);
	assert_int_equal(read(fds[1], got, sizeof(got)), 1);
	assert_string_equal(got, "r");
	close(fds[1]);
	assert_true(turn_until(c, NULL));
	assert_string_equal(paint(c)->text[0], "login:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_a_dead_session_keeps_its_screen_and_says_why),
		cmocka_unit_test(test_a_cut_line),
		cmocka_unit_test(test_reconnect_goes_on_below_and_forgets_modes),
		cmocka_unit_test(test_a_turn_is_bounded),
		cmocka_unit_test(test_keys_wait_for_a_slow_guest),
		cmocka_unit_test(test_the_queue_is_bounded),
		cmocka_unit_test(test_answers_go_to_the_guest_and_are_few),
		cmocka_unit_test(test_events_and_tap),
		cmocka_unit_test(test_scrolled_back_rows_stay),
		cmocka_unit_test(test_scrolled_back_through_a_resize),
		cmocka_unit_test(test_wheel),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_search_ignores_case_and_sees_wide_characters),
		cmocka_unit_test(test_copy_words),
		cmocka_unit_test(test_copy_joins_wrapped_rows),
		cmocka_unit_test(test_copy_rectangle),
		cmocka_unit_test(test_copy_from_the_scrollback),
		cmocka_unit_test(test_copy_motions_stay_inside),
		cmocka_unit_test(test_copy_leaves),
		cmocka_unit_test(test_a_shell_on_a_pty),
		cmocka_unit_test(test_a_socket),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
