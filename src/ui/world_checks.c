/* SPDX-License-Identifier: MIT */
/*
 * What the doctor said, in the world: look by look. The last whole one is shown until the next one is whole; the very first grows
 * in sight.
 */
#include "ui/world.h"

#include "base/mem.h"

void world_check_in(struct world_checks *k, const struct check_told *t)
{
	if (t->first)
		k->n_fresh = 0;
	if (t->end) {
		if (k->complete)
			free(k->lines);
		k->lines = TAKE_PTR(k->fresh);
		k->n = k->n_fresh;
		k->n_fresh = 0;
		k->complete = true;
		return;
	}
	if (k->n_fresh == WORLD_CHECKS_MAX)
		return;
	if (!k->fresh)
		k->fresh = xcalloc(WORLD_CHECKS_MAX, sizeof(*k->fresh));
	k->fresh[k->n_fresh++] = t->line;
	if (!k->complete) {
		k->lines = k->fresh;
		k->n = k->n_fresh;
	}
}

bool world_checks_fail(const struct world_checks *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->lines[i].verdict == CHECK_FAIL)
			return true;
	return false;
}

void world_checks_done(struct world_checks *k)
{
	if (k->complete)
		free(k->lines);
	free(k->fresh);
	*k = (struct world_checks){0};
}
