/* SPDX-License-Identifier: MIT */
/*
 * The directory: see import.h. Rows are positions in what the world knows of the directory, so ids are numbers and hold as long as
 * that answer does; across answers the cursor goes by names.
 */
#include "ui/views/import.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "ui/text.h"
#include "ui/views/views.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PATIENCE_MS 200 /* so long what was there stays in sight */

static const struct world_dir *dir_of(const struct import *v)
{
	return &app_world(v->view.app)->dir;
}

/* The next answer may have come while rows are of the last one: see catch_up(). */
const struct dir_entry *import_at(const struct import *v, size_t row)
{
	uint32_t i = v->shown[row];

	return i < dir_of(v)->n ? &dir_of(v)->entries[i] : NULL;
}

static size_t rows_count(const void *arg)
{
	return ((const struct import *)arg)->n_shown;
}

static const char *rows_id(const void *arg, size_t i)
{
	struct import *v = (struct import *)(uintptr_t)arg;

	snprintf(v->id, sizeof(v->id), "%u", (unsigned)v->shown[i]);
	return v->id;
}

static bool rows_match(const void *arg, size_t i, const char *text)
{
	const struct dir_entry *e = import_at(arg, i);

	return e && text_contains(e->name, text);
}

/* ".." and directories stay in front whichever way the rest is turned. */
static int rows_compare(const void *arg, size_t a, size_t b, int column)
{
	const struct import *v = arg;
	const struct dir_entry *x = import_at(v, a), *y = import_at(v, b);
	int front = (y == NULL) - (x == NULL);

	if (!front && x && y)
		front = (y->kind == DIR_FOLDER) - (x->kind == DIR_FOLDER);
	if (front)
		return v->table.list.reverse ? -front : front;
	if (!x)
		return 0;
	if (column == IMPORT_COL_SIZE)
		return (x->bytes < y->bytes) - (x->bytes > y->bytes);
	if (column == IMPORT_COL_AGE)
		return (x->changed_ms < y->changed_ms) - (x->changed_ms > y->changed_ms);
	return strcasecmp(x->name, y->name);
}

static const struct list_rows rows = {rows_count, rows_id, rows_match, rows_compare};

const char *import_cwd(const struct import *v)
{
	const struct world_dir *d = dir_of(v);

	if (!d->reading)
		return d->path[0] ? d->path : v->asked;
	return d->fresh.path[0] ? d->fresh.path : v->asked;
}

bool import_join(struct import *v, const char *dir, const char *name, char ret[REQ_PATH_SIZE])
{
	if (strlen(dir) + 1 + strlen(name) >= REQ_PATH_SIZE) {
		app_toast(v->view.app, ROLE_ERR, "%s", _("the path is too long"));
		return false;
	}
	snprintf(ret, REQ_PATH_SIZE, "%s%s%s", dir, strcmp(dir, "/") ? "/" : "", name);
	return true;
}

const struct dir_entry *import_current(const struct import *v)
{
	size_t row;

	return list_current(&v->table.list, &row) ? import_at(v, row) : NULL;
}

static void show_row(struct import *v, uint32_t i)
{
	if (v->n_shown == v->cap_shown) {
		v->cap_shown = v->cap_shown * 2 + 64;
		v->shown = xrealloc(v->shown, v->cap_shown, sizeof(*v->shown));
	}
	v->shown[v->n_shown++] = i;
}

void import_rows(struct import *v)
{
	const struct world_dir *d = dir_of(v);
	const char *prefix = import_path_prefix(v);
	size_t n = strlen(prefix);

	bool old = d->reading && (v->face == IMPORT_PATH || app_mono_ms(v->view.app) - v->asked_ms > PATIENCE_MS);

	v->n_shown = v->n_hidden = 0;
	if (v->face != IMPORT_PATH && !old && strcmp(d->path, "/") != 0 && d->path[0])
		show_row(v, UP_ROW);
	for (size_t i = 0; i < d->n && !old; i++) {
		const char *name = d->entries[i].name;

		if (strncmp(name, prefix, n) != 0)
			continue;
		if (name[0] == '.' && !v->hidden && prefix[0] != '.')
			v->n_hidden++;
		else
			show_row(v, (uint32_t)i);
	}
	list_recalc(&v->table.list);
}

void import_ask(struct import *v, const char *path, const char *land)
{
	char copy[REQ_PATH_SIZE]; /* either may be in what is changed here */

	str_copy(copy, sizeof(copy), land ? land : "");
	if (path != v->asked)
		str_copy(v->asked, sizeof(v->asked), path);
	str_copy(v->land, sizeof(v->land), copy);
	v->asked_ms = app_mono_ms(v->view.app);
	v->typed = false;
	v->wanted = !app_list_dir(v->view.app, v->asked);
}

/* The cursor to the name it should stand on. */
static void land(struct import *v)
{
	const struct world_dir *d = dir_of(v);
	struct list *l = &v->table.list;
	const char *name = d->name[0] ? d->name : v->land;
	char id[sizeof(v->id)];

	list_act(l, ACTION_TOP);
	list_move(l, v->n_shown > 1 && v->shown[0] == UP_ROW); /* up is there, and seldom what is wanted */
	for (size_t i = 0; *name && i < d->n; i++) {
		if (strcmp(d->entries[i].name, name) != 0)
			continue;
		if (name[0] == '.' && !v->hidden) {
			v->hidden = true;
			import_rows(v);
		}
		snprintf(id, sizeof(id), "%zu", i);
		list_select(l, id);
		return;
	}
}

/* A file that was typed or pasted whole is chosen with that, in whatever directory it is. */
static void on_answer(struct import *v)
{
	const struct world_dir *d = dir_of(v);
	bool failed = err_is_set(&d->err), typed = v->typed;
	const struct dir_entry *e;

	v->seen = d->job;
	v->typed = false;
	if (typed && !failed && v->face == IMPORT_PATH)
		import_path_end(v, false);
	if (!failed && v->face == IMPORT_LIST) {
		if (strcmp(v->was, d->path) != 0)
			str_copy(v->table.list.filter, sizeof(v->table.list.filter), "");
		str_copy(v->was, sizeof(v->was), d->path);
		app_import_remember(v->view.app, d->path);
	}
	v->table.list.anchor[0] = 0;
	import_rows(v);
	land(v);
	e = import_current(v);
	if (typed && e && strcmp(e->name, d->name) == 0)
		import_open_row(v);
}

/* Rows are of the answer that is there: before a frame, and before a key that comes between the answer and that. */
static void catch_up(struct import *v)
{
	const struct world_dir *d = dir_of(v);

	if (!v->wanted && !d->reading && d->job != v->seen)
		on_answer(v);
}

static void import_recalc(struct view *view, unsigned changed UNUSED)
{
	struct import *v = (struct import *)view;

	if (v->wanted)
		v->wanted = !app_list_dir(view->app, v->asked);
	catch_up(v);
	if (v->face == IMPORT_NAME)
		import_name_check(v);
}

static struct view *import_open(struct app *app)
{
	struct import *v = xcalloc(1, sizeof(*v));
	const char *start;
	bool typed;

	v->view = (struct view){&import_view, app};
	v->kind = import_kind_of(app_import_purpose(app));
	list_init(&v->table.list, &rows, v, IMPORT_COLUMNS);
	start = app_import_start(app, &typed);
	import_ask(v, start, NULL);
	v->typed = typed;
	return &v->view;
}

static void import_close(struct view *view)
{
	struct import *v = (struct import *)view;

	list_done(&v->table.list);
	free(v->shown);
	free(v);
}

static void import_shown(struct view *view, bool shown)
{
	if (!shown)
		app_forget_dir(view->app);
}

static unsigned import_context(const struct view *view)
{
	return ((const struct import *)view)->face == IMPORT_LIST ? CTX_BROWSE : 0;
}

static void go_up(struct import *v)
{
	char dir[REQ_PATH_SIZE], *slash;

	str_copy(dir, sizeof(dir), import_cwd(v));
	slash = strrchr(dir, '/');
	if (!slash || !slash[1]) /* at the top, or nobody knows where yet */
		return;
	char name[REQ_PATH_SIZE];
	str_copy(name, sizeof(name), slash + 1);
	slash[slash == dir] = 0;
	import_ask(v, dir, name);
}

void import_open_row(struct import *v)
{
	const struct dir_entry *e = import_current(v);
	char path[REQ_PATH_SIZE];
	auto_buf shown = {0};

	if (dir_of(v)->reading || !v->table.list.n)
		return;
	if (!e) {
		go_up(v);
		return;
	}
	if (!import_join(v, import_cwd(v), e->name, path))
		return;
	utf8_clean(&shown, e->name, strlen(e->name), false);
	if (v->face == IMPORT_PATH)
		import_path_end(v, false);
	if (e->kind == DIR_FOLDER)
		import_ask(v, path, NULL);
	else if (e->kind == DIR_FILE)
		import_name_begin(v, path, e);
	else if (e->kind == DIR_BROKEN)
		app_toast(v->view.app, ROLE_WARN, _("%s is a link to nothing"), buf_cstr(&shown));
	else
		app_toast(v->view.app, ROLE_WARN, _("%s is no file: a device, a pipe or a socket"), buf_cstr(&shown));
}

static void choose_dir(struct import *v)
{
	struct dir_entry self = {.kind = DIR_FOLDER};

	if (!v->kind->dirs)
		app_toast(v->view.app, ROLE_DIM, "%s", _("a file is asked for, not a directory"));
	else if (!dir_of(v)->reading && !err_is_set(&dir_of(v)->err))
		import_name_begin(v, import_cwd(v), &self);
}

static void toggle_hidden(struct import *v)
{
	v->hidden = !v->hidden;
	import_rows(v);
}

static bool import_act(struct view *view, enum action a)
{
	struct import *v = (struct import *)view;
	const struct dir_entry *e;
	char name[DIR_ENTRY_NAME_SIZE];

	catch_up(v);
	e = import_current(v);
	switch (a) {
	case ACTION_OPEN:
		import_open_row(v);
		return true;
	case ACTION_INTO:
		if (e && e->kind == DIR_FOLDER)
			import_open_row(v);
		return true;
	case ACTION_PARENT:
		go_up(v);
		return true;
	case ACTION_GO_HOME:
		import_ask(v, "~", NULL);
		return true;
	case ACTION_HIDDEN:
		toggle_hidden(v);
		return true;
	case ACTION_TYPE_PATH:
		import_path_begin(v, NULL);
		return true;
	case ACTION_CHOOSE:
		choose_dir(v);
		return true;
	case ACTION_REREAD:
		str_copy(name, sizeof(name), e ? e->name : "");
		import_ask(v, import_cwd(v), name);
		return true;
	case ACTION_BACK:
		if (v->table.list.filter[0])
			return false; /* which clears it */
		app_leave_form(view->app);
		return true;
	case ACTION_QUIT: /* one level, as everywhere files are chosen */
		app_leave_form(view->app);
		return true;
	default:
		return false;
	}
}

static bool import_key(struct view *view, struct key k)
{
	struct import *v = (struct import *)view;

	catch_up(v);
	if (v->face == IMPORT_LIST) {
		if (!app_pasting(view->app) || k.sym != SYM_CHAR || k.mods)
			return false;
		import_path_begin(v, "");
	}
	if (v->face == IMPORT_NAME)
		import_name_key(v, k);
	else
		import_path_key(v, k);
	/* Letters belong to the fields: of the global keys only these pass. */
	return !(k.sym == SYM_F1 || (k.sym == SYM_CHAR && k.mods == KEY_MOD_CTRL && (k.cp == 'z' || k.cp == 'l')));
}

static bool import_takes_text(const struct view *view UNUSED)
{
	return true; /* pasted over the list, it is a path */
}

static bool import_mouse(struct view *view, const struct mouse *m)
{
	struct import *v = (struct import *)view;
	struct table_look look = import_look(v);
	bool open, taken;

	catch_up(v);
	if (v->face == IMPORT_NAME)
		return import_name_mouse(v, m);
	taken = table_mouse(&v->table, &look, m, &open);
	v->picked |= taken && m->y >= v->table.rows.y;
	if (open)
		import_open_row(v);
	return taken;
}

static struct list *import_list(struct view *view)
{
	struct import *v = (struct import *)view;

	return v->face == IMPORT_NAME ? NULL : &v->table.list;
}

static const char *import_label(const struct view *view, enum action a, const char *fallback)
{
	const struct import *v = (const struct import *)view;
	const struct dir_entry *e = import_current(v);

	if (v->face != IMPORT_LIST)
		return NULL; /* every letter is the field's */
	switch (a) {
	case ACTION_OPEN:
		if (!v->table.list.n || (e && e->kind != DIR_FOLDER && e->kind != DIR_FILE))
			return NULL;
		return e && e->kind == DIR_FILE ? _("choose") : _("open");
	case ACTION_PARENT:
		return _("up");
	case ACTION_CHOOSE:
		return v->kind->dirs ? _("take it") : NULL;
	default:
		return fallback;
	}
}

const struct view_ops import_view = {
	.title = N_("Import"),
	.watches = WORLD_DIR | WORLD_IMAGES | WORLD_JOBS | WORLD_SYNC,
	.open = import_open,
	.close = import_close,
	.context = import_context,
	.recalc = import_recalc,
	.paint = import_paint,
	.act = import_act,
	.key = import_key,
	.mouse = import_mouse,
	.takes_text = import_takes_text,
	.shown = import_shown,
	.list = import_list,
	.label = import_label,
};
