/* SPDX-License-Identifier: MIT */
/*
 * Keys and mouse to actions, and the actions that mean the same everywhere.
 *
 * Order: help page → question → prompt → view (forms and consoles take keys raw) → keymap → view's act → global.
 * Actions on rows are bound to ids at once, never to positions, and a list whose rows are in question is held still.
 */
#include "ui/app_priv.h"

#include "base/i18n.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PASTE_SILENCE_MS 1000

unsigned app_context(struct app *app)
{
	struct view *v = app_view(app);

	return CTX_MAIN | (v->ops->context ? v->ops->context(v) : 0);
}

static struct list *current_list(struct app *app)
{
	struct view *v = app_view(app);

	return v->ops->list ? v->ops->list(v) : NULL;
}

void app_hold_list(struct app *app, bool hold)
{
	struct list *l = current_list(app);

	if (l)
		l->hold = hold;
}

void app_dialog_done(struct app *app, bool yes)
{
	struct ask *q = &app->dialog.ask;

	if (yes && q->quit)
		app->wishes |= WISH_QUIT;
	for (size_t i = 0; yes && i < q->n_refs; i++) {
		str_copy(q->req.ref, sizeof(q->req.ref), q->refs[i]);
		app_submit(app, &q->req);
	}
	if (yes && current_list(app))
		list_clear_marks(current_list(app));
	dialog_close(&app->dialog);
	app_hold_list(app, false);
	app->world.changed |= WORLD_VMS | WORLD_IMAGES;
}

/* What was refused, all of it, comes back to be mended, and its reason stands there and not in a toast. */
static void typed_command(struct app *app)
{
	char line[EDIT_MAX], wrong[sizeof(app->prompt.wrong)];
	struct err e = {0};

	str_copy(line, sizeof(line), app->prompt.edit.text);
	if (app_command(app, line, &e) >= 0 || app->prompt.kind != PROMPT_NONE || app->dialog.open)
		return;
	snprintf(wrong, sizeof(wrong), "%s%s%s", e.msg, e.hint[0] ? " — " : "", e.hint);
	prompt_come_back(&app->prompt, wrong);
	app->status.until_ms = 0;
}

static void prompt_input(struct app *app, struct key k)
{
	enum prompt_kind kind = app->prompt.kind;
	enum prompt_result r = prompt_key(&app->prompt, k, &app->world);
	struct list *l = current_list(app);

	if (kind == PROMPT_COMMAND) {
		if (r == PROMPT_ACCEPTED)
			typed_command(app);
		return;
	}
	if (!l)
		return;
	if (r == PROMPT_ABANDONED)
		list_set_filter(l, "");
	else if (r == PROMPT_CHANGED)
		list_set_filter(l, app->prompt.edit.text);
}

/* Esc and the next key typed fast, or sent in one packet, look like Alt and that key. Where nothing is bound to it, it is
 * taken for the two keys; a guest gets it as it came. */
static bool split_alt(struct app *app, struct key k)
{
	if (!(k.mods & KEY_MOD_ALT) || app->current == VIEW_CONSOLES ||
	    keymap_find(&app->keymap, app_context(app), k) != ACTION_NONE)
		return false;
	app_key(app, (struct key){.sym = SYM_ESC});
	k.mods &= ~KEY_MOD_ALT;
	app_key(app, k);
	return true;
}

static void paste_ends(struct app *app)
{
	if (app->paste.on && !app->paste.taken)
		app_toast(app, ROLE_DIM, "%s", _("pasted text has no place here"));
	app->paste.on = false;
}

/* Pasted text is text: its first line goes where characters go, and nothing of it is a command. True: the key was dropped. A paste
 * whose end is lost is over when nothing comes for a while. */
static bool drop_pasted(struct app *app, struct key k)
{
	const struct view *v = app_view(app);
	bool covered = app->help.open || app->dialog.open || app->prompt.kind != PROMPT_NONE;
	int64_t now = app_mono_ms(app);

	if (v->ops->pastes && !covered)
		return false;
	if (k.sym == SYM_PASTE_BEGIN) {
		app->paste.on = true;
		app->paste.cut = app->paste.taken = false;
		app->paste.at_ms = now;
		return true;
	}
	if (k.sym == SYM_PASTE_END || (app->paste.on && now - app->paste.at_ms > PASTE_SILENCE_MS)) {
		paste_ends(app);
		return k.sym == SYM_PASTE_END;
	}
	if (!app->paste.on)
		return false;
	app->paste.at_ms = now;
	app->paste.cut |= k.sym == SYM_ENTER;
	if (app->paste.cut || k.sym != SYM_CHAR || k.mods ||
	    !(covered ? !app->help.open && !app->dialog.open : v->ops->takes_text && v->ops->takes_text(v)))
		return true;
	app->paste.taken = true;
	return false;
}

void app_key(struct app *app, struct key k)
{
	struct view *v = app_view(app);
	enum action a;

	app->dirty = true;
	if (drop_pasted(app, k) || split_alt(app, k))
		return;
	status_key(&app->status, app_mono_ms(app));
	if (app->help.open) {
		help_key(&app->help, &app->keymap, k);
		return;
	}
	if (app->dialog.open) {
		enum dialog_answer d = dialog_key(&app->dialog, k);

		if (d != DIALOG_PENDING)
			app_dialog_done(app, d == DIALOG_YES);
		return;
	}
	if (app->prompt.kind != PROMPT_NONE) {
		prompt_input(app, k);
		return;
	}
	if (v->ops->key && v->ops->key(v, k))
		return;
	a = keymap_find(&app->keymap, app_context(app), k);
	if (a != ACTION_NONE)
		app_action(app, a);
}

void app_action(struct app *app, enum action a)
{
	struct view *v = app_view(app);

	app->dirty = true;
	if (app->args.readonly && (action_info(a)->flags & ACT_CHANGES)) {
		app_toast(app, ROLE_WARN, _("this console is read-only"));
		return;
	}
	if (v->ops->act && v->ops->act(v, a))
		return;
	if (!app_global_action(app, a))
		app_toast(app, ROLE_DIM, _("'%s' does nothing here"), action_info(a)->name);
}

/* q: says which machines keep running; asks only when jobs of ours would be cut short. */
static void quit(struct app *app)
{
	size_t jobs = world_jobs_at_stake(&app->world);
	struct ask q = {.quit = true};
	auto_buf left = {0};

	jobs += app->last_job && !world_job(&app->world, app->last_job);
	if (!jobs) {
		app->wishes |= WISH_QUIT;
		return;
	}
	app_farewell(app, &left);
	snprintf(q.title, sizeof(q.title), "%s", _("Quit now?"));
	snprintf(q.lines[0], sizeof(q.lines[0]),
		 world_pulls_at_stake(&app->world)
			 ? ngettext("%zu job is under way: it is cancelled; what was fetched is kept.",
				    "%zu jobs are under way: they are cancelled and undone; what was fetched is kept.", jobs)
			 : ngettext("%zu job is under way: it is cancelled and undone.",
				    "%zu jobs are under way: they are cancelled and undone.", jobs),
		 jobs);
	snprintf(q.lines[1], sizeof(q.lines[1]), "%.*s", (int)strcspn(buf_cstr(&left), "\n"), buf_cstr(&left));
	str_copy(q.yes, sizeof(q.yes), _("Quit"));
	str_copy(q.keep, sizeof(q.keep), _("Stay"));
	app_ask(app, &q);
}

/* Round through the columns and the owner's own order (-1). */
static void sort_by(struct list *l, int step)
{
	int states = l->n_sorts + 1;

	list_set_sort(l, (l->sort + 1 + step + states) % states - 1, l->reverse);
}

static bool list_action(struct app *app, enum action a)
{
	struct list *l = current_list(app);
	size_t row;

	if (!l)
		return false;
	switch (a) {
	case ACTION_FILTER:
		prompt_open(&app->prompt, PROMPT_FILTER, l->filter);
		return true;
	case ACTION_SORT_NEXT:
	case ACTION_SORT_PREV:
		sort_by(l, a == ACTION_SORT_NEXT ? 1 : -1);
		return true;
	case ACTION_SORT_REVERSE:
		list_set_sort(l, l->sort, !l->reverse);
		return true;
	case ACTION_MARK:
		if (list_current(l, &row))
			list_toggle_mark(l, l->rows->id(l->arg, row));
		list_move(l, 1);
		return true;
	case ACTION_MARK_ALL:
		list_mark_all(l);
		return true;
	case ACTION_UNMARK_ALL:
		list_clear_marks(l);
		return true;
	case ACTION_BACK:
		if (l->filter[0])
			list_set_filter(l, "");
		else
			list_clear_marks(l);
		return true;
	default:
		return list_act(l, a);
	}
}

/* What a file is imported as from what is shown. */
static enum import_purpose import_here(const struct app *app)
{
	return app->current == VIEW_KERNELS ? IMPORT_KERNEL : IMPORT_IMAGE;
}

bool app_global_action(struct app *app, enum action a)
{
	if (list_action(app, a))
		return true;
	switch (a) {
	case ACTION_VIEW_VMS:
	case ACTION_VIEW_IMAGES:
	case ACTION_VIEW_KERNELS:
	case ACTION_VIEW_ACTIVITY:
	case ACTION_VIEW_HOST:
	case ACTION_VIEW_CONSOLES:
		app_go(app, VIEW_VMS + (int)(a - ACTION_VIEW_VMS));
		return true;
	case ACTION_NEW:
		app_new_vm(app, NULL);
		return true;
	case ACTION_PULL_REFERENCE:
		prompt_open(&app->prompt, PROMPT_COMMAND, "pull ");
		return true;
	case ACTION_IMPORT:
		app_import(app, import_here(app), NULL);
		return true;
	case ACTION_PALETTE:
		prompt_open(&app->prompt, PROMPT_COMMAND, "");
		return true;
	case ACTION_HELP:
		help_open(&app->help, app_context(app));
		return true;
	case ACTION_QUIT:
		quit(app);
		return true;
	case ACTION_MOUSE:
		app->mouse = !app->mouse;
		app->wishes |= WISH_MOUSE;
		app_toast(app, ROLE_DIM, app->mouse ? _("mouse on") : _("mouse off: the terminal selects text"));
		return true;
	case ACTION_KEYBAR:
		app->keybar = !app->keybar;
		return true;
	case ACTION_REDRAW:
		app->wishes |= WISH_REDRAW;
		return true;
	case ACTION_SUSPEND:
		app->wishes |= WISH_SUSPEND;
		return true;
	case ACTION_BACK:
		return true;
	default:
		return false;
	}
}

/* What a command cannot mean: on the screen, and the first of it for who gave it. */
static int PRINTF(3, 4) refuse(struct app *app, struct err *e, const char *fmt, ...)
{
	char text[sizeof(app->status.toast)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	app_toast(app, ROLE_ERR, "%s", text);
	return err_is_set(e) ? -1 : err_set(e, ERR_USAGE, "%s", text);
}

/* Resolve the words after a machine action: names, ids, unambiguous id prefixes. An unknown one fails alone. */
static size_t refs_to_ids(struct app *app, const char *words, char (*ids)[LIST_ID_SIZE], size_t max, struct err *e)
{
	size_t n = 0;

	while (*words && n < max) {
		size_t len = strcspn(words, " ");
		char ref[OBJ_NAME_SIZE];
		const struct world_vm *hit = NULL;
		int hits = 0;

		str_copy(ref, MIN(sizeof(ref), len + 1), words);
		words += len + strspn(words + len, " ");
		for (size_t i = 0; i < app->world.n_vms; i++) {
			enum name_match m = name_match_vm(ref, app->world.vms[i]->vm.id, app->world.vms[i]->vm.name);

			if (m == NAME_MATCH_NONE)
				continue;
			hit = app->world.vms[i];
			hits = m == NAME_MATCH_EXACT ? 1 : hits + 1;
			if (m == NAME_MATCH_EXACT)
				break;
		}
		if (hits == 1)
			str_copy(ids[n++], LIST_ID_SIZE, hit->vm.id);
		else
			refuse(app, e, hits ? _("'%s' means several machines") : _("there is no machine '%s'"), ref);
	}
	return n;
}

/* "commit VM IMAGE" */
static void commit_command(struct app *app, const char *words, struct err *e)
{
	char ref[EDIT_MAX], id[1][LIST_ID_SIZE];
	size_t n = strcspn(words, " ");
	const char *image = words + n + strspn(words + n, " ");

	str_copy(ref, MIN(sizeof(ref), n + 1), words);
	if (!*image)
		refuse(app, e, _("commit needs a machine and a name for the image"));
	else if (image[strcspn(image, " ")])
		refuse(app, e, _("the name of an image is one word"));
	else if (refs_to_ids(app, ref, id, 1, e))
		app_vm_commit(app, id[0], image);
}

/* True: something was done, whatever was refused beside it. */
static bool command_with_words(struct app *app, enum action a, const char *words, struct err *e)
{
	char ids[64][LIST_ID_SIZE];
	struct request r = {.kind = REQ_IMAGE_PULL};
	uint64_t job;
	size_t n;

	if (a == ACTION_SAVE_SCREEN) {
		free(app->save_path);
		app->save_path = xstrdup(words);
	} else if (app->args.readonly && (action_info(a)->flags & ACT_CHANGES)) {
		app_toast(app, ROLE_WARN, _("this console is read-only"));
	} else if (a == ACTION_PULL) {
		str_copy(r.ref, sizeof(r.ref), words);
		job = app_submit_told(app, &r, e);
		if (job)
			app_show_job(app, job);
	} else if (a == ACTION_COMMIT) {
		commit_command(app, words, e);
	} else if (a == ACTION_NEW) {
		app_new_vm(app, words);
	} else if (a == ACTION_IMPORT) {
		app_import(app, import_here(app), words);
	} else if (a == ACTION_FILTER && current_list(app)) {
		list_set_filter(current_list(app), words);
	} else if ((n = refs_to_ids(app, words, ids, ARRAY_LEN(ids), e))) {
		app_vm_action(app, a, (const char(*)[LIST_ID_SIZE])ids, n);
		if (err_is_set(e))
			app_toast(app, ROLE_ERR, "%s", e->msg); /* over what was said of the others */
		return true;
	}
	return !err_is_set(e);
}

int app_command(struct app *app, const char *line, struct err *e)
{
	struct err mine = {0};
	char name[32];
	size_t n = strcspn(line, " ");
	const char *words = line + n + strspn(line + n, " ");
	bool done = false;
	enum action a;

	if (!*line)
		return 0;
	str_copy(name, MIN(sizeof(name), n + 1), line);
	a = action_find(name);
	app->dirty = true;
	if (a == ACTION_NONE)
		refuse(app, &mine, _("there is no command '%s'; ? lists them"), name);
	else if (*words)
		done = command_with_words(app, a, words, &mine);
	else if (a == ACTION_SAVE_SCREEN)
		refuse(app, &mine, _("save-screen needs a path"));
	else if (a == ACTION_PULL && line[n]) /* the blank asks for a word; without it the row under the cursor is meant */
		refuse(app, &mine, _("type a reference, as docker.io/library/alpine:3.20"));
	else
		app_action(app, a);
	err_join(e, &mine);
	return !err_is_set(&mine) ? 0 : done ? 1 : -1;
}

static bool list_wheel(struct app *app, const struct mouse *m)
{
	struct list *l = current_list(app);

	if (!l || (m->kind != MOUSE_WHEEL_UP && m->kind != MOUSE_WHEEL_DOWN))
		return false;
	list_move(l, m->kind == MOUSE_WHEEL_UP ? -3 : 3);
	return true;
}

void app_mouse(struct app *app, const struct mouse *m)
{
	struct view *v = app_view(app);

	app->dirty = true;
	if (app->dialog.open) {
		enum dialog_answer d = dialog_mouse(&app->dialog, m, (struct rect){0, 0, app->cols, app->rows});

		if (d != DIALOG_PENDING)
			app_dialog_done(app, d == DIALOG_YES);
		return;
	}
	if (app->help.open || app->prompt.kind != PROMPT_NONE)
		return;
	for (int i = 0; i < VIEW_TABS; i++)
		if (m->kind == MOUSE_CLICK && rect_contains(app->tabs[i], m->x, m->y)) {
			app_go(app, VIEW_VMS + i);
			return;
		}
	if (v->ops->mouse && rect_contains(app->body, m->x, m->y) && v->ops->mouse(v, m))
		return;
	list_wheel(app, m);
}
