/* SPDX-License-Identifier: MIT */
/*
 * From a packages' archive to a boot kit, and from a kit to an initramfs: unpacking what is asked for and nothing else,
 * libraries followed, content kept by digest, the archive listed back.
 */
#include "tests/lib/fakekit.h"
#include "tests/lib/test.h"

#include "core/image/cpio.h"
#include "core/image/initramfs.h"
#include "core/image/kit.h"
#include "core/image/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct op op;
static struct err e;
static const struct unpack_rule *const tables[] = {kit_rules, NULL};

static int setup(void **state)
{
	op_init(&op, 120000);
	return tmpdir_setup(state);
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static void unpack(void **state, const char *without)
{
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);

	fakekit_add(w, without);
	fakekit_finish(w, &b, tmpdir_path(state, "p.tar"));
	buf_done(&b);
	assert_ok(fs_remove_tree(tmpdir_path(state, "tree"), &e), &e);
	assert_ok(unpack_tar(&op, tmpdir_path(state, "p.tar"), tables, tmpdir_path(state, "tree"), &e), &e);
}

static void assemble(void **state, struct kit *k)
{
	assert_ok(kit_assemble(tmpdir_path(state, "cache"), tmpdir_path(state, "tree"), k, &e), &e);
}

static void test_unpack_takes_what_is_wanted(void **state)
{
	const struct tar_meta setuid = {.mode = 04755, .uid = 1000};
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct stat st;

	assert_ok(tar_writer_file(w, "bin/busybox", &setuid, "bb", 2, &e), &e);
	assert_ok(tar_writer_file(w, "bin/other", &setuid, "no", 2, &e), &e);
	assert_ok(tar_writer_symlink(w, "usr/bin/busybox", "../../bin/busybox", &setuid, &e), &e);
	assert_ok(tar_writer_symlink(w, "sbin/dropbear", "../../../../etc/passwd", &setuid, &e), &e);
	assert_ok(tar_writer_symlink(w, "usr/sbin/dropbear", "/etc/passwd", &setuid, &e), &e);
	assert_ok(tar_writer_file(w, "lib/x/y/libdeep.so", &setuid, "no", 2, &e), &e);
	fakekit_finish(w, &b, tmpdir_path(state, "p.tar"));
	buf_done(&b);
	assert_ok(unpack_tar(&op, tmpdir_path(state, "p.tar"), tables, tmpdir_path(state, "tree"), &e), &e);
	assert_int_equal(lstat(tmpdir_path(state, "tree/bin/busybox"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0700);
	assert_int_equal(lstat(tmpdir_path(state, "tree/usr/bin/busybox"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_false(fs_exists(tmpdir_path(state, "tree/bin/other")));
	assert_int_equal(lstat(tmpdir_path(state, "tree/sbin/dropbear"), &st), -1);
	assert_int_equal(lstat(tmpdir_path(state, "tree/usr/sbin/dropbear"), &st), -1);
	assert_false(fs_exists(tmpdir_path(state, "tree/lib/x/y")));
}

/* A name that goes through a link of the archive lands in a plain directory: links are made last, and to files alone. */
static void test_unpack_through_a_link(void **state)
{
	const struct tar_meta m = {.mode = 0644};
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	auto_free char *outside = xstrdup(tmpdir_path(state, "outside"));

	assert_ok(fs_mkdir_p(outside, 0700, &e), &e);
	assert_ok(tar_writer_symlink(w, "lib/a/lib.so", outside, &m, &e), &e);
	assert_ok(tar_writer_symlink(w, "bin", outside, &m, &e), &e);
	assert_ok(tar_writer_file(w, "bin/busybox", &m, "bb", 2, &e), &e);
	fakekit_finish(w, &b, tmpdir_path(state, "p.tar"));
	buf_done(&b);
	assert_ok(unpack_tar(&op, tmpdir_path(state, "p.tar"), tables, tmpdir_path(state, "tree"), &e), &e);
	assert_true(fs_exists(tmpdir_path(state, "tree/bin/busybox")));
	assert_false(fs_exists(tmpdir_path(state, "outside/busybox")));
}

static void test_unpack_refuses_damage(void **state)
{
	test_write(tmpdir_path(state, "p.tar"), "this is no archive");
	assert_err(unpack_tar(&op, tmpdir_path(state, "p.tar"), tables, tmpdir_path(state, "tree"), &e), &e, ERR_PROTO);
	assert_err(unpack_tar(&op, tmpdir_path(state, "none"), tables, tmpdir_path(state, "tree"), &e), &e,
		   ERR_NOT_FOUND);
}

static void test_assemble(void **state)
{
	static const char *const want[] = {"busybox",	"dropbear",  "e2fsck",	   "ld.so",
					   "libc.so.6", "libz.so.1", "sftp-server"};
	struct kit k, again, found;

	unpack(state, NULL);
	assert_err(kit_find(tmpdir_path(state, "cache"), &found, &e), &e, ERR_NOT_FOUND);
	assemble(state, &k);
	assert_int_equal(k.n_parts, ARRAY_LEN(want));
	for (int i = 0; i < k.n_parts; i++) {
		assert_string_equal(k.parts[i].name, want[i]);
		assert_int_equal(kit_part_is_library(&k.parts[i]), strstr(want[i], ".so") != NULL);
	}
	assert_ok(kit_find(tmpdir_path(state, "cache"), &found, &e), &e);
	assert_memory_equal(&found, &k, sizeof(k));
	assemble(state, &again);
	assert_string_equal(again.digest, k.digest);
}

static void test_missing_parts(void **state)
{
	static const char *const without[] = {"bin/busybox", "usr/sbin/dropbear", "lib/x86_64-linux-gnu/libc.so.6",
					      "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
					      FAKEKIT_LIBS "libz.so.1.2.13"};
	struct kit k;

	for (size_t i = 0; i < ARRAY_LEN(without); i++) {
		unpack(state, without[i]);
		assert_err(kit_assemble(tmpdir_path(state, "cache"), tmpdir_path(state, "tree"), &k, &e), &e,
			   ERR_PROTO);
	}
	assert_err(kit_find(tmpdir_path(state, "cache"), &k, &e), &e, ERR_NOT_FOUND);
}

static void test_busybox_must_be_static(void **state)
{
	auto_buf elf = {0};
	struct kit k;

	unpack(state, NULL);
	fakeelf_make(&elf, "/lib64/ld-linux-x86-64.so.2", fakekit_c_needs);
	assert_ok(fs_write_atomic(tmpdir_path(state, "tree/bin/busybox"), elf.data, elf.len, 0700, &e), &e);
	assert_err(kit_assemble(tmpdir_path(state, "cache"), tmpdir_path(state, "tree"), &k, &e), &e, ERR_PROTO);
}

/* A changed part is noticed when it is used, a lost one at once; assembling again mends it. */
static void test_damaged_kit(void **state)
{
	struct kit k, found;
	auto_buf content = {0};
	auto_free char *part = NULL;

	unpack(state, NULL);
	assemble(state, &k);
	part = xasprintf("%s/%s", k.dir, k.parts[0].name);
	test_write(part, "something else");
	assert_err(kit_read_part(&k, &k.parts[0], &content, &e), &e, ERR_CORRUPT);
	assert_ok(fs_unlink(part, &e), &e);
	assert_err(kit_find(tmpdir_path(state, "cache"), &found, &e), &e, ERR_NOT_FOUND);
	assemble(state, &k);
	buf_reset(&content);
	assert_ok(kit_read_part(&k, &k.parts[0], &content, &e), &e);
}

static int read_module(void *arg, const char *path, struct buf *ret, struct err *err)
{
	(void)arg;
	(void)err;
	if (strstr(path, ".xz")) /* "plain\n", by xz -0 */
		buf_add(ret,
			"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x0c\x00\x00\x00\x8f\x98"
			"\x41\x9c\x01\x00\x05\x70\x6c\x61\x69\x6e\x0a\x00\x00\x00\x6c\x67\x19\xcd\x59\x3a\x87\x82"
			"\x00\x01\x1e\x06\xc1\x2f\xa4\x1d\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a",
			64);
	else
		buf_adds(ret, path);
	return 0;
}

/* An independent reader of newc, as the kernel reads it: "mode size name", one line each. */
static void list_cpio(const char *path, struct buf *ret)
{
	auto_buf b = {0};
	size_t at = 0;

	assert_ok(fs_read_file(path, (size_t)16 << 20, &b, &e), &e);
	assert_int_equal(b.len % 512, 0);
	for (;;) {
		unsigned int mode, mtime, size, name_len, uid, gid;

		assert_in_range(at + 110, 0, b.len);
		assert_int_equal(sscanf(b.data + at, "070701%*8x%8x%8x%8x%*8x%8x%8x%*8x%*8x%*8x%*8x%8x", &mode, &uid,
					&gid, &mtime, &size, &name_len),
				 6);
		assert_int_equal(uid + gid + mtime, 0);
		if (strcmp(b.data + at + 110, "TRAILER!!!") == 0)
			return;
		buf_addf(ret, "%o %u %s\n", mode, size, b.data + at + 110);
		at = (at + 110 + name_len + 3) & ~(size_t)3;
		at = (at + size + 3) & ~(size_t)3;
	}
}

static void has_line(const struct buf *list, const char *line)
{
	if (!strstr(buf_cstr(list), line))
		fail_msg("no \"%s\" in:\n%s", line, buf_cstr(list));
}

static void test_initramfs(void **state)
{
	char *paths[] = {(char *)"kernel/a/one.ko", (char *)"kernel/a/two.ko"};
	struct modorder modules = {paths, ARRAY_LEN(paths)};
	auto_buf list = {0}, first = {0}, second = {0};
	struct kit k;
	struct initramfs_args a = {.kit = &k, .modules = &modules, .read_module = read_module};
	auto_free char *dst = xstrdup(tmpdir_path(state, "initramfs"));
	auto_free char *guest = xstrdup(tmpdir_path(state, "guest"));

	a.dst = dst;
	a.guest_binary = guest;
	test_write(guest, "the guest program");
	unpack(state, NULL);
	assemble(state, &k);
	assert_ok(initramfs_build(&op, &a, &e), &e);
	list_cpio(dst, &list);
	has_line(&list, "100755 17 init\n");
	has_line(&list, "100755 17 kit/bin/banger-guest\n");
	has_line(&list, "20600 0 dev/console\n");
	has_line(&list, "40755 0 kit/lib\n");
	has_line(&list, " kit/lib/ld.so\n");
	has_line(&list, " kit/bin/sftp-server\n");
	has_line(&list, "100644 32 kit/modules.list\n40755 0 kit/modules/kernel\n40755 0 kit/modules/kernel/a\n"
			"100644 15 kit/modules/kernel/a/one.ko\n100644 15 kit/modules/kernel/a/two.ko\n");
	assert_ok(fs_read_file(dst, (size_t)16 << 20, &first, &e), &e);
	assert_ok(initramfs_build(&op, &a, &e), &e);
	assert_ok(fs_read_file(dst, (size_t)16 << 20, &second, &e), &e);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
}

static void test_compressed_module(void **state)
{
	char *paths[] = {(char *)"k/one.ko.xz"};
	struct modorder modules = {paths, 1};
	struct kit k;
	struct initramfs_args a = {.kit = &k, .modules = &modules, .read_module = read_module};
	auto_free char *dst = xstrdup(tmpdir_path(state, "initramfs"));
	auto_free char *guest = xstrdup(tmpdir_path(state, "guest"));
	auto_buf list = {0};

	a.dst = dst;
	a.guest_binary = guest;
	test_write(guest, "g");
	unpack(state, NULL);
	assemble(state, &k);
	if (initramfs_build(&op, &a, &e) < 0 && e.code == ERR_MISSING) {
		err_clear(&e);
		skip();
	}
	assert_int_equal(e.code, ERR_NONE);
	list_cpio(dst, &list);
	has_line(&list, "100644 6 kit/modules/k/one.ko\n");
}

static void test_key(void **state)
{
	char *paths[] = {(char *)"k/one.ko"};
	struct modorder none = {0}, one = {paths, 1};
	char k1[INITRAMFS_KEY_SIZE], k2[INITRAMFS_KEY_SIZE];

	(void)state;
	initramfs_key("guest1", "kit1", &none, k1);
	assert_int_equal(strlen(k1), INITRAMFS_KEY_SIZE - 1);
	initramfs_key("guest1", "kit1", &none, k2);
	assert_string_equal(k1, k2);
	initramfs_key("guest1", "kit2", &none, k2);
	assert_string_not_equal(k1, k2);
	initramfs_key("guest1", "kit1", &one, k2);
	assert_string_not_equal(k1, k2);
	initramfs_key("guest2", "kit1", &none, k2);
	assert_string_not_equal(k1, k2);
}

/* What is kept is right for this very file, and what is kept wrong is not believed for longer. */
static void test_guest_digest(void **state)
{
	auto_free char *guest = xstrdup(tmpdir_path(state, "guest"));
	auto_free char *kept = xstrdup(tmpdir_path(state, "cache/guest-digest.json"));
	auto_free char *cache = xstrdup(tmpdir_path(state, "cache"));
	char want[DIGEST_SIZE], got[DIGEST_SIZE];

	assert_err(initramfs_guest_digest(&op, cache, guest, got, &e), &e, ERR_NOT_FOUND);
	for (const char *content = "gGh"; *content; content++) {
		test_write(guest, (char[]){*content, '\0'});
		digest_data(content, 1, want);
		for (int i = 0; i < 2; i++) {
			assert_ok(initramfs_guest_digest(&op, cache, guest, got, &e), &e);
			assert_string_equal(got, want);
		}
		/* Without a directory to keep it in, with one, and with one that holds something else. */
		if (*content == 'g') {
			assert_false(fs_exists(kept));
			assert_ok(fs_mkdir_p(cache, 0700, &e), &e);
		} else if (*content == 'G') {
			assert_true(fs_exists(kept));
			test_write(kept, "{\"key\": 1}");
		}
	}
}

static void test_find_guest(void **state)
{
	char found[PATHS_MAX];
	const char *guest = tmpdir_path(state, "guest");

	test_write(guest, "g");
	assert_err(initramfs_find_guest(guest, found, &e), &e, ERR_MISSING);
	assert_int_equal(chmod(guest, 0700), 0);
	assert_ok(initramfs_find_guest(guest, found, &e), &e);
	assert_string_equal(found, guest);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_unpack_takes_what_is_wanted),
		T(test_unpack_through_a_link),
		T(test_unpack_refuses_damage),
		T(test_assemble),
		T(test_missing_parts),
		T(test_busybox_must_be_static),
		T(test_damaged_kit),
		T(test_initramfs),
		T(test_compressed_module),
		T(test_key),
		T(test_guest_digest),
		T(test_find_guest),
	};

	return cmocka_run_group_tests_name("kit", tests, NULL, NULL);
}
