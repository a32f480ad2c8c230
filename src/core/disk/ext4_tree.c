/* SPDX-License-Identifier: MIT */
/*
 * The tree of names an ext4 image will have, in memory.
 *
 * Names of a directory are a balanced tree (tsearch(3)), not a hash table: names come from archives nobody vouches for,
 * and a tree has no worst case to aim at. It also yields them in order, so equal content gives equal directories.
 */
#include "core/disk/ext4_priv.h"

#include <assert.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>

#define FOLLOW_MAX 40 /* as the kernel's MAXSYMLINKS */

struct ext4_node *ext4_node_new(uint32_t ino, uint32_t mode)
{
	struct ext4_node *n = xcalloc(1, sizeof(*n));

	assert(ino != 0);
	n->ino = ino;
	n->mode = mode;
	return n;
}

struct ext4_node *ext4_dir_node_new(uint32_t ino, uint32_t mode)
{
	struct ext4_node *n = ext4_node_new(ino, mode);

	n->dir = xcalloc(1, sizeof(*n->dir));
	return n;
}

/* Depth is bounded: a path has at most 4095 bytes, and names are only ever added by path. */
void ext4_node_free(struct ext4_node *n)
{
	struct ext4_name *name;

	if (!n)
		return;
	while (n->dir && (name = ext4_dir_any(n->dir))) {
		struct ext4_node *child = ext4_dir_take(n, name);

		if (--child->links == 0)
			ext4_node_free(child);
	}
	free(n->dir);
	free(n->target);
	free(n);
}

static int name_cmp(const void *pa, const void *pb)
{
	const struct ext4_name *a = pa;
	const struct ext4_name *b = pb;
	int c = memcmp(a->text, b->text, MIN(a->len, b->len));

	return c ? c : (a->len > b->len) - (a->len < b->len);
}

struct ext4_name *ext4_dir_get(const struct ext4_dir *d, const char *text, size_t len)
{
	struct ext4_name key = {.text = text, .len = len};
	struct ext4_name *const *found = tfind(&key, &d->names, name_cmp);

	return found ? *found : NULL;
}

void ext4_dir_put(struct ext4_node *dir, const char *text, size_t len, struct ext4_node *n)
{
	struct ext4_name *name = xmalloc(sizeof(*name) + len + 1);
	char *copy = (char *)(name + 1);

	assert(dir->dir && len > 0 && !memchr(text, '/', len));
	assert(!n->dir || n->links == 0); /* a directory has one name */
	memcpy(copy, text, len);
	copy[len] = '\0';
	*name = (struct ext4_name){n, copy, len};
	if (!tsearch(name, &dir->dir->names, name_cmp))
		abort();
	assert(*(struct ext4_name *const *)tfind(name, &dir->dir->names, name_cmp) == name); /* it was free */
	n->links++;
	dir->dir->n_names++;
	if (n->dir) {
		n->dir->parent = dir;
		dir->dir->n_subdirs++;
	}
}

struct ext4_node *ext4_dir_take(struct ext4_node *dir, struct ext4_name *name)
{
	struct ext4_node *n = name->node;

	assert(dir->dir->n_names > 0 && n->links > 0);
	assert(!n->dir || (n->dir->parent == dir && dir->dir->n_subdirs > 0));
	tdelete(name, &dir->dir->names, name_cmp);
	dir->dir->n_names--;
	if (n->dir)
		dir->dir->n_subdirs--;
	free(name);
	return n;
}

struct ext4_name *ext4_dir_any(const struct ext4_dir *d)
{
	/* tsearch(3): what it returns, and so the root, can be read as a pointer to the item. */
	return d->names ? *(struct ext4_name **)d->names : NULL;
}

struct list {
	struct ext4_name **names;
	size_t n;
};

static void list_add(const void *node, VISIT which, void *arg)
{
	struct list *l = arg;

	if (which == postorder || which == leaf)
		l->names[l->n++] = *(struct ext4_name *const *)node;
}

struct ext4_name **ext4_dir_list(const struct ext4_dir *d)
{
	struct list l = {.names = xcalloc(d->n_names + 1, sizeof(*l.names))};

	twalk_r(d->names, list_add, &l);
	assert(l.n == d->n_names);
	return l.names;
}

struct walk {
	const struct ext4_node *root;
	struct ext4_found *ret;
	int budget;
};

static const struct ext4_node *walk(struct walk *k, const struct ext4_node *at, const char *path)
{
	for (const char *p = path; at && *p;) {
		size_t len = strcspn(p, "/");
		const struct ext4_node *dir = at;
		const struct ext4_name *name;

		if (!at->dir)
			return NULL;
		if (len == 2 && memcmp(p, "..", 2) == 0) {
			at = dir->dir->parent;
		} else if (len && !(len == 1 && *p == '.')) {
			name = ext4_dir_get(dir->dir, p, len);
			if (!name)
				return NULL;
			at = name->node;
			if (at->target) {
				if (k->budget-- == 0)
					return NULL;
				at = walk(k, *at->target == '/' ? k->root : dir, at->target);
			} else {
				str_copy(k->ret->name, sizeof(k->ret->name), name->text);
			}
		}
		p += len + (p[len] == '/');
	}
	return at;
}

bool ext4_writer_find(const struct ext4_writer *w, const char *path, struct ext4_found *ret)
{
	struct walk k = {.root = w->root, .ret = ret, .budget = FOLLOW_MAX};
	const struct ext4_node *n;

	*ret = (struct ext4_found){0};
	n = walk(&k, w->root, path);
	if (!n)
		return false;
	ret->mode = n->mode;
	ret->ino = n->ino;
	return true;
}
