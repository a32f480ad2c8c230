/* SPDX-License-Identifier: MIT */
/*
 * Images: local ones and the catalogue's in one list. Enter makes a machine from a local one and pulls another.
 */
#include "base/i18n.h"
#include "ui/app.h"
#include "ui/views/objects.h"
#include "ui/views/views.h"
#include "ui/widgets/page.h"

#include <stdio.h>
#include <string.h>

static const struct column columns[OBJ_COLUMNS] = {
	[OBJ_NAME] = {N_("NAME"), 16, 32, 0, false, 0},	 [OBJ_WHERE] = {N_("WHERE"), 11, 22, 0, false, 1},
	[OBJ_OWN] = {N_("SIZE"), 6, 7, 1, true, 2},	 [OBJ_DISK] = {N_("ON DISK"), 7, 8, 2, true, 3},
	[OBJ_AGE] = {N_("AGE"), 5, 5, 3, true, 4},	 [OBJ_USERS] = {N_("USED BY"), 7, 8, 4, true, 5}, [OBJ_ABOUT] = {N_("WHAT IT IS"), 16, 0, 5, false, -1},
};

static size_t count(const struct world *w)
{
	return w->n_images;
}

static struct object at(const struct world *w, size_t i)
{
	const struct image *img = &w->images[i];

	return (struct object){.name = img->name,
			       .about = img->about[0] ? img->about : img->path[0] ? img->path : img->digest,
			       .local = img->local,
			       .pullable = img->in_catalog || img->reference[0],
			       .in_place = img->path[0] != '\0',
			       .alloc_bytes = img->alloc_bytes,
			       .created_ms = img->created_ms,
			       .users = img->users};
}

static const char *size_text(const struct world *w, size_t i, char buf[SIZE_TEXT])
{
	return size_human(w->images[i].used_bytes, buf);
}

static int size_compare(const struct world *w, size_t a, size_t b)
{
	uint64_t x = w->images[a].used_bytes, y = w->images[b].used_bytes;

	return (x < y) - (x > y);
}

static void ask(const struct object *o, char *title, size_t size)
{
	snprintf(title, size, _("Delete image %.60s?"), o->name);
}

static void in_use(const struct object *o, int users, char *title, size_t title_size, char *why, size_t why_size)
{
	snprintf(title, title_size, _("Image %.60s is in use"), o->name);
	snprintf(why, why_size,
		 ngettext("%d machine is made from it, and it stays while that exists:",
			  "%d machines are made from it, and it stays while they exist:", users),
		 users);
}

static bool is_made_from(const struct world *w, size_t i, const struct vm *vm)
{
	return w->images[i].id[0] && strcmp(vm->image_id, w->images[i].id) == 0;
}

static void facts(const struct world *w, size_t i, struct canvas *c, struct rect *page)
{
	const struct image *img = &w->images[i];
	char text[96], used[SIZE_TEXT], size[SIZE_TEXT];

	if (img->about[0])
		page_row(c, page, ROLE_TEXT, _("what it is"), img->about);
	if (img->path[0])
		page_row(c, page, ROLE_TEXT, _("file"), img->path);
	if (img->reference[0])
		page_row(c, page, ROLE_TEXT, _("reference"), img->reference);
	if (!img->local)
		return;
	page_row(c, page, ROLE_TEXT, _("id"), img->id);
	if (img->digest[0])
		page_row(c, page, ROLE_TEXT, _("made of"), img->digest);
	page_row(c, page, ROLE_TEXT, _("init"), strcmp(img->init, "none") == 0 ? _("none, the boot kit takes its place") : img->init);
	snprintf(text, sizeof(text), _("%s in a file system of %s"), size_human(img->used_bytes, used), size_human(img->size_bytes, size));
	page_row(c, page, ROLE_TEXT, _("content"), text);
	page_row(c, page, ROLE_TEXT, _("on disk"), size_human(img->alloc_bytes, size));
}

static const struct object_kind kind = {
	.ops = &images_view,
	.context = CTX_IMAGES,
	.pull = REQ_IMAGE_PULL,
	.delete = REQ_IMAGE_DELETE,
	.columns = columns,
	.title = N_("Images"),
	.empty = N_("no images, and no catalogue"),
	.count = count,
	.at = at,
	.own = size_text,
	.own_compare = size_compare,
	.facts = facts,
	.uses = is_made_from,
	.ask = ask,
	.in_use = in_use,
	.use = app_new_vm,
};

static bool images_act(struct view *view, enum action a)
{
	if (a != ACTION_PRUNE)
		return objects_act(view, a);
	app_prune(view->app);
	return true;
}

static struct view *images_open(struct app *app)
{
	return objects_open(app, &kind);
}

const struct view_ops images_view = {
	.title = N_("Images"),
	.watches = WORLD_IMAGES | WORLD_JOBS | WORLD_SYNC,
	.open = images_open,
	.close = objects_close,
	.context = objects_context,
	.recalc = objects_recalc,
	.paint = objects_paint,
	.act = images_act,
	.mouse = objects_mouse,
	.list = objects_list,
	.label = objects_label,
};
