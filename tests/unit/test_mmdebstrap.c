/* SPDX-License-Identifier: MIT */
/*
 * mmdebstrap as we drive it, played by a script: arguments, stages, complaints, cancelling; and images and kernels made
 * from what the script delivers.
 */
#include "tests/lib/fakeelf.h"
#include "tests/lib/fakekit.h"
#include "tests/lib/test.h"

#include "core/image/image.h"
#include "core/image/kernel.h"
#include "core/image/mmdebstrap.h"
#include "core/image/publish.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct op op;
static struct err e;
static struct paths paths;
static struct buf stages;

static void on_stage(void *arg, const struct op_stage *st)
{
	static const char *last;

	(void)arg;
	if (last != st->name)
		buf_addf(&stages, "%s;", st->name);
	last = st->name;
}

static int setup(void **state)
{
	op_init(&op, 120000);
	op.on_stage = on_stage;
	buf_reset(&stages);
	if (tmpdir_setup(state) < 0 || fs_mkdir_p(tmpdir_path(state, "bin"), 0700, NULL) < 0)
		return -1;
	setenv("FAKE_DIR", *state, 1);
	auto_free char *path = xasprintf("%s/bin:/usr/sbin:/usr/bin:/sbin:/bin", (char *)*state);
	setenv("PATH", path, 1);
	str_copy(paths.cache, sizeof(paths.cache), tmpdir_path(state, "cache"));
	str_copy(paths.state, sizeof(paths.state), tmpdir_path(state, "state"));
	return 0;
}

static int teardown(void **state)
{
	op_done(&op);
	buf_done(&stages);
	return tmpdir_teardown(state);
}

/* The script; $FAKE_DIR is the test's directory. */
static void play(void **state, const char *body)
{
	auto_free char *script = xasprintf("#!/bin/sh\nprintf '%%s\\n' \"$@\" >$FAKE_DIR/args\n%s", body);
	const char *path = tmpdir_path(state, "bin/mmdebstrap");

	test_write(path, script);
	assert_int_equal(chmod(path, 0700), 0);
}

static int run(void **state, const char *mirror)
{
	static const char packages[][CATALOG_WORD_SIZE] = {"one", "two"};
	auto_free char *apt = xstrdup(tmpdir_path(state, "apt"));
	int fd = open(tmpdir_path(state, "out"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct mmdebstrap_args a = {.use = MMDEBSTRAP_EXTRACT,
				    .suite = "bookworm",
				    .components = "main",
				    .packages = packages,
				    .n_packages = 2,
				    .mirror = mirror,
				    .apt_dir = apt,
				    .out_fd = fd};
	int rc = mmdebstrap_run(&op, &a, &e);

	close(fd);
	return rc;
}

static void test_modes(void **state)
{
	struct mmdebstrap_host root = {.root = true, .can_unshare = true}, caged = {.root = true}, bare = {0};
	struct mmdebstrap_host tools = {.has_newuidmap = true}, ready = {.has_newuidmap = true, .has_subids = true};
	struct mmdebstrap_host fake = {.has_fakechroot = true};

	(void)state;
	assert_string_equal(mmdebstrap_mode(&bare, MMDEBSTRAP_EXTRACT, &e), "chrootless");
	assert_string_equal(mmdebstrap_mode(&root, MMDEBSTRAP_EXTRACT, &e), "chrootless");
	assert_string_equal(mmdebstrap_mode(&root, MMDEBSTRAP_CONFIGURE, &e), "unshare");
	assert_string_equal(mmdebstrap_mode(&caged, MMDEBSTRAP_CONFIGURE, &e), "root");
	assert_string_equal(mmdebstrap_mode(&ready, MMDEBSTRAP_CONFIGURE, &e), "unshare");
	assert_string_equal(mmdebstrap_mode(&fake, MMDEBSTRAP_CONFIGURE, &e), "fakechroot");
	assert_null(mmdebstrap_mode(&bare, MMDEBSTRAP_CONFIGURE, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.hint, "uidmap"));
	err_clear(&e);
	assert_null(mmdebstrap_mode(&tools, MMDEBSTRAP_CONFIGURE, &e));
	assert_non_null(strstr(e.hint, "--add-subuids"));
	err_clear(&e);
}

static void test_run(void **state)
{
	auto_free char *args = NULL, *out = NULL;

	play(state, "echo 'I: running apt-get update...' >&2\necho 'I: downloading packages with apt...' >&2\n"
		    "echo 'I: extracting archives...' >&2\nprintf tar\necho 'I: creating tarball...' >&2\n");
	assert_ok(run(state, "http://mirror.example/debian"), &e);
	args = test_read(tmpdir_path(state, "args"));
	assert_string_equal(args, "--mode=chrootless\n--variant=extract\n--components=main\n--format=tar\n"
				  "--include=one,two\n--\nbookworm\n-\nhttp://mirror.example/debian\n");
	out = test_read(tmpdir_path(state, "out"));
	assert_string_equal(out, "tar");
	assert_string_equal(buf_cstr(&stages), "read package lists;download packages;unpack packages;write archive;");
}

/* The host's sources are handed over as a file that is gone afterwards. */
static void test_host_sources(void **state)
{
	auto_free char *sources = NULL, *tmp = NULL;

	assert_ok(fs_mkdir_p(tmpdir_path(state, "apt"), 0700, &e), &e);
	test_write(tmpdir_path(state, "apt/sources.list"), "deb http://host.example/ bookworm main\n");
	play(state, "for a; do :; done\ncat \"$a\" >$FAKE_DIR/handed\nprintf %s \"$TMPDIR\" >$FAKE_DIR/tmp\n"
		    "mkdir $TMPDIR/mmdebstrap.left\n");
	assert_ok(run(state, NULL), &e);
	sources = test_read(tmpdir_path(state, "handed"));
	assert_non_null(strstr(sources, "URIs: http://host.example/\n"));
	tmp = test_read(tmpdir_path(state, "tmp"));
	assert_false(fs_exists(tmp));
}

static void test_complaints(void **state)
{
	play(state, "echo 'E: Unable to locate package two' >&2\n"
		    "echo 'E: apt-get --yes failed' >&2\necho 'E: mmdebstrap failed to run' >&2\nexit 3\n");
	assert_int_equal(run(state, NULL), -1);
	assert_int_equal(e.code, ERR_TOOL);
	assert_non_null(strstr(e.msg, "exit 3"));
	assert_non_null(strstr(e.msg, "Unable to locate package two"));
	assert_non_null(strstr(e.msg, "no apt source of this host carries bookworm"));
	assert_non_null(strstr(e.hint, "apt sources of this host"));
	err_clear(&e);
	assert_int_equal(run(state, "http://mirror.example/debian"), -1);
	assert_null(strstr(e.msg, "apt source"));
	err_clear(&e);
	play(state, "echo 'E: Failed to fetch http://x/  Could not resolve x' >&2\nexit 1\n");
	assert_int_equal(run(state, NULL), -1);
	assert_int_equal(e.code, ERR_NET);
	assert_true(e.hint[0]);
	err_clear(&e);
	play(state, "printf 'last \\033[31mwords' >&2\nexit 1\n");
	assert_int_equal(run(state, NULL), -1);
	assert_non_null(strstr(e.msg, "words"));
	assert_null(strchr(e.msg, '\033'));
	err_clear(&e);
	play(state, "kill -9 $$\n");
	assert_err(run(state, NULL), &e, ERR_TOOL);
}

static void test_missing(void **state)
{
	setenv("PATH", tmpdir_path(state, "bin"), 1);
	assert_int_equal(run(state, NULL), -1);
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.hint, "mmdebstrap"));
	err_clear(&e);
}

static void cancel_at_download(void *arg, const struct op_stage *st)
{
	(void)arg;
	if (strcmp(st->name, "download packages") == 0)
		op_cancel(&op);
}

/* Gone, or dead and waiting for whoever adopted it. */
static bool is_gone(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	auto_buf stat = {0};

	return fs_read_file(path, 4096, &stat, NULL) < 0 || strstr(buf_cstr(&stat), ") Z ");
}

/* Neither the script nor what it started survives. */
static void test_cancel(void **state)
{
	auto_free char *pid = NULL;
	struct op patience;

	op.on_stage = cancel_at_download;
	play(state, "sleep 1000 &\necho $! >$FAKE_DIR/child\necho 'I: downloading packages with apt...' >&2\nwait\n");
	assert_err(run(state, NULL), &e, ERR_CANCELED);
	pid = test_read(tmpdir_path(state, "child"));
	op_init_cleanup(&patience, NULL, 10000); /* its death was sent for, and comes when the kernel has the time */
	while (!is_gone((pid_t)strtol(pid, NULL, 10)))
		assert_ok(op_sleep(&patience, 5, &e), &e);
	op_done(&patience);
}

/* An archive as Debian's kernel packages make it, with the boot kit's packages. */
static void make_archive(void **state, const char *without)
{
	static const char *const modules[] = {"drivers/virtio/virtio.ko", "fs/overlayfs/overlay.ko"};
	static const char builtin[] = "kernel/fs/ext4/ext4.ko\nkernel/drivers/virtio/virtio_mmio.ko\n"
				      "kernel/drivers/block/virtio_blk.ko\nkernel/drivers/net/virtio_net.ko\n";
	const struct tar_meta m = {.mode = 0644};
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	char vmlinuz[1024] = {0};

	memcpy(vmlinuz + 0x202, "HdrS", 4);
	assert_ok(tar_writer_file(w, "./boot/vmlinuz-6.1.0-test", &m, vmlinuz, sizeof(vmlinuz), &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(modules); i++) {
		auto_free char *name = xasprintf("./lib/modules/6.1.0-test/kernel/%s", modules[i]);
		auto_buf module = fakeelf_module("6.1.0-test", modules[i]);

		assert_ok(tar_writer_file(w, name, &m, module.data, module.len, &e), &e);
	}
	assert_ok(tar_writer_file(w, "./lib/modules/6.1.0-test/modules.order", &m, "", 0, &e), &e);
	assert_ok(
		tar_writer_file(w, "./lib/modules/6.1.0-test/modules.builtin", &m, builtin, strlen(builtin), &e),
		&e);
	fakekit_add(w, without);
	fakekit_finish(w, &b, tmpdir_path(state, "archive.tar"));
	buf_done(&b);
	play(state, "exec cat $FAKE_DIR/archive.tar\n");
	test_write(tmpdir_path(state, "guest"), "guest");
	assert_int_equal(chmod(tmpdir_path(state, "guest"), 0700), 0);
}

static const struct catalog_entry kernel_entry = {.name = "k", .suite = "bookworm", .components = "main"};

static void test_kernel(void **state)
{
	auto_free char *guest = xstrdup(tmpdir_path(state, "guest"));
	struct image_ctx ctx = {.paths = &paths, .mirror = "http://m/", .guest_binary = guest};
	auto_call(kernel_built_done) struct kernel_built k = {0};
	auto_publish p = PUBLISH_INIT;
	auto_free char *dir = xstrdup(tmpdir_path(state, "state/k")), *list = NULL;
	struct kernel_files f, again;

	if (access("/usr/sbin/depmod", X_OK) < 0 || access("/usr/sbin/mke2fs", X_OK) < 0)
		skip();
	make_archive(state, NULL);
	assert_ok(publish_begin(paths.state, &p, &e), &e);
	assert_ok(kernel_fetch(&op, &ctx, &kernel_entry, p.staging, &k, &e), &e);
	assert_string_equal(k.release, "6.1.0-test");
	assert_ok(publish_commit(&p, "k", k.manifest.data, k.manifest.len, &e), &e);
	list = test_read(tmpdir_path(state, "state/k/" KERNEL_MODULES_LIST));
	assert_string_equal(list, "kernel/drivers/virtio/virtio.ko\nkernel/fs/overlayfs/overlay.ko\n");
	assert_ok(kernel_files(&op, &ctx, dir, &f, &e), &e);
	assert_string_equal(f.modules_uuid, k.modules_uuid);
	assert_true(fs_exists(f.initramfs));
	/* Another banger-guest: another initramfs, from modules.ext4; the old one stays for those who just start. */
	test_write(guest, "newer guest");
	assert_int_equal(chmod(guest, 0700), 0);
	assert_ok(kernel_files(&op, &ctx, dir, &again, &e), &e);
	assert_string_not_equal(again.initramfs, f.initramfs);
	assert_true(fs_exists(f.initramfs));
	/* A lost cache is fetched again. */
	assert_ok(fs_remove_tree(paths.cache, &e), &e);
	assert_ok(kernel_files(&op, &ctx, dir, &f, &e), &e);
	assert_string_equal(f.initramfs, again.initramfs);
	test_write(tmpdir_path(state, "state/k/" PUBLISH_MANIFEST), "{}");
	assert_err(kernel_files(&op, &ctx, dir, &f, &e), &e, ERR_CORRUPT);
}

static void test_kernel_failures(void **state)
{
	auto_free char *guest = xstrdup(tmpdir_path(state, "guest"));
	struct image_ctx ctx = {.paths = &paths, .mirror = "http://m/", .guest_binary = guest};
	auto_call(kernel_built_done) struct kernel_built k = {0};
	auto_publish p = PUBLISH_INIT;

	make_archive(state, "usr/sbin/dropbear");
	assert_ok(publish_begin(paths.state, &p, &e), &e);
	assert_int_equal(kernel_fetch(&op, &ctx, &kernel_entry, p.staging, &k, &e), -1);
	assert_non_null(strstr(e.msg, "dropbear"));
	err_clear(&e);
	play(state, "echo 'E: no' >&2\nexit 1\n");
	assert_err(kernel_fetch(&op, &ctx, &kernel_entry, p.staging, &k, &e), &e, ERR_TOOL);
	op_cancel(&op);
	assert_err(kernel_fetch(&op, &ctx, &kernel_entry, p.staging, &k, &e), &e, ERR_CANCELED);
}

/* The fake busybox cannot run: tiny fails cleanly, naming it, and leaves no file. */
static void test_tiny_failure(void **state)
{
	struct image_ctx ctx = {.paths = &paths, .mirror = "http://m/"};
	struct catalog_entry tiny = {
		.name = "tiny", .suite = "bookworm", .components = "main", .builder = CATALOG_BUSYBOX};
	auto_call(image_built_done) struct image_built b = {0};
	auto_publish p = PUBLISH_INIT;

	make_archive(state, NULL);
	assert_ok(publish_begin(paths.state, &p, &e), &e);
	assert_int_equal(image_fetch(&op, &ctx, &tiny, p.staging, &b, &e), -1);
	assert_non_null(strstr(e.msg, "busybox"));
	assert_false(fs_exists(b.rootfs));
	err_clear(&e);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_modes),	T(test_run),	T(test_host_sources),	 T(test_complaints),   T(test_missing),
		T(test_cancel), T(test_kernel), T(test_kernel_failures), T(test_tiny_failure),
	};

	return cmocka_run_group_tests_name("mmdebstrap", tests, NULL, NULL);
}
