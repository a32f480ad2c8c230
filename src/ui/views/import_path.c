/* SPDX-License-Identifier: MIT */
/*
 * A path is typed or pasted: what stands before its last slash is listed, what stands behind it narrows the list. The row under the
 * cursor is what Enter takes, unless nothing is typed behind the slash: then it is the directory itself.
 */
#include "ui/views/import.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* Where the name that is being typed begins. */
static size_t name_start(const char *text)
{
	const char *slash = strrchr(text, '/');

	return slash ? (size_t)(slash + 1 - text) : strcmp(text, "~") ? 0 : 1;
}

const char *import_path_prefix(const struct import *v)
{
	return v->face == IMPORT_PATH ? v->path.text + name_start(v->path.text) : "";
}

/* As the engine takes it: relative to the directory it was typed in, when that is known. */
static bool whole(struct import *v, const char *text, char ret[REQ_PATH_SIZE])
{
	if (!*text)
		text = v->before;
	if (text[0] != '/' && text[0] != '~' && v->before[0])
		return import_join(v, v->before, text, ret);
	str_copy(ret, REQ_PATH_SIZE, text);
	return true;
}

/* As shells and file managers copy it: in quotes, as an URL, with blanks around it. */
static void strip(const char *text, char ret[EDIT_MAX])
{
	size_t n;

	text += strspn(text, " ");
	if (!strncmp(text, "file:///", 8))
		text += 7;
	n = strlen(text);
	while (n > 0 && text[n - 1] == ' ')
		n--;
	if (n > 1 && (*text == '\'' || *text == '"') && text[n - 1] == *text) {
		text++;
		n -= 2;
	}
	str_copy(ret, MIN((size_t)EDIT_MAX, n + 1), text);
}

/* What was pasted in quotes or as an URL becomes the path itself as soon as it is whole. While its end is still to come, the quote at
 * the beginning is none of it. */
static const char *unquoted(struct import *v)
{
	const char *text = v->path.text;
	size_t n = strlen(text);
	bool quoted = *text == '\'' || *text == '"', url = strncmp(text, "file:///", 8) == 0;
	char path[EDIT_MAX];

	if (url || (quoted && n > 1 && text[n - 1] == *text)) {
		strip(text, path);
		edit_set(&v->path, path);
		return v->path.text;
	}
	return text + quoted;
}

static void changed(struct import *v)
{
	char parent[EDIT_MAX], path[REQ_PATH_SIZE];
	const char *text = unquoted(v);

	v->picked = false;
	str_copy(parent, MIN(sizeof(parent), name_start(text) + 1), text);
	if (!whole(v, parent, path))
		return;
	if (strcmp(path, v->live) != 0) {
		str_copy(v->live, sizeof(v->live), path);
		import_ask(v, path, NULL);
	}
	import_rows(v);
	list_act(&v->table.list, ACTION_TOP);
}

void import_path_begin(struct import *v, const char *text)
{
	const struct dir_entry *e = import_current(v);
	const char *dir = import_cwd(v);

	str_copy(v->before, sizeof(v->before), dir);
	str_copy(v->before_name, sizeof(v->before_name), e ? e->name : "");
	str_copy(v->live, sizeof(v->live), dir);
	str_copy(v->table.list.filter, sizeof(v->table.list.filter), "");
	v->face = IMPORT_PATH;
	edit_set(&v->path, text ? text : dir);
	if (!text && *dir && strcmp(dir, "/") != 0 && strlen(dir) + 1 < sizeof(v->path.text)) {
		v->path.text[v->path.cursor++] = '/';
		v->path.text[v->path.cursor] = 0;
		str_copy(v->live, sizeof(v->live), v->path.text); /* the same, as it is spelled here */
	}
	changed(v);
}

void import_path_end(struct import *v, bool back)
{
	v->face = IMPORT_LIST;
	if (back)
		import_ask(v, v->before, v->before_name);
}

/* Put a name in the place of what was typed of it. */
static void put_name(struct import *v, const char *name, size_t n, bool dir)
{
	char text[EDIT_MAX];
	size_t at = name_start(v->path.text);

	if (at + n + 2 > sizeof(text))
		return;
	memcpy(text, v->path.text, at);
	memcpy(text + at, name, n);
	text[at + n] = 0;
	if (dir)
		memcpy(text + at + n, "/", 2);
	edit_set(&v->path, text);
	changed(v);
}

static const struct dir_entry *row(const struct import *v, size_t n)
{
	return &app_world(v->view.app)->dir.entries[v->shown[list_at(&v->table.list, n)]];
}

/* As far as all that is shown agrees; a single one, or one that was picked, whole. */
static void complete(struct import *v)
{
	const struct list *l = &v->table.list;
	const struct dir_entry *e = import_current(v);
	size_t n;

	if (!e || app_world(v->view.app)->dir.reading)
		return;
	if (l->n == 1 || v->picked) {
		put_name(v, e->name, strlen(e->name), e->kind == DIR_FOLDER);
		return;
	}
	n = strlen(e->name);
	for (size_t i = 0; i < l->n; i++) {
		size_t same = 0;

		while (same < n && row(v, i)->name[same] == e->name[same])
			same++;
		n = same;
	}
	while (n > 0 && ((unsigned char)e->name[n] & 0xc0) == 0x80) /* not within a character */
		n--;
	if (n > strlen(import_path_prefix(v)))
		put_name(v, e->name, n, false);
}

static void ask_typed(struct import *v)
{
	char text[EDIT_MAX], path[REQ_PATH_SIZE];

	strip(v->path.text, text);
	if (!whole(v, text, path))
		return;
	v->live[0] = 0; /* the list is of something else now */
	import_ask(v, path, NULL);
	v->typed = true;
}

static void accept(struct import *v)
{
	struct list *l = &v->table.list;
	const char *prefix = import_path_prefix(v);

	if (app_world(v->view.app)->dir.reading || !l->n || (!*prefix && !v->picked)) {
		ask_typed(v);
		return;
	}
	for (size_t i = 0; i < l->n && !v->picked; i++)
		if (!strcmp(row(v, i)->name, prefix)) { /* exactly that one before any that begins like it */
			list_move(l, (long)i - (long)l->cursor);
			break;
		}
	import_open_row(v);
}

static bool move(struct import *v, enum action a)
{
	list_act(&v->table.list, a);
	v->picked = v->table.list.n > 0;
	return true;
}

/* Back to the slash before. */
static void cut_name(struct edit *ed)
{
	size_t to = ed->cursor;

	while (to > 0 && ed->text[to - 1] == '/')
		to--;
	while (to > 0 && ed->text[to - 1] != '/')
		to--;
	memmove(ed->text + to, ed->text + ed->cursor, strlen(ed->text + ed->cursor) + 1);
	ed->cursor = to;
}

bool import_path_key(struct import *v, struct key k)
{
	bool control = k.sym == SYM_CHAR && k.mods == KEY_MOD_CTRL;

	if (k.sym == SYM_ESC || (control && k.cp == 'c')) {
		import_path_end(v, true);
		return true;
	}
	switch (k.sym) {
	case SYM_ENTER:
		accept(v);
		return true;
	case SYM_TAB:
		complete(v);
		return true;
	case SYM_DOWN:
		return move(v, ACTION_DOWN);
	case SYM_UP:
		return move(v, ACTION_UP);
	case SYM_PGDN:
		return move(v, ACTION_PAGE_DOWN);
	case SYM_PGUP:
		return move(v, ACTION_PAGE_UP);
	default:
		break;
	}
	if (control && k.cp == 'w')
		cut_name(&v->path);
	else if (!edit_key(&v->path, k))
		return false;
	changed(v);
	return true;
}

void import_path_hint(struct canvas *c, struct rect r)
{
	char text[96];
	int w;

	snprintf(text, sizeof(text), _("tab completes   %s opens   esc back"), canvas_enter(c));
	w = utf8_str_width(text);
	if (w + 30 > r.w)
		return;
	canvas_text(c, r.x + r.w - w - 3, r.y, ROLE_TEXT, 1, " ");
	canvas_text(c, r.x + r.w - w - 2, r.y, ROLE_DIM, w, text);
	canvas_text(c, r.x + r.w - 2, r.y, ROLE_TEXT, 1, " ");
}

void import_path_paint(struct import *v, struct canvas *c, struct rect r)
{
	int x = r.x + 1;

	x += canvas_text(c, x, r.y, ROLE_ACCENT, r.w / 3, _("path")) + 1;
	edit_paint(&v->path, c, x, r.y, MAX(1, r.x + r.w - 1 - x), ROLE_TEXT | STYLE_SELECTED, true);
}
