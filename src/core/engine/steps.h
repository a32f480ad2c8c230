/* SPDX-License-Identifier: MIT */
/*
 * A job as a table of undoable steps.
 *
 * Steps run in order. When one fails, that one and all before it are undone in reverse; every undo runs, whatever the
 * others said, and what failed is joined to the error. Undo runs under an op of its own, so cancelling a job never stops
 * its roll-back. An undo must therefore be idempotent and cope with a step that did nothing or half of its work.
 */
#ifndef ENGINE_STEPS_H
#define ENGINE_STEPS_H

#include "base/op.h"

#include <stddef.h>
#include <stdint.h>

struct step {
	const char *name; /* stage shown to people (N_()) */
	/* NULL in a last row: what the caller does when the steps are through, outside their roll-back. It is counted, so
	 * that people see one way from first to last. */
	int (*run)(struct op *op, void *ctx, struct err *e);
	int (*undo)(struct op *op, void *ctx, struct err *e); /* may be NULL */
};

#define STEPS_UNDO_MS 30000

/* `ret_timings` (may be NULL) receives "preflight 3ms, disks 9ms", without what took less than one. -1 with the failing step's error after the undo. */
NODISCARD int steps_run(struct op *op, const struct step *steps, int n, void *ctx, char *ret_timings, size_t size,
			struct err *e);

/* Append "name 12ms" to such a line; what took no whole millisecond or does not fit whole is left out. */
void steps_add_timing(char *timings, size_t size, const char *name, int64_t ms);

#endif
