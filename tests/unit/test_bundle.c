/* SPDX-License-Identifier: MIT */
/*
 * What is in a bundle: exactly its members and a manifest that says so, or nothing is left of it.
 */
#include "tests/lib/test.h"
#include "tests/unit/tarmake.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/image/bundle.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static struct op op;
static struct err e;
static struct bundle bundle;

static int setup(void **state)
{
	op_init(&op, 60000);
	err_clear(&e);
	return tmpdir_setup(state);
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static void add_text(int fd, const char *name, const char *text)
{
	tarmake_add(fd, name, '0', 0644, NULL, text, strlen(text));
}

static void add_manifest(int fd, const char *kind, const char *more)
{
	auto_buf b = {0};

	buf_addf(&b, "{\"version\":1,\"kind\":\"%s\",\"architecture\":\"%s\"%s}", kind, catalog_arch(), more);
	add_text(fd, "manifest.json", buf_cstr(&b));
}

/* Ends and closes the archive. */
static int unpack(void **state, int fd, enum bundle_kind kind)
{
	struct bundle_unpack_args a = {.fd = fd, .what = "b.tar.zst", .kind = kind, .dir = *state};
	int rc;

	tarmake_end(fd);
	rc = bundle_unpack(&op, &a, &bundle, &e);
	close(fd);
	return rc;
}

static int files_in(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* Refused, naming the bundle and saying `why`; nothing is left. */
static void refused(void **state, int fd, enum bundle_kind kind, const char *why)
{
	assert_int_equal(unpack(state, fd, kind), -1);
	if (!strstr(e.msg, "b.tar.zst") || !strstr(e.msg, why))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, why);
	err_clear(&e);
	assert_int_equal(files_in(*state), 0);
}

static void an_image(void **state)
{
	int fd = tarmake_open();
	auto_free char *text = NULL;

	add_text(fd, "./rootfs.tar", "content");
	add_manifest(fd, "image", ",\"name\":\"mine\",\"about\":\"one\\nline\",\"by\":{\"whom\":7}");
	assert_ok(unpack(state, fd, BUNDLE_IMAGE), &e);
	assert_string_equal(bundle.parts[BUNDLE_ROOTFS], "rootfs.tar");
	assert_string_equal(bundle.name, "mine");
	assert_non_null(strstr(bundle.about, "line"));
	assert_null(strchr(bundle.about, '\n'));
	text = test_read(tmpdir_path(state, "rootfs.tar"));
	assert_string_equal(text, "content");
	assert_int_equal(files_in(*state), 1);
}

static void a_kernel(void **state)
{
	int fd = tarmake_open();

	add_manifest(fd, "kernel", ",\"release\":\"6.1.0-x+1\"");
	add_text(fd, "modules.tar", "m");
	add_text(fd, "vmlinux", "k");
	assert_ok(unpack(state, fd, BUNDLE_KERNEL), &e);
	assert_string_equal(bundle.parts[BUNDLE_VMLINUZ], "vmlinux");
	assert_string_equal(bundle.parts[BUNDLE_MODULES], "modules.tar");
	assert_string_equal(bundle.release, "6.1.0-x+1");
	assert_int_equal(files_in(*state), 2);
}

/* Zeros are holes, and what is around them is where it was, whatever the pieces it comes in. */
static void zeros_are_holes(void **state)
{
	static char data[3 << 20];
	int fd = tarmake_open();
	auto_buf got = {0};
	struct stat st;

	data[0] = data[5000] = data[1 << 20] = data[(2 << 20) - 1] = 'x';
	tarmake_add(fd, "rootfs.ext4", '0', 0644, NULL, data, sizeof(data) - 700);
	add_manifest(fd, "image", "");
	assert_ok(unpack(state, fd, BUNDLE_IMAGE), &e);
	assert_ok(fs_read_file(tmpdir_path(state, "rootfs.ext4"), sizeof(data), &got, &e), &e);
	assert_int_equal(got.len, sizeof(data) - 700);
	assert_memory_equal(got.data, data, got.len);
	assert_int_equal(stat(tmpdir_path(state, "rootfs.ext4"), &st), 0);
	assert_true(st.st_blocks * 512 <= 64 << 10);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void anything_else_is_refused_by_name(void **state)
{
	static const char *const strangers[] = {"extra", "rootfs.tar/x", "dir/rootfs.tar", "vmlinuz", "Rootfs.tar", ".", "rootfs.tar."};

	for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
		int fd = tarmake_open();
		char why[64];

		add_text(fd, "rootfs.tar", "x");
		add_manifest(fd, "image", "");
		add_text(fd, strangers[i], "x");
		snprintf(why, sizeof(why), "'%s' refused", strcmp(strangers[i], ".") == 0 ? "/" : strangers[i]);
		refused(state, fd, BUNDLE_IMAGE, why);
	}
	int fd = tarmake_open();
	add_text(fd, "vmlinuz", "x");
	add_manifest(fd, "kernel", "");
	refused(state, fd, BUNDLE_IMAGE, "'vmlinuz' refused: it is a kernel's");
}

static void names_that_lead_outside(void **state)
{
	int fd = tarmake_open();

	add_text(fd, "../rootfs.tar", "x");
	refused(state, fd, BUNDLE_IMAGE, "'../rootfs.tar' refused");
	fd = tarmake_open();
	add_text(fd, "a/../rootfs.tar", "x");
	refused(state, fd, BUNDLE_IMAGE, "'a/../rootfs.tar' refused");
}

static void each_once(void **state)
{
	int fd = tarmake_open();

	add_text(fd, "rootfs.tar", "x");
	add_text(fd, "rootfs.tar", "x");
	refused(state, fd, BUNDLE_IMAGE, "'rootfs.tar' refused: it is there twice");
	fd = tarmake_open();
	add_text(fd, "rootfs.tar", "x");
	add_text(fd, "rootfs.ext4", "x");
	refused(state, fd, BUNDLE_IMAGE, "'rootfs.ext4' refused: there is one");
	fd = tarmake_open();
	add_manifest(fd, "image", "");
	add_manifest(fd, "image", "");
	refused(state, fd, BUNDLE_IMAGE, "'manifest.json' refused: it is there twice");
}

static void each_must_be_there(void **state)
{
	int fd = tarmake_open();

	add_manifest(fd, "image", "");
	refused(state, fd, BUNDLE_IMAGE, "no rootfs.tar and no rootfs.ext4");
	fd = tarmake_open();
	add_text(fd, "rootfs.tar", "x");
	refused(state, fd, BUNDLE_IMAGE, "no manifest.json");
	fd = tarmake_open();
	add_manifest(fd, "kernel", ",\"release\":\"6\"");
	add_text(fd, "vmlinuz", "x");
	refused(state, fd, BUNDLE_KERNEL, "no modules.tar");
	fd = tarmake_open();
	add_text(fd, "rootfs.tar", "x");
	refused(state, fd, BUNDLE_KERNEL, "'rootfs.tar' refused");
}

static void only_plain_files(void **state)
{
	static const char types[] = "123456";

	for (size_t i = 0; types[i]; i++) {
		int fd = tarmake_open();

		tarmake_add(fd, "rootfs.tar", types[i], 0644, types[i] == '1' || types[i] == '2' ? "manifest.json" : NULL, NULL, 0);
		refused(state, fd, BUNDLE_IMAGE, "'rootfs.tar' refused: it is no plain file");
	}
}

static void what_is_cut_off(void **state)
{
	auto_free char *zeros = xcalloc(1, 1 << 20);
	int fd = tarmake_open();

	tarmake_add(fd, "rootfs.tar", '0', 0644, NULL, zeros, 1 << 20);
	assert_int_equal(ftruncate(fd, 1 << 19), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	{
		struct bundle_unpack_args a = {.fd = fd, .what = "b.tar.zst", .kind = BUNDLE_IMAGE, .dir = *state};

		assert_err(bundle_unpack(&op, &a, &bundle, &e), &e, ERR_PROTO);
	}
	close(fd);
	assert_int_equal(files_in(*state), 0);
}

static void too_big(void **state)
{
	auto_free char *big = xcalloc(1, BUNDLE_MANIFEST_MAX + 1);
	int fd = tarmake_open();

	tarmake_add(fd, "manifest.json", '0', 0644, NULL, big, BUNDLE_MANIFEST_MAX + 1);
	refused(state, fd, BUNDLE_IMAGE, "'manifest.json' refused: it is too big");
}

static void manifests(void **state)
{
	static const struct {
		enum bundle_kind kind;
		const char *text, *why;
	} bad[] = {
		{BUNDLE_IMAGE, "", "manifest.json"},
		{BUNDLE_IMAGE, "{", "manifest.json"},
		{BUNDLE_IMAGE, "[]", "must hold an object"},
		{BUNDLE_IMAGE, "{}", "\"version\" must be 1"},
		{BUNDLE_IMAGE, "{\"version\":2,\"kind\":\"image\",\"architecture\":\"amd64\"}", "\"version\" must be 1"},
		{BUNDLE_IMAGE, "{\"version\":1,\"architecture\":\"amd64\"}", "\"kind\" must be \"image\""},
		{BUNDLE_IMAGE, "{\"version\":1,\"kind\":\"kernel\",\"architecture\":\"amd64\"}", "\"kind\" must be \"image\""},
		{BUNDLE_IMAGE, "{\"version\":1,\"kind\":\"image\"}", "\"architecture\" must name"},
		{BUNDLE_IMAGE, "{\"version\":1,\"kind\":\"image\",\"architecture\":\"\\u001b\"}", "\"architecture\" must name"},
		{BUNDLE_IMAGE, "{\"version\":1,\"kind\":\"image\",\"architecture\":\"z80\"}", "is for z80, and this machine is"},
	};
	int fd;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fd = tarmake_open();
		add_text(fd, "rootfs.tar", "x");
		add_text(fd, "manifest.json", bad[i].text);
		refused(state, fd, bad[i].kind, bad[i].why);
	}
	fd = tarmake_open();
	add_text(fd, "vmlinuz", "x");
	add_text(fd, "modules.tar", "x");
	add_manifest(fd, "kernel", ",\"release\":\"../6\"");
	refused(state, fd, BUNDLE_KERNEL, "\"release\" must be");
}

static int is_one(int fd)
{
	int rc;

	tarmake_end(fd);
	rc = bundle_is_one(&op, fd, "x", &e);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
	return rc;
}

static void told_from_a_root(void **state UNUSED)
{
	int fd = tarmake_open();

	add_text(fd, "extra", "x");
	add_text(fd, "rootfs.tar", "x");
	assert_int_equal(is_one(fd), 1);
	fd = tarmake_open();
	add_manifest(fd, "image", "");
	assert_int_equal(is_one(fd), 1);
	/* Whatever stands before it, of whatever kind it is. */
	fd = tarmake_open();
	for (int i = 0; i < 5; i++)
		add_text(fd, (char[]){'a', (char)('0' + i), '\0'}, "x");
	add_text(fd, "modules.tar", "x");
	assert_int_equal(is_one(fd), 1);
	fd = tarmake_open();
	tarmake_add(fd, "./", '5', 0755, NULL, NULL, 0);
	add_text(fd, "./vmlinuz", "x");
	assert_int_equal(is_one(fd), 1);
	/* A root begins with what a bundle has not, whatever files lie in it. */
	fd = tarmake_open();
	tarmake_add(fd, "./", '5', 0755, NULL, NULL, 0);
	add_text(fd, ".dockerenv", "");
	tarmake_add(fd, "./bin", '5', 0755, NULL, NULL, 0);
	add_text(fd, "manifest.json", "x");
	assert_int_equal(is_one(fd), 0);
	fd = tarmake_open();
	tarmake_add(fd, "vmlinuz", '2', 0777, "boot/vmlinuz-6.1", NULL, 0);
	add_text(fd, "manifest.json", "x");
	assert_int_equal(is_one(fd), 0);
	fd = tarmake_open();
	add_text(fd, "app", "a static binary");
	add_text(fd, "manifest.json", "what it reads");
	assert_int_equal(is_one(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_image, setup, teardown),
		cmocka_unit_test_setup_teardown(a_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(zeros_are_holes, setup, teardown),
		cmocka_unit_test_setup_teardown(anything_else_is_refused_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(names_that_lead_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(each_once, setup, teardown),
		cmocka_unit_test_setup_teardown(each_must_be_there, setup, teardown),
		cmocka_unit_test_setup_teardown(only_plain_files, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(too_big, setup, teardown),
		cmocka_unit_test_setup_teardown(manifests, setup, teardown),
		cmocka_unit_test_setup_teardown(told_from_a_root, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
