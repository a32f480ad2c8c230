/* SPDX-License-Identifier: MIT */
/*
 * A guest's bytes through the emulator: nothing it sends may break memory or the promises of emu.h.
 *
 * The byte 0xff, which is never part of UTF-8, takes the two bytes after it as a new size. Besides what the sanitizers
 * see, the cursor stays on the screen, wide characters stay whole, answers and scrollback stay within their limits.
 */
#include "ui/term/emu.h"
#include "ui/term/keyenc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_row(struct emu *e, int row)
{
	struct emu_cell cells[EMU_SIZE_MAX];
	int cols = emu_cols(e);

	emu_row(e, row, cells);
	for (int x = 0; x < cols; x++) {
		require(cells[x].width <= 2 && cells[x].n <= EMU_CELL_CPS);
		if (cells[x].width == 2)
			require(x + 1 < cols && cells[x + 1].width == 0);
		if (cells[x].width == 0)
			require(x > 0 && cells[x - 1].width == 2);
	}
}

static void check(struct emu *e)
{
	struct emu_cursor c;
	struct emu_rect d;
	auto_buf replies = {0};

	emu_get_cursor(e, &c);
	require(c.x >= 0 && c.x < emu_cols(e) && c.y >= 0 && c.y < emu_rows(e));
	for (int row = MAX(0, emu_history(e) - 3); row < emu_history(e) + emu_rows(e); row++)
		check_row(e, row);
	if (emu_take_damage(e, &d))
		require(d.x >= 0 && d.y >= 0 && d.x + d.w <= emu_cols(e) && d.y + d.h <= emu_rows(e));
	emu_take_replies(e, &replies);
	require(replies.len <= EMU_REPLY_MAX);
	require(emu_memory(e) <= EMU_HISTORY_BYTES && emu_history(e) <= EMU_HISTORY_MAX);
	require(strlen(emu_title(e)) <= EMU_TITLE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_emu e = emu_new(20, 6);
	const uint8_t *end = data + size;

	while (data < end) {
		const uint8_t *stop = memchr(data, 0xff, (size_t)(end - data));

		emu_feed(e, data, (size_t)((stop ? stop : end) - data));
		check(e);
		if (!stop || end - stop < 3)
			break;
		struct emu_mark mark = {.row = emu_history(e), .x = 3};

		emu_resize(e, 1 + stop[1] % 60, 1 + stop[2] % 20, &mark, 1);
		require(mark.row >= 0 && mark.row < emu_history(e) + emu_rows(e));
		check(e);
		data = stop + 3;
	}
	return 0;
}
