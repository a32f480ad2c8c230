/* SPDX-License-Identifier: MIT */
/*
 * A directory, in the world: gathered piece by piece beside the one that is shown, and put in its place when it is complete.
 */
#include "ui/world.h"

#include "base/mem.h"

#include <string.h>

static void take_entries(struct world_dir *d, const struct dir_told *t)
{
	size_t n = MIN((size_t)t->n, (size_t)DIR_PIECE);

	n = MIN(n, DIR_ENTRIES_MAX - d->fresh.n);
	if (d->fresh.n + n > d->fresh.cap) {
		d->fresh.cap = MAX(d->fresh.cap * 2, (size_t)64);
		d->fresh.entries = xrealloc(d->fresh.entries, d->fresh.cap, sizeof(*d->fresh.entries));
	}
	if (n > 0)
		memcpy(d->fresh.entries + d->fresh.n, t->entries, n * sizeof(*t->entries));
	d->fresh.n += n;
}

static void complete(struct world_dir *d, const struct dir_told *t)
{
	free(d->entries);
	d->entries = TAKE_PTR(d->fresh.entries);
	d->n = d->fresh.n;
	str_copy(d->path, sizeof(d->path), d->fresh.path);
	str_copy(d->name, sizeof(d->name), d->fresh.name);
	d->err = t->err;
	d->cut = t->cut;
	d->reading = false;
	d->fresh.n = d->fresh.cap = 0;
}

void world_dir_in(struct world_dir *d, const struct dir_told *t)
{
	switch (t->part) {
	case DIR_HEAD:
		str_copy(d->fresh.path, sizeof(d->fresh.path), t->path);
		str_copy(d->fresh.name, sizeof(d->fresh.name), t->name);
		break;
	case DIR_ENTRIES:
		take_entries(d, t);
		break;
	case DIR_END:
		complete(d, t);
		break;
	}
}

void world_dir_done(struct world_dir *d)
{
	free(d->entries);
	free(d->fresh.entries);
	*d = (struct world_dir){0};
}
