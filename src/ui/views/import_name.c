/* SPDX-License-Identifier: MIT */
/*
 * The file is chosen: what is made of it gets a name, checked at every key by what the engine checks it by.
 */
#include "ui/views/import.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/size.h"
#include "ui/text.h"
#include "ui/widgets/command.h"

#include <stdio.h>
#include <string.h>

#define LABEL_X 4
#define VALUE_X 16 /* as in a form of short labels */

enum { F_NAME, F_MORE }; /* the second: where its modules are, or whether it stays where it is */

static struct field *name_field(struct import *v)
{
	return &v->form.fields[F_NAME];
}

static bool stays(const struct import *v)
{
	return v->kind->may_stay && v->form.n > F_MORE && v->form.fields[F_MORE].on;
}

static const char *modules_of(const struct import *v)
{
	return v->kind->modules ? v->form.fields[F_MORE].edit.text : "";
}

/* "/boot/vmlinuz-6.1.0" → "/lib/modules/6.1.0", below the same root; "" for any other file. */
static void guess_modules(const char *file, char *ret, size_t size)
{
	static const char *const begins[] = {"/boot/vmlinuz-", "/boot/vmlinux-"};
	const char *at = NULL;

	ret[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(begins) && !at; i++)
		at = strstr(file, begins[i]);
	if (at && !strchr(at + strlen(begins[0]), '/'))
		snprintf(ret, size, "%.*s/lib/modules/%s", (int)(at - file), file, at + strlen(begins[0]));
}

static void add_more(struct import *v)
{
	struct field *fd = &v->form.fields[F_MORE];
	char modules[EDIT_MAX];

	if (v->kind->modules) {
		*fd = (struct field){.kind = FIELD_TEXT, .label = _("modules")};
		guess_modules(v->file, modules, sizeof(modules));
		edit_set(&fd->edit, modules);
		v->form.n++;
	} else if (v->kind->may_stay && v->kind->may_stay(&v->entry, v->file)) {
		*fd = (struct field){.kind = FIELD_SWITCH, .label = _("in place")};
		v->form.n++;
	}
}

/* Of its path; of a kernel without what all of them begin with. */
static void guess_name(const struct import *v, char ret[OBJ_NAME_SIZE])
{
	const char *slash = strrchr(v->file, '/'), *base = slash ? slash + 1 : v->file;
	bool begins = v->kind->modules && (strncmp(base, "vmlinuz-", 8) == 0 || strncmp(base, "vmlinux-", 8) == 0);

	name_from_file(begins ? base + 8 : v->file, ret);
}

void import_name_begin(struct import *v, const char *file, const struct dir_entry *entry)
{
	char name[OBJ_NAME_SIZE];

	v->entry = *entry;
	str_copy(v->file, sizeof(v->file), file);
	v->face = IMPORT_NAME;
	v->form = (struct form){.n = 1};
	*name_field(v) = (struct field){.kind = FIELD_TEXT, .label = _("name")};
	guess_name(v, name);
	edit_set(&name_field(v)->edit, name);
	add_more(v);
	import_name_check(v);
}

static void check_clash(struct import *v, struct field *fd)
{
	if (v->kind->clash(app_world(v->view.app), fd->edit.text, v->note, sizeof(v->note)) == NAME_IS_TAKEN) {
		str_copy(fd->error, sizeof(fd->error), v->note);
		v->note[0] = 0;
	}
}

static void check_modules(struct field *fd)
{
	fd->error[0] = 0;
	str_copy(fd->note, sizeof(fd->note), fd->edit.text[0] ? "" : _("none: they must be built in"));
	if (fd->edit.text[0] && fd->edit.text[0] != '/')
		str_copy(fd->error, sizeof(fd->error), _("a whole path, from / on: /lib/modules/RELEASE"));
}

void import_name_check(struct import *v)
{
	struct field *fd = name_field(v);
	struct err e = {0};

	fd->error[0] = v->note[0] = 0;
	if (name_check_object(_(v->kind->what), fd->edit.text, &e) < 0) {
		str_copy(fd->error, sizeof(fd->error), e.msg);
		str_copy(v->note, sizeof(v->note), e.hint);
	} else {
		check_clash(v, fd);
	}
	if (v->kind->modules)
		check_modules(&v->form.fields[F_MORE]);
	if (stays(v) && !v->note[0])
		str_copy(v->note, sizeof(v->note), _("An ext4 is used where it is, read-only; nothing is copied. It must stay there, unchanged."));
}

static void command_line(struct import *v, struct buf *out)
{
	buf_addf(out, "banger-tui %s", stays(v) ? v->kind->in_place_command : v->kind->command);
	if (modules_of(v)[0]) {
		buf_adds(out, " --modules");
		command_word(out, modules_of(v));
	}
	command_word(out, v->file);
	command_word(out, name_field(v)->edit.text);
}

static void submit(struct import *v)
{
	struct request r = {.kind = stays(v) ? v->kind->in_place : v->kind->request};
	uint64_t job;

	import_name_check(v);
	if (form_focus_error(&v->form))
		return;
	str_copy(r.ref, sizeof(r.ref), name_field(v)->edit.text);
	str_copy(r.path, sizeof(r.path), v->file);
	str_copy(r.modules, sizeof(r.modules), modules_of(v));
	job = app_submit(v->view.app, &r);
	if (job)
		app_show_job(v->view.app, job);
}

static bool carry_out(struct import *v, enum form_result r)
{
	switch (r) {
	case FORM_CANCEL:
		v->face = IMPORT_LIST;
		import_rows(v);
		return true;
	case FORM_SUBMIT:
		submit(v);
		return true;
	case FORM_CHANGED:
		import_name_check(v);
		return true;
	default:
		return r == FORM_TAKEN;
	}
}

bool import_name_key(struct import *v, struct key k)
{
	auto_buf line = {0};

	if (k.sym == SYM_CHAR && k.mods == KEY_MOD_CTRL && k.cp == 'y') {
		command_line(v, &line);
		command_copy(v->view.app, &line);
		return true;
	}
	return carry_out(v, form_key(&v->form, k));
}

bool import_name_mouse(struct import *v, const struct mouse *m)
{
	if (m->kind == MOUSE_CLICK && rect_contains(v->go_button, m->x, m->y))
		return carry_out(v, FORM_SUBMIT);
	if (m->kind == MOUSE_CLICK && rect_contains(v->back_button, m->x, m->y))
		return carry_out(v, FORM_CANCEL);
	return carry_out(v, form_mouse(&v->form, m));
}

static void paint_button(struct canvas *c, struct rect *r, const char *word, const char *key, enum role roles[2])
{
	int x = r->x;

	x += canvas_text(c, x, r->y, roles[0], r->w, word) + 1;
	x += canvas_text(c, x, r->y, roles[1], r->w, key);
	r->w = x - r->x;
}

static void paint_buttons(struct import *v, struct canvas *c, struct rect r)
{
	bool right = form_is_right(&v->form);
	int x = MAX(2, MIN(r.w, 96) - 32);

	v->go_button = (struct rect){r.x + x, r.y, r.w, 1};
	paint_button(c, &v->go_button, _("Import"), canvas_enter(c),
		     (enum role[]){right ? ROLE_TITLE : ROLE_DIM, right ? ROLE_KEY : ROLE_DIM});
	v->back_button = (struct rect){v->go_button.x + v->go_button.w + 4, r.y, r.w, 1};
	paint_button(c, &v->back_button, _("Back"), "esc", (enum role[]){ROLE_TEXT, ROLE_KEY});
}

/* "347M, 2h old" */
static void about_file(const struct import *v, char *ret, size_t n)
{
	char size[SIZE_TEXT], age[TEXT_SHORT];
	int64_t old_ms = app_wall_ms(v->view.app) - v->entry.changed_ms;

	if (v->entry.kind == DIR_FOLDER)
		str_copy(ret, n, _("directory"));
	else
		snprintf(ret, n, _("%s, %s old"), size_human(v->entry.bytes, size), text_age(old_ms, age));
}

static void paint_file(struct import *v, struct canvas *c, struct rect r)
{
	int x = r.x + VALUE_X, room = r.x + r.w - x - 1;
	char about[2 * SIZE_TEXT + 32];

	about_file(v, about, sizeof(about));
	canvas_text(c, r.x + LABEL_X, r.y, ROLE_DIM, VALUE_X - LABEL_X - 1, v->entry.kind == DIR_FOLDER ? _("directory") : _("file"));
	import_paint_path(c, x, r.y, ROLE_TEXT, room, v->file);
	if (r.h > 1 && v->entry.kind != DIR_FOLDER)
		canvas_text(c, x, r.y + 1, ROLE_DIM, room, about);
}

void import_name_paint(struct import *v, struct canvas *c, struct rect r)
{
	struct rect box = r, line = {r.x + LABEL_X, 0, r.w - LABEL_X - 1, 0}, warn;
	auto_buf text = {0};
	bool airy = r.h > 11;
	int rows, x;

	x = canvas_text(c, box.x + 1, box.y, ROLE_TITLE, box.w - 2, _(v->kind->title));
	canvas_hline(c, box.x + x + 2, box.y, MIN(box.w, 96) - x - 3, ROLE_RULE);
	rect_take_top(&box, airy ? 2 : 1);
	paint_file(v, c, rect_take_top(&box, airy ? 2 : 1));
	rect_take_top(&box, airy);
	box.y = form_paint(&v->form, c, box);
	box.h = r.y + r.h - box.y;
	warn = box;
	rect_take_bottom(&warn, airy ? 2 : 1); /* the command gives way to it: it can be copied all the same */
	rect_take_left(&warn, VALUE_X);
	rect_take_right(&warn, 1);
	if (v->note[0]) {
		if (warn.w < 40) /* beneath the label as well */
			warn = (struct rect){r.x + LABEL_X, warn.y, r.w - LABEL_X - 1, warn.h};
		rect_take_top(&box, MIN(canvas_wrap(c, warn, form_is_right(&v->form) ? ROLE_WARN : ROLE_DIM, v->note), warn.h));
	}
	rect_take_top(&box, airy);
	command_line(v, &text);
	line.y = box.y;
	rows = box.h > 1 ? command_paint(c, line, buf_cstr(&text), MAX(1, MIN(4, box.h - 1 - airy))) : 0;
	rect_take_top(&box, rows + airy);
	paint_buttons(v, c, rect_take_top(&box, 1));
}
