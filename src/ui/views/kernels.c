/* SPDX-License-Identifier: MIT */
/*
 * Kernels: local ones and the catalogue's in one list.
 */
#include "base/i18n.h"
#include "ui/views/objects.h"
#include "ui/views/views.h"
#include "ui/widgets/page.h"

#include <stdio.h>
#include <string.h>

static const struct column columns[OBJ_COLUMNS] = {
	[OBJ_NAME] = {N_("NAME"), 14, 32, 0, false, 0},	  [OBJ_WHERE] = {N_("WHERE"), 11, 22, 0, false, 1},
	[OBJ_OWN] = {N_("RELEASE"), 20, 28, 1, false, 2}, [OBJ_DISK] = {N_("ON DISK"), 7, 8, 2, true, 3},
	[OBJ_AGE] = {N_("AGE"), 5, 5, 3, true, 4},	  [OBJ_USERS] = {N_("USED BY"), 7, 8, 4, true, 5}, [OBJ_ABOUT] = {N_("WHAT IT IS"), 16, 0, 5, false, -1},
};

static size_t count(const struct world *w)
{
	return w->n_kernels;
}

/* One that was imported has no line of a catalogue about it. */
static const char *about(const struct kernel *k)
{
	if (k->about[0])
		return k->about;
	return strcmp(k->source, "local") == 0 ? _("imported") : "";
}

static struct object at(const struct world *w, size_t i)
{
	const struct kernel *k = &w->kernels[i];

	return (struct object){.name = k->name,
			       .about = about(k),
			       .local = k->local,
			       .pullable = k->in_catalog,
			       .alloc_bytes = k->alloc_bytes,
			       .created_ms = k->created_ms,
			       .users = k->users};
}

static const char *release_text(const struct world *w, size_t i, char buf[SIZE_TEXT] UNUSED)
{
	return w->kernels[i].release;
}

static int release_compare(const struct world *w, size_t a, size_t b)
{
	return strcmp(w->kernels[a].release, w->kernels[b].release);
}

static void ask(const struct object *o, char *title, size_t size)
{
	snprintf(title, size, _("Delete kernel %.60s?"), o->name);
}

static void in_use(const struct object *o, int users, char *title, size_t title_size, char *why, size_t why_size)
{
	snprintf(title, title_size, _("Kernel %.60s is in use"), o->name);
	snprintf(why, why_size,
		 ngettext("%d machine uses it, and it stays while that exists:", "%d machines use it, and it stays while they exist:", users),
		 users);
}

static bool runs(const struct world *w, size_t i, const struct vm *vm)
{
	return strcmp(vm->cfg.kernel, w->kernels[i].name) == 0;
}

static void facts(const struct world *w, size_t i, struct canvas *c, struct rect *page)
{
	const struct kernel *k = &w->kernels[i];
	char size[SIZE_TEXT];

	if (about(k)[0])
		page_row(c, page, ROLE_TEXT, _("what it is"), about(k));
	if (!k->local)
		return;
	page_row(c, page, ROLE_TEXT, _("uname -r"), k->release);
	if (k->source[0])
		page_row(c, page, ROLE_TEXT, _("source"), k->source);
	page_row(c, page, ROLE_TEXT, _("id"), k->id);
	if (k->digest[0])
		page_row(c, page, ROLE_TEXT, _("digest"), k->digest);
	page_row(c, page, ROLE_TEXT, _("on disk"), size_human(k->alloc_bytes, size));
}

static const struct object_kind kind = {
	.ops = &kernels_view,
	.context = CTX_KERNELS,
	.pull = REQ_KERNEL_PULL,
	.delete = REQ_KERNEL_DELETE,
	.columns = columns,
	.title = N_("Kernels"),
	.empty = N_("no kernels, and no catalogue"),
	.count = count,
	.at = at,
	.own = release_text,
	.own_compare = release_compare,
	.facts = facts,
	.uses = runs,
	.ask = ask,
	.in_use = in_use,
};

static struct view *kernels_open(struct app *app)
{
	return objects_open(app, &kind);
}

const struct view_ops kernels_view = {
	.title = N_("Kernels"),
	.watches = WORLD_KERNELS | WORLD_JOBS | WORLD_SYNC,
	.open = kernels_open,
	.close = objects_close,
	.context = objects_context,
	.recalc = objects_recalc,
	.paint = objects_paint,
	.act = objects_act,
	.mouse = objects_mouse,
	.list = objects_list,
	.label = objects_label,
};
