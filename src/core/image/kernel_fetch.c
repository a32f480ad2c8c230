/* SPDX-License-Identifier: MIT */
/*
 * From packages to a bootable kernel directory, in this order: tree (fetch.h), boot kit into the cache, vmlinuz, depmod,
 * module list, modules.ext4, initramfs, manifest. The tree is removed at the end.
 *
 * vmlinuz stays the bzImage it came as: QEMU boots it directly. A VMM that wants the ELF inside gets a file of its own
 * beside it.
 */
#include "core/image/kernel.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/image/fetch.h"
#include "core/image/kernel_priv.h"
#include "core/image/modfs.h"
#include "core/image/modorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEP_MAX ((size_t)16 << 20)

static const struct unpack_rule kernel_rules[] = {
	{"boot/vmlinuz-*", false},
	{"lib/modules/*", true},
	{"usr/lib/modules/*", true},
	{NULL, false},
};

void kernel_built_done(struct kernel_built *k)
{
	buf_done(&k->manifest);
}

/* depmod looks below lib/modules or usr/lib/modules, as its distribution likes; so both lead to the same place. */
static int settle_modules(const char *tree, struct err *e)
{
	auto_free char *merged = xasprintf("%s/usr/lib/modules", tree);
	auto_free char *lib = xasprintf("%s/lib", tree);
	auto_free char *modules = xasprintf("%s/lib/modules", tree);
	auto_free char *usr_lib = xasprintf("%s/usr/lib", tree);

	if (fs_mkdir_p(lib, 0700, e) < 0 || fs_mkdir_p(usr_lib, 0700, e) < 0)
		return -1;
	if (!fs_exists(modules) && rename(merged, modules) < 0)
		return err_set(e, ERR_PROTO, _("the kernel's packages hold no modules"));
	if (symlink("../../lib/modules", merged) < 0 && errno != EEXIST)
		return err_sys(e, errno, _("cannot create %s"), merged);
	return 0;
}

/* The one directory below lib/modules. */
static int find_release(const char *tree, char *ret, size_t size, struct err *e)
{
	auto_free char *path = xasprintf("%s/lib/modules", tree);
	DIR *d = opendir(path);
	struct dirent *de;
	int n = 0;

	if (!d)
		return err_sys(e, errno, _("cannot read %s"), path);
	while ((de = readdir(d))) {
		if (de->d_name[0] == '.' || strlen(de->d_name) >= size)
			continue;
		str_copy(ret, size, de->d_name);
		n++;
	}
	closedir(d);
	return n == 1 ? 0 : err_set(e, ERR_PROTO, _("the packages hold %d kernels instead of one"), n);
}

/* The boot protocol's signature (Documentation/arch/x86/boot.rst: offset 0x202). Other architectures have formats of
 * their own, which the VMM checks. */
static int check_vmlinuz(const char *path, struct err *e)
{
	char head[0x206] = "";
	auto_fd fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));

	if (n < 0)
		return err_sys(e, errno, _("cannot read %s"), path);
	if (strcmp(catalog_arch(), "amd64") == 0 && (n < (ssize_t)sizeof(head) || memcmp(head + 0x202, "HdrS", 4) != 0))
		return err_set(e, ERR_PROTO, _("the kernel's package holds no bzImage"));
	return 0;
}

static int take_vmlinuz(struct op *op, const char *tree, const char *staging, struct kernel_built *k, struct err *e)
{
	auto_free char *from = xasprintf("%s/boot/vmlinuz-%s", tree, k->release);
	char to[PATHS_MAX];

	path_join(to, sizeof(to), staging, "%s", KERNEL_VMLINUZ);
	if (check_vmlinuz(from, e) < 0)
		return -1;
	if (rename(from, to) < 0 || chmod(to, 0600) < 0)
		return err_sys(e, errno, _("cannot create %s"), to);
	return digest_file(op, to, k->digest, NULL, e);
}

static int run_depmod(struct op *op, const char *tree, const char *release, struct err *e)
{
	/* Debian keeps it where an ordinary user's PATH does not look. */
	const char *tool = access("/usr/sbin/depmod", X_OK) == 0 ? "/usr/sbin/depmod" : "depmod";
	const char *argv[] = {tool, "-b", tree, release, NULL};
	struct spawn_run_args a = {.argv = argv};

	if (spawn_run(op, &a, NULL, e) < 0)
		return e && e->code == ERR_MISSING ? err_hint(e, _("Install the package kmod.")) : -1;
	return 0;
}

static int read_text(const char *dir, const char *name, bool must, struct buf *ret, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	if (!must && !fs_exists(path))
		return 0;
	return fs_read_file(path, DEP_MAX, ret, e);
}

static int order_modules(const char *modules_dir, struct modorder *ret, struct err *e)
{
	auto_buf dep = {0}, builtin = {0};

	if (read_text(modules_dir, "modules.dep", true, &dep, e) < 0 ||
	    read_text(modules_dir, "modules.builtin", false, &builtin, e) < 0)
		return -1;
	return modorder_resolve(buf_cstr(&dep), buf_cstr(&builtin), modorder_kit, ret, e);
}

static int write_module_list(const char *staging, const struct modorder *modules, struct err *e)
{
	char path[PATHS_MAX];
	auto_buf text = {0};

	for (size_t i = 0; i < modules->n; i++)
		buf_addf(&text, "%s\n", modules->paths[i]);
	path_join(path, sizeof(path), staging, "%s", KERNEL_MODULES_LIST);
	return fs_write_atomic(path, buf_cstr(&text), text.len, 0600, e);
}

static void write_manifest(const struct catalog_entry *entry, struct kernel_built *k)
{
	struct jw w = jw_init(&k->manifest);

	jw_obj(&w, NULL);
	jw_int(&w, "version", KERNEL_VERSION);
	jw_str(&w, "kind", "kernel");
	jw_str(&w, "name", entry->name);
	jw_str(&w, "source", catalog_kind_to_string(entry->kind));
	jw_str(&w, "suite", entry->suite);
	jw_str(&w, "release", k->release);
	jw_str(&w, "modules_uuid", k->modules_uuid);
	jw_str(&w, "vmlinuz_sha256", k->digest);
	jw_str(&w, "kit", k->kit_digest);
	jw_end(&w);
	buf_addc(&k->manifest, '\n');
}

static uint64_t allocated_in(const char *dir)
{
	uint64_t sum = 0;
	DIR *d = opendir(dir);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", dir, de->d_name);

		if (de->d_name[0] != '.')
			sum += fs_allocated(path);
	}
	if (d)
		closedir(d);
	return sum;
}

static int build(struct op *op, const struct image_ctx *ctx, const char *staging, const char *tree,
		 struct kernel_built *k, struct err *e)
{
	auto_free char *modules_dir = NULL;
	auto_modorder modules = {0};
	char path[PATHS_MAX];
	struct kit kit;

	if (kit_assemble(ctx->paths->cache, tree, &kit, e) < 0 || settle_modules(tree, e) < 0 ||
	    find_release(tree, k->release, sizeof(k->release), e) < 0 || take_vmlinuz(op, tree, staging, k, e) < 0)
		return -1;
	str_copy(k->kit_digest, sizeof(k->kit_digest), kit.digest);
	modules_dir = xasprintf("%s/lib/modules/%s", tree, k->release);
	if (run_depmod(op, tree, k->release, e) < 0 || order_modules(modules_dir, &modules, e) < 0 ||
	    write_module_list(staging, &modules, e) < 0)
		return -1;
	op_stage(op, N_("write modules image"));
	path_join(path, sizeof(path), staging, "%s", KERNEL_MODULES);
	if (modfs_build(op, modules_dir, k->release, path, k->modules_uuid, e) < 0)
		return -1;
	return kernel_ensure_initramfs(op, ctx, staging, k->release, &kit, &modules, path, e);
}

int kernel_fetch(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *staging,
		 struct kernel_built *ret, struct err *e)
{
	const struct unpack_rule *const tables[] = {kernel_rules, kit_rules, NULL};
	char tree[PATHS_MAX];
	int rc;

	path_join(tree, sizeof(tree), staging, "tree");
	rc = fetch_tree(op, ctx, entry, true, tables, staging, e);
	if (rc == 0)
		rc = build(op, ctx, staging, tree, ret, e);
	if (fs_remove_tree(tree, rc == 0 ? e : NULL) < 0)
		rc = -1;
	if (rc < 0)
		return err_wrap(e, _("fetch kernel %s"), entry->name);
	ret->alloc_bytes = allocated_in(staging);
	write_manifest(entry, ret);
	return 0;
}
