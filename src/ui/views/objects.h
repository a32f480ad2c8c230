/* SPDX-License-Identifier: MIT */
/*
 * The view of things of a catalogue that can be pulled to this host, are used by machines, and can be deleted: images and
 * kernels. A list, and beside it, or in its place on a narrow terminal, a pane about the row under the cursor. A kind brings its rows, one
 * column of its own, its facts and its words; everything else is here.
 */
#ifndef UI_VIEWS_OBJECTS_H
#define UI_VIEWS_OBJECTS_H

#include "core/model/size.h"
#include "ui/canvas.h"
#include "ui/view.h"
#include "ui/world.h"

/* A row, borrowed from the world. */
struct object {
	const char *name;
	const char *about;
	bool local;
	bool pullable; /* once more, too: by the catalogue, or by its reference */
	bool in_place; /* local, and somewhere else than in the state directory */
	uint64_t alloc_bytes;
	int64_t created_ms;
	int users;
};

/* The columns every kind has, in this order. */
enum object_column { OBJ_NAME, OBJ_WHERE, OBJ_OWN, OBJ_DISK, OBJ_AGE, OBJ_USERS, OBJ_ABOUT, OBJ_COLUMNS };

struct object_kind {
	const struct view_ops *ops;
	unsigned context; /* CTX_* */
	enum request_kind pull, delete;
	const struct column *columns; /* OBJ_COLUMNS of them */
	const char *title, *empty;    /* untranslated */
	size_t (*count)(const struct world *w);
	struct object (*at)(const struct world *w, size_t i);
	/* OBJ_OWN of a local row: what it says (borrowed, or made in buf), and its order. */
	const char *(*own)(const struct world *w, size_t i, char buf[SIZE_TEXT]);
	int (*own_compare)(const struct world *w, size_t a, size_t b);
	/* What is known of a row but when it was made and who uses it, as rows of the pane's page (widgets/page.h). */
	void (*facts)(const struct world *w, size_t i, struct canvas *c, struct rect *page);
	/* Is this machine a user of row i, which is why that cannot be deleted? */
	bool (*uses)(const struct world *w, size_t i, const struct vm *vm);
	/* The question before a row is deleted. */
	void (*ask)(const struct object *o, char *title, size_t size);
	/* Why it cannot be while it has these users: a title, and a sentence before their names. */
	void (*in_use)(const struct object *o, int users, char *title, size_t title_size, char *why, size_t why_size);
	/* Make a machine of a local row; NULL: none can be made of this kind. */
	void (*use)(struct app *app, const char *name);
};

/* Members of the kind's struct view_ops. */
struct view *objects_open(struct app *app, const struct object_kind *kind);
void objects_close(struct view *view);
unsigned objects_context(const struct view *view);
void objects_recalc(struct view *view, unsigned changed);
void objects_paint(struct view *view, struct canvas *c, struct rect r);
bool objects_act(struct view *view, enum action a);
bool objects_mouse(struct view *view, const struct mouse *m);
struct list *objects_list(struct view *view);
const char *objects_label(const struct view *view, enum action a, const char *fallback);

#endif
