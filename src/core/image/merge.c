/* SPDX-License-Identifier: MIT */
/*
 * Layers one over the other, in memory: see merge.h.
 *
 * Everything is linear in what the layers hold. Names below a directory are balanced trees; a whiteout goes through what a layer
 * itself has put below a name at most once, since nothing of a lower layer can appear there again (`cleared`); what can be made long
 * at little cost, a path through links, is counted.
 */
#include "core/image/merge.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tar.h"
#include "base/utf8.h"

#include <assert.h>
#include <search.h>
#include <string.h>

#define FOLLOW_MAX 40	    /* links on one path, as the kernel's MAXSYMLINKS */
#define STEPS_MAX 50000000u /* components of links, all together */
#define IMPLIED_MAX 100000u /* directories nobody gave attributes, as in disk/ext4.c */
#define DEPTH_MAX 2048u	    /* a path of 4095 bytes has no more */

struct merge {
	struct merge_node *root;
	uint32_t layer; /* from the bottom, which is 1 */
	uint32_t n_steps;
	uint32_t n_implied;
};

/* ---- the tree */

static int node_cmp(const void *pa, const void *pb)
{
	const struct merge_node *a = pa;
	const struct merge_node *b = pb;
	int c = memcmp(a->text, b->text, MIN(a->len, b->len));

	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static struct merge_node *get(const struct merge_node *dir, const char *text, size_t len)
{
	struct merge_node key = {.text = text, .len = (uint16_t)len};
	struct merge_node *const *found = tfind(&key, &dir->names, node_cmp);

	return found ? *found : NULL;
}

/* A new name, which must be free. `text` is borrowed. */
static struct merge_node *put(struct merge *m, struct merge_node *dir, const char *text, size_t len)
{
	struct merge_node *n = xcalloc(1, sizeof(*n));

	assert(dir->is_dir && dir->depth < DEPTH_MAX && len > 0 && len <= TAR_COMPONENT_MAX);
	n->parent = dir;
	n->text = text;
	n->len = (uint16_t)len;
	n->depth = (uint16_t)(dir->depth + 1);
	n->touched = n->cleared = m->layer;
	if (!tsearch(n, &dir->names, node_cmp))
		abort();
	dir->n_names++;
	return n;
}

/* With all that is below. */
static void free_node(struct merge_node *n)
{
	while (n->names) {
		struct merge_node *child = *(struct merge_node **)n->names;

		tdelete(child, &n->names, node_cmp);
		free_node(child);
	}
	free(n);
}

static void take_out(struct merge_node *n)
{
	tdelete(n, &n->parent->names, node_cmp);
	n->parent->n_names--;
	free_node(n);
}

struct list {
	struct merge_node **nodes;
	size_t n;
};

static void list_add(const void *node, VISIT which, void *arg)
{
	struct list *l = arg;

	if (which == postorder || which == leaf)
		l->nodes[l->n++] = *(struct merge_node *const *)node;
}

/* All names in order; the caller frees the array. */
static struct merge_node **list_names(const struct merge_node *dir)
{
	struct list l = {.nodes = xcalloc(dir->n_names + 1, sizeof(struct merge_node *))};

	twalk_r(dir->names, list_add, &l);
	assert(l.n == dir->n_names);
	return l.nodes;
}

/* ---- paths */

static int refuse(const char *why, struct err *e)
{
	return err_set(e, ERR_PROTO, "%s", why);
}

/* A walk along one path. */
struct walk {
	struct merge *m;
	int links;   /* left to follow */
	bool create; /* make what is missing */
};

/* 1 with the directory, 0 when there is none and none is to be made, -1. */
static int follow(struct walk *k, struct merge_node *at, const char *path, struct merge_node **ret, struct err *e);

static int implied(struct walk *k, struct merge_node *dir, const char *text, size_t len, struct merge_node **ret,
		   struct err *e)
{
	if (!k->create)
		return 0;
	if (dir->depth >= DEPTH_MAX)
		return refuse(_("its path leads too deep"), e);
	if (++k->m->n_implied > IMPLIED_MAX)
		return refuse(_("too many directories above it are missing"), e);
	*ret = put(k->m, dir, text, len);
	(*ret)->is_dir = true;
	return 1;
}

/* One component further, into a directory. `led`: by a link's text; what is in the way there makes no room. */
static int enter(struct walk *k, struct merge_node *dir, const char *text, size_t len, bool led,
		 struct merge_node **ret, struct err *e)
{
	struct merge_node *n = get(dir, text, len);

	if (!n)
		return implied(k, dir, text, len, ret, e);
	if (n->is_dir) {
		if (k->create)
			n->touched = k->m->layer;
		*ret = n;
		return 1;
	}
	if (n->from->kind == MERGE_SYMLINK) {
		if (k->links-- == 0)
			return refuse(_("its path leads through too many symbolic links"), e);
		return follow(k, *n->from->text == '/' ? k->m->root : dir, n->from->text, ret, e);
	}
	if (!k->create)
		return 0;
	if (led || n->touched == k->m->layer)
		return refuse(_("its parent is not a directory"), e);
	take_out(n);
	return implied(k, dir, text, len, ret, e);
}

static int follow(struct walk *k, struct merge_node *at, const char *path, struct merge_node **ret, struct err *e)
{
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");
		int rc = 1;

		if (++k->m->n_steps > STEPS_MAX)
			return refuse(_("too many paths lead through symbolic links"), e);
		if (len > TAR_COMPONENT_MAX)
			return refuse(_("its path leads through a symbolic link with a name longer than 255 bytes"), e);
		if (len == 2 && memcmp(p, "..", 2) == 0) {
			if (at == k->m->root)
				return refuse(_("its path leads outside through a symbolic link"), e);
			at = at->parent;
		} else if (len && !(len == 1 && *p == '.')) {
			rc = enter(k, at, p, len, true, &at, e);
		}
		if (rc <= 0)
			return rc;
		p += len + (p[len] == '/');
	}
	*ret = at;
	return 1;
}

/* The directory that a name is in, as follow(). */
static int find_dir(struct merge *m, const struct overlay_name *name, bool create, struct merge_node **ret,
		    struct err *e)
{
	const struct overlay_name *up[DEPTH_MAX];
	struct walk k = {.m = m, .links = FOLLOW_MAX, .create = create};
	size_t n = 0;
	int rc = 1;

	for (const struct overlay_name *p = name->parent; p && p->parent; p = p->parent)
		up[n++] = p;
	*ret = m->root;
	while (rc > 0 && n > 0) {
		n--;
		rc = enter(&k, *ret, up[n]->text, up[n]->len, false, ret, e);
	}
	if (rc > 0 && create && (*ret)->depth >= DEPTH_MAX)
		return refuse(_("its path leads too deep"), e);
	return rc;
}

/* ---- whiteouts */

/* Remove what lower layers have left below. */
static void clear_below(struct merge *m, struct merge_node *dir)
{
	auto_free struct merge_node **names = NULL;
	size_t n = dir->n_names;

	if (dir->cleared == m->layer)
		return;
	dir->cleared = m->layer;
	names = list_names(dir);
	for (size_t i = 0; i < n; i++) {
		if (names[i]->touched < m->layer) {
			take_out(names[i]);
			continue;
		}
		if (names[i]->is_dir && names[i]->attrs < m->layer)
			names[i]->from = NULL;
		if (names[i]->is_dir)
			clear_below(m, names[i]);
	}
}

static int add_whiteout(struct merge *m, const struct merge_entry *entry, struct err *e)
{
	struct merge_node *dir, *n;
	int rc = find_dir(m, entry->name, false, &dir, e);

	n = rc > 0 ? get(dir, entry->name->text, entry->name->len) : NULL;
	if (!n)
		return rc < 0 ? -1 : 0;
	if (n->touched < m->layer) {
		take_out(n);
	} else if (n->is_dir) {
		if (n->attrs < m->layer)
			n->from = NULL;
		clear_below(m, n);
	}
	return 0;
}

static int add_opaque(struct merge *m, const struct merge_entry *entry, struct err *e)
{
	struct walk k = {.m = m, .links = FOLLOW_MAX};
	struct merge_node *dir = m->root;
	int rc = 1;

	if (entry->name->parent) {
		rc = find_dir(m, entry->name, false, &dir, e);
		if (rc > 0)
			rc = enter(&k, dir, entry->name->text, entry->name->len, false, &dir, e);
	}
	if (rc > 0)
		clear_below(m, dir);
	return rc < 0 ? -1 : 0;
}

/* ---- entries */

static void set_from(struct merge *m, struct merge_node *n, struct merge_entry *from)
{
	n->from = from;
	n->touched = n->attrs = m->layer;
}

static int add_dir(struct merge *m, struct merge_entry *entry, struct err *e)
{
	const struct overlay_name *name = entry->name;
	struct merge_node *dir, *n;

	if (!name->parent) {
		set_from(m, m->root, entry);
		return 0;
	}
	if (find_dir(m, name, true, &dir, e) < 0)
		return -1;
	n = get(dir, name->text, name->len);
	if (n && !n->is_dir) {
		take_out(n);
		n = NULL;
	}
	if (!n)
		n = put(m, dir, name->text, name->len);
	n->is_dir = true;
	set_from(m, n, entry);
	return 0;
}

static int add_other(struct merge *m, const struct overlay_name *name, struct merge_entry *from, struct err *e)
{
	struct merge_node *dir, *old;

	if (!name->parent)
		return refuse(_("the root is a directory"), e);
	if (find_dir(m, name, true, &dir, e) < 0)
		return -1;
	old = get(dir, name->text, name->len);
	if (old)
		take_out(old);
	set_from(m, put(m, dir, name->text, name->len), from);
	return 0;
}

static int add_hardlink(struct merge *m, const struct merge_entry *entry, struct err *e)
{
	const struct overlay_name *t = entry->target;
	struct merge_node *dir;
	int rc = t->parent ? find_dir(m, t, false, &dir, e) : 0;
	const struct merge_node *n = rc > 0 ? get(dir, t->text, t->len) : NULL;

	if (rc < 0)
		return -1;
	if (!n) {
		auto_buf shown = {0};

		utf8_clean(&shown, t->text, t->len, false);
		return err_set(e, ERR_PROTO, _("it is a hard link to '%s', which is not there"), buf_cstr(&shown));
	}
	if (n->is_dir)
		return refuse(_("it is a hard link to a directory"), e);
	return add_other(m, entry->name, n->from, e);
}

int merge_add(struct merge *m, struct merge_entry *entry, struct err *e)
{
	switch (entry->kind) {
	case MERGE_WHITEOUT:
		return add_whiteout(m, entry, e);
	case MERGE_OPAQUE:
		return add_opaque(m, entry, e);
	case MERGE_DIR:
		return add_dir(m, entry, e);
	case MERGE_HARDLINK:
		return add_hardlink(m, entry, e);
	case MERGE_FILE:
	case MERGE_SYMLINK:
	case MERGE_NODE:
		break;
	}
	return add_other(m, entry->name, entry, e);
}

void merge_next_layer(struct merge *m)
{
	m->layer++;
}

struct merge *merge_new(void)
{
	struct merge *m = xcalloc(1, sizeof(*m));

	m->root = xcalloc(1, sizeof(*m->root));
	m->root->parent = m->root;
	m->root->text = "";
	m->root->is_dir = true;
	return m;
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	free_node(m->root);
	free(m);
}

/* ---- what has become of it */

static int visit_all(struct merge_node *n, int (*visit)(void *arg, struct merge_node *n, struct err *e), void *arg,
		     struct err *e)
{
	auto_free struct merge_node **names = NULL;
	int rc;

	if (n->from && !n->from->first)
		n->from->first = n;
	rc = visit(arg, n, e);
	if (rc < 0 || !n->is_dir)
		return rc;
	names = list_names(n);
	for (size_t i = 0; rc == 0 && i < n->n_names; i++)
		rc = visit_all(names[i], visit, arg, e);
	return rc;
}

int merge_walk(struct merge *m, int (*visit)(void *arg, struct merge_node *n, struct err *e), void *arg, struct err *e)
{
	return visit_all(m->root, visit, arg, e);
}

void merge_path(const struct merge_node *n, struct buf *ret)
{
	const struct merge_node *up[DEPTH_MAX];
	size_t count = 0;

	for (; n->parent != n; n = n->parent)
		up[count++] = n;
	buf_reset(ret);
	while (count > 0) {
		n = up[--count];
		if (ret->len)
			buf_addc(ret, '/');
		buf_add(ret, n->text, n->len);
	}
}
