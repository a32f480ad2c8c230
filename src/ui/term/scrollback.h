/* SPDX-License-Identifier: MIT */
/*
 * Rows that left the screen, packed.
 *
 * A row is its text as UTF-8 and its looks as runs: an 80-column line of a build log takes about 100 bytes instead of
 * 2560. Both limits hold at any moment: rows and bytes; the oldest rows go first. Row 0 is the oldest.
 */
#ifndef UI_TERM_SCROLLBACK_H
#define UI_TERM_SCROLLBACK_H

#include "ui/term/emu.h"

struct scrollback;

/* Empty. Never NULL; the caller frees it. */
struct scrollback *scrollback_new(size_t max_rows, size_t max_bytes);
void scrollback_free(struct scrollback *s); /* NULL is fine */

/* Append a row of n cells; blank default cells at its end are not kept, unless it is wrapped (its text goes on in the
 * next row). Returns how many old rows had to go. A row that alone breaks the byte limit is cut. */
size_t scrollback_push(struct scrollback *s, const struct emu_cell *cells, int n, bool wrapped);
/* Fill n cells from row i, padded with blanks. Returns the cells the row has (may be more than n); *ret_wrapped may be
 * NULL. A row out of range is all blank. */
int scrollback_get(const struct scrollback *s, size_t i, struct emu_cell *cells, int n, bool *ret_wrapped);
/* Drop the newest row. */
void scrollback_pop(struct scrollback *s);
void scrollback_clear(struct scrollback *s);

size_t scrollback_rows(const struct scrollback *s);
size_t scrollback_bytes(const struct scrollback *s); /* held, headers and slack included */

/* A new scrollback with the same limits, its wrapped rows joined and cut again at `cols`. The marks (row, x) move with
 * the text they stand on. Frees s. *ret_lost (may be NULL): rows that had to go. */
struct scrollback *scrollback_reflow(struct scrollback *s, int cols, struct emu_mark *marks, size_t n_marks,
				     size_t *ret_lost);

#endif
