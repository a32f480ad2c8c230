/* SPDX-License-Identifier: MIT */
/*
 * Kernels of a person's files and of the host: what is taken of them, and by which sentence the rest is refused.
 */
#include "tests/lib/fakeelf.h"
#include "tests/lib/fakekernel.h"
#include "tests/lib/fakekit.h"
#include "tests/lib/test.h"

#include "base/spawn.h"
#include "core/disk/ext4.h"
#include "core/image/kernel_priv.h"
#include "core/image/modcopy.h"
#include "core/image/publish.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define R "6.1.0-9-test" /* what fakekernel_elf() says */

static struct op op;
static struct err e;
static struct paths paths;
static char guest[PATHS_MAX];
static struct image_ctx ctx = {.paths = &paths, .guest_binary = guest};

static const struct {
	const char *dir, *name, *packer;
} modules[] = {
	{"kernel/drivers/virtio", "virtio_mmio.ko", NULL},  {"kernel/drivers/block", "virtio_blk.ko", "xz"},
	{"kernel/drivers/net", "virtio-net.ko", "zstd"},    {"kernel/fs/ext4", "ext4.ko", "gzip"},
	{"kernel/fs/overlayfs", "overlay.ko", NULL},
};

/* A kit in the cache, as earlier fetches leave it. */
static void put_kit(void **state)
{
	static const struct unpack_rule *const tables[] = {kit_rules, NULL};
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct kit kit;

	fakekit_add(w, NULL);
	fakekit_finish(w, &b, tmpdir_path(state, "p.tar"));
	buf_done(&b);
	assert_ok(unpack_tar(&op, tmpdir_path(state, "p.tar"), tables, tmpdir_path(state, "kit-tree"), &e), &e);
	assert_ok(kit_assemble(paths.cache, tmpdir_path(state, "kit-tree"), &kit, &e), &e);
}

static int setup(void **state)
{
	op_init(&op, 120000);
	if (tmpdir_setup(state) < 0)
		return -1;
	str_copy(paths.cache, sizeof(paths.cache), tmpdir_path(state, "cache"));
	str_copy(paths.state, sizeof(paths.state), tmpdir_path(state, "state"));
	str_copy(guest, sizeof(guest), tmpdir_path(state, "guest"));
	test_write(guest, "guest");
	put_kit(state);
	return chmod(guest, 0700);
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static bool pack(const char *packer, const void *data, size_t n, struct buf *ret)
{
	const char *argv[] = {packer, "-qc", NULL};
	struct spawn_run_args a = {.argv = argv, .input = data, .input_len = n};

	return spawn_run(&op, &a, ret, NULL) == 0;
}

static void put_bytes(void **state, const char *name, const struct buf *content)
{
	tmpdir_put(state, name, "");
	assert_ok(fs_write_atomic(tmpdir_path(state, name), content->data, content->len, 0600, &e), &e);
}

/* <dir>/lib/modules/<release> with modules of kernel `built_for`; `without`: one of them is not there. */
static void put_modules(void **state, const char *release, const char *built_for, const char *without)
{
	for (size_t i = 0; i < ARRAY_LEN(modules); i++) {
		auto_buf module = fakeelf_module(built_for, modules[i].name), packed = {0};
		auto_free char *name = xasprintf("m/lib/modules/%s/%s/%s", release, modules[i].dir, modules[i].name);

		if (without && strcmp(modules[i].name, without) == 0)
			continue;
		if (!modules[i].packer || !pack(modules[i].packer, module.data, module.len, &packed)) {
			put_bytes(state, name, &module);
			continue;
		}
		auto_free char *longer = xasprintf("%s.%s", name, strcmp(modules[i].packer, "zstd") == 0   ? "zst"
								  : strcmp(modules[i].packer, "gzip") == 0 ? "gz"
													   : "xz");
		put_bytes(state, longer, &packed);
	}
	auto_free char *order = xasprintf("m/lib/modules/%s/modules.order", release);
	auto_free char *build = xasprintf("m/lib/modules/%s/build/scripts/no.ko", release);
	tmpdir_put(state, order, "");
	tmpdir_put(state, build, "no module of this kernel");
}

static void put_elf(void **state, const struct fakekernel_parts *parts)
{
	auto_buf elf = fakekernel_elf(parts);

	assert_ok(fs_write_atomic(tmpdir_path(state, "vmlinux"), elf.data, elf.len, 0600, &e), &e);
}

static int import(void **state, const char *modules_dir, struct publish *p, struct kernel_built *k)
{
	auto_free char *file = xstrdup(tmpdir_path(state, "vmlinux"));
	auto_free char *dir = modules_dir ? xstrdup(tmpdir_path(state, modules_dir)) : NULL;
	struct catalog_entry entry;

	catalog_kernel_entry("mine", file, dir, &entry);
	assert_ok(publish_begin(paths.state, p, &e), &e);
	return kernel_fetch(&op, &ctx, &entry, p->staging, k, &e);
}

static void skip_without_tools(void)
{
	if (access("/usr/sbin/depmod", X_OK) < 0 || access("/usr/sbin/mke2fs", X_OK) < 0)
		skip();
}

static void accepted(void **state, const char *modules_dir, const char *remark, bool firecracker_only)
{
	auto_call(kernel_built_done) struct kernel_built k = {0};
	auto_publish p = PUBLISH_INIT;

	assert_ok(import(state, modules_dir, &p, &k), &e);
	assert_string_equal(k.remark, remark);
	assert_int_equal(k.firecracker_only, firecracker_only);
	assert_string_equal(k.release, R);
}

static void refused(void **state, const char *modules_dir, const char *saying, const char *hint)
{
	auto_call(kernel_built_done) struct kernel_built k = {0};
	auto_publish p = PUBLISH_INIT;
	char tree[PATHS_MAX];

	assert_int_equal(import(state, modules_dir, &p, &k), -1);
	if (!strstr(e.msg, saying) || !strstr(e.hint, hint))
		fail_msg("no '%s' with '%s' in: %s / %s", saying, hint, e.msg, e.hint);
	err_clear(&e);
	assert_false(fs_exists(path_join(tree, sizeof(tree), p.staging, "tree")));
}

static void imports_kernel_and_modules(void **state)
{
	auto_call(kernel_built_done) struct kernel_built k = {0};
	auto_publish p = PUBLISH_INIT;
	struct kernel_files f;
	auto_buf content = {0}, blk = fakeelf_module(R, "virtio_blk.ko");

	skip_without_tools();
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	put_modules(state, R, R, NULL);
	assert_ok(import(state, "m", &p, &k), &e);
	assert_ok(publish_commit(&p, "mine", k.manifest.data, k.manifest.len, &e), &e);
	auto_free char *list = test_read(tmpdir_path(state, "state/mine/" KERNEL_MODULES_LIST));
	assert_string_equal(list, "kernel/drivers/virtio/virtio_mmio.ko\nkernel/drivers/block/virtio_blk.ko\n"
				  "kernel/drivers/net/virtio-net.ko\nkernel/fs/overlayfs/overlay.ko\nkernel/fs/ext4/ext4.ko\n");
	assert_ok(kernel_files(&op, &ctx, tmpdir_path(state, "state/mine"), &f, &e), &e);
	assert_false(f.firecracker_only);
	assert_ok(ext4_read_file(f.modules, R "/kernel/drivers/block/virtio_blk.ko", 1000, &content, &e), &e);
	assert_int_equal(content.len, blk.len);
	assert_memory_equal(content.data, blk.data, blk.len);
	buf_reset(&content);
	assert_int_equal(ext4_read_file(f.modules, R "/build/scripts/no.ko", 1000, &content, &e), -1);
	err_clear(&e);
	/* What was given stays as it was: depmod ran elsewhere. */
	assert_false(fs_exists(tmpdir_path(state, "m/lib/modules/" R "/modules.dep")));
	/* A VMM for ELF kernels is given the same file. */
	char elf[PATHS_MAX];
	assert_ok(kernel_elf(&op, tmpdir_path(state, "state/mine"), elf, &e), &e);
	assert_string_equal(elf, f.vmlinuz);
}

static void the_directory_may_be_named_in_four_ways(void **state)
{
	skip_without_tools();
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	put_modules(state, R, R, NULL);
	accepted(state, "m", "", false);
	accepted(state, "m/lib/modules", "", false);
	accepted(state, "m/lib/modules/" R, "", false);
	/* By another name: the modules themselves say whose they are. */
	assert_int_equal(rename(tmpdir_path(state, "m/lib/modules/" R), tmpdir_path(state, "m/mods")), 0);
	accepted(state, "m/mods", "", false);
}

static void other_modules_are_refused(void **state)
{
	skip_without_tools();
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	put_modules(state, "6.1.0-8-test", "6.1.0-8-test", NULL);
	refused(state, "m", "no modules of kernel " R, "those of 6.1.0-8-test");
	refused(state, "m/lib/modules/6.1.0-8-test", "is of kernel 6.1.0-8-test, and the kernel is " R, "");
	put_modules(state, R, "6.1.0-7-test", NULL);
	refused(state, "m", "is of kernel 6.1.0-7-test, and the kernel is " R, "");
	tmpdir_put(state, "file", "");
	refused(state, "file", "cannot read the modules directory", "");
	tmpdir_put(state, "empty/file", "");
	refused(state, "empty", "no modules of kernel " R, "lib/modules/" R);
}

static void what_is_missing_is_named(void **state)
{
	skip_without_tools();
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	put_modules(state, R, R, "virtio_blk.ko");
	refused(state, "m", "as a module: virtio_blk", "modules.builtin");
	tmpdir_put(state, "m/lib/modules/" R "/modules.builtin", "kernel/drivers/block/virtio_blk.ko\n");
	accepted(state, "m", "", false);
	/* One that is damaged is named, too. */
	tmpdir_put(state, "m/lib/modules/" R "/kernel/fs/x.ko.xz", "no xz");
	refused(state, "m", "kernel/fs/x.ko.xz", "");
}

static void a_module_twice_is_refused_by_both_names(void **state)
{
	auto_buf module = fakeelf_module(R, "snd.ko");

	skip_without_tools();
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	put_modules(state, R, R, NULL);
	put_bytes(state, "m/lib/modules/" R "/kernel/sound/snd.ko", &module);
	accepted(state, "m", "", false);
	put_bytes(state, "m/lib/modules/" R "/kernel/sound/snd.ko.gz", &module);
	refused(state, "m", "kernel/sound/snd.ko and /", "only one");
	refused(state, "m", "kernel/sound/snd.ko.gz are the same module", "only one");
}

/* A machine that cannot load one of those never answers. */
static void what_the_kit_loads_is_whole(void **state)
{
	static const char blk[] = "m/lib/modules/" R "/kernel/drivers/block/virtio_blk.ko";
	auto_buf module = fakeelf_module(R, "virtio_blk.ko"), silent = fakeelf_module(NULL, "virtio_blk.ko"), packed = {0};
	auto_free char *xz = xasprintf("%s.xz", blk);
	size_t whole = module.len;

	skip_without_tools();
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	put_modules(state, R, R, "virtio_blk.ko");
	put_bytes(state, blk, &module);
	accepted(state, "m", "", false);
	for (module.len = 0; module.len < whole; module.len += 100) {
		put_bytes(state, blk, &module);
		refused(state, "m", "kernel/drivers/block/virtio_blk.ko: not a usable ELF file", "");
	}
	put_bytes(state, blk, &silent);
	refused(state, "m", "kernel/drivers/block/virtio_blk.ko: a module that does not say which kernel it is for", "");
	/* The packer's own file is whole. */
	module.len = whole / 2;
	if (!pack("xz", module.data, module.len, &packed))
		skip();
	assert_int_equal(unlink(tmpdir_path(state, blk)), 0);
	put_bytes(state, xz, &packed);
	refused(state, "m", "kernel/drivers/block/virtio_blk.ko: not a usable ELF file", "");
	/* What no machine needs is its own business. */
	assert_int_equal(unlink(tmpdir_path(state, xz)), 0);
	module.len = whole;
	put_bytes(state, blk, &module);
	tmpdir_put(state, "m/lib/modules/" R "/kernel/sound/snd.ko", "cut");
	accepted(state, "m", "", false);
}

static void without_modules_the_kernel_has_to_tell(void **state)
{
	static const char one[] = "CONFIG_VIRTIO_MMIO=y\n";
	static const char all[] =
		"CONFIG_VIRTIO_MMIO=y\nCONFIG_VIRTIO_BLK=y\nCONFIG_VIRTIO_NET=y\nCONFIG_EXT4_FS=y\nCONFIG_OVERLAY_FS=y\n"
		"CONFIG_BLK_DEV_INITRD=y\nCONFIG_DEVTMPFS=y\nCONFIG_ACPI=y\n";
	auto_buf config = {0}, complete = {0};

	skip_without_tools();
	/* It names two of its drivers, so the third is not in it. */
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	refused(state, NULL, "as a module: virtio_blk", "--modules DIR");
	/* Cut off in the middle. */
	assert_int_equal(truncate(tmpdir_path(state, "vmlinux"), 5000), 0);
	refused(state, NULL, "cut off", "");
	if (!pack("gzip", one, strlen(one), &config) || !pack("gzip", all, strlen(all), &complete))
		skip();
	put_elf(state, &(struct fakekernel_parts){.pvh = true, .config = &config});
	refused(state, NULL, "virtio_blk, virtio_net, ext4, overlay, CONFIG_BLK_DEV_INITRD", "--modules DIR");
	put_elf(state, &(struct fakekernel_parts){.config = &complete});
	accepted(state, NULL, "an ELF without PVH entry: Firecracker alone boots it", true);
	put_elf(state, &(struct fakekernel_parts){.pvh = true, .config = &complete});
	accepted(state, NULL, "", false);
	/* What names all three is taken on trust, and that is said. */
	put_elf(state, &(struct fakekernel_parts){.pvh = true, .all_drivers = true});
	accepted(state, NULL, "no modules: all drivers are taken for built in", false);
}

static void add(struct tar_writer *w, const char *name, const void *data, size_t len)
{
	const struct tar_meta m = {.mode = 0644};

	assert_ok(tar_writer_file(w, name, &m, data, len, &e), &e);
}

/* lib/modules/<release>/… of a tree as put_modules() makes one; NULL: an archive of something else. */
static struct buf modules_tar(const char *release)
{
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);

	for (size_t i = 0; release && i < ARRAY_LEN(modules); i++) {
		auto_free char *name = xasprintf("lib/modules/%s/%s/%s", release, modules[i].dir, modules[i].name);
		auto_buf module = fakeelf_module(release, modules[i].name);

		add(w, name, module.data, module.len);
	}
	add(w, "lib/other", "x", 1);
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	return b;
}

/* <dir>/k.tar, a bundle whose manifest says `says` and whose modules are of `release`. Its digest and size come back. */
static void put_bundle(void **state, const char *says, const char *release, struct catalog_entry *ret)
{
	auto_buf kernel = fakekernel_elf(&(struct fakekernel_parts){.pvh = true}), inner = modules_tar(release);
	auto_free char *manifest = xasprintf("{\"version\":1,\"kind\":\"kernel\",\"architecture\":\"%s\",\"release\":\"%s\"}",
					     catalog_arch(), says);
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	const char *path = tmpdir_path(state, "k.tar");

	add(w, "manifest.json", manifest, strlen(manifest));
	add(w, "vmlinux", kernel.data, kernel.len);
	add(w, "modules.tar", inner.data, inner.len);
	fakekit_finish(w, &b, path);
	*ret = (struct catalog_entry){.name = "mine", .kind = CATALOG_BUNDLE, .size = b.len};
	digest_data(b.data, b.len, ret->sha256);
	snprintf(ret->url, sizeof(ret->url), "file://%s", path);
	buf_done(&b);
}

static int fetch(const struct catalog_entry *entry, struct kernel_built *k)
{
	auto_publish p = PUBLISH_INIT;
	char left[PATHS_MAX];
	int rc;

	assert_ok(publish_begin(paths.state, &p, &e), &e);
	rc = kernel_fetch(&op, &ctx, entry, p.staging, k, &e);
	assert_false(rc == 0 && fs_exists(path_join(left, sizeof(left), p.staging, "bundle")));
	return rc;
}

static void fetches_a_bundle(void **state)
{
	auto_call(kernel_built_done) struct kernel_built k = {0}, again = {0};
	struct catalog_entry entry, file;

	skip_without_tools();
	put_bundle(state, R, R, &entry);
	assert_ok(fetch(&entry, &k), &e);
	assert_string_equal(k.release, R);
	assert_non_null(strstr(buf_cstr(&k.manifest), "\"source\":\"bundle\""));
	assert_non_null(strstr(buf_cstr(&k.manifest), entry.sha256));
	/* It is of that bundle, and not of another one of its name. */
	tmpdir_put(state, "state/mine/" PUBLISH_MANIFEST, buf_cstr(&k.manifest));
	auto_free char *dir = xstrdup(tmpdir_path(state, "state/mine"));
	file = entry;
	assert_true(kernel_is_of(dir, &file));
	file.sha256[0] = file.sha256[0] == '0' ? '1' : '0';
	assert_false(kernel_is_of(dir, &file));
	file.kind = CATALOG_HOST;
	assert_false(kernel_is_of(dir, &file));
	file.kind = CATALOG_BOOTSTRAP;
	assert_true(kernel_is_of(dir, &file));
	/* The same as a file of a person's. */
	auto_free char *path = xstrdup(tmpdir_path(state, "k.tar"));
	catalog_kernel_entry("mine", path, NULL, &file);
	assert_ok(fetch(&file, &again), &e);
	assert_string_equal(again.release, R);
	test_write(tmpdir_path(state, "state/mine/" PUBLISH_MANIFEST), buf_cstr(&again.manifest));
	assert_true(kernel_is_of(dir, &entry));
	file.modules = *state;
	assert_err(fetch(&file, &again), &e, ERR_USAGE);
}

static void bundle_refused(const struct catalog_entry *entry, const char *saying)
{
	auto_call(kernel_built_done) struct kernel_built k = {0};

	assert_int_equal(fetch(entry, &k), -1);
	assert_int_equal(e.code, ERR_PROTO);
	if (!strstr(e.msg, "k.tar") || !strstr(e.msg, saying))
		fail_msg("no '%s' in: %s", saying, e.msg);
	err_clear(&e);
}

static void a_bundle_is_what_it_says(void **state)
{
	struct catalog_entry entry;

	put_bundle(state, "6.1.0-8-test", "6.1.0-8-test", &entry);
	bundle_refused(&entry, "its manifest says kernel 6.1.0-8-test, and the kernel is " R);
	put_bundle(state, R, "6.1.0-8-test", &entry);
	bundle_refused(&entry, "modules.tar holds no modules of kernel " R);
	put_bundle(state, R, NULL, &entry);
	bundle_refused(&entry, "modules.tar holds no modules of kernel " R);
	put_bundle(state, R, R, &entry);
	entry.sha256[0] = entry.sha256[0] == '0' ? '1' : '0';
	bundle_refused(&entry, "");
}

static void what_is_no_file_is_not_waited_for(void **state)
{
	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	assert_int_equal(unlink(tmpdir_path(state, "vmlinux")), 0);
	refused(state, NULL, "vmlinux", "");
	assert_int_equal(mkfifo(tmpdir_path(state, "vmlinux"), 0600), 0);
	refused(state, NULL, "is no file", "");
	assert_int_equal(unlink(tmpdir_path(state, "vmlinux")), 0);
	tmpdir_put(state, "vmlinux", "");
	refused(state, NULL, "is empty", "");
	tmpdir_put(state, "vmlinux", "x");
	refused(state, NULL, "this is no kernel", "");
}

static void cancelling_ends_it(void **state)
{
	auto_call(kernel_built_done) struct kernel_built k = {0};
	auto_publish p = PUBLISH_INIT;

	put_elf(state, &(struct fakekernel_parts){.pvh = true});
	put_modules(state, R, R, NULL);
	op_cancel(&op);
	assert_err(import(state, "m", &p, &k), &e, ERR_CANCELED);
}

static void finds_the_hosts_kernel(void **state)
{
	auto_free char *root = xstrdup(*state);
	struct kernel_host h;

	assert_int_equal(kernel_host_find(root, R, &h, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "/boot/vmlinuz-" R));
	assert_non_null(strstr(e.hint, "kernel pull debian"));
	err_clear(&e);
	tmpdir_put(state, "usr/lib/modules/" R "/vmlinuz", "kernel");
	assert_ok(kernel_host_find(root, R, &h, &e), &e);
	assert_non_null(strstr(h.vmlinuz, "/usr/lib/modules/" R "/vmlinuz"));
	assert_non_null(strstr(h.modules, "/usr/lib/modules/" R));
	tmpdir_put(state, "boot/vmlinuz-" R, "kernel");
	assert_ok(kernel_host_find(root, R, &h, &e), &e);
	assert_non_null(strstr(h.vmlinuz, "/boot/vmlinuz-" R));
	assert_ok(fs_remove_tree(tmpdir_path(state, "usr"), &e), &e);
	assert_int_equal(kernel_host_find(root, R, &h, &e), -1);
	assert_non_null(strstr(e.msg, "/lib/modules/" R));
	err_clear(&e);
}

/* As Ubuntu keeps it. */
static void one_for_root_alone_is_named(void **state)
{
	auto_free char *root = xstrdup(*state);
	struct kernel_host h;
	uid_t was = geteuid();

	tmpdir_put(state, "boot/vmlinuz-" R, "kernel");
	assert_int_equal(chmod(tmpdir_path(state, "boot/vmlinuz-" R), 0), 0);
	assert_int_equal(chmod(*state, 0755) | chmod(tmpdir_path(state, "boot"), 0755), 0);
	if (was == 0 && seteuid(65534) < 0)
		skip();
	int rc = kernel_host_find(root, R, &h, &e);
	assert_int_equal(seteuid(was), 0);
	assert_int_equal(rc, -1);
	assert_int_equal(e.code, ERR_PERM);
	assert_non_null(strstr(e.hint, "sudo chmod a+r "));
	assert_non_null(strstr(e.hint, "/boot/vmlinuz-" R));
	err_clear(&e);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(imports_kernel_and_modules),
		T(the_directory_may_be_named_in_four_ways),
		T(other_modules_are_refused),
		T(what_is_missing_is_named),
		T(a_module_twice_is_refused_by_both_names),
		T(what_the_kit_loads_is_whole),
		T(without_modules_the_kernel_has_to_tell),
		T(fetches_a_bundle),
		T(a_bundle_is_what_it_says),
		T(what_is_no_file_is_not_waited_for),
		T(cancelling_ends_it),
		T(finds_the_hosts_kernel),
		T(one_for_root_alone_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
