/* SPDX-License-Identifier: MIT */
/*
 * Choose a file and give what is made of it a name. For what, is data: a row of the table in import_purpose.c is all there is to
 * another kind of import.
 *
 * Three faces. LIST: the directory, as file managers show one. PATH: a path is typed, the list beneath narrows to what it can
 * become. NAME: the form. Reading a directory is the engine's (app_list_dir()); what is shown is what it answered last. A path is
 * bytes from outside: cleaned where it is painted, handed on as it is.
 */
#ifndef UI_VIEWS_IMPORT_H
#define UI_VIEWS_IMPORT_H

#include "ui/app.h"
#include "ui/views/table.h"
#include "ui/widgets/form.h"

struct import_kind {
	const char *title; /* untranslated: "Import an image" */
	const char *what;  /* untranslated: "image", as name_check_object() and people call it */
	const char *command; /* the verb: "image import"; the path and the name follow */
	enum request_kind request; /* ref = name, path */
	bool dirs; /* a directory can be chosen as well */
	bool (*may_stay)(const struct dir_entry *e, const char *file); /* by its name alone; NULL: none may */
	enum request_kind in_place; /* what is asked for when it is to stay where it is */
	const char *in_place_command;
	bool modules; /* a second path belongs to it: the kernel's modules */
	bool (*looks_right)(const char *file); /* by its name alone; what does not is dim */
	/* What one with this name would do to what is here, as a whole sentence in buf; NAME_FREE: nothing, and buf is left alone. */
	enum name_taken (*clash)(const struct world *w, const char *name, char *buf, size_t size);
};

const struct import_kind *import_kind_of(enum import_purpose p);

enum import_face { IMPORT_LIST, IMPORT_PATH, IMPORT_NAME };

struct import {
	struct view view;
	const struct import_kind *kind;
	enum import_face face;
	struct table table;
	uint32_t *shown; /* positions in world->dir.entries, UP_ROW for ".." */
	size_t n_shown, cap_shown, n_hidden;
	bool hidden;
	char id[16]; /* rows_id's answer */
	/* What was asked, and what becomes of the answer. */
	char was[REQ_PATH_SIZE];     /* the directory that was answered last: a filter is that one's */
	uint64_t seen;		     /* the answer that was looked at */
	bool wanted;		     /* it could not be asked yet */
	char asked[REQ_PATH_SIZE];   /* as asked */
	char land[REQ_PATH_SIZE];    /* the name the cursor goes to */
	int64_t asked_ms;
	bool typed;		     /* entered as a whole: a file is chosen at once */
	/* PATH */
	struct edit path;
	bool picked;		     /* the cursor was moved: the row counts, not the text */
	char before[REQ_PATH_SIZE];  /* the directory to be back in after esc, */
	char before_name[DIR_ENTRY_NAME_SIZE]; /* and the row */
	char live[REQ_PATH_SIZE];    /* what of the text was listed last */
	/* NAME */
	char file[REQ_PATH_SIZE];
	struct dir_entry entry;
	struct form form;
	char note[256]; /* what the name means to what is here, or what one may be made of */
	struct rect go_button, back_button;
};

#define UP_ROW UINT32_MAX

enum { IMPORT_COL_NAME, IMPORT_COL_SIZE, IMPORT_COL_AGE, IMPORT_COLUMNS };

/* import.c: the list */
/* List this path; the cursor goes to `land` (NULL = the first). */
void import_ask(struct import *v, const char *path, const char *land);
/* What stands behind the cursor: go into it, choose it, or say why not. */
void import_open_row(struct import *v);
/* Rebuild the rows from what is known. */
void import_rows(struct import *v);
/* What a row stands for; NULL for "..". */
const struct dir_entry *import_at(const struct import *v, size_t row);
/* The row under the cursor; NULL for ".." and where there is none. */
const struct dir_entry *import_current(const struct import *v);
/* The directory that is shown, or on its way. */
const char *import_cwd(const struct import *v);
/* "<dir>/<name>"; false, and said, when it is too long. */
bool import_join(struct import *v, const char *dir, const char *name, char ret[REQ_PATH_SIZE]);

/* import_paint.c */
void import_paint(struct view *view, struct canvas *c, struct rect r);
struct table_look import_look(const struct import *v);

/* import_path.c: the path as it is typed */
void import_path_begin(struct import *v, const char *text);
bool import_path_key(struct import *v, struct key k);
/* Leave it; back to where it began when nothing came of it. */
void import_path_end(struct import *v, bool back);
/* What the entries' names begin with to be shown; "" = whatever. */
const char *import_path_prefix(const struct import *v);
/* Its keys, at the right. */
void import_path_hint(struct canvas *c, struct rect r);
void import_path_paint(struct import *v, struct canvas *c, struct rect r);

/* import_name.c: the name */
void import_name_begin(struct import *v, const char *file, const struct dir_entry *entry);
void import_name_check(struct import *v);
bool import_name_key(struct import *v, struct key k);
bool import_name_mouse(struct import *v, const struct mouse *m);
void import_name_paint(struct import *v, struct canvas *c, struct rect r);

/* A path in `w` cells, cleaned; what does not fit is cut off at its front. Returns the cells used. */
int import_paint_path(struct canvas *c, int x, int y, uint16_t style, int w, const char *path);

#endif
