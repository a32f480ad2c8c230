/* SPDX-License-Identifier: MIT */
/* Packed history: what goes in comes out, both limits hold, and wrapping anew loses nothing. */
#include "tests/lib/test.h"

#include "base/utf8.h"
#include "ui/term/grid.h"
#include "ui/term/scrollback.h"

#define COLS 40

static int cells_of(const char *s, struct emu_cell *ret, int32_t fg)
{
	size_t len = strlen(s);
	int n = 0;

	for (size_t i = 0; i < len;) {
		uint32_t cp;

		i += (size_t)utf8_decode(s + i, len - i, &cp);
		if (utf8_width(cp) == 0) {
			struct emu_cell *c = ret[n - 1].width ? &ret[n - 1] : &ret[n - 2];

			c->cps[c->n++] = cp;
			continue;
		}
		ret[n] = grid_blank(EMU_DEFAULT);
		ret[n].fg = fg;
		ret[n].n = 1;
		ret[n].cps[0] = cp;
		ret[n].width = (uint8_t)utf8_width(cp);
		if (ret[n].width == 2) {
			ret[n + 1] = ret[n];
			ret[n + 1].n = 0;
			ret[++n].width = 0;
		}
		n++;
	}
	return n;
}

static size_t push(struct scrollback *s, const char *text, int32_t fg, bool wrapped)
{
	struct emu_cell cells[400];

	return scrollback_push(s, cells, cells_of(text, cells, fg), wrapped);
}

static const char *text_at(const struct scrollback *s, size_t i)
{
	static char text[2000];
	struct emu_cell cells[400];
	int n = scrollback_get(s, i, cells, 400, NULL);
	size_t len = 0;

	for (int x = 0; x < n; x++)
		len += emu_cell_text(&cells[x], text + len);
	text[len] = '\0';
	return text;
}

static void test_round_trip(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(100, 1 << 20);
	struct emu_cell in[COLS], out[COLS];
	int n = cells_of("red 漢字 e\xcc\x81\xcc\xa3 end", in, EMU_RGB | 0x123456);
	bool wrapped = false;

	in[0].attrs = EMU_BOLD | EMU_STRIKE;
	in[1].bg = 17;
	scrollback_push(s, in, n, true);
	assert_int_equal(scrollback_get(s, 0, out, COLS, &wrapped), n);
	assert_true(wrapped);
	for (int x = 0; x < n; x++) {
		char a[EMU_CELL_TEXT], b[EMU_CELL_TEXT];

		emu_cell_text(&in[x], a);
		emu_cell_text(&out[x], b);
		assert_string_equal(a, b);
		assert_int_equal(in[x].fg, out[x].fg);
		assert_int_equal(in[x].bg, out[x].bg);
		assert_int_equal(in[x].attrs, out[x].attrs);
		assert_int_equal(in[x].width, out[x].width);
	}
	for (int x = n; x < COLS; x++)
		assert_true(grid_cell_is_blank(&out[x]));
	scrollback_free(s);
}

static void test_blanks_at_the_end_are_not_kept(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(100, 1 << 20);
	struct emu_cell cells[COLS];

	push(s, "text      ", EMU_DEFAULT, false);
	push(s, "text      ", EMU_DEFAULT, true);
	assert_string_equal(text_at(s, 0), "text");
	assert_string_equal(text_at(s, 1), "text      ");
	int n = cells_of("   ", cells, EMU_DEFAULT);

	cells[2].bg = 4; /* a coloured blank is a picture */
	scrollback_push(s, cells, n, false);
	assert_int_equal(scrollback_get(s, 2, cells, COLS, NULL), 3);
	scrollback_free(s);
}

static void test_row_limit(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(100, 1 << 20);
	size_t lost = 0;
	char text[16];

	for (int i = 0; i < 350; i++) {
		snprintf(text, sizeof(text), "row %d", i);
		lost += push(s, text, EMU_DEFAULT, false);
		assert_true(scrollback_rows(s) <= 100);
	}
	assert_int_equal(lost, 250);
	assert_string_equal(text_at(s, 0), "row 250");
	assert_string_equal(text_at(s, 99), "row 349");
	assert_string_equal(text_at(s, 100), "");
	scrollback_free(s);
}

/* A guest that paints every cell in a colour of its own cannot hold more than the limit. */
static void test_byte_limit(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(10000, EMU_HISTORY_BYTES);
	struct emu_cell cells[EMU_SIZE_MAX];

	for (int i = 0; i < 2000; i++) {
		for (int x = 0; x < EMU_SIZE_MAX; x++) {
			cells[x] = (struct emu_cell){.cps = {0x10ffff, 0x301, 0x302, 0x303, 0x304}, .n = 5, .width = 1};
			cells[x].fg = EMU_RGB | (i * 1000 + x);
		}
		scrollback_push(s, cells, EMU_SIZE_MAX, true);
		assert_true(scrollback_bytes(s) <= EMU_HISTORY_BYTES);
	}
	assert_true(scrollback_rows(s) > 100);
	scrollback_free(s);
}

/* 10 000 rows of 80 coloured columns, as a build log has them, fit into the limit with room to spare. */
static void test_ordinary_text_fits(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(EMU_HISTORY_MAX, EMU_HISTORY_BYTES);
	struct emu_cell cells[100];

	for (int i = 0; i < EMU_HISTORY_MAX; i++) {
		int n = cells_of("[ 42%] Building C object src/CMakeFiles/library.dir/some/deep/path/module_name.c.o",
				 cells, EMU_DEFAULT);

		for (int x = 0; x < 6; x++)
			cells[x].fg = 2;
		assert_int_equal(scrollback_push(s, cells, n, false), 0);
	}
	assert_int_equal(scrollback_rows(s), EMU_HISTORY_MAX);
	assert_true(scrollback_bytes(s) < EMU_HISTORY_BYTES / 4);
	scrollback_free(s);
}

static void test_pop(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(10, 1 << 20);
	size_t before = scrollback_bytes(s);

	push(s, "one", 1, false);
	push(s, "two", 2, false);
	scrollback_pop(s);
	assert_int_equal(scrollback_rows(s), 1);
	assert_string_equal(text_at(s, 0), "one");
	scrollback_pop(s);
	scrollback_pop(s);
	assert_int_equal(scrollback_rows(s), 0);
	scrollback_clear(s);
	assert_int_equal(scrollback_bytes(s), before);
	scrollback_free(s);
}

static void test_reflow_narrow_and_back(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(100, 1 << 20);
	struct emu_mark marks[] = {{0, 11}, {1, 2}, {2, 30}};
	size_t lost = 9;

	push(s, "0123456789abcde", 3, false);
	push(s, "short", EMU_DEFAULT, false);
	push(s, "", EMU_DEFAULT, false);
	s = scrollback_reflow(s, 4, marks, 3, &lost);
	assert_int_equal(lost, 0);
	assert_int_equal(scrollback_rows(s), 4 + 2 + 1);
	assert_string_equal(text_at(s, 0), "0123");
	assert_string_equal(text_at(s, 3), "cde");
	assert_int_equal(marks[0].row, 2);
	assert_int_equal(marks[0].x, 3);
	assert_int_equal(marks[1].row, 4);
	assert_int_equal(marks[1].x, 2);
	assert_int_equal(marks[2].row, 6);
	assert_int_equal(marks[2].x, 3); /* beyond the text: at the edge */
	s = scrollback_reflow(s, 40, marks, 3, &lost);
	assert_int_equal(scrollback_rows(s), 3);
	assert_string_equal(text_at(s, 0), "0123456789abcde");
	assert_int_equal(marks[0].row, 0);
	assert_int_equal(marks[0].x, 11);
	scrollback_free(s);
}

static void test_reflow_keeps_wide_characters_whole(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(100, 1 << 20);

	push(s, "a漢字漢字b", EMU_DEFAULT, false);
	s = scrollback_reflow(s, 4, NULL, 0, NULL);
	assert_string_equal(text_at(s, 0), "a漢");
	assert_string_equal(text_at(s, 1), "字漢");
	assert_string_equal(text_at(s, 2), "字b");
	s = scrollback_reflow(s, 20, NULL, 0, NULL);
	assert_string_equal(text_at(s, 0), "a漢字漢字b");
	scrollback_free(s);
}

static void test_reflow_keeps_the_limit(UNUSED void **state)
{
	struct scrollback *s = scrollback_new(10, 1 << 20);
	struct emu_mark mark = {9, 0};
	size_t lost;

	for (int i = 0; i < 10; i++)
		push(s, "0123456789", EMU_DEFAULT, false);
	s = scrollback_reflow(s, 5, &mark, 1, &lost);
	assert_int_equal(scrollback_rows(s), 10);
	assert_int_equal(lost, 10);
	assert_int_equal(mark.row, 8);
	scrollback_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_blanks_at_the_end_are_not_kept),
		cmocka_unit_test(test_row_limit),
		cmocka_unit_test(test_byte_limit),
		cmocka_unit_test(test_ordinary_text_fits),
		cmocka_unit_test(test_pop),
		cmocka_unit_test(test_reflow_narrow_and_back),
		cmocka_unit_test(test_reflow_keeps_wide_characters_whole),
		cmocka_unit_test(test_reflow_keeps_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
