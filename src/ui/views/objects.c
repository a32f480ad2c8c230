/* SPDX-License-Identifier: MIT */
/*
 * Images and kernels alike: see objects.h.
 */
#include "ui/views/objects.h"

#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/app.h"
#include "ui/text.h"
#include "ui/widgets/chart.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define BAR_WIDTH 8
#define BAR_FROM 20 /* columns, for a bar to stand beside the words */

int object_compare_where(const struct object *a, const struct object *b)
{
	return (b->local - a->local) ?: strcmp(a->name, b->name);
}

int object_compare_disk(const struct object *a, const struct object *b)
{
	return (a->alloc_bytes < b->alloc_bytes) - (a->alloc_bytes > b->alloc_bytes);
}

bool object_match(const struct object *o, const char *text)
{
	return text_contains(o->name, text) || text_contains(o->about, text);
}

void object_paint_where(const struct world *w, const struct object *o, enum request_kind pull, struct canvas *c, int x, int y,
			int width)
{
	const struct job *j = world_target_job(w, pull, o->name);

	if (!j) {
		canvas_text(c, x, y, o->local ? ROLE_OK : ROLE_DIM, width, o->local ? _("● local") : _("○ catalogue"));
		return;
	}
	if (j->total > 0 && width >= BAR_FROM) {
		chart_bar(c, x, y, BAR_WIDTH, ROLE_BUSY, (int)(MAX((int64_t)0, j->done) * 1000 / j->total));
		x += BAR_WIDTH + 1;
		width -= BAR_WIDTH + 1;
	}
	canvas_text(c, x, y, ROLE_BUSY, width, j->stage[0] ? j->stage : _("waiting"));
}

void object_pull(struct app *app, enum request_kind pull, const struct object *o)
{
	struct request r = {.kind = pull};

	if (app_readonly(app)) {
		app_toast(app, ROLE_WARN, _("this console is read-only"));
		return;
	}
	str_copy(r.ref, sizeof(r.ref), o->name);
	app_submit(app, &r);
}

void object_ask_delete(struct app *app, enum request_kind delete, const struct object *o, const char *title,
		       const char *used)
{
	struct ask q = {.req = {.kind = delete}, .n_refs = 1};
	char size[SIZE_TEXT];

	assert((o->users > 0) == (used != NULL));
	if (!o->local) {
		app_toast(app, ROLE_DIM, _("%s is not on this host"), o->name);
		return;
	}
	str_copy(q.title, sizeof(q.title), title);
	snprintf(q.lines[0], sizeof(q.lines[0]), _("%s of disk"), size_human(o->alloc_bytes, size));
	if (!used)
		used = o->in_catalog ? _("it can be pulled again") : _("it is in no catalogue");
	str_copy(q.lines[1], sizeof(q.lines[1]), used);
	str_copy(q.yes, sizeof(q.yes), _("Delete"));
	str_copy(q.keep, sizeof(q.keep), _("Keep"));
	q.refs = xcalloc(1, sizeof(*q.refs));
	str_copy(q.refs[0], LIST_ID_SIZE, o->name);
	app_ask(app, &q);
}
