/* SPDX-License-Identifier: MIT */
/*
 * Curses input.
 *
 * Double clicks are told apart here (curses' own waiting would delay every single click). A lone ESC is a key of its
 * own unless another character is there at the same moment: then it is Alt.
 */
#define NCURSES_WIDECHAR 1
#include "ui/input.h"

#include "base/clock.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DOUBLE_CLICK_MS 400

/* Codes of our own, above what curses hands out. */
enum { CODE_FIRST = 2000, CODE_PASTE_BEGIN = CODE_FIRST, CODE_PASTE_END, CODE_SHIFT_TAB, CODE_MODIFIED };

static const enum key_sym arrows[] = {SYM_UP, SYM_DOWN, SYM_RIGHT, SYM_LEFT, SYM_END, SYM_HOME};
static const char arrow_finals[] = "ABCDFH";

/* xterm: CSI 1 ; modifiers+1 final. */
static void define_modified(void)
{
	for (int mod = 2; mod <= 8; mod++)
		for (size_t i = 0; i < sizeof(arrow_finals) - 1; i++) {
			char seq[] = {'\033', '[', '1', ';', (char)('0' + mod), arrow_finals[i], 0};

			define_key(seq, CODE_MODIFIED + (mod - 1) * 8 + (int)i);
		}
}

void input_init(void)
{
	define_key("\033[200~", CODE_PASTE_BEGIN);
	define_key("\033[201~", CODE_PASTE_END);
	define_key("\033[Z", CODE_SHIFT_TAB);
	define_modified();
}

static const struct {
	int code;
	enum key_sym sym;
	unsigned mods;
} codes[] = {
	{KEY_UP, SYM_UP, 0},
	{KEY_DOWN, SYM_DOWN, 0},
	{KEY_LEFT, SYM_LEFT, 0},
	{KEY_RIGHT, SYM_RIGHT, 0},
	{KEY_HOME, SYM_HOME, 0},
	{KEY_END, SYM_END, 0},
	{KEY_PPAGE, SYM_PGUP, 0},
	{KEY_NPAGE, SYM_PGDN, 0},
	{KEY_IC, SYM_INSERT, 0},
	{KEY_DC, SYM_DELETE, 0},
	{KEY_BACKSPACE, SYM_BACKSPACE, 0},
	{KEY_ENTER, SYM_ENTER, 0},
	{KEY_BTAB, SYM_TAB, KEY_MOD_SHIFT},
	{CODE_SHIFT_TAB, SYM_TAB, KEY_MOD_SHIFT},
	{KEY_SLEFT, SYM_LEFT, KEY_MOD_SHIFT},
	{KEY_SRIGHT, SYM_RIGHT, KEY_MOD_SHIFT},
	{KEY_SR, SYM_UP, KEY_MOD_SHIFT},
	{KEY_SF, SYM_DOWN, KEY_MOD_SHIFT},
	{CODE_PASTE_BEGIN, SYM_PASTE_BEGIN, 0},
	{CODE_PASTE_END, SYM_PASTE_END, 0},
};

static bool decode_code(int code, struct key *k)
{
	if (code >= KEY_F(1) && code <= KEY_F(12)) {
		k->sym = SYM_F1 + (code - KEY_F(1));
		return true;
	}
	if (code >= CODE_MODIFIED && (code - CODE_MODIFIED) % 8 < (int)(sizeof(arrow_finals) - 1)) {
		k->sym = arrows[(code - CODE_MODIFIED) % 8];
		k->mods = (unsigned)(code - CODE_MODIFIED) / 8;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (codes[i].code == code) {
			k->sym = codes[i].sym;
			k->mods = codes[i].mods;
			return true;
		}
	}
	return false;
}

static void decode_char(wint_t ch, struct key *k)
{
	if (ch == '\r' || ch == '\n') {
		k->sym = SYM_ENTER;
	} else if (ch == '\t') {
		k->sym = SYM_TAB;
	} else if (ch == 127 || ch == 8) {
		k->sym = SYM_BACKSPACE;
	} else if (ch == 27) {
		k->sym = SYM_ESC;
	} else {
		k->sym = SYM_CHAR;
		k->cp = (uint32_t)ch;
		if (ch < 32) {
			k->mods |= KEY_MOD_CTRL;
			k->cp = ch == 0 ? ' ' : ch <= 26 ? 'a' + (uint32_t)ch - 1 : (uint32_t)ch + 64;
		}
	}
}

static bool decode_mouse(struct mouse *ret)
{
	static int64_t last_ms;
	static int last_x, last_y;
	int64_t now = clock_mono_ms();
	MEVENT ev;

	if (getmouse(&ev) != OK)
		return false;
	ret->x = ev.x;
	ret->y = ev.y;
	if (ev.bstate & BUTTON4_PRESSED) {
		ret->kind = MOUSE_WHEEL_UP;
	} else if (ev.bstate & BUTTON5_PRESSED) {
		ret->kind = MOUSE_WHEEL_DOWN;
	} else if (ev.bstate & BUTTON1_PRESSED) {
		bool twice = now - last_ms < DOUBLE_CLICK_MS && ev.x == last_x && ev.y == last_y;

		ret->kind = twice ? MOUSE_DOUBLE : MOUSE_CLICK;
		last_ms = twice ? 0 : now;
		last_x = ev.x;
		last_y = ev.y;
	} else {
		return false;
	}
	return true;
}

/* curses says ERR both for "nothing yet" and for "the terminal is gone". Readable with nothing to read is the end of the
 * file; readable with bytes is a key that came this very moment. */
static bool terminal_gone(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int waiting = 0;

	if (poll(&p, 1, 0) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return ioctl(STDIN_FILENO, FIONREAD, &waiting) < 0 || waiting == 0;
}

void input_next(struct input *ret)
{
	wint_t ch, next;
	int rc;

	*ret = (struct input){0};
	rc = get_wch(&ch);
	if (rc == ERR) {
		ret->kind = terminal_gone() ? INPUT_END : INPUT_NONE;
		return;
	}
	ret->kind = INPUT_KEY;
	if (rc == KEY_CODE_YES && ch == KEY_MOUSE) {
		ret->kind = INPUT_MOUSE;
		if (!decode_mouse(&ret->mouse))
			input_next(ret);
		return;
	}
	if (rc == KEY_CODE_YES) {
		if (!decode_code((int)ch, &ret->key))
			input_next(ret);
		return;
	}
	decode_char(ch, &ret->key);
	if (ret->key.sym == SYM_ESC && get_wch(&next) == OK) {
		ret->key = (struct key){.mods = KEY_MOD_ALT};
		decode_char(next, &ret->key);
	}
}
