/* SPDX-License-Identifier: MIT */
/*
 * What images and kernels have in common for a person: things of the catalogue that can be pulled to this host, used by
 * machines, and deleted.
 */
#ifndef UI_VIEWS_OBJECTS_H
#define UI_VIEWS_OBJECTS_H

#include "ui/canvas.h"
#include "ui/view.h"
#include "ui/world.h"

/* A row of either, borrowed from the world. */
struct object {
	const char *name;
	const char *about;
	bool local, in_catalog;
	uint64_t alloc_bytes;
	int users;
};

/* Orders by where it is and by its figures; the columns are the caller's. */
int object_compare_where(const struct object *a, const struct object *b);
int object_compare_disk(const struct object *a, const struct object *b);
bool object_match(const struct object *o, const char *text);

/* Local, in the catalogue, or how far its pull (a request of this kind) is. */
void object_paint_where(const struct world *w, const struct object *o, enum request_kind pull, struct canvas *c, int x, int y,
			int width);
void object_pull(struct app *app, enum request_kind pull, const struct object *o);
/* Ask for `delete`, under a title of the caller's; `used` is the sentence about its users, NULL when there are none. */
void object_ask_delete(struct app *app, enum request_kind delete, const struct object *o, const char *title,
		       const char *used);

#endif
