/* SPDX-License-Identifier: MIT */
/*
 * New machine: a form prefilled with what would be used anyway and where that comes from, checked at every key, with
 * the command line that does the same.
 *
 * Only fields a person touched are part of the request: what was left alone follows the defaults of the moment it runs.
 */
#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/app.h"
#include "ui/views/views.h"
#include "ui/widgets/command.h"
#include "ui/widgets/form.h"

#include <stdio.h>
#include <string.h>

enum { F_NAME, F_IMAGE, F_VCPUS, F_MEMORY, F_DISK, F_OVERLAY, F_WORK, F_NET, F_NAT, F_ISOLATED, F_EGRESS, F_PUBLISH, F_START, F_COUNT };

struct create {
	struct view view;
	struct form form;
	struct rect create_button, cancel_button;
};

/* Which field of the specification a row is; -1 = none. */
static const int spec_of[F_COUNT] = {
	[F_NAME] = -1,	       [F_IMAGE] = SPEC_IMAGE,	     [F_VCPUS] = SPEC_VCPUS,
	[F_MEMORY] = SPEC_MEM, [F_DISK] = SPEC_DISK,	     [F_OVERLAY] = SPEC_OVERLAY,
	[F_WORK] = SPEC_WORK,  [F_NET] = SPEC_NET,	     [F_NAT] = SPEC_NAT,
	[F_ISOLATED] = SPEC_ISOLATED, [F_EGRESS] = SPEC_EGRESS, [F_PUBLISH] = SPEC_PUBLISH, [F_START] = -1,
};

static const char *source_note(enum spec_source s)
{
	switch (s) {
	case SPEC_FROM_CONFIG:
		return _("from config");
	case SPEC_FROM_HOST:
		return _("from host");
	case SPEC_BUILT_IN:
		return _("built in");
	default:
		return "";
	}
}

/* What a person may ask for here, whatever the reason. */
static int vcpus_max(const struct host_info *h)
{
	return h->limits.cpus > 0 ? MIN(h->limits.cpus, SPEC_VCPUS_MAX) : SPEC_VCPUS_MAX;
}

static void range_note(const struct host_info *h, int i, struct field *fd)
{
	char size[SIZE_TEXT];

	if (i == F_VCPUS)
		snprintf(fd->note, sizeof(fd->note), "1–%d", vcpus_max(h));
	else if (i == F_MEMORY)
		snprintf(fd->note, sizeof(fd->note), "%dM–%s", SPEC_MEM_MIN_MIB, size_human(h->limits.mem_bytes, size));
	else
		fd->note[0] = 0;
}

static bool default_switch(struct create *v, int i)
{
	const struct world *w = app_world(v->view.app);
	const struct vm_config *c = &w->info.defaults.cfg;

	return w->has_info && (i == F_NAT ? c->nat : c->isolated);
}

/* Is it part of the request? A switch that was put back is as if nobody had touched it. */
static bool is_asked(struct create *v, int i)
{
	const struct field *fd = &v->form.fields[i];

	return spec_of[i] >= 0 && fd->touched && (fd->kind != FIELD_SWITCH || fd->on != default_switch(v, i));
}

/* Defaults into every field nobody touched. */
static void prefill(struct create *v)
{
	const struct world *w = app_world(v->view.app);

	for (int i = 0; i < F_COUNT; i++) {
		struct field *fd = &v->form.fields[i];
		int f = spec_of[i];
		char text[EGRESS_TEXT];

		if (f < 0 || !w->has_info)
			continue;
		range_note(&w->info, i, fd);
		if (fd->touched)
			continue;
		if (fd->kind == FIELD_SWITCH)
			fd->on = default_switch(v, i);
		else
			edit_set(&fd->edit, spec_format(&w->info.defaults.cfg, (enum spec_field)f, text, sizeof(text)));
		snprintf(fd->note + strlen(fd->note), sizeof(fd->note) - strlen(fd->note), "%s%s",
			 fd->note[0] ? "  " : "", source_note(w->info.defaults.from[f]));
	}
}

static void check_name(struct create *v)
{
	const struct world *w = app_world(v->view.app);
	struct field *fd = &v->form.fields[F_NAME];
	struct err e = {0};

	fd->error[0] = 0;
	str_copy(fd->note, sizeof(fd->note), fd->edit.text[0] ? "" : _("generated when empty"));
	if (fd->edit.text[0] && name_check_vm(fd->edit.text, &e) < 0)
		str_copy(fd->error, sizeof(fd->error), e.msg);
	for (size_t i = 0; i < w->n_vms && !fd->error[0]; i++)
		if (!strcmp(w->vms[i]->vm.name, fd->edit.text))
			snprintf(fd->error, sizeof(fd->error), _("there is a machine '%s' already"), fd->edit.text);
}

static void check_image(struct create *v)
{
	const struct world *w = app_world(v->view.app);
	struct field *fd = &v->form.fields[F_IMAGE];
	const struct image *img = world_image(w, fd->edit.text);
	char size[SIZE_TEXT];

	if (fd->error[0])
		return;
	if (img && img->local)
		snprintf(fd->note, sizeof(fd->note), _("local, %s"), size_human(img->alloc_bytes, size));
	else if (img)
		str_copy(fd->note, sizeof(fd->note), _("pulled first"));
	else
		snprintf(fd->error, sizeof(fd->error), _("there is no image '%s'; ← → walk through them"),
			 fd->edit.text);
	for (size_t i = 0; !img && i < w->n_images; i++)
		if (name_is_near(fd->edit.text, w->images[i].name))
			snprintf(fd->error, sizeof(fd->error), _("there is no image '%s'; did you mean %s?"),
				 fd->edit.text, w->images[i].name);
}

/* The range the field shows is the one its error names. */
static void tell_range(const struct host_info *h, int i, struct field *fd)
{
	const char *text = fd->edit.text;

	if (i == F_VCPUS && fd->error[0] && *text && !text[strspn(text, "0123456789")])
		snprintf(fd->error, sizeof(fd->error), _("vcpus must be between 1 and %d"), vcpus_max(h));
}

/* The specification as the form has it: touched fields only. Errors go to their fields. */
static void build_spec(struct create *v, struct vm_spec *spec)
{
	const struct world *w = app_world(v->view.app);

	*spec = (struct vm_spec){0};
	for (int i = 0; i < F_COUNT; i++) {
		struct field *fd = &v->form.fields[i];
		struct err e = {0};
		const char *text = fd->kind == FIELD_SWITCH ? (fd->on ? "yes" : "no") : fd->edit.text;

		if (spec_of[i] < 0)
			continue;
		fd->error[0] = 0;
		if (!is_asked(v, i))
			continue;
		if (spec_parse(spec, (enum spec_field)spec_of[i], text, &e) < 0 ||
		    (w->has_info && spec_check_field(&spec->cfg, (enum spec_field)spec_of[i], &w->info.limits, &e) < 0))
			str_copy(fd->error, sizeof(fd->error), e.msg);
		if (w->has_info)
			tell_range(&w->info, i, fd);
	}
}

static void validate(struct create *v)
{
	struct vm_spec spec;

	prefill(v);
	build_spec(v, &spec);
	check_name(v);
	check_image(v);
}

static struct view *create_open(struct app *app)
{
	struct create *v = xcalloc(1, sizeof(*v));
	const struct {
		enum field_kind kind;
		const char *label;
	} rows[F_COUNT] = {
		[F_NAME] = {FIELD_TEXT, _("name")},	    [F_IMAGE] = {FIELD_CHOICE, _("image")},
		[F_VCPUS] = {FIELD_TEXT, _("vcpus")},	    [F_MEMORY] = {FIELD_TEXT, _("memory")},
		[F_DISK] = {FIELD_CHOICE, _("disk")},	    [F_OVERLAY] = {FIELD_TEXT, _("overlay")},
		[F_WORK] = {FIELD_TEXT, _("work disk")},    [F_NET] = {FIELD_CHOICE, _("network")},
		[F_NAT] = {FIELD_SWITCH, _("nat")},	    [F_ISOLATED] = {FIELD_SWITCH, _("isolated")},
		[F_EGRESS] = {FIELD_TEXT, _("egress")},	    [F_PUBLISH] = {FIELD_TEXT, _("publish")},
		[F_START] = {FIELD_SWITCH, _("start now")},
	};

	v->view = (struct view){&create_view, app};
	v->form.n = F_COUNT;
	for (int i = 0; i < F_COUNT; i++)
		v->form.fields[i] = (struct field){.kind = rows[i].kind, .label = rows[i].label};
	v->form.fields[F_START].on = true;
	if (app_new_vm_image(app)) {
		edit_set(&v->form.fields[F_IMAGE].edit, app_new_vm_image(app));
		v->form.fields[F_IMAGE].touched = true;
	}
	validate(v);
	return &v->view;
}

static void create_close(struct view *view)
{
	free(view);
}

static void create_recalc(struct view *view, unsigned changed)
{
	(void)changed;
	validate((struct create *)view);
}

static void cycle_image(struct create *v, int by)
{
	const struct world *w = app_world(v->view.app);
	struct field *fd = &v->form.fields[F_IMAGE];
	size_t at = by > 0 ? w->n_images - 1 : 0;

	if (!w->n_images)
		return;
	for (size_t i = 0; i < w->n_images; i++)
		if (!strcmp(w->images[i].name, fd->edit.text))
			at = i;
	at = (at + (size_t)((int)w->n_images + by)) % w->n_images;
	edit_set(&fd->edit, w->images[at].name);
}

static void cycle_disk(struct field *fd, int by)
{
	enum disk_mode mode = DISK_OVERLAY;

	if (disk_mode_from_string(fd->edit.text, &mode))
		mode = (enum disk_mode)(((int)mode + by + DISK_MODE_COUNT) % DISK_MODE_COUNT);
	edit_set(&fd->edit, disk_mode_to_string(mode));
}

static void cycle_net(struct field *fd, int by)
{
	enum net_mode mode = NET_SLIRP;

	if (net_mode_from_string(fd->edit.text, &mode))
		mode = (enum net_mode)(((int)mode + by + NET_MODE_COUNT) % NET_MODE_COUNT);
	edit_set(&fd->edit, net_mode_to_string(mode));
}

static void cycle(struct create *v, int by)
{
	struct field *fd = &v->form.fields[v->form.focus];

	if (v->form.focus == F_IMAGE)
		cycle_image(v, by);
	else if (v->form.focus == F_NET)
		cycle_net(fd, by);
	else
		cycle_disk(fd, by);
	fd->touched = true;
}

static void command_line(struct create *v, struct buf *out)
{
	buf_adds(out, "banger-tui vm create");
	for (int i = 0; i < F_COUNT; i++) {
		const struct field *fd = &v->form.fields[i];

		if (!is_asked(v, i))
			continue;
		buf_addf(out, " --%s", spec_field_to_string((enum spec_field)spec_of[i]));
		if (fd->kind != FIELD_SWITCH)
			command_word(out, fd->edit.text);
		else if (!fd->on)
			buf_adds(out, "=no");
	}
	if (!v->form.fields[F_START].on)
		buf_adds(out, " --no-start");
	if (v->form.fields[F_NAME].edit.text[0])
		command_word(out, v->form.fields[F_NAME].edit.text);
}

static void submit(struct create *v)
{
	struct request r = {.kind = REQ_VM_CREATE, .flags = v->form.fields[F_START].on ? REQ_F_START : 0};
	uint64_t job;

	validate(v);
	if (form_focus_error(&v->form))
		return;
	build_spec(v, &r.spec);
	str_copy(r.name, sizeof(r.name), v->form.fields[F_NAME].edit.text);
	job = app_submit(v->view.app, &r);
	if (!job)
		return;
	app_follow_new(v->view.app, job);
	app_leave_form(v->view.app);
}

static bool carry_out(struct create *v, enum form_result r)
{
	switch (r) {
	case FORM_CANCEL:
		app_leave_form(v->view.app);
		return true;
	case FORM_SUBMIT:
		submit(v);
		return true;
	case FORM_CYCLE_NEXT:
	case FORM_CYCLE_PREV:
		cycle(v, r == FORM_CYCLE_NEXT ? 1 : -1);
		validate(v);
		return true;
	case FORM_CHANGED:
		validate(v);
		return true;
	default:
		return r == FORM_TAKEN;
	}
}

static bool create_key(struct view *view, struct key k)
{
	struct create *v = (struct create *)view;
	auto_buf line = {0};

	if (k.sym == SYM_CHAR && k.mods == KEY_MOD_CTRL && k.cp == 'y') {
		command_line(v, &line);
		command_copy(view->app, &line);
		return true;
	}
	carry_out(v, form_key(&v->form, k));
	/* Letters belong to the fields: of the global keys only these pass. */
	return !(k.sym == SYM_F1 || (k.sym == SYM_CHAR && k.mods == KEY_MOD_CTRL && (k.cp == 'z' || k.cp == 'l')));
}

static bool create_takes_text(const struct view *view)
{
	const struct form *f = &((const struct create *)view)->form;

	return f->fields[f->focus].kind != FIELD_SWITCH;
}

static bool create_mouse(struct view *view, const struct mouse *m)
{
	struct create *v = (struct create *)view;

	if (m->kind == MOUSE_CLICK && rect_contains(v->create_button, m->x, m->y))
		return carry_out(v, FORM_SUBMIT);
	if (m->kind == MOUSE_CLICK && rect_contains(v->cancel_button, m->x, m->y))
		return carry_out(v, FORM_CANCEL);
	return carry_out(v, form_mouse(&v->form, m));
}

static void paint_buttons(struct create *v, struct canvas *c, struct rect r)
{
	bool right = form_is_right(&v->form);
	int x = r.x + MAX(2, r.w - 32);

	v->create_button = (struct rect){x, r.y, 9, 1};
	x += canvas_text(c, x, r.y, right ? ROLE_TITLE : ROLE_DIM, r.w, _("Create")) + 1;
	x += canvas_text(c, x, r.y, right ? ROLE_KEY : ROLE_DIM, r.w, canvas_enter(c)) + 4;
	v->cancel_button = (struct rect){x, r.y, 11, 1};
	x += canvas_text(c, x, r.y, ROLE_TEXT, r.x + r.w - x, _("Cancel")) + 1;
	canvas_text(c, x, r.y, ROLE_KEY, r.x + r.w - x, "esc");
}

static void create_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct create *v = (struct create *)view;
	struct rect box = r, buttons, line;
	auto_buf text = {0};
	/* What is left beside the title, the fields, a row of the command and the buttons: air and a longer command give way. */
	int y, x, rows, spare = r.h - 3 - form_height(&v->form);

	box.w = MIN(r.w, 96);
	x = canvas_text(c, box.x + 1, box.y, ROLE_TITLE, box.w - 2, _("New machine"));
	canvas_hline(c, box.x + x + 2, box.y, box.w - x - 3, ROLE_RULE);
	rect_take_top(&box, spare > 0 ? 2 : 1);
	buttons = rect_take_bottom(&box, 1);
	command_line(v, &text);
	line = (struct rect){r.x + 4, 0, r.w - 5, 1};
	rows = command_paint(NULL, line, buf_cstr(&text), MAX(1, MIN(3, spare - 1)));
	line.y = rect_take_bottom(&box, rows + (spare > rows)).y;
	y = form_paint(&v->form, c, box);
	if (y + 1 < line.y) /* close to the fields rather than at the foot of a tall window */
		line.y = y + 1;
	if (line.y + rows + 1 < buttons.y)
		buttons.y = line.y + rows + 1;
	command_paint(c, line, buf_cstr(&text), rows);
	paint_buttons(v, c, buttons);
}

static const char *create_label(const struct view *view, enum action a, const char *fallback)
{
	(void)view;
	(void)fallback;
	(void)a;
	return NULL; /* every letter is the form's; its keys stand beside its buttons */
}

const struct view_ops create_view = {
	.title = N_("New machine"),
	.watches = WORLD_IMAGES | WORLD_VMS | WORLD_HOST_INFO | WORLD_SYNC,
	.open = create_open,
	.close = create_close,
	.recalc = create_recalc,
	.paint = create_paint,
	.key = create_key,
	.mouse = create_mouse,
	.takes_text = create_takes_text,
	.label = create_label,
};
