/* SPDX-License-Identifier: MIT */
/*
 * What can be done to machines, to one or to many, and the questions before it.
 *
 * Start, stop and restart are undone as easily as done: no question. Cutting the power loses what the guest has not
 * written: one key. Deleting is for ever: the question names what is lost, and above five machines a phrase is typed.
 */
#include "ui/app_priv.h"

#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define BULK_TYPED 5 /* more than this many at once: the count is typed */

static const enum request_kind kinds[ACTION_COUNT] = {
	[ACTION_START] = REQ_VM_START,	   [ACTION_STOP] = REQ_VM_STOP,	    [ACTION_KILL] = REQ_VM_KILL,
	[ACTION_RESTART] = REQ_VM_RESTART, [ACTION_DELETE] = REQ_VM_DELETE,
	[ACTION_PAUSE] = REQ_VM_PAUSE,	   [ACTION_RESUME] = REQ_VM_RESUME,
};

/* START_STOP starts what stands and stops what runs, PAUSE lets go on what is paused; with several, the first decides for all. */
static enum action resolve_toggle(struct app *app, enum action a, const char *id)
{
	const struct world_vm *v = world_vm(&app->world, id);

	if (a == ACTION_PAUSE)
		return v && v->vm.state == VM_PAUSED ? ACTION_RESUME : ACTION_PAUSE;
	if (a != ACTION_START_STOP)
		return a;
	return v && vm_state_is_live(v->vm.state) ? ACTION_STOP : ACTION_START;
}

static void ask_start(struct ask *q, enum action a, const char (*ids)[LIST_ID_SIZE], size_t n)
{
	q->req.kind = kinds[a];
	q->refs = xcalloc(n, sizeof(*q->refs));
	memcpy(q->refs, ids, n * sizeof(*q->refs));
	q->n_refs = n;
	str_copy(q->yes, sizeof(q->yes), a == ACTION_DELETE ? _("Delete") : _("Cut power"));
	str_copy(q->keep, sizeof(q->keep), a == ACTION_DELETE ? _("Keep") : _("Leave on"));
}

/* "running for 3h 12m", or the word of its state. */
static void line_state(struct app *app, const struct world_vm *v, char *ret, size_t size)
{
	char age[TEXT_SHORT];

	if (v->vm.state == VM_RUNNING && v->vm.started_ms)
		snprintf(ret, size, _("running for %s; it is shut down first"),
			 text_duration(app_wall_ms(app) - v->vm.started_ms, age));
	else
		str_copy(ret, size, vm_state_to_string(v->vm.state));
}

static void describe_one(struct app *app, struct ask *q, enum action a, const struct world_vm *v)
{
	char size[SIZE_TEXT], cap[SIZE_TEXT];

	if (a == ACTION_KILL) {
		snprintf(q->title, sizeof(q->title), _("Cut the power of %s?"), v->vm.name);
		str_copy(q->lines[0], sizeof(q->lines[0]), _("What its programs have not written to disk is lost."));
		return;
	}
	snprintf(q->title, sizeof(q->title), _("Delete %s?"), v->vm.name);
	line_state(app, v, q->lines[0], sizeof(q->lines[0]));
	if (v->has_disk)
		snprintf(q->lines[1], sizeof(q->lines[1]),
			 _("%s of disk is lost, its /root and everything changed in it"),
			 size_human(v->stats.disk_bytes, size));
	else
		snprintf(q->lines[1], sizeof(q->lines[1]),
			 _("its disks go with it: work %s, changes up to %s"),
			 size_human(v->vm.cfg.work_bytes, size), size_human(v->vm.cfg.overlay_bytes, cap));
	str_copy(q->lines[2], sizeof(q->lines[2]), _("There is no way back."));
}

static void describe_many(struct app *app, struct ask *q, enum action a)
{
	size_t running = 0, unknown = 0, at = 0;
	uint64_t disk = 0;
	char size[SIZE_TEXT];

	for (size_t i = 0; i < q->n_refs; i++) {
		const struct world_vm *v = world_vm(&app->world, q->refs[i]);

		if (!v)
			continue;
		running += v->vm.state == VM_RUNNING;
		disk += v->has_disk ? v->stats.disk_bytes : 0;
		unknown += !v->has_disk;
		if (at < 120)
			at += (size_t)snprintf(q->lines[0] + at, sizeof(q->lines[0]) - at, "%s%.40s", at ? ", " : "",
					       v->vm.name);
	}
	if (a == ACTION_DELETE)
		snprintf(q->title, sizeof(q->title), _("Delete %zu machines?"), q->n_refs);
	else
		snprintf(q->title, sizeof(q->title), _("Cut the power of %zu machines?"), q->n_refs);
	if (a == ACTION_DELETE)
		snprintf(q->lines[1], sizeof(q->lines[1]),
			 unknown ? _("%zu of them run; at least %s of disk is lost. There is no way back.")
				 : _("%zu of them run; %s of disk is lost. There is no way back."),
			 running, size_human(disk, size));
	else
		str_copy(q->lines[1], sizeof(q->lines[1]), _("What their programs have not written to disk is lost."));
	if (q->n_refs > BULK_TYPED)
		snprintf(q->typed, sizeof(q->typed), "%s %zu", a == ACTION_DELETE ? "delete" : "kill", q->n_refs);
}

static void ask_first(struct app *app, enum action a, const char (*ids)[LIST_ID_SIZE], size_t n)
{
	struct ask q = {0};
	const struct world_vm *v = world_vm(&app->world, ids[0]);

	ask_start(&q, a, ids, n);
	if (n == 1 && v)
		describe_one(app, &q, a, v);
	else
		describe_many(app, &q, a);
	app_ask(app, &q);
}

static bool applies(enum action a, const struct world_vm *v)
{
	bool live = vm_state_is_live(v->vm.state);

	if (a == ACTION_PAUSE)
		return v->vm.state == VM_RUNNING;
	if (a == ACTION_RESUME)
		return v->vm.state == VM_PAUSED && !v->vm.held;
	return a == ACTION_START ? !live : a == ACTION_STOP || a == ACTION_SHELL ? live : true;
}

static const char *nothing_to_do(enum action a)
{
	if (a == ACTION_START)
		return _("%s runs already");
	if (a == ACTION_RESUME)
		return _("%s is not paused, or held until there is room");
	return a == ACTION_SHELL ? _("%s does not run; s starts it") : _("%s does not run");
}

static void submit_each(struct app *app, enum action a, const char (*ids)[LIST_ID_SIZE], size_t n)
{
	struct request r = {.kind = kinds[a]};
	size_t done = 0;

	for (size_t i = 0; i < n; i++) {
		const struct world_vm *v = world_vm(&app->world, ids[i]);

		if (!v)
			continue;
		if (!applies(a, v)) {
			if (n == 1)
				app_toast(app, ROLE_DIM, nothing_to_do(a), v->vm.name);
			continue;
		}
		str_copy(r.ref, sizeof(r.ref), v->vm.id);
		if (a == ACTION_SHELL)
			app_open_console(app, v->vm.id);
		else
			done += app_submit(app, &r) != 0;
	}
	if (n > 1)
		app_toast(app, ROLE_TEXT, _("%s: asked for %zu of %zu"), action_info(a)->name, done, n);
}

/* One machine at a time, as each image wants a name: the rest of the line is the person's. */
static void ask_image_name(struct app *app, const char *id, size_t n)
{
	const struct world_vm *v = world_vm(&app->world, id);
	char line[EDIT_MAX];

	if (n > 1) {
		app_toast(app, ROLE_DIM, "%s", _("one machine at a time is saved as an image"));
	} else if (v) {
		snprintf(line, sizeof(line), "%s %s ", action_info(ACTION_COMMIT)->name, v->vm.name);
		prompt_open(&app->prompt, PROMPT_COMMAND, line);
	}
}

void app_vm_commit(struct app *app, const char *id, const char *image)
{
	struct request r = {.kind = REQ_VM_COMMIT};

	str_copy(r.ref, sizeof(r.ref), id);
	str_copy(r.image, sizeof(r.image), image);
	app_submit(app, &r);
}

void app_vm_action(struct app *app, enum action a, const char (*ids)[LIST_ID_SIZE], size_t n)
{
	if (!n)
		return;
	a = resolve_toggle(app, a, ids[0]);
	if (app->args.readonly && (action_info(a)->flags & ACT_CHANGES))
		app_toast(app, ROLE_WARN, _("this console is read-only"));
	else if (a == ACTION_DELETE || a == ACTION_KILL)
		ask_first(app, a, ids, n);
	else if (a == ACTION_COMMIT)
		ask_image_name(app, ids[0], n);
	else if (kinds[a] != REQ_NONE || a == ACTION_SHELL)
		submit_each(app, a, ids, n);
}
