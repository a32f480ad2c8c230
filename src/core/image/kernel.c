/* SPDX-License-Identifier: MIT */
/*
 * A published kernel: what a VMM needs to boot it, and the initramfs that belongs to the banger-guest at hand.
 *
 * Modules come out of modules.ext4, so an initramfs can be built anew long after the packages are gone. Its name holds the
 * hash of everything it depends on; being there is being right. Two builders at once write the same file under two
 * temporary names, and the second rename changes nothing.
 */
#include "core/image/kernel.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"
#include "core/disk/ext4.h"
#include "core/image/fetch.h"
#include "core/image/initramfs.h"
#include "core/image/kernel_priv.h"
#include "core/image/publish.h"
#include "core/image/vmlinux.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STALE_SECONDS (24 * 60 * 60)

struct module_source {
	const char *image; /* modules.ext4 */
	const char *release;
};

static int read_module(void *arg, const char *path, struct buf *ret, struct err *e)
{
	const struct module_source *s = arg;
	auto_free char *name = xasprintf("%s/%s", s->release, path);

	return ext4_read_file(s->image, name, INITRAMFS_MODULE_MAX, ret, e);
}

/* Other banger-guests' archives go a day after they were made: nobody can still be starting with one. */
static void remove_stale(const char *dir, const char *keep)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	struct stat st;

	while (d && (de = readdir(d)))
		if (strncmp(de->d_name, "initramfs-", 10) == 0 && strcmp(de->d_name, keep) != 0 &&
		    fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime + STALE_SECONDS < time(NULL))
			(void)unlinkat(dirfd(d), de->d_name, 0);
	if (d)
		closedir(d);
}

int kernel_ensure_initramfs(struct op *op, const struct image_ctx *ctx, const char *dir, const char *release,
			    const struct kit *kit, const struct modorder *modules, char ret[PATHS_MAX], struct err *e)
{
	char guest[PATHS_MAX], digest[DIGEST_SIZE], key[INITRAMFS_KEY_SIZE], name[64], image[PATHS_MAX];
	struct module_source source = {image, release};
	struct initramfs_args a = {.dst = ret,
				   .guest_binary = guest,
				   .kit = kit,
				   .modules = modules,
				   .read_module = read_module,
				   .arg = &source};

	op_stage(op, N_("check boot kit"));
	if (initramfs_find_guest(ctx->guest_binary, guest, e) < 0 ||
	    initramfs_guest_digest(op, ctx->paths->cache, guest, digest, e) < 0)
		return -1;
	initramfs_key(digest, kit->digest, modules, key);
	snprintf(name, sizeof(name), "initramfs-%s.cpio", key);
	path_join(ret, PATHS_MAX, dir, "%s", name);
	path_join(image, sizeof(image), dir, "%s", KERNEL_MODULES);
	if (fs_exists(ret))
		return 0;
	op_stage(op, N_("build boot kit"));
	if (initramfs_build(op, &a, e) < 0)
		return -1;
	remove_stale(dir, name);
	return 0;
}

/* What kernel_files() needs to know of a published kernel. */
struct known {
	char release[96];
	char suite[CATALOG_WORD_SIZE];
	struct modorder modules;
};

static void known_done(struct known *k)
{
	modorder_done(&k->modules);
}

static int corrupt(const char *dir, struct err *e)
{
	err_set(e, ERR_CORRUPT, _("the kernel in %s is damaged"), dir);
	return err_hint(e, _("Delete it and pull it again."));
}

static bool take_string(const struct json *root, const char *key, char *ret, size_t size)
{
	const char *s = json_str(root, key);

	if (!s || !*s || strlen(s) >= size || strchr(s, '/'))
		return false;
	str_copy(ret, size, s);
	return true;
}

static int read_manifest(const char *dir, struct known *k, struct kernel_files *ret, struct err *e)
{
	char path[PATHS_MAX];
	auto_buf text = {0};
	struct json *root;
	bool ok;

	path_join(path, sizeof(path), dir, "%s", PUBLISH_MANIFEST);
	if (fs_read_file(path, PUBLISH_MANIFEST_MAX, &text, e) < 0)
		return -1;
	root = json_parse(buf_cstr(&text), text.len, path, NULL);
	ok = root && json_int(root, "version", 0) == KERNEL_VERSION &&
	     take_string(root, "release", k->release, sizeof(k->release)) &&
	     take_string(root, "suite", k->suite, sizeof(k->suite)) &&
	     take_string(root, "modules_uuid", ret->modules_uuid, sizeof(ret->modules_uuid));
	ret->firecracker_only = json_bool(root, "firecracker_only", false);
	json_free(root);
	return ok ? 0 : corrupt(dir, e);
}

bool kernel_is_of(const char *dir, const struct catalog_entry *entry)
{
	char path[PATHS_MAX], running[KERNEL_RELEASE_SIZE];
	const char *member = entry->kind == CATALOG_BUNDLE ? "sha256" : "release", *want = entry->sha256, *source, *has;
	auto_buf text = {0};
	struct json *root;
	bool is;

	if (entry->kind != CATALOG_BUNDLE && entry->kind != CATALOG_HOST)
		return true;
	path_join(path, sizeof(path), dir, "%s", PUBLISH_MANIFEST);
	root = fs_read_file(path, PUBLISH_MANIFEST_MAX, &text, NULL) == 0 ? json_parse(buf_cstr(&text), text.len, path, NULL) : NULL;
	if (!root)
		return true;
	if (entry->kind == CATALOG_HOST) {
		kernel_host_release(running);
		want = running;
	}
	source = json_str(root, "source");
	has = json_str(root, member);
	/* One that was imported under this name is what somebody wanted here. */
	is = !source || strcmp(source, "local") == 0 || (has && strcmp(has, want) == 0);
	json_free(root);
	return is;
}

static int read_module_list(const char *dir, struct modorder *ret, struct err *e)
{
	char path[PATHS_MAX];
	auto_buf text = {0};

	path_join(path, sizeof(path), dir, "%s", KERNEL_MODULES_LIST);
	if (fs_read_file(path, 65536, &text, e) < 0)
		return -1;
	for (const char *line = buf_cstr(&text); *line;) {
		size_t len = strcspn(line, "\n");

		ret->paths = xrealloc(ret->paths, ret->n + 1, sizeof(*ret->paths));
		ret->paths[ret->n++] = xstrndup(line, len);
		line += len + (line[len] == '\n');
	}
	return 0;
}

/* The kit may have to be fetched again; packages are unpacked in a staging directory of the cache then. */
static int any_kit(struct op *op, const struct image_ctx *ctx, const char *suite, struct kit *ret, struct err *e)
{
	struct catalog_entry entry = {.components = "main"};
	auto_publish scratch = PUBLISH_INIT;
	char root[PATHS_MAX];

	if (kit_find(ctx->paths->cache, ret, NULL) == 0)
		return 0;
	str_copy(entry.suite, sizeof(entry.suite), suite);
	path_join(root, sizeof(root), ctx->paths->cache, "kit");
	if (publish_begin(root, &scratch, e) < 0)
		return -1;
	return fetch_kit(op, ctx, &entry, scratch.staging, ret, e);
}

int kernel_files(struct op *op, const struct image_ctx *ctx, const char *dir, struct kernel_files *ret, struct err *e)
{
	auto_call(known_done) struct known k = {0};
	struct kit kit;

	*ret = (struct kernel_files){0};
	path_join(ret->vmlinuz, sizeof(ret->vmlinuz), dir, "%s", KERNEL_VMLINUZ);
	path_join(ret->modules, sizeof(ret->modules), dir, "%s", KERNEL_MODULES);
	if (read_manifest(dir, &k, ret, e) < 0 || read_module_list(dir, &k.modules, e) < 0)
		return -1;
	if (!fs_exists(ret->vmlinuz) || !fs_exists(ret->modules))
		return corrupt(dir, e);
	if (any_kit(op, ctx, k.suite, &kit, e) < 0)
		return -1;
	return kernel_ensure_initramfs(op, ctx, dir, k.release, &kit, &k.modules, ret->initramfs, e);
}

int kernel_elf(struct op *op, const char *dir, char ret[PATHS_MAX], struct err *e)
{
	char packed[PATHS_MAX];

	path_join(ret, PATHS_MAX, dir, "%s", KERNEL_VMLINUX);
	if (fs_exists(ret))
		return 0;
	path_join(packed, sizeof(packed), dir, "%s", KERNEL_VMLINUZ);
	if (vmlinux_is_elf(packed)) {
		str_copy(ret, PATHS_MAX, packed);
		return 0;
	}
	op_stage(op, N_("unpack kernel"));
	return vmlinux_extract(op, packed, ret, e);
}
