/* SPDX-License-Identifier: MIT */
/*
 * Bytes in, cells out: every NAME.in of the directory through the emulator, its screen compared with NAME.out.
 *
 * NAME.in is what a guest sent, raw. ESC _ size=COLSxROWS ESC \ in it is an order to this program: the first one (at
 * the start) makes the screen, later ones resize it; without one it is 80x24. Each case runs three times, the bytes in
 * one piece, one by one and in sevens: a sequence may be cut anywhere.
 * UPDATE_GOLDEN=1 writes the .out files instead.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/fd.h"
#include "ui/term/emu.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define CASE_MAX (8u << 20)

static const char order[] = "\x1b_size=";

static bool parse_size(const char *p, size_t n, int *ret_cols, int *ret_rows, size_t *ret_used)
{
	char s[32];
	int used = 0;

	str_copy(s, MIN(sizeof(s), n + 1), p);
	if (sscanf(s, "\x1b_size=%dx%d\x1b\\%n", ret_cols, ret_rows, &used) != 2 || used == 0)
		return false;
	*ret_used = (size_t)used;
	return true;
}

static void feed(struct emu *e, const char *p, size_t n, size_t piece)
{
	for (size_t i = 0; i < n; i += piece)
		emu_feed(e, p + i, MIN(piece, n - i));
}

static struct emu *play(const struct buf *in, size_t piece)
{
	const char *p = buf_cstr(in), *end = p + in->len;
	struct emu *e = NULL;
	int cols, rows;
	size_t used;

	while (p < end) {
		const char *next = memmem(p, (size_t)(end - p), order, sizeof(order) - 1);

		if (next == p && parse_size(p, (size_t)(end - p), &cols, &rows, &used)) {
			if (e)
				emu_resize(e, cols, rows, NULL, 0);
			else
				e = emu_new(cols, rows);
			p += used;
			continue;
		}
		if (!e)
			e = emu_new(80, 24);
		if (!next || next == p)
			next = end;
		feed(e, p, (size_t)(next - p), piece ? piece : in->len);
		p = next;
	}
	return e ? e : emu_new(80, 24);
}

static void put_colour(struct buf *out, const char *what, int32_t c)
{
	if (c & EMU_RGB && c >= 0)
		buf_addf(out, " %s=#%06x", what, (unsigned)c & 0xffffff);
	else if (c >= 0)
		buf_addf(out, " %s=%d", what, c);
}

static bool plain(const struct emu_cell *c)
{
	return c->fg == EMU_DEFAULT && c->bg == EMU_DEFAULT && c->attrs == 0;
}

static void put_looks(struct buf *out, const struct emu_cell *c, int n)
{
	static const char *const names[] = {"bold", "underline", "italic", "blink", "reverse", "strike"};

	for (int x = 0, to; x < n; x = to) {
		for (to = x + 1; to < n && c[to].fg == c[x].fg && c[to].bg == c[x].bg && c[to].attrs == c[x].attrs;)
			to++;
		if (plain(&c[x]))
			continue;
		buf_addf(out, "     %d-%d:", x, to - 1);
		put_colour(out, "fg", c[x].fg);
		put_colour(out, "bg", c[x].bg);
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (c[x].attrs >> i & 1)
				buf_addf(out, " %s", names[i]);
		buf_addc(out, '\n');
	}
}

static void put_row(struct buf *out, const struct emu *e, int row)
{
	struct emu_cell cells[EMU_SIZE_MAX];
	char text[EMU_CELL_TEXT];
	bool wrapped = emu_row(e, row, cells);

	buf_addf(out, "%3d |", row - emu_history(e));
	for (int x = 0; x < emu_cols(e); x++) {
		emu_cell_text(&cells[x], text);
		buf_adds(out, text);
	}
	buf_addf(out, "|%s\n", wrapped ? " wraps" : "");
	put_looks(out, cells, emu_cols(e));
}

static void put_modes(struct buf *out, const struct emu *e)
{
	const struct emu_modes *m = emu_modes(e);

	buf_addf(out, "modes%s%s%s%s%s%s mouse=%d%s\n", m->alt_screen ? " alt" : "",
		 m->app_cursor ? " cursor-keys" : "", m->app_keypad ? " keypad" : "", m->paste ? " paste" : "",
		 m->focus ? " focus" : "", m->reverse ? " reverse" : "", (int)m->mouse,
		 m->mouse_form == EMU_MOUSE_SGR ? " sgr" : "");
}

static void put_replies(struct buf *out, struct emu *e)
{
	auto_buf replies = {0};

	emu_take_replies(e, &replies);
	buf_adds(out, "replies ");
	for (size_t i = 0; i < replies.len; i++)
		buf_addf(out, (unsigned char)replies.data[i] < 0x20 ? "\\x%02x" : "%c", replies.data[i]);
	buf_addc(out, '\n');
}

static void dump(struct buf *out, struct emu *e)
{
	static const char *const shapes[] = {"block", "underline", "bar"};
	struct emu_cursor c;

	emu_get_cursor(e, &c);
	buf_addf(out, "size %dx%d history %d cursor %d,%d %s%s%s\n", emu_cols(e), emu_rows(e), emu_history(e), c.x, c.y,
		 shapes[c.shape], c.blink ? " blink" : "", c.visible ? "" : " hidden");
	put_modes(out, e);
	buf_addf(out, "title %s\n", emu_title(e));
	put_replies(out, e);
	for (int row = MAX(0, emu_history(e) - 12); row < emu_history(e) + emu_rows(e); row++)
		put_row(out, e, row);
}

static bool same(const char *name, const char *how, const struct buf *want, const struct buf *got)
{
	if (want->len == got->len && memcmp(buf_cstr(want), buf_cstr(got), got->len) == 0)
		return true;
	printf("not ok - %s (%s)\n--- expected\n%s--- got\n%s", name, how, buf_cstr(want), buf_cstr(got));
	return false;
}

static bool run(const char *dir, const char *name)
{
	static const struct {
		size_t piece;
		const char *how;
	} ways[] = {{0, "in one piece"}, {1, "byte by byte"}, {7, "in sevens"}};
	auto_buf in = {0}, want = {0};
	auto_free char *stem = xasprintf("%s/%.*s", dir, (int)(strlen(name) - 3), name);
	auto_free char *in_path = xasprintf("%s.in", stem), *out_path = xasprintf("%s.out", stem);
	struct err e = {0};
	bool ok = true, update = getenv("UPDATE_GOLDEN") != NULL;

	if (fs_read_file(in_path, CASE_MAX, &in, &e) < 0 ||
	    (!update && fs_read_file(out_path, CASE_MAX, &want, &e) < 0)) {
		printf("not ok - %s: %s\n", name, e.msg);
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct emu *emu = play(&in, ways[i].piece);
		auto_buf got = {0};

		dump(&got, emu);
		emu_free(emu);
		if (update && i == 0) {
			buf_add(&want, got.data, got.len);
			ok = fs_write_atomic(out_path, want.data, want.len, 0644, &e) == 0;
		}
		ok = same(name, ways[i].how, &want, &got) && ok;
	}
	if (ok)
		printf("ok - %s\n", name);
	return ok;
}

static int is_case(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 3 && strcmp(d->d_name + n - 3, ".in") == 0;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	auto_free char *dir = argc > 1 ? xstrdup(argv[1]) : xasprintf("%s/tests/term", srcdir ? srcdir : ".");
	struct dirent **names;
	int n = scandir(dir, &names, is_case, alphasort), failed = 0;

	if (n <= 0) {
		fprintf(stderr, "no cases in %s\n", dir);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		failed += !run(dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	printf("%d cases, %d failed\n", n, failed);
	return failed > 0;
}
