/* SPDX-License-Identifier: MIT */
/*
 * Curses output.
 *
 * Only rows that differ from the last canvas are handed to curses, which then writes only the cells that differ: a frame
 * in which one figure moved costs one row here and a few bytes on the wire. Where our width of a character and libc's
 * differ, curses would lose its idea of the column, so such a character is shown as a replacement of the right width.
 *
 * Signals: curses installs handlers of its own for INT, TERM, WINCH and TSTP; ours come through a signalfd and are
 * blocked, so those never run.
 */
#define NCURSES_WIDECHAR 1
#include "ui/screen.h"

#include "base/crash.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"

#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define PAIRS_MAX 1024
#define COPY_MAX 74994 /* what xterm takes in one OSC 52 */

static const char reset_string[] = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1004l\033[?25h\033[?7h"
				   "\033[0m\033[?1l\033>\033[?1049l";

static struct {
	bool open;
	struct termios saved;
	struct theme theme;
	SCREEN *curses;
	struct canvas last;
	bool last_valid;
	bool mouse;
	struct {
		int32_t fg, bg;
	} pairs[PAIRS_MAX]; /* pairs[0] is the terminal's own */
	int n_pairs;
} scr;

const char *screen_reset_string(void)
{
	return reset_string;
}

/* From a signal handler: only write(2) and tcsetattr(3). */
static void restore(void *arg)
{
	ssize_t n = write(STDOUT_FILENO, reset_string, sizeof(reset_string) - 1);

	(void)n;
	tcsetattr(STDIN_FILENO, TCSANOW, arg);
}

static enum depth terminal_depth(void)
{
	if (!has_colors())
		return DEPTH_MONO;
	return COLORS >= 256 ? DEPTH_256 : COLORS >= 16 ? DEPTH_16 : COLORS >= 8 ? DEPTH_8 : DEPTH_MONO;
}

static int check_terminal(const char **ret_type, struct err *e)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		err_set(e, ERR_USAGE, _("the console needs a terminal on standard input and output"));
		return err_hint(e, _("use a verb for scripts, such as 'banger-tui vm list'"));
	}
	if (!term || !*term || !strcmp(term, "dumb")) {
		err_set(e, ERR_USAGE, _("the terminal type '%s' cannot show the console"), term ? term : "");
		return err_hint(e, _("set TERM to what your terminal is, such as xterm-256color"));
	}
	*ret_type = term;
	return 0;
}

static void write_out(const char *s)
{
	struct err e = {0};

	/* A terminal that went away is noticed on its input. */
	if (fd_write_all(STDOUT_FILENO, s, strlen(s), &e) < 0)
		return;
}

void screen_mouse(bool on)
{
	scr.mouse = on;
	mousemask(on ? ALL_MOUSE_EVENTS : 0, NULL);
	write_out(on ? "\033[?1000h\033[?1006h" : "\033[?1006l\033[?1000l");
}

static void set_modes(void)
{
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	meta(stdscr, TRUE);
	mouseinterval(0);
	write_out("\033[?2004h");
	screen_mouse(scr.mouse);
}

int screen_open(const struct screen_args *a, struct err *e)
{
	const char *term = "";

	if (check_terminal(&term, e) < 0)
		return -1;
	if (tcgetattr(STDIN_FILENO, &scr.saved) < 0)
		return err_set(e, ERR_USAGE, _("standard input is no terminal"));
	crash_set_restore(restore, &scr.saved);
	scr.curses = newterm(NULL, stdout, stdin);
	if (!scr.curses) {
		crash_set_restore(NULL, NULL);
		err_set(e, ERR_USAGE, _("the terminal type '%s' is not known here"), term);
		return err_hint(e, _("set TERM to a type in the terminfo database, such as xterm-256color"));
	}
	scr.open = true;
	scr.mouse = a->mouse;
	start_color();
	use_default_colors();
	if (!theme_choose(&scr.theme, a->theme, terminal_depth())) {
		screen_close();
		err_set(e, ERR_USAGE, _("there is no theme '%s'"), a->theme);
		return err_hint(e, _("themes: auto dark light mono 8 16 256, or several with commas"));
	}
	scr.theme.ascii = a->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0 || !strcmp(term, "linux");
	scr.n_pairs = 1;
	set_modes();
	return 0;
}

bool screen_is_ascii(void)
{
	return scr.theme.ascii;
}

/* Give the terminal back for a while or for good. Where there is no second screen to leave, curses ends at the start of
 * the last line, and what follows is written over the key bar. */
static void leave(void)
{
	if (!exit_ca_mode) {
		move(LINES - 1, 0);
		clrtoeol();
		refresh();
	}
	endwin();
}

void screen_close(void)
{
	if (!scr.open)
		return;
	scr.open = false;
	leave();
	write_out("\033[?1006l\033[?1000l\033[?2004l");
	tcsetattr(STDIN_FILENO, TCSADRAIN, &scr.saved);
	crash_set_restore(NULL, NULL);
	delscreen(scr.curses);
	scr.curses = NULL;
	canvas_done(&scr.last);
	scr.last_valid = false;
}

void screen_size(int *ret_cols, int *ret_rows)
{
	*ret_cols = COLS;
	*ret_rows = LINES;
}

void screen_resized(void)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col && ws.ws_row)
		resizeterm(ws.ws_row, ws.ws_col);
	scr.last_valid = false;
}

void screen_redraw(void)
{
	scr.last_valid = false;
	clearok(curscr, TRUE);
}

/* Pairs are made as they are met. When a colourful guest has used them all, the table starts anew and the whole screen
 * is drawn with the new ones. */
static int pair_of(int32_t fg, int32_t bg)
{
	int limit = MIN(PAIRS_MAX, COLOR_PAIRS);

	if (fg == COLOUR_DEFAULT && bg == COLOUR_DEFAULT)
		return 0;
	for (int i = 1; i < scr.n_pairs; i++)
		if (scr.pairs[i].fg == fg && scr.pairs[i].bg == bg)
			return i;
	if (scr.n_pairs >= limit) {
		scr.n_pairs = 1;
		scr.last_valid = false;
	}
	if (limit < 2 || init_extended_pair(scr.n_pairs, fg, bg) == ERR)
		return 0;
	scr.pairs[scr.n_pairs].fg = fg;
	scr.pairs[scr.n_pairs].bg = bg;
	return scr.n_pairs++;
}

static attr_t attrs_of(uint16_t a)
{
	return (a & STYLE_BOLD ? A_BOLD : 0) | (a & STYLE_UNDERLINE ? A_UNDERLINE : 0) |
	       (a & STYLE_REVERSE ? A_REVERSE : 0) | (a & STYLE_DIM ? A_DIM : 0) | (a & STYLE_ITALIC ? A_ITALIC : 0);
}

/* The cell's characters as curses wants them, never wider than the cell. */
static void wide_text(const struct cell *cell, wchar_t ret[CCHARW_MAX + 1])
{
	size_t len = strnlen(cell->text, sizeof(cell->text)), n = 0;

	for (size_t i = 0; i < len && n < CCHARW_MAX;) {
		uint32_t cp;

		i += (size_t)utf8_decode(cell->text + i, len - i, &cp);
		if (n == 0 ? wcwidth((wchar_t)cp) != cell->width : wcwidth((wchar_t)cp) != 0) {
			if (n == 0)
				ret[n++] = cell->width == 2 ? 0xff1f : '?';
			continue;
		}
		ret[n++] = (wchar_t)cp;
	}
	if (!n)
		ret[n++] = ' ';
	ret[n] = 0;
}

static void draw_cell(const struct cell *cell, int x, int y)
{
	struct look look = theme_look(&scr.theme, cell->style, cell->fg, cell->bg);
	int pair = pair_of(look.fg, look.bg);
	wchar_t text[CCHARW_MAX + 1];
	cchar_t cc;

	wide_text(cell, text);
	setcchar(&cc, text, attrs_of(look.attrs), 0, &pair);
	mvadd_wch(y, x, &cc);
}

static bool row_changed(const struct canvas *c, int y)
{
	size_t at = (size_t)y * (size_t)c->cols;

	return memcmp(&c->cells[at], &scr.last.cells[at], (size_t)c->cols * sizeof(*c->cells)) != 0;
}

static void draw_rows(const struct canvas *c)
{
	bool whole = !scr.last_valid || scr.last.cols != c->cols || scr.last.rows != c->rows;

	scr.last_valid = true;
	for (int y = 0; y < c->rows && y < LINES; y++) {
		if (!whole && !row_changed(c, y))
			continue;
		for (int x = 0; x < c->cols && x < COLS; x++)
			if (c->cells[y * c->cols + x].width)
				draw_cell(&c->cells[y * c->cols + x], x, y);
	}
}

void screen_draw(struct canvas *c)
{
	if (scr.theme.ascii)
		canvas_to_ascii(c);
	draw_rows(c);
	if (!scr.last_valid) /* the colour pairs ran out on the way: what was drawn before has lost its own */
		draw_rows(c);
	move(MIN(c->cursor_y, LINES - 1), MIN(c->cursor_x, COLS - 1));
	curs_set(c->cursor ? 1 : 0);
	refresh();
	canvas_init(&scr.last, c->cols, c->rows);
	memcpy(scr.last.cells, c->cells, (size_t)c->cols * (size_t)c->rows * sizeof(*c->cells));
}

static struct {
	struct sigaction stop;
	sigset_t mask;
} before; /* screen_leave() */

/* Where a console and a program it waits for are stopped together, or one of them hangs. */
void screen_leave(void)
{
	struct sigaction stop = {.sa_handler = SIG_DFL};
	sigset_t set;

	write_out("\033[?1006l\033[?1000l\033[?2004l");
	leave();
	sigaction(SIGTSTP, &stop, &before.stop);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &set, &before.mask);
}

void screen_return(void)
{
	pthread_sigmask(SIG_SETMASK, &before.mask, NULL);
	sigaction(SIGTSTP, &before.stop, NULL);
	screen_resized();
	screen_redraw();
	refresh();
	set_modes();
}

/* Stop as the terminal's own ctrl-z would: the whole foreground group, by a signal that an orphaned group ignores. */
void screen_suspend(void)
{
	screen_leave();
	kill(0, SIGTSTP);
	screen_return();
}

bool screen_copy(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text);
	auto_buf out = {0};

	if ((n + 2) / 3 * 4 > COPY_MAX)
		return false;
	buf_adds(&out, "\033]52;c;");
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)text[i] << 16;

		v |= i + 1 < n ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
		v |= i + 2 < n ? (uint32_t)(unsigned char)text[i + 2] : 0;
		buf_addc(&out, digits[v >> 18 & 63]);
		buf_addc(&out, digits[v >> 12 & 63]);
		buf_addc(&out, i + 1 < n ? digits[v >> 6 & 63] : '=');
		buf_addc(&out, i + 2 < n ? digits[v & 63] : '=');
	}
	buf_adds(&out, "\a");
	write_out(buf_cstr(&out));
	return true;
}
