/* SPDX-License-Identifier: MIT */
/*
 * Emptying the cache of images: what would go is asked of the engine first, as it is a walk over a disk, and the question to the person
 * is put when that is known. Who did something else meanwhile is not asked.
 */
#include "ui/app_priv.h"

#include "base/i18n.h"
#include "core/model/size.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void app_prune(struct app *app)
{
	struct request r = {.kind = REQ_IMAGE_PRUNABLE, .ref = REQ_REF_CACHE};
	struct err e = {0};

	app->prune_job = 0;
	if (!app->port)
		app_toast(app, ROLE_WARN, _("still opening the store"));
	else if (app->port->submit(app->port->self, &r, &app->prune_job, &e) < 0)
		app_toast(app, ROLE_ERR, "%s%s%s", e.msg, e.hint[0] ? " — " : "", e.hint);
}

static void PRINTF(3, 4) add_line(struct ask *q, size_t *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(q->lines[*n], sizeof(q->lines[0]), fmt, ap);
	va_end(ap);
	++*n;
}

static void ask(struct app *app, const struct image_prunable *p)
{
	struct ask q = {.req = {.kind = REQ_IMAGE_PRUNE}, .n_refs = 1};
	char size[SIZE_TEXT];
	size_t n = 0;

	snprintf(q.title, sizeof(q.title), _("Free %s of disk?"), size_human(p->build_bytes + p->blob_bytes + p->part_bytes, size));
	if (p->blobs)
		add_line(&q, &n,
			 ngettext("%5s  %zu layer or bundle, which can be fetched again", "%5s  %zu layers and bundles, which can be fetched again",
				  p->blobs),
			 size_human(p->blob_bytes, size), p->blobs);
	if (p->parts)
		add_line(&q, &n,
			 ngettext("%5s  %zu download that broke off, and could be gone on with",
				  "%5s  %zu downloads that broke off, and could be gone on with", p->parts),
			 size_human(p->part_bytes, size), p->parts);
	if (p->builds)
		add_line(&q, &n,
			 ngettext("%5s  %zu former image that no machine uses any more", "%5s  %zu former images that no machine uses any more",
				  p->builds),
			 size_human(p->build_bytes, size), p->builds);
	add_line(&q, &n, "%s", _("Images and machines stay as they are."));
	str_copy(q.yes, sizeof(q.yes), _("Remove"));
	str_copy(q.keep, sizeof(q.keep), _("Keep"));
	q.refs = xcalloc(1, sizeof(*q.refs));
	str_copy(q.refs[0], LIST_ID_SIZE, REQ_REF_CACHE);
	app_ask(app, &q);
}

void app_prunable_in(struct app *app, const struct prunable_told *t)
{
	const struct image_prunable *p = &t->found;

	if (t->job != app->prune_job)
		return;
	app->prune_job = 0;
	if (app->current != VIEW_IMAGES || app->dialog.open || app->help.open || app->prompt.kind != PROMPT_NONE)
		return;
	if (err_is_set(&t->err))
		app_toast(app, ROLE_ERR, "%s%s%s", t->err.msg, t->err.hint[0] ? " — " : "", t->err.hint);
	else if (p->blobs + p->parts + p->builds == 0)
		app_toast(app, ROLE_DIM, _("there is nothing to remove: the cache of images is empty"));
	else
		ask(app, p);
}
