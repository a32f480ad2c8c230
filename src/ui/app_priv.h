/* SPDX-License-Identifier: MIT */
/*
 * The inside of struct app, shared by app.c (state, events), app_key.c (keys and actions), app_paint.c (frame),
 * app_tell.c (what it says by itself) and app_vm.c (machine actions). Views use app.h.
 */
#ifndef UI_APP_PRIV_H
#define UI_APP_PRIV_H

#include "ui/app.h"
#include "ui/consoles.h"
#include "ui/help.h"
#include "ui/prompt.h"
#include "ui/status.h"
#include "ui/widgets/dialog.h"

struct app {
	struct app_args args;
	const struct engine_port *port; /* NULL until attached */
	struct world world;
	struct keymap keymap;
	struct view *views[VIEW_COUNT]; /* opened when first shown */
	enum view_id current, under;	/* `under`: what a form returns to */
	char form_image[OBJ_NAME_SIZE];
	struct {
		enum import_purpose what;
		char path[REQ_PATH_SIZE]; /* typed */
		char dir[REQ_PATH_SIZE];  /* used last */
	} import;
	struct prompt prompt;
	struct dialog dialog;
	struct {
		bool on;       /* between the brackets of a paste that is not a guest's */
		bool cut;      /* its first line is over */
		bool taken;    /* something of it went into a field */
		int64_t at_ms; /* when its last key came */
	} paste;
	struct help help;
	struct status status;
	struct consoles *consoles;
	bool mouse, keybar;
	bool dirty;
	unsigned wishes;
	char *clipboard;
	char *save_path;   /* :save-screen: written after the next paint */
	uint64_t follow_job; /* makes a machine the list is to show */
	char follow_vm[ID_SIZE];
	uint64_t prune_job; /* asks what a prune would remove; 0 = none */
	uint64_t show_job; /* Activity goes to it when it comes */
	bool has_from;	   /* Activity was come to by app_show_job(), in this view: */
	enum view_id from;
	uint64_t last_job; /* the newest we asked for; the engine may not have told of it yet */
	int cols, rows;
	struct rect body;	     /* where the view was painted */
	struct rect tabs[VIEW_TABS]; /* where the header's tabs were painted */
};

/* What a prune would remove, as it was asked. */
void app_prunable_in(struct app *app, const struct prunable_told *t);
/* app_tell.c, both before the world has the news. A job of ours that failed or was canceled says so once, in words; Activity keeps them. */
void app_tell_job(struct app *app, const struct job *j);
void app_tell_host(struct app *app, const struct host_info *h);
struct view *app_view(struct app *app);
unsigned app_context(struct app *app);
void app_action(struct app *app, enum action a);
/* Actions that mean the same everywhere; false when `a` is none of them. */
bool app_global_action(struct app *app, enum action a);
/* Rows in question do not move while the question stands. */
void app_hold_list(struct app *app, bool hold);
void app_dialog_done(struct app *app, bool yes);

#endif
