/* SPDX-License-Identifier: MIT */
/*
 * From an unpacked tree of packages to a kit: programs by their known places, libraries by following DT_NEEDED.
 *
 * Libraries are looked for where Debian puts them, /lib and /usr/lib and their direct subdirectories, with and without a
 * merged /usr. The loader is what PT_INTERP names; every program must name the same one. Names in the kit are sonames,
 * because that is what the loader looks for. Publication goes through publish.h, so a kit is whole or not there.
 */
#include "core/image/kit.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"
#include "core/image/elfneeds.h"
#include "core/image/publish.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define KIT_VERSION 1
#define LIB_DIRS_MAX 32

const char kit_packages[][CATALOG_WORD_SIZE] = {"busybox-static", "e2fsck-static", "dropbear-bin",
						"openssh-sftp-server"};
const size_t kit_n_packages = ARRAY_LEN(kit_packages);

static const struct program {
	const char *name;
	const char *places[2];
	bool is_static;
} programs[] = {
	{"busybox", {"bin/busybox", "usr/bin/busybox"}, true},
	{"dropbear", {"usr/sbin/dropbear", "sbin/dropbear"}, false},
	{"e2fsck", {"sbin/e2fsck.static", "usr/sbin/e2fsck.static"}, true},
	{"sftp-server", {"usr/lib/openssh/sftp-server", "usr/lib/sftp-server"}, false},
};

const struct unpack_rule kit_rules[] = {
	{"bin/busybox", false},
	{"usr/bin/busybox", false},
	{"sbin/e2fsck.static", false},
	{"usr/sbin/e2fsck.static", false},
	{"usr/sbin/dropbear", false},
	{"sbin/dropbear", false},
	{"usr/lib/openssh/sftp-server", false},
	{"usr/lib/sftp-server", false},
	{"lib/*/lib*.so*", false},
	{"usr/lib/*/lib*.so*", false},
	{"lib/ld-*.so*", false},
	{"lib/*/ld-*.so*", false},
	{"lib64/ld-*.so*", false},
	{"usr/lib/ld-*.so*", false},
	{"usr/lib/*/ld-*.so*", false},
	{"usr/lib64/ld-*.so*", false},
	{NULL, false},
};

struct assembly {
	const char *tree;
	const char *staging;
	char *lib_dirs[LIB_DIRS_MAX]; /* relative to tree */
	int n_lib_dirs;
	char interp[256];
	struct kit *kit;
};

static void assembly_done(struct assembly *a)
{
	for (int i = 0; i < a->n_lib_dirs; i++)
		free(a->lib_dirs[i]);
}

bool kit_part_is_library(const struct kit_part *part)
{
	return strstr(part->name, ".so") != NULL;
}

static struct kit_part *find_part(struct kit *k, const char *name)
{
	for (int i = 0; i < k->n_parts; i++)
		if (strcmp(k->parts[i].name, name) == 0)
			return &k->parts[i];
	return NULL;
}

static void add_lib_dir(struct assembly *a, const char *dir)
{
	if (a->n_lib_dirs < LIB_DIRS_MAX)
		a->lib_dirs[a->n_lib_dirs++] = xstrdup(dir);
}

static void find_lib_dirs(struct assembly *a)
{
	static const char *const tops[] = {"lib", "usr/lib", "lib64", "usr/lib64"};

	for (size_t i = 0; i < ARRAY_LEN(tops); i++) {
		auto_free char *path = xasprintf("%s/%s", a->tree, tops[i]);
		DIR *d = opendir(path);
		struct dirent *de;

		if (!d)
			continue;
		add_lib_dir(a, tops[i]);
		while ((de = readdir(d))) {
			auto_free char *sub = xasprintf("%s/%s", tops[i], de->d_name);

			if (de->d_name[0] != '.' && strstr(de->d_name, "-linux-"))
				add_lib_dir(a, sub);
		}
		closedir(d);
	}
}

/* Put `content` into the staging directory under the kit's name for it. */
static int add_part(struct assembly *a, const char *name, const struct buf *content, struct err *e)
{
	struct kit_part *part;
	char path[PATHS_MAX];

	if (a->kit->n_parts == KIT_PARTS_MAX)
		return err_set(e, ERR_PROTO, _("the boot kit has more than %d parts"), KIT_PARTS_MAX);
	path_join(path, sizeof(path), a->staging, "%s", name);
	if (fs_write_atomic(path, content->data, content->len, 0700, e) < 0)
		return -1;
	part = &a->kit->parts[a->kit->n_parts++];
	str_copy(part->name, sizeof(part->name), name);
	digest_data(content->data, content->len, part->digest);
	return 0;
}

static int add_needs(struct assembly *a, const struct elfneeds *needs, struct err *e);

static int add_library(struct assembly *a, const char *soname, const char *as, struct err *e)
{
	if (find_part(a->kit, as))
		return 0;
	for (int i = 0; i < a->n_lib_dirs; i++) {
		auto_free char *path = xasprintf("%s/%s/%s", a->tree, a->lib_dirs[i], soname);
		auto_buf content = {0};
		struct elfneeds needs;

		if (!fs_exists(path))
			continue;
		if (fs_read_file(path, KIT_PART_MAX, &content, e) < 0 ||
		    elfneeds_read(content.data, content.len, soname, &needs, e) < 0 || add_part(a, as, &content, e) < 0)
			return -1;
		return add_needs(a, &needs, e);
	}
	return err_set(e, ERR_PROTO, _("the packages of the boot kit do not hold %s"), soname);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The loader is in memory before any library is looked for, so those that need it by name find it there. Depth is bounded
 * by KIT_PARTS_MAX: every level has added a part. */
static int add_needs(struct assembly *a, const struct elfneeds *needs, struct err *e)
{
	for (int i = 0; i < needs->n_needed; i++) {
		if (strcmp(needs->needed[i], base_name(a->interp)) == 0)
			continue;
		if (add_library(a, needs->needed[i], needs->needed[i], e) < 0)
			return -1;
	}
	return 0;
}

static int check_program(struct assembly *a, const struct program *p, const struct elfneeds *needs, struct err *e)
{
	if (p->is_static)
		return needs->n_needed == 0 && !needs->interp[0]
			       ? 0
			       : err_set(e, ERR_PROTO, _("%s in the boot kit's packages is not static"), p->name);
	if (!needs->interp[0])
		return 0; /* static after all: nothing to bring along */
	if (a->interp[0] && strcmp(a->interp, needs->interp) != 0)
		return err_set(e, ERR_PROTO, _("%s wants another loader than the rest of the boot kit"), p->name);
	str_copy(a->interp, sizeof(a->interp), needs->interp);
	if (add_library(a, base_name(a->interp), KIT_LOADER, e) < 0)
		return -1;
	return add_needs(a, needs, e);
}

static int add_program(struct assembly *a, const struct program *p, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(p->places); i++) {
		auto_free char *path = xasprintf("%s/%s", a->tree, p->places[i]);
		auto_buf content = {0};
		struct elfneeds needs;

		if (!fs_exists(path))
			continue;
		if (fs_read_file(path, KIT_PART_MAX, &content, e) < 0 ||
		    elfneeds_read(content.data, content.len, p->name, &needs, e) < 0 ||
		    add_part(a, p->name, &content, e) < 0)
			return -1;
		return check_program(a, p, &needs, e);
	}
	return err_set(e, ERR_PROTO, _("the packages of the boot kit do not hold %s"), p->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kit_part *)a)->name, ((const struct kit_part *)b)->name);
}

/* The kit's digest is the one of its list of parts, sorted. */
static void sum_up(struct kit *k)
{
	struct digest d = {0};
	char line[256];

	qsort(k->parts, (size_t)k->n_parts, sizeof(k->parts[0]), by_name);
	digest_init(&d);
	for (int i = 0; i < k->n_parts; i++) {
		int len = snprintf(line, sizeof(line), "%s %s\n", k->parts[i].digest, k->parts[i].name);

		digest_add(&d, line, (size_t)len);
	}
	digest_end(&d, k->digest);
	digest_done(&d);
}

static void write_manifest(const struct kit *k, struct buf *out)
{
	struct jw w = jw_init(out);

	jw_obj(&w, NULL);
	jw_int(&w, "version", KIT_VERSION);
	jw_str(&w, "digest", k->digest);
	jw_arr(&w, "parts");
	for (int i = 0; i < k->n_parts; i++) {
		jw_obj(&w, NULL);
		jw_str(&w, "name", k->parts[i].name);
		jw_str(&w, "sha256", k->parts[i].digest);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	buf_addc(out, '\n');
}

static int read_parts(const struct json *root, struct kit *k)
{
	const struct json *parts = json_get(root, "parts");
	int n = parts && json_is_array(parts) ? json_len(parts) : 0;

	if (json_int(root, "version", 0) != KIT_VERSION || n < 1 || n > KIT_PARTS_MAX)
		return -1;
	for (int i = 0; i < n; i++) {
		const char *name = json_str(json_at(parts, i), "name");
		const char *digest = json_str(json_at(parts, i), "sha256");
		char path[PATHS_MAX];

		if (!name || !digest || !digest_is_valid(digest) || strchr(name, '/') || *name == '.' ||
		    strlen(name) >= sizeof(k->parts[i].name))
			return -1;
		path_join(path, sizeof(path), k->dir, "%s", name);
		if (!fs_exists(path))
			return -1;
		str_copy(k->parts[i].name, sizeof(k->parts[i].name), name);
		str_copy(k->parts[i].digest, sizeof(k->parts[i].digest), digest);
	}
	k->n_parts = n;
	return 0;
}

static int open_kit(const char *cache_dir, const char *digest, struct kit *k, struct err *e)
{
	char path[PATHS_MAX];
	auto_buf text = {0};
	struct json *root;
	int rc = -1;

	*k = (struct kit){0};
	str_copy(k->digest, sizeof(k->digest), digest);
	path_join(k->dir, sizeof(k->dir), cache_dir, "kit/%s", digest);
	path_join(path, sizeof(path), k->dir, "%s", PUBLISH_MANIFEST);
	if (fs_read_file(path, PUBLISH_MANIFEST_MAX, &text, NULL) == 0) {
		root = json_parse(buf_cstr(&text), text.len, path, NULL);
		rc = root ? read_parts(root, k) : -1;
		json_free(root);
	}
	return rc == 0 ? 0 : err_set(e, ERR_NOT_FOUND, _("no usable boot kit in %s"), k->dir);
}

int kit_find(const char *cache_dir, struct kit *ret, struct err *e)
{
	char path[PATHS_MAX];
	auto_buf text = {0};

	path_join(path, sizeof(path), cache_dir, "kit/current");
	if (fs_read_file(path, DIGEST_SIZE, &text, NULL) < 0)
		return err_set(e, ERR_NOT_FOUND, _("no boot kit in %s"), cache_dir);
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (!digest_is_valid(buf_cstr(&text)))
		return err_set(e, ERR_NOT_FOUND, _("no boot kit in %s"), cache_dir);
	return open_kit(cache_dir, buf_cstr(&text), ret, e);
}

static int assemble(struct assembly *a, struct err *e)
{
	find_lib_dirs(a);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (add_program(a, &programs[i], e) < 0)
			return -1;
	sum_up(a->kit);
	return 0;
}

/* Somebody may have been faster, or left one that kit_find() calls damaged: that one makes room. */
static int publish_kit(struct publish *p, const char *cache_dir, struct kit *k, struct err *e)
{
	auto_buf manifest = {0};
	struct err mine = {0};
	struct kit old;

	write_manifest(k, &manifest);
	if (publish_commit(p, k->digest, manifest.data, manifest.len, &mine) == 0)
		return 0;
	if (mine.code != ERR_EXISTS) {
		*e = mine;
		return -1;
	}
	if (open_kit(cache_dir, k->digest, &old, NULL) == 0)
		return 0;
	if (fs_remove_tree(k->dir, e) < 0)
		return -1;
	return publish_commit(p, k->digest, manifest.data, manifest.len, e);
}

int kit_assemble(const char *cache_dir, const char *tree, struct kit *ret, struct err *e)
{
	char root[PATHS_MAX], current[PATHS_MAX], line[DIGEST_SIZE + 1];
	auto_publish p = PUBLISH_INIT;
	auto_call(assembly_done) struct assembly a = {.tree = tree, .staging = p.staging, .kit = ret};

	int swept;

	*ret = (struct kit){0};
	path_join(root, sizeof(root), cache_dir, "kit");
	(void)!publish_sweep(root, &swept, NULL);
	if (publish_begin(root, &p, e) < 0 || assemble(&a, e) < 0)
		return -1;
	path_join(ret->dir, sizeof(ret->dir), root, "%s", ret->digest);
	if (publish_kit(&p, cache_dir, ret, e) < 0)
		return -1;
	path_join(current, sizeof(current), root, "current");
	snprintf(line, sizeof(line), "%s\n", ret->digest);
	return fs_write_atomic(current, line, strlen(line), 0600, e);
}

int kit_read_part(const struct kit *k, const struct kit_part *part, struct buf *ret, struct err *e)
{
	char path[PATHS_MAX], digest[DIGEST_SIZE];
	size_t before = ret->len;

	path_join(path, sizeof(path), k->dir, "%s", part->name);
	if (fs_read_file(path, KIT_PART_MAX, ret, e) < 0)
		return -1;
	digest_data(ret->data + before, ret->len - before, digest);
	if (strcmp(digest, part->digest) == 0)
		return 0;
	err_set(e, ERR_CORRUPT, _("%s is not what was fetched"), path);
	return err_hint(e, _("Remove %s; it is fetched again."), k->dir);
}
