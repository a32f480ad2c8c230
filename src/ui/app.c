/* SPDX-License-Identifier: MIT */
/*
 * The console's state and what comes in from the engine.
 *
 * Everything modal (a prompt, a question, the help page, a form) is a field of struct app, looked at in a fixed order
 * when a key comes; there are no nested loops, so events and frames go on behind every question.
 */
#include "ui/app_priv.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "ui/term/console_ssh.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void console_changed(void *arg)
{
	app_dirty(arg);
}

struct app *app_new(const struct app_args *a)
{
	struct app *app = xcalloc(1, sizeof(*app));

	app->args = *a;
	app->cols = a->cols;
	app->rows = a->rows;
	app->mouse = a->mouse;
	app->keybar = true;
	app->dirty = true;
	world_init(&app->world);
	keymap_init(&app->keymap);
	app->consoles = consoles_new(a->loop, console_changed, app);
	return app;
}

void app_free(struct app *app)
{
	if (!app)
		return;
	for (size_t i = 0; i < VIEW_COUNT; i++)
		if (app->views[i])
			app->views[i]->ops->close(app->views[i]);
	consoles_free(app->consoles);
	prompt_done(&app->prompt);
	dialog_close(&app->dialog);
	world_done(&app->world);
	free(app->clipboard);
	free(app->save_path);
	free(app);
}

void app_attach(struct app *app, const struct engine_port *port)
{
	app->port = port;
	if (app->world.log.vm_id[0])
		port->watch_log(port->self, app->world.log.vm_id);
}

void app_engine_failed(struct app *app, const struct err *e)
{
	struct event ev = {.kind = EV_FAILED, .err = *e};

	app_event(app, &ev);
}

static void console_ready(struct app *app, const struct console_ready *r)
{
	const struct world_vm *v = world_vm(&app->world, r->vm_id);
	struct console_io io =
		app->args.console_io ? app->args.console_io(r->session) : console_ssh_io(r->session, NULL);

	struct vm gone = {0};

	str_copy(gone.id, sizeof(gone.id), r->vm_id);
	str_copy(gone.name, sizeof(gone.name), r->vm_id);
	consoles_add(app->consoles, v ? &v->vm : &gone, io);
	/* Keys being typed into a form or a question must not land in a guest. */
	if (app->current >= VIEW_TABS || app->dialog.open || app->prompt.kind != PROMPT_NONE)
		app_toast(app, ROLE_OK, _("the console of %s is open: 6"), v ? v->vm.name : r->vm_id);
	else
		app_go(app, VIEW_CONSOLES);
}

void app_event(struct app *app, const struct event *ev)
{
	app->dirty = true;
	if (ev->kind == EV_CONSOLE_READY) {
		console_ready(app, &ev->console);
		return;
	}
	if (ev->kind == EV_PRUNABLE) {
		app_prunable_in(app, &ev->prunable);
		return;
	}
	if (ev->kind == EV_JOB)
		app_tell_job(app, &ev->job);
	if (ev->kind == EV_JOB && ev->job.id == app->follow_job)
		str_copy(app->follow_vm, sizeof(app->follow_vm), ev->job.vm_id);
	if (ev->kind == EV_HOST_INFO)
		app_tell_host(app, &ev->host);
	if (ev->kind == EV_JOB && ev->job.kind == REQ_CONSOLE_OPEN && !job_is_active(&ev->job))
		consoles_settle(app->consoles, ev->job.vm_id);
	world_apply(&app->world, ev);
}

bool app_pump(struct app *app, int max)
{
	/* An event is a few KiB and its union is copied whole: one buffer for all. */
	static struct event ev;

	for (int i = 0; app->port && i < max; i++) {
		if (!app->port->next_event(app->port->self, &ev))
			return false;
		app_event(app, &ev);
	}
	return app->port != NULL;
}

struct view *app_view(struct app *app)
{
	if (!app->views[app->current])
		app->views[app->current] = view_ops_of(app->current)->open(app);
	return app->views[app->current];
}

void app_go(struct app *app, enum view_id id)
{
	struct view *old = app->views[app->current];

	if (id == app->current && old)
		return;
	if (old && old->ops->shown)
		old->ops->shown(old, false);
	app->current = id;
	app->has_from = false;
	app->dirty = true;
	/* What changed while it was out of sight is what it watches. */
	if (app->views[id] && app->views[id]->ops->recalc)
		app->views[id]->ops->recalc(app->views[id], WORLD_ALL);
	if (app_view(app)->ops->shown)
		app_view(app)->ops->shown(app_view(app), true);
}

/* A fresh one, over what is shown. */
static void open_form(struct app *app, enum view_id id)
{
	if (app->views[id]) {
		app->views[id]->ops->close(app->views[id]);
		app->views[id] = NULL;
	}
	if (app->current < VIEW_TABS) /* a form over a form goes back beneath both */
		app->under = app->current;
	app_go(app, id);
}

static bool may_change(struct app *app)
{
	if (app->args.readonly)
		app_toast(app, ROLE_WARN, _("this console is read-only"));
	return !app->args.readonly;
}

void app_new_vm(struct app *app, const char *image)
{
	if (!may_change(app))
		return;
	str_copy(app->form_image, sizeof(app->form_image), image ? image : "");
	open_form(app, VIEW_CREATE);
}

void app_import(struct app *app, enum import_purpose what, const char *path)
{
	if (!may_change(app))
		return;
	app->import.what = what;
	str_copy(app->import.path, sizeof(app->import.path), path ? path : "");
	open_form(app, VIEW_IMPORT);
}

enum import_purpose app_import_purpose(const struct app *app)
{
	return app->import.what;
}

const char *app_import_start(const struct app *app, bool *ret_typed)
{
	*ret_typed = app->import.path[0] != 0;
	return *ret_typed ? app->import.path : app->import.dir;
}

void app_import_remember(struct app *app, const char *dir)
{
	str_copy(app->import.dir, sizeof(app->import.dir), dir);
}

void app_show_job(struct app *app, uint64_t job)
{
	enum view_id from = app->current < VIEW_TABS ? app->current : app->under;

	app->show_job = job;
	if (!job)
		return;
	app_go(app, VIEW_ACTIVITY);
	if (from != VIEW_ACTIVITY) {
		app->has_from = true;
		app->from = from;
	}
	list_set_filter(app_view(app)->ops->list(app_view(app)), "");
	app_touch(app, WORLD_JOBS);
}

uint64_t app_shown_job(const struct app *app)
{
	return app->show_job;
}

bool app_go_back(struct app *app)
{
	if (!app->has_from)
		return false;
	app_go(app, app->from);
	return true;
}

bool app_show_row(struct app *app, enum view_id id, const char *row)
{
	enum view_id before = app->current, from = app->from;
	bool has_from = app->has_from;
	struct list *l;

	app_go(app, id);
	l = app_view(app)->ops->list(app_view(app));
	list_recalc(l);
	if (list_select(l, row))
		return true;
	list_set_filter(l, "");
	if (list_select(l, row))
		return true;
	app_go(app, before);
	app->has_from = has_from;
	app->from = from;
	return false;
}

const char *app_new_vm_image(const struct app *app)
{
	return app->form_image[0] ? app->form_image : NULL;
}

void app_leave_form(struct app *app)
{
	app_go(app, app->under);
}

void app_follow_new(struct app *app, uint64_t job)
{
	app->follow_job = job;
	app->follow_vm[0] = 0;
}

const char *app_followed(const struct app *app)
{
	return app->follow_vm;
}

void app_resize(struct app *app, int cols, int rows)
{
	app->cols = cols;
	app->rows = rows;
	app->dirty = true;
}

bool app_is_dirty(const struct app *app)
{
	return app->dirty || app->world.changed;
}

int64_t app_next_change_ms(const struct app *app)
{
	return app->status.until_ms ? MAX((int64_t)0, app->status.until_ms - app_mono_ms(app)) : -1;
}

unsigned app_take_wishes(struct app *app)
{
	unsigned w = app->wishes;

	app->wishes = 0;
	return w;
}

bool app_mouse_on(const struct app *app)
{
	return app->mouse;
}

char *app_take_clipboard(struct app *app)
{
	return TAKE_PTR(app->clipboard);
}

void app_copy(struct app *app, const char *text)
{
	free(app->clipboard);
	app->clipboard = xstrdup(text);
}

void app_farewell(const struct app *app, struct buf *out)
{
	size_t n = 0, said = 0;

	for (size_t i = 0; i < app->world.n_vms; i++)
		n += world_vm_stays(&app->world, app->world.vms[i]);
	if (!n)
		return;
	buf_addf(out, ngettext("%zu machine keeps running:", "%zu machines keep running:", n), n);
	for (size_t i = 0; i < app->world.n_vms && said < 12; i++) {
		if (!world_vm_stays(&app->world, app->world.vms[i]))
			continue;
		buf_addf(out, "%s %s", said ? "," : "", app->world.vms[i]->vm.name);
		said++;
	}
	buf_adds(out, said < n ? ", …\n" : "\n");
}

const struct world *app_world(const struct app *app)
{
	return &app->world;
}

struct loop *app_loop(const struct app *app)
{
	return app->args.loop;
}

const struct keymap *app_keymap(const struct app *app)
{
	return &app->keymap;
}

struct consoles *app_consoles(const struct app *app)
{
	return app->consoles;
}

int64_t app_wall_ms(const struct app *app)
{
	return app->args.wall_ms ? app->args.wall_ms() : clock_wall_ms();
}

int64_t app_mono_ms(const struct app *app)
{
	return app->args.mono_ms ? app->args.mono_ms() : clock_mono_ms();
}

bool app_readonly(const struct app *app)
{
	return app->args.readonly;
}

bool app_pasting(const struct app *app)
{
	return app->paste.on;
}

void app_dirty(struct app *app)
{
	app->dirty = true;
}

void app_touch(struct app *app, unsigned bits)
{
	app->world.changed |= bits;
}

void app_toast(struct app *app, enum role role, const char *fmt, ...)
{
	char text[sizeof(app->status.toast)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	status_toast(&app->status, role, text, app_mono_ms(app));
	app->dirty = true;
}

uint64_t app_submit(struct app *app, const struct request *r)
{
	struct err e = {0};

	return app_submit_told(app, r, &e);
}

uint64_t app_submit_told(struct app *app, const struct request *r, struct err *e)
{
	uint64_t job = 0;

	if (!app->port) {
		err_set(e, ERR_STATE, _("still opening the store"));
		app_toast(app, ROLE_WARN, "%s", e->msg);
		return 0;
	}
	if (app->port->submit(app->port->self, r, &job, e) < 0) {
		app_toast(app, ROLE_ERR, "%s%s%s", e->msg, e->hint[0] ? " — " : "", e->hint);
		return 0;
	}
	if (r->kind != REQ_HOST_DOCTOR) /* whose end nobody has to wait for */
		app->last_job = job;
	return job;
}

void app_forget_dir(struct app *app)
{
	if (app->port && app->world.dir.reading)
		app->port->cancel(app->port->self, app->world.dir.job, NULL);
	world_ask_dir(&app->world, 0);
}

bool app_list_dir(struct app *app, const char *path)
{
	struct request r = {.kind = REQ_DIR_LIST};
	struct err e = {0};
	uint64_t job = 0;

	if (!app->port || !app->world.synced)
		return false;
	if (app->world.dir.reading) /* nobody waits for it any more */
		app->port->cancel(app->port->self, app->world.dir.job, NULL);
	str_copy(r.path, sizeof(r.path), path);
	if (app->port->submit(app->port->self, &r, &job, &e) < 0) {
		app_toast(app, ROLE_ERR, "%s%s%s", e.msg, e.hint[0] ? " — " : "", e.hint);
		return true; /* asking once more would not help */
	}
	world_ask_dir(&app->world, job);
	return true;
}

void app_start_helper(struct app *app)
{
	const struct helper_info *h = &app->world.helper;

	if (!app->port || !app->world.has_helper)
		app_toast(app, ROLE_WARN, _("still opening the store"));
	else if (h->runs)
		app_toast(app, ROLE_OK, _("the helper runs already"));
	else if (!h->startable)
		app_toast(app, ROLE_WARN, "%s", h->why);
	else
		app->wishes |= WISH_HELPER;
}

void app_cancel(struct app *app, uint64_t job)
{
	struct err e = {0};

	if (app->port && app->port->cancel(app->port->self, job, &e) < 0)
		app_toast(app, ROLE_WARN, "%s", e.msg);
}

void app_open_console(struct app *app, const char *vm_id)
{
	struct request r = {.kind = REQ_CONSOLE_OPEN};
	int cols, rows;

	consoles_size(app->consoles, &cols, &rows);
	str_copy(r.ref, sizeof(r.ref), vm_id);
	r.cols = (uint16_t)cols;
	r.rows = (uint16_t)rows;
	app_submit(app, &r);
}

void app_watch_log(struct app *app, const char *vm_id)
{
	if (!strcmp(app->world.log.vm_id, vm_id))
		return;
	world_watch_log(&app->world, vm_id);
	if (app->port)
		app->port->watch_log(app->port->self, vm_id);
}

void app_ask(struct app *app, const struct ask *q)
{
	dialog_open(&app->dialog, q);
	app_hold_list(app, true);
	app->dirty = true;
}
