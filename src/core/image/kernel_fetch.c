/* SPDX-License-Identifier: MIT */
/*
 * From wherever it comes to a bootable kernel directory, in this order: vmlinuz and a tree of modules (laid out by each kind of source
 * in its own way), depmod, module list, what is missing, modules.ext4, boot kit, initramfs, manifest. The tree is removed at the end.
 *
 * vmlinuz stays what it came as: QEMU boots a bzImage, and an ELF that has the entry point for it. A VMM that wants the ELF inside
 * a bzImage gets a file of its own beside it.
 */
#include "core/image/kernel.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/image/elfneeds.h"
#include "core/image/fetch.h"
#include "core/image/kernel_priv.h"
#include "core/image/kernelneeds.h"
#include "core/image/modcopy.h"
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

/* Where the boot kit's packages are to be had from. */
static const char *kit_suite(const struct catalog_entry *entry)
{
	return entry->suite[0] ? entry->suite : KIT_SUITE;
}

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

static int take_vmlinuz(struct op *op, struct kernel_site *s, struct err *e)
{
	auto_free char *from = xasprintf("%s/boot/vmlinuz-%s", s->tree, s->built->release);
	char to[PATHS_MAX];

	path_join(to, sizeof(to), s->staging, "%s", KERNEL_VMLINUZ);
	if (check_vmlinuz(from, e) < 0)
		return -1;
	if (rename(from, to) < 0 || chmod(to, 0600) < 0)
		return err_sys(e, errno, _("cannot create %s"), to);
	return digest_file(op, to, s->built->digest, NULL, e);
}

static int lay_packages(struct op *op, struct kernel_site *s, struct err *e)
{
	const struct unpack_rule *const tables[] = {kernel_rules, kit_rules, NULL};

	s->has_kit = true;
	if (fetch_tree(op, s->ctx, s->entry, true, tables, s->staging, e) < 0 || settle_modules(s->tree, e) < 0 ||
	    find_release(s->tree, s->built->release, sizeof(s->built->release), e) < 0)
		return -1;
	return take_vmlinuz(op, s, e);
}

static int (*const sources[])(struct op *op, struct kernel_site *s, struct err *e) = {
	[CATALOG_BOOTSTRAP] = lay_packages,
	[CATALOG_HOST] = kernel_lay_host,
	[CATALOG_BUNDLE] = kernel_lay_bundle,
	[CATALOG_LOCAL] = kernel_lay_import,
};

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

/* What the kit loads is whole, and says which kernel it was built for: a machine that cannot load it never answers. */
static int check_modules(struct op *op, const struct kernel_site *s, const char *modules_dir, const struct modorder *modules, struct err *e)
{
	char release[KERNEL_RELEASE_SIZE];

	for (size_t i = 0; i < modules->n; i++) {
		auto_free char *path = xasprintf("%s/%s", modules_dir, modules->paths[i]);
		auto_buf content = {0};

		if (modcopy_read(op, path, &content, e) < 0 ||
		    elfneeds_module(content.data, content.len, modules->paths[i], release, sizeof(release), e) < 0)
			return -1;
		if (strcmp(release, s->built->release) != 0)
			return err_set(e, ERR_PROTO, _("the module %s is of kernel %s, and the kernel is %s"), modules->paths[i], release,
				       s->built->release);
	}
	if (modules->n > 0 || !s->unnamed)
		return 0;
	err_set(e, ERR_PROTO, _("nothing says that the modules are of kernel %s"), s->built->release);
	return err_hint(e, _("their directory has to have that name"));
}

/* Nobody gave modules, and the kernel does not tell what it has: it is taken as it is unless it plainly cannot do, and what that means
 * is said. */
static bool is_taken_on_trust(const struct kernel_site *s)
{
	return s->no_modules && s->config.len == 0;
}

static int order_modules(struct op *op, const struct kernel_site *s, const char *modules_dir, struct modorder *ret, struct err *e)
{
	auto_buf dep = {0}, builtin = {0};
	struct kernelneeds has;

	if (read_text(modules_dir, "modules.dep", true, &dep, e) < 0 ||
	    read_text(modules_dir, "modules.builtin", false, &builtin, e) < 0)
		return -1;
	has = (struct kernelneeds){.dep = buf_cstr(&dep),
				   .builtin = buf_cstr(&builtin),
				   .config = buf_cstr(&s->config),
				   .named = is_taken_on_trust(s) ? buf_cstr(&s->drivers) : NULL};
	if (kernelneeds_check(&has, s->no_modules, e) < 0)
		return -1;
	if (modorder_resolve(has.dep, has.builtin, modorder_kit, ret, e) < 0)
		return -1;
	return check_modules(op, s, modules_dir, ret, e);
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
	if (entry->kind == CATALOG_LOCAL) {
		jw_str(&w, "file", entry->path);
		jw_str(&w, "modules", entry->modules);
	}
	if (entry->kind == CATALOG_BUNDLE) {
		jw_str(&w, "url", entry->url);
		jw_str(&w, "sha256", entry->sha256);
	}
	jw_str(&w, "suite", kit_suite(entry));
	jw_str(&w, "release", k->release);
	jw_bool(&w, "firecracker_only", k->firecracker_only);
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

/* The parts to boot with: they came along, are in the cache, or are fetched by themselves. */
static int get_kit(struct op *op, struct kernel_site *s, struct kit *ret, struct err *e)
{
	struct catalog_entry entry = {.components = "main"};
	char scratch[PATHS_MAX];
	int rc;

	if (s->has_kit)
		return kit_assemble(s->ctx->paths->cache, s->tree, ret, e);
	str_copy(entry.suite, sizeof(entry.suite), kit_suite(s->entry));
	path_join(scratch, sizeof(scratch), s->staging, "kit");
	if (fs_mkdir_p(scratch, 0700, e) < 0)
		return -1;
	rc = fetch_kit(op, s->ctx, &entry, scratch, ret, e);
	if (fs_remove_tree(scratch, rc == 0 ? e : NULL) < 0)
		return -1;
	return rc;
}

static void remark(const struct kernel_site *s)
{
	struct kernel_built *k = s->built;

	if (is_taken_on_trust(s))
		snprintf(k->remark, sizeof(k->remark), "no modules: all drivers are taken for built in%s",
			 k->firecracker_only ? "; no PVH: Firecracker alone" : "");
	else if (k->firecracker_only)
		str_copy(k->remark, sizeof(k->remark), "an ELF without PVH entry: Firecracker alone boots it");
}

static int build(struct op *op, struct kernel_site *s, struct err *e)
{
	struct kernel_built *k = s->built;
	auto_free char *modules_dir = NULL;
	auto_modorder modules = {0};
	char path[PATHS_MAX];
	struct kit kit;

	if (sources[s->entry->kind](op, s, e) < 0 || settle_modules(s->tree, e) < 0)
		return -1;
	modules_dir = xasprintf("%s/lib/modules/%s", s->tree, k->release);
	if (run_depmod(op, s->tree, k->release, e) < 0 || order_modules(op, s, modules_dir, &modules, e) < 0 ||
	    write_module_list(s->staging, &modules, e) < 0)
		return -1;
	op_stage(op, N_("write modules image"));
	path_join(path, sizeof(path), s->staging, "%s", KERNEL_MODULES);
	if (modfs_build(op, modules_dir, k->release, path, k->modules_uuid, e) < 0 || get_kit(op, s, &kit, e) < 0)
		return -1;
	str_copy(k->kit_digest, sizeof(k->kit_digest), kit.digest);
	remark(s);
	return kernel_ensure_initramfs(op, s->ctx, s->staging, k->release, &kit, &modules, path, e);
}

int kernel_fetch(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *staging,
		 struct kernel_built *ret, struct err *e)
{
	struct kernel_site s = {.ctx = ctx, .entry = entry, .staging = staging, .built = ret};
	int rc;

	path_join(s.tree, sizeof(s.tree), staging, "tree");
	rc = build(op, &s, e);
	buf_done(&s.config);
	buf_done(&s.drivers);
	if (fs_remove_tree(s.tree, rc == 0 ? e : NULL) < 0)
		rc = -1;
	if (rc < 0)
		return -1;
	ret->alloc_bytes = allocated_in(staging);
	write_manifest(entry, ret);
	return 0;
}
