/* SPDX-License-Identifier: MIT */
/*
 * A view: one screenful with its own state, reached through a table of functions.
 *
 * A view reads the world and its own state, asks the app for everything else (app.h), and never calls another view.
 * To add one: views/x.c with a `struct view_ops`, a row in the table of views.c, goldens.
 *
 * Per frame: recalc (only when watched bits changed) → paint. Per key: key (raw, rarely) → keymap with context() → act.
 * None of these may block.
 */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "ui/action.h"
#include "ui/canvas.h"
#include "ui/widgets/list.h"
#include "ui/world.h"

struct app;
struct view;

enum view_id {
	VIEW_VMS,
	VIEW_IMAGES,
	VIEW_KERNELS,
	VIEW_ACTIVITY,
	VIEW_HOST,
	VIEW_CONSOLES,
	VIEW_TABS,		 /* those above stand in the header */
	VIEW_CREATE = VIEW_TABS, /* a form over whatever was shown */
	VIEW_IMPORT,		 /* and another */
	VIEW_COUNT
};

struct view_ops {
	const char *title; /* untranslated; in the header */
	unsigned watches;  /* WORLD_* bits after which recalc runs */
	/* All optional but open, close and paint. */
	struct view *(*open)(struct app *app);
	void (*close)(struct view *v);
	/* CTX_* of what has the focus now; CTX_MAIN is added unless `key` takes the key. */
	unsigned (*context)(const struct view *v);
	/* `changed` has at least one watched bit. */
	void (*recalc)(struct view *v, unsigned changed);
	void (*paint)(struct view *v, struct canvas *c, struct rect r);
	/* False when the action is not for this view in its present state. */
	bool (*act)(struct view *v, enum action a);
	/* Sees every key before the keymap: forms and consoles. True = taken. */
	bool (*key)(struct view *v, struct key k);
	/* Coordinates as painted. True = taken. */
	bool (*mouse)(struct view *v, const struct mouse *m);
	/* Does a character go into a field just now? Pasted text is dropped where none does. NULL = never. */
	bool (*takes_text)(const struct view *v);
	bool pastes; /* pasted text is its own, brackets and all (SYM_PASTE_BEGIN, SYM_PASTE_END) */
	/* True: it paints the whole screen, header and last line too (a guest's screen). NULL = never. */
	bool (*covers)(const struct view *v);
	/* It came into sight or left it. */
	void (*shown)(struct view *v, bool shown);
	/* The list that filter, sort and mark actions mean; NULL = none. */
	struct list *(*list)(struct view *v);
	/* The word for an action in the key bar here ("stop" for START_STOP on a running VM); NULL hides it. Without this
	 * function, or for an action it does not know, `fallback` is shown: return it. */
	const char *(*label)(const struct view *v, enum action a, const char *fallback);
};

struct view {
	const struct view_ops *ops;
	struct app *app;
};

const struct view_ops *view_ops_of(enum view_id id);

#endif
