/* SPDX-License-Identifier: MIT */
/*
 * Load order from modules.dep.
 *
 * A line is "path: path path …", every dependency listed, direct or not. The table of modules is sorted by name once; the
 * order is a depth-first walk from each wanted module. A module is marked before its dependencies are walked, so a ring
 * (there should be none) ends instead of looping. modules.builtin needs no table: a wanted name that modules.dep does not
 * list is either built in or absent, and both are left out. It is only looked at to keep a stale .ko of a driver that is
 * also built in from being loaded.
 */
#include "core/image/modorder.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define MODULES_MAX 65536
#define DEPTH_MAX 64 /* real ones stay below 10 */
#define NAME_SIZE 64 /* MODULE_NAME_LEN of the kernel is 56 on 64-bit machines */

/* modules that pull in others (virtio_pci, virtio_net, ext4…) bring them along; what is named here besides is what
 * modules.dep cannot know: crc32c for ext4's checksums is requested by name at mount time. */
const char *const modorder_kit[] = {
	"virtio_ring",	"virtio",	  "virtio_mmio", "virtio_pci",	   "virtio_blk", "failover",
	"net_failover", "virtio_net",	  "virtio_rng",	 "virtio_balloon", "button",	 "evdev",
	"overlay",	"crc32c_generic", "libcrc32c",	 "ext4",	   NULL,
};

struct module {
	char name[NAME_SIZE];
	char *path;
	const char *deps; /* into the text, up to the end of its line */
	size_t deps_len;
	bool taken;
};

struct table {
	struct module *modules;
	size_t n, cap;
};

static void table_done(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->modules[i].path);
	free(t->modules);
}

/* "kernel/fs/ext4/ext4.ko.xz" is "ext4"; hyphens count as underscores, as for modprobe. */
static bool name_of_path(const char *path, size_t len, char ret[NAME_SIZE])
{
	size_t start = len, n = 0;

	while (start > 0 && path[start - 1] != '/')
		start--;
	while (start + n < len && path[start + n] != '.' && n < NAME_SIZE - 1) {
		char c = path[start + n];

		ret[n++] = c == '-' ? '_' : c;
	}
	ret[n] = '\0';
	return n > 0 && start + n < len && path[start + n] == '.';
}

static bool path_is_sane(const char *path, size_t len)
{
	if (len == 0 || len > 1024 || path[0] == '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)path[i] <= ' ')
			return false;
		if ((i == 0 || path[i - 1] == '/') && path[i] == '.')
			return false; /* covers "..", and no module hides */
	}
	return true;
}

static int table_add_line(struct table *t, const char *line, size_t len, struct err *e)
{
	const char *colon = memchr(line, ':', len);
	size_t path_len = colon ? (size_t)(colon - line) : 0;
	struct module m = {0};

	if (!path_is_sane(line, path_len) || !name_of_path(line, path_len, m.name))
		return err_set(e, ERR_PROTO, _("modules.dep: line %zu does not start with a module's path"), t->n + 1);
	if (t->n == MODULES_MAX)
		return err_set(e, ERR_PROTO, _("modules.dep lists more than %d modules"), MODULES_MAX);
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 256;
		t->modules = xrealloc(t->modules, t->cap, sizeof(*t->modules));
	}
	m.path = xstrndup(line, path_len);
	m.deps = colon + 1;
	m.deps_len = len - path_len - 1;
	t->modules[t->n++] = m;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct module *)a)->name, ((const struct module *)b)->name);
}

static int table_parse(struct table *t, const char *text, struct err *e)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (len > 0 && table_add_line(t, line, len, e) < 0)
			return -1;
		line += len + (line[len] == '\n');
	}
	if (t->n > 0)
		qsort(t->modules, t->n, sizeof(*t->modules), by_name);
	return 0;
}

static struct module *table_find(const struct table *t, const char *path, size_t len)
{
	struct module key = {0};

	if (!name_of_path(path, len, key.name) || t->n == 0)
		return NULL;
	return bsearch(&key, t->modules, t->n, sizeof(*t->modules), by_name);
}

bool modorder_lists(const char *text, const char *name)
{
	char path[NAME_SIZE + 4], wanted[NAME_SIZE], found[NAME_SIZE];

	snprintf(path, sizeof(path), "%s.ko", name);
	if (!name_of_path(path, strlen(path), wanted))
		return false;
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (name_of_path(line, strcspn(line, ":\n"), found) && strcmp(found, wanted) == 0)
			return true;
		line += len + (line[len] == '\n');
	}
	return false;
}

/* modules.dep lists all dependencies of a module, the ones to load first last; each has its own line, which is walked
 * all the same, so the order never rests on how depmod sorted. */
static int take(const struct table *t, struct module *m, int depth, struct modorder *ret, struct err *e)
{
	const char *p = m->deps, *end = m->deps + m->deps_len;

	if (m->taken)
		return 0;
	if (depth > DEPTH_MAX)
		return err_set(e, ERR_PROTO, _("modules.dep: dependencies of %s nest too deeply"), m->name);
	m->taken = true;
	while (p < end) {
		const char *start;
		struct module *dep;

		if (*p == ' ') {
			p++;
			continue;
		}
		start = p;
		while (p < end && *p != ' ')
			p++;
		dep = table_find(t, start, (size_t)(p - start));
		if (!dep)
			return err_set(e, ERR_PROTO, _("modules.dep: %s needs %.*s, which is not listed"), m->name,
				       (int)MIN(p - start, 200), start);
		if (take(t, dep, depth + 1, ret, e) < 0)
			return -1;
	}
	ret->paths = xrealloc(ret->paths, ret->n + 1, sizeof(*ret->paths));
	ret->paths[ret->n++] = xstrdup(m->path);
	return 0;
}

int modorder_resolve(const char *dep_text, const char *builtin_text, const char *const *wanted, struct modorder *ret,
		     struct err *e)
{
	auto_call(table_done) struct table t = {0};
	char path[NAME_SIZE + 4];

	if (table_parse(&t, dep_text, e) < 0)
		return -1;
	for (; *wanted; wanted++) {
		struct module *m;

		snprintf(path, sizeof(path), "%s.ko", *wanted);
		m = table_find(&t, path, strlen(path));
		if (!m || modorder_lists(builtin_text, *wanted))
			continue;
		if (take(&t, m, 0, ret, e) < 0) {
			modorder_done(ret);
			return -1;
		}
	}
	return 0;
}

void modorder_done(struct modorder *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->paths[i]);
	free(m->paths);
	*m = (struct modorder){0};
}
