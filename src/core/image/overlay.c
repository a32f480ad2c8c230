/* SPDX-License-Identifier: MIT */
/*
 * Which names the layers above have decided about: see overlay.h.
 *
 * Each decision is the number of the first layer, from the top, that made it; since layers come in that order, a later one
 * changes nothing, and "decided above" is "by a smaller number". The children of a name are a balanced tree and no hash table:
 * whoever makes layers has no worst case to aim at.
 */
#include "core/image/overlay.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tar.h"

#include <assert.h>
#include <search.h>
#include <string.h>

#define NEVER UINT32_MAX
#define WH_META ".wh..wh."

struct overlay {
	struct overlay_name *root;
	uint32_t layer; /* from the top */
	size_t n_names;
	size_t n_bytes;
	size_t max_names;
	size_t max_bytes;
};

static struct overlay_name *new_name(struct overlay_name *parent, const char *text, size_t len)
{
	struct overlay_name *n = xmalloc(sizeof(*n) + len + 1);
	char *copy = (char *)(n + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	*n = (struct overlay_name){.parent = parent,
				   .text = copy,
				   .other = NEVER,
				   .dir = NEVER,
				   .implied = NEVER,
				   .whiteout = NEVER,
				   .opaque = NEVER,
				   .seen = NEVER,
				   .len = (uint16_t)len,
				   .depth = (uint16_t)(parent ? parent->depth + 1 : 0)};
	return n;
}

struct overlay *overlay_new(size_t max_names, size_t max_bytes)
{
	struct overlay *o = xcalloc(1, sizeof(*o));

	o->root = new_name(NULL, "", 0);
	o->max_names = max_names ? max_names : OVERLAY_MAX_NAMES;
	o->max_bytes = max_bytes ? max_bytes : OVERLAY_MAX_BYTES;
	return o;
}

static int name_cmp(const void *pa, const void *pb)
{
	const struct overlay_name *a = pa;
	const struct overlay_name *b = pb;
	int c = memcmp(a->text, b->text, MIN(a->len, b->len));

	return c ? c : (a->len > b->len) - (a->len < b->len);
}

/* Depth is bounded: a path has at most 4095 bytes. */
static void free_name(struct overlay_name *n)
{
	while (n->below) {
		/* tsearch(3): the root can be read as a pointer to the item. */
		struct overlay_name *child = *(struct overlay_name **)n->below;

		tdelete(child, &n->below, name_cmp);
		free_name(child);
	}
	free(n);
}

void overlay_free(struct overlay *o)
{
	if (!o)
		return;
	free_name(o->root);
	free(o);
}

void overlay_next_layer(struct overlay *o)
{
	o->layer++;
}

/* The name below `parent`, made when it is new. NULL when that would be too many. */
static struct overlay_name *below(struct overlay *o, struct overlay_name *parent, const char *text, size_t len)
{
	struct overlay_name key = {.text = text, .len = (uint16_t)len};
	struct overlay_name *const *found = tfind(&key, &parent->below, name_cmp);
	struct overlay_name *n;

	assert(len > 0 && len <= TAR_COMPONENT_MAX);
	if (found)
		return *found;
	if (o->n_names >= o->max_names || len > o->max_bytes - o->n_bytes)
		return NULL;
	o->n_names++;
	o->n_bytes += len;
	n = new_name(parent, text, len);
	if (!tsearch(n, &parent->below, name_cmp))
		abort();
	return n;
}

static int too_many(struct err *e)
{
	return err_set(e, ERR_PROTO, _("the layers hold too many names"));
}

static int classify(const char *last, bool is_dir, enum overlay_what *ret, struct err *e)
{
	*ret = is_dir ? OVERLAY_DIR : OVERLAY_OTHER;
	if (strncmp(last, OVERLAY_WH, strlen(OVERLAY_WH)) != 0)
		return 0;
	if (strcmp(last, OVERLAY_WH_OPAQUE) == 0) {
		*ret = OVERLAY_OPAQUE;
		return 0;
	}
	last += strlen(OVERLAY_WH);
	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return err_set(e, ERR_PROTO, _("it is a whiteout of nothing"));
	*ret = OVERLAY_WHITEOUT;
	return 0;
}

/* Anywhere in the path: aufs keeps whole directories under such names. */
static bool is_meta(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, WH_META, strlen(WH_META)) == 0 && strcmp(p, OVERLAY_WH_OPAQUE) != 0)
			return true;
	}
	return false;
}

/* Is everything below this directory hidden by layers above? */
static bool hides_below(const struct overlay_name *n, uint32_t layer)
{
	return n->whiteout < layer || n->other < layer || n->opaque < layer;
}

static bool hidden_here(const struct overlay_name *n, bool is_dir, uint32_t layer)
{
	if (n->whiteout < layer || n->other < layer)
		return true;
	return is_dir ? n->dir < layer : n->dir < layer || n->implied < layer;
}

/* The directory the last component is in. */
static int find_dir(struct overlay *o, const char *path, const char *last, struct overlay_name **ret, struct err *e)
{
	struct overlay_name *n = o->root;

	for (const char *p = path; p < last;) {
		size_t len = strcspn(p, "/");

		n = below(o, n, p, len);
		if (!n)
			return too_many(e);
		p += len + 1;
	}
	*ret = n;
	return 0;
}

/* Up from the name's directory: do layers above hide what is in it? */
static bool all_hidden(const struct overlay_name *dir, uint32_t layer)
{
	for (; dir; dir = dir->parent)
		if (hides_below(dir, layer))
			return true;
	return false;
}

/* An entry makes a directory of everything above it. */
static void decide(struct overlay *o, struct overlay_name *n, bool is_dir)
{
	for (struct overlay_name *up = n->parent; up && up->implied == NEVER; up = up->parent)
		up->implied = o->layer;
	if (is_dir) {
		if (n->other == o->layer)
			n->other = NEVER;
		if (n->dir == NEVER)
			n->dir = o->layer;
	} else {
		if (n->dir == o->layer)
			n->dir = NEVER;
		if (n->other == NEVER)
			n->other = o->layer;
	}
}

static void add_entry(struct overlay *o, struct overlay_entry *ret)
{
	struct overlay_name *n = ret->name;
	bool is_dir = ret->what == OVERLAY_DIR;

	ret->visible = !hidden_here(n, is_dir, o->layer) && !all_hidden(n->parent, o->layer);
	ret->wanted = n->wanted && !ret->visible;
	n->wanted = false;
	n->seen = o->layer;
	if (ret->visible)
		decide(o, n, is_dir);
}

/* What the entry is about, by its last component. */
static struct overlay_name *subject(struct overlay *o, enum overlay_what what, struct overlay_name *dir,
				    const char *last)
{
	if (what == OVERLAY_WHITEOUT)
		last += strlen(OVERLAY_WH);
	return what == OVERLAY_OPAQUE || !*last ? dir : below(o, dir, last, strlen(last));
}

int overlay_add(struct overlay *o, const char *path, bool is_dir, struct overlay_entry *ret, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	struct overlay_name *dir = NULL;

	*ret = (struct overlay_entry){.what = OVERLAY_IGNORED};
	if (is_meta(path))
		return 0;
	if (classify(last, is_dir, &ret->what, e) < 0 || find_dir(o, path, last, &dir, e) < 0)
		return -1;
	ret->name = subject(o, ret->what, dir, last);
	if (!ret->name)
		return too_many(e);
	if (ret->what == OVERLAY_OPAQUE)
		ret->name->opaque = MIN(ret->name->opaque, o->layer);
	else if (ret->what == OVERLAY_WHITEOUT)
		ret->name->whiteout = MIN(ret->name->whiteout, o->layer);
	else
		add_entry(o, ret);
	return 0;
}

int overlay_intern(struct overlay *o, const char *path, struct overlay_name **ret, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;

	if (find_dir(o, path, last, ret, e) < 0)
		return -1;
	if (*last)
		*ret = below(o, *ret, last, strlen(last));
	return *ret ? 0 : too_many(e);
}

void overlay_want(struct overlay *o, struct overlay_name *n)
{
	if (n->seen != o->layer)
		n->wanted = true;
}

void overlay_path(const struct overlay_name *n, struct buf *ret)
{
	size_t len = 0;
	char *end;

	for (const struct overlay_name *p = n; p->parent; p = p->parent)
		len += p->len + 1u;
	buf_reset(ret);
	if (!len)
		return;
	end = buf_reserve(ret, len) + len - 1;
	ret->len = len - 1;
	*end = '\0';
	for (; n->parent; n = n->parent) {
		end -= n->len;
		memcpy(end, n->text, n->len);
		if (n->parent->parent)
			*--end = '/';
	}
}
