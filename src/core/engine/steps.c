/* SPDX-License-Identifier: MIT */
/*
 * A job as a table of undoable steps: see steps.h. Runs on the worker of its job.
 */
#include "core/engine/steps.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void undo(struct op *from, const struct step *steps, int last, void *ctx, struct err *e)
{
	struct op op;

	assert(last >= 0);
	op_init_cleanup(&op, from, STEPS_UNDO_MS);
	op_stage(&op, _("undo"));
	for (int i = last; i >= 0; i--) {
		struct err ue = {0};

		if (!steps[i].undo || steps[i].undo(&op, ctx, &ue) == 0)
			continue;
		log_err(&op, &ue);
		err_join(e, &ue);
	}
	op_done(&op);
}

void steps_add_timing(char *timings, size_t size, const char *name, int64_t ms)
{
	size_t used = strlen(timings);
	int n;

	assert(used < size);
	if (ms == 0)
		return;
	if (ms < 1000)
		n = snprintf(timings + used, size - used, "%s%s %" PRId64 "ms", used ? ", " : "", name, ms);
	else
		n = snprintf(timings + used, size - used, "%s%s %.1fs", used ? ", " : "", name, (double)ms / 1000);
	if (n < 0 || (size_t)n >= size - used)
		timings[used] = '\0';
}

int steps_run(struct op *op, const struct step *steps, int n, void *ctx, char *ret_timings, size_t size, struct err *e)
{
	if (ret_timings && size)
		ret_timings[0] = '\0';
	for (int i = 0; i < n && steps[i].run; i++) {
		int64_t began = clock_mono_ms();
		int rc = op_check(op, e);

		assert(steps[i].name && steps[i].run);
		if (rc == 0) {
			op_step(op, _(steps[i].name), i + 1, n);
			rc = steps[i].run(op, ctx, e);
		}
		assert(rc == 0 || !e || err_is_set(e));
		if (rc < 0) {
			undo(op, steps, i, ctx, e);
			return -1;
		}
		if (ret_timings)
			steps_add_timing(ret_timings, size, _(steps[i].name), clock_mono_ms() - began);
	}
	return 0;
}
