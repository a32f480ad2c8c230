/* SPDX-License-Identifier: MIT */
/*
 * Keys and mouse as xterm sends them.
 *
 * One table says how a named key is written: as CSI or SS3 and a letter, or as CSI, a number and a tilde. Modifiers
 * are 1 + shift 1 + alt 2 + ctrl 4 (xterm ctlseqs, "PC-Style Function Keys"); a modified key is always CSI.
 */
#include "ui/term/keyenc.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum form {
	FORM_NONE,
	FORM_CURSOR, /* CSI letter, SS3 letter in application mode */
	FORM_SS3,    /* F1 to F4 */
	FORM_TILDE,
};

static const struct {
	enum form form;
	int code; /* letter or number */
	const char *name;
} keys[KEYENC_COUNT] = {
	[KEYENC_UP] = {FORM_CURSOR, 'A', "up"},		  [KEYENC_DOWN] = {FORM_CURSOR, 'B', "down"},
	[KEYENC_RIGHT] = {FORM_CURSOR, 'C', "right"},	  [KEYENC_LEFT] = {FORM_CURSOR, 'D', "left"},
	[KEYENC_HOME] = {FORM_CURSOR, 'H', "home"},	  [KEYENC_END] = {FORM_CURSOR, 'F', "end"},
	[KEYENC_INSERT] = {FORM_TILDE, 2, "insert"},	  [KEYENC_DELETE] = {FORM_TILDE, 3, "delete"},
	[KEYENC_PGUP] = {FORM_TILDE, 5, "pgup"},	  [KEYENC_PGDN] = {FORM_TILDE, 6, "pgdn"},
	[KEYENC_ENTER] = {FORM_NONE, 0, "enter"},	  [KEYENC_TAB] = {FORM_NONE, 0, "tab"},
	[KEYENC_BACKSPACE] = {FORM_NONE, 0, "backspace"}, [KEYENC_ESC] = {FORM_NONE, 0, "esc"},
	[KEYENC_KP_ENTER] = {FORM_NONE, 0, "kp-enter"},	  [KEYENC_F1] = {FORM_SS3, 'P', "f1"},
	[KEYENC_F1 + 1] = {FORM_SS3, 'Q', "f2"},	  [KEYENC_F1 + 2] = {FORM_SS3, 'R', "f3"},
	[KEYENC_F1 + 3] = {FORM_SS3, 'S', "f4"},	  [KEYENC_F1 + 4] = {FORM_TILDE, 15, "f5"},
	[KEYENC_F1 + 5] = {FORM_TILDE, 17, "f6"},	  [KEYENC_F1 + 6] = {FORM_TILDE, 18, "f7"},
	[KEYENC_F1 + 7] = {FORM_TILDE, 19, "f8"},	  [KEYENC_F1 + 8] = {FORM_TILDE, 20, "f9"},
	[KEYENC_F1 + 9] = {FORM_TILDE, 21, "f10"},	  [KEYENC_F1 + 10] = {FORM_TILDE, 23, "f11"},
	[KEYENC_F1 + 11] = {FORM_TILDE, 24, "f12"},
};

static size_t out(char *ret, const char *fmt, ...) PRINTF(2, 3);
static size_t out(char *ret, const char *fmt, ...)
{
	char s[KEYENC_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	if (n < 0 || n > KEYENC_MAX)
		return 0;
	memcpy(ret, s, (size_t)n);
	return (size_t)n;
}

static size_t named(const struct emu_modes *m, const struct keyenc_key *k, char *ret)
{
	int code = keys[k->name].code;
	unsigned mods = 1 + (k->mods & (KEYENC_SHIFT | KEYENC_ALT | KEYENC_CTRL));

	switch (keys[k->name].form) {
	case FORM_TILDE:
		return mods > 1 ? out(ret, "\x1b[%d;%u~", code, mods) : out(ret, "\x1b[%d~", code);
	case FORM_CURSOR:
		if (mods == 1)
			return out(ret, m->app_cursor ? "\x1bO%c" : "\x1b[%c", code);
		return out(ret, "\x1b[1;%u%c", mods, code);
	case FORM_SS3:
		return mods > 1 ? out(ret, "\x1b[1;%u%c", mods, code) : out(ret, "\x1bO%c", code);
	case FORM_NONE:
		break;
	}
	return 0;
}

/* The control character of Ctrl and this character, -1 when there is none (xterm ctlseqs, "Control characters"). */
/* clang-format off */
static int control(uint32_t cp)
{
	if (cp >= 'a' && cp <= 'z')
		return (int)cp - 'a' + 1;
	if (cp >= '@' && cp <= '_')
		return (int)cp - '@';
	switch (cp) {
	case ' ': case '2': return 0;
	case '3': return 0x1b;
	case '4': return 0x1c;
	case '5': return 0x1d;
	case '6': return 0x1e;
	case '7': case '/': return 0x1f;
	case '8': case '?': return 0x7f;
	default: return -1;
	}
}
/* clang-format on */

static size_t character(const struct keyenc_key *k, char *ret)
{
	size_t n = 0;
	int c = k->mods & KEYENC_CTRL ? control(k->cp) : -1;

	if (k->mods & KEYENC_ALT)
		ret[n++] = 0x1b;
	if (c >= 0) {
		ret[n++] = (char)c;
		return n;
	}

	int len = utf8_encode(k->cp, ret + n);

	return len > 0 ? n + (size_t)len : 0;
}

/* Keys that are one byte, with ESC before it for Alt. */
static size_t single(const struct keyenc_key *k, char byte, char *ret)
{
	return k->mods & KEYENC_ALT ? out(ret, "\x1b%c", byte) : out(ret, "%c", byte);
}

/* clang-format off */
size_t keyenc_key(const struct emu_modes *m, const struct keyenc_key *k, char ret[KEYENC_MAX])
{
	switch (k->name) {
	case KEYENC_CHAR: return character(k, ret);
	case KEYENC_ENTER: return single(k, '\r', ret);
	case KEYENC_KP_ENTER: return m->app_keypad ? out(ret, "\x1bOM") : single(k, '\r', ret);
	case KEYENC_TAB: return k->mods & KEYENC_SHIFT ? out(ret, "\x1b[Z") : single(k, '\t', ret);
	case KEYENC_BACKSPACE: return single(k, k->mods & KEYENC_CTRL ? '\b' : 0x7f, ret);
	case KEYENC_ESC: return single(k, 0x1b, ret);
	default: return k->name < KEYENC_COUNT ? named(m, k, ret) : 0;
	}
}
/* clang-format on */

/* clang-format off */
static bool mouse_wanted(const struct emu_modes *m, const struct keyenc_mouse *ev)
{
	bool wheel = ev->button >= KEYENC_WHEEL_UP;

	switch (m->mouse) {
	case EMU_MOUSE_OFF: return false;
	case EMU_MOUSE_X10: return ev->motion == KEYENC_PRESS && !wheel;
	case EMU_MOUSE_CLICK: return ev->motion != KEYENC_MOVE;
	case EMU_MOUSE_DRAG: return ev->motion != KEYENC_MOVE || ev->button != KEYENC_NO_BUTTON;
	case EMU_MOUSE_MOVE: return true;
	}
	return false;
}
/* clang-format on */

size_t keyenc_mouse(const struct emu_modes *m, const struct keyenc_mouse *ev, char ret[KEYENC_MAX])
{
	bool wheel = ev->button >= KEYENC_WHEEL_UP, release = ev->motion == KEYENC_RELEASE;
	unsigned code = wheel ? 64u + (unsigned)(ev->button - KEYENC_WHEEL_UP) : (unsigned)ev->button;

	if (!mouse_wanted(m, ev) || (wheel && ev->motion != KEYENC_PRESS) || ev->x < 0 || ev->y < 0)
		return 0;
	if (m->mouse != EMU_MOUSE_X10)
		code += (ev->mods & KEYENC_SHIFT ? 4 : 0) + (ev->mods & KEYENC_ALT ? 8 : 0) +
			(ev->mods & KEYENC_CTRL ? 16 : 0) + (ev->motion == KEYENC_MOVE ? 32 : 0);
	if (m->mouse_form == EMU_MOUSE_SGR)
		return out(ret, "\x1b[<%u;%d;%d%c", code, ev->x + 1, ev->y + 1, release ? 'm' : 'M');
	/* The old form says that some button was released, not which, and ends at column 223. */
	if (ev->x > 222 || ev->y > 222)
		return 0;
	if (release)
		code |= 3;
	return out(ret, "\x1b[M%c%c%c", (int)(code + 32), ev->x + 33, ev->y + 33);
}

size_t keyenc_focus(const struct emu_modes *m, bool in, char ret[KEYENC_MAX])
{
	return m->focus ? out(ret, "\x1b[%c", in ? 'I' : 'O') : 0;
}

void keyenc_paste(const struct emu_modes *m, const char *text, size_t n, struct buf *ret)
{
	bool after_cr = false;

	if (m->paste)
		buf_adds(ret, "\x1b[200~");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' && after_cr)
			; /* CR LF is one newline */
		else if (c == '\n' || c == '\r')
			buf_addc(ret, '\r');
		else if ((c >= 0x20 && c != 0x7f) || c == '\t')
			buf_addc(ret, (char)c);
		after_cr = c == '\r';
	}
	if (m->paste)
		buf_adds(ret, "\x1b[201~");
}

/* --- names --- */

static const struct {
	const char *name;
	unsigned mod;
} mods[] = {{"ctrl-", KEYENC_CTRL}, {"alt-", KEYENC_ALT}, {"shift-", KEYENC_SHIFT}};

static const char *skip_mods(const char *s, unsigned *ret_mods)
{
	*ret_mods = 0;
	for (size_t i = 0; i < ARRAY_LEN(mods); i++) {
		size_t n = strlen(mods[i].name);

		if (strncasecmp(s, mods[i].name, n) == 0 && s[n]) {
			*ret_mods |= mods[i].mod;
			s += n;
			i = (size_t)-1; /* in any order */
		}
	}
	return s;
}

bool keyenc_parse(const char *s, struct keyenc_key *ret)
{
	struct keyenc_key k = {0};
	uint32_t cp;

	s = skip_mods(s, &k.mods);
	for (int i = 1; i < KEYENC_COUNT; i++)
		if (keys[i].name && strcasecmp(s, keys[i].name) == 0)
			k.name = (enum keyenc_name)i;
	if (k.name == KEYENC_CHAR && strcasecmp(s, "space") == 0) {
		k.cp = ' ';
	} else if (k.name == KEYENC_CHAR) {
		size_t n = strlen(s);

		if (n == 0 || (size_t)utf8_decode(s, n, &cp) != n || utf8_width(cp) <= 0 || cp == 0xfffd)
			return false;
		k.cp = cp;
		if (k.mods & KEYENC_CTRL && cp >= 'A' && cp <= 'Z')
			k.cp = cp - 'A' + 'a';
	}
	*ret = k;
	return true;
}

void keyenc_format(const struct keyenc_key *k, char *ret, size_t size)
{
	auto_buf b = {0};
	char utf8[5] = {0};

	for (size_t i = 0; i < ARRAY_LEN(mods); i++)
		if (k->mods & mods[i].mod)
			buf_adds(&b, mods[i].name);
	if (k->name != KEYENC_CHAR)
		buf_adds(&b, keys[k->name].name);
	else if (k->cp == ' ')
		buf_adds(&b, "space");
	else if (utf8_encode(k->cp, utf8) > 0)
		buf_adds(&b, utf8);
	str_copy(ret, size, buf_cstr(&b));
}

bool keyenc_equal(const struct keyenc_key *a, const struct keyenc_key *b)
{
	return a->name == b->name && a->mods == b->mods && (a->name != KEYENC_CHAR || a->cp == b->cp);
}
