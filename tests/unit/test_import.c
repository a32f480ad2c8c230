/* SPDX-License-Identifier: MIT */
/*
 * tar → ext4: what goes in comes out, hostile and damaged archives leave nothing.
 */
#include "tests/lib/ext4check.h"
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/disk/ext4.h"
#include "core/image/import.h"

#include <fcntl.h>
#include <sys/stat.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static struct op op;

static int setup(void **state)
{
	op_init(&op, 300000);
	return tmpdir_setup(state);
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static const struct tar_meta m755 = {.mode = 0755, .mtime = 1000000000};

static struct tar_entry entry(enum tar_type type, const char *name, const char *target)
{
	return (struct tar_entry){.type = type, .name = name, .target = target, .mode = 0644, .mtime = 1000000000};
}

static void add(struct tar_writer *w, const struct tar_entry *t, const void *data)
{
	struct err e = {0};

	assert_ok(tar_writer_add(w, t, data, &e), &e);
}

static void add_file(struct tar_writer *w, const char *name, const char *text)
{
	struct err e = {0};

	assert_ok(tar_writer_file(w, name, &m755, text, strlen(text), &e), &e);
}

static void add_link(struct tar_writer *w, enum tar_type type, const char *name, const char *target)
{
	struct tar_entry t = entry(type, name, target);

	add(w, &t, NULL);
}

static const char *save(void **state, const struct buf *b)
{
	const char *path = tmpdir_path(state, "in.tar");
	struct err e = {0};

	assert_ok(fs_write_atomic(path, b->data, b->len, 0600, &e), &e);
	return path;
}

/* Held apart from tmpdir_path()'s few buffers. */
static const char *image(void **state)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s", tmpdir_path(state, "out.ext4"));
	return path;
}

/* Finish, import, free. The image is <tmp>/out.ext4. */
static int import_writer(void **state, struct tar_writer *w, struct buf *b, struct import_info *ret, struct err *e)
{
	struct import_tar_args a = {.dst = image(state)};
	int rc;

	assert_ok(tar_writer_finish(w, e), e);
	tar_writer_free(w);
	a.tar_path = save(state, b);
	rc = import_tar(&op, &a, ret, e);
	assert_true(rc == 0 || !fs_exists(a.dst));
	return rc;
}

static void assert_text(const char *path, const char *name, const char *want)
{
	auto_buf got = {0};
	struct err e = {0};

	assert_ok(ext4_read_file(path, name, MIB, &got, &e), &e);
	assert_string_equal(buf_cstr(&got), want);
}

static void test_tree(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	static const unsigned char caps[20] = {1, 0, 0, 2, 0, 0x20};
	struct xattr x = {"security.capability", caps, sizeof(caps)};
	struct import_info info;
	struct tar_entry t;
	struct err e = {0};

	assert_ok(tar_writer_dir(w, "./", &(struct tar_meta){.mode = 0711}, &e), &e);
	t = entry(TAR_FILE, "./bin/ping", NULL);
	t.mode = 04755;
	t.uid = 100000;
	t.gid = 200000;
	t.size = 4;
	t.xattrs = &x;
	t.n_xattrs = 1;
	add(w, &t, "ping");
	add_link(w, TAR_HARDLINK, "./bin/ping6", "./bin/ping");
	add_link(w, TAR_SYMLINK, "etc/mtab", "/proc/self/../mounts");
	add_file(w, "/etc/passwd", "absolute");
	add_file(w, "name\nwith\033[31mcontrols", "kept");
	add_file(w, "n\303\244mlich-e\314\201-\377", "bytes");
	t = entry(TAR_CHAR, "dev/null", NULL);
	t.rdev_major = 1;
	t.rdev_minor = 3;
	add(w, &t, NULL);
	t = entry(TAR_FIFO, "fifo", NULL);
	add(w, &t, NULL);
	assert_ok(import_writer(state, w, &b, &info, &e), &e);

	ext4check_clean(image(state));
	ext4check_has(image(state), "stat /", "Mode:  0711", NULL);
	ext4check_has(image(state), "stat /bin", "Mode:  0755", "User:     0", NULL);
	ext4check_has(image(state), "stat /bin/ping6", "Mode:  04755", "User: 100000", "Group: 200000", "Links: 2",
		      "mtime: 0x3b9aca00", NULL);
	ext4check_has(image(state), "ea_get -x /bin/ping security.capability", "01 00 00 02 00 20", NULL);
	ext4check_has(image(state), "stat /etc/mtab", "Fast link dest: \"/proc/self/../mounts\"", NULL);
	ext4check_has(image(state), "stat /dev/null", "Device major/minor number: 01:03", NULL);
	ext4check_has(image(state), "stat /fifo", "Type: FIFO", NULL);
	assert_text(image(state), "etc/passwd", "absolute");
	assert_text(image(state), "name\nwith\033[31mcontrols", "kept");
	assert_text(image(state), "n\303\244mlich-e\314\201-\377", "bytes");
	assert_int_equal(info.entries, 9);
	assert_int_equal(info.init, IMPORT_INIT_NONE);
	assert_true(info.nominal_bytes == 16 * GIB);
}

static void test_last_wins(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_info info;
	struct err e = {0};

	add_file(w, "f", "first");
	add_file(w, "d/x", "below");
	add_link(w, TAR_SYMLINK, "f", "d");
	add_file(w, "f", "last");
	assert_ok(tar_writer_dir(w, "d", &(struct tar_meta){.mode = 0700}, &e), &e);
	assert_ok(import_writer(state, w, &b, &info, &e), &e);
	ext4check_clean(image(state));
	assert_text(image(state), "f", "last");
	assert_text(image(state), "d/x", "below");
	ext4check_has(image(state), "stat /d", "Mode:  0700", NULL);
}

/* Each pair: an entry made before, and the one that must be refused. */
static void test_hostile(void **state)
{
	static const struct {
		enum tar_type type;
		const char *name;
		const char *target;
	} bad[] = {
		{TAR_FILE, "../evil", NULL},
		{TAR_FILE, "a/../../evil", NULL},
		{TAR_FILE, "/../evil", NULL},
		{TAR_FILE, "..", NULL},
		{TAR_DIR, "a/..", NULL},
		{TAR_SYMLINK, "../evil", "x"},
		{TAR_FILE, "out/evil", NULL},
		{TAR_DIR, "out/evil", NULL},
		{TAR_HARDLINK, "h", "../../etc/shadow"},
		{TAR_HARDLINK, "h", "/etc/shadow"},
		{TAR_HARDLINK, "h", "out/etc/shadow"},
		{TAR_HARDLINK, "h", "dir"},
		{TAR_FILE, "plain/below", NULL},
		{TAR_HARDLINK, "out/h", "plain"},
		{TAR_HARDLINK, "\033[2J", "/etc/shadow"},
		{TAR_FILE, ".", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_buf b = {0};
		struct tar_writer *w = tar_writer_new_buf(&b);
		struct tar_entry t = entry(bad[i].type, bad[i].name, bad[i].target);
		struct import_info info;
		struct err e = {0};

		add_link(w, TAR_SYMLINK, "out", "/");
		add_file(w, "plain", "x");
		assert_ok(tar_writer_dir(w, "dir", &m755, &e), &e);
		add(w, &t, NULL);
		if (import_writer(state, w, &b, &info, &e) == 0)
			fail_msg("'%s' was taken", bad[i].name);
		assert_true(e.code == ERR_PROTO || e.code == ERR_NOT_FOUND);
		assert_null(strchr(e.msg, '\033'));
		if (bad[i].name[0] != '\033')
			assert_non_null(strstr(e.msg, bad[i].name));
	}
}

static void test_long_names(void **state)
{
	char name[4200] = "";
	struct import_info info;
	struct err e = {0};

	for (int pass = 0; pass < 2; pass++) {
		auto_buf b = {0};
		struct tar_writer *w = tar_writer_new_buf(&b);

		/* 2047 directories deep, and one over 4095 bytes. */
		for (size_t i = 0; i < 2047; i++)
			memcpy(name + 2 * i, "d/", 2);
		strncpy(name + 4094, pass ? "too" : "f", 8);
		add_file(w, name, "deep");
		if (pass == 0) {
			assert_ok(import_writer(state, w, &b, &info, &e), &e);
			ext4check_clean(image(state));
			assert_ok(fs_unlink(image(state), &e), &e);
		} else {
			assert_err(import_writer(state, w, &b, &info, &e), &e, ERR_PROTO);
		}
	}
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	memset(name, 'c', 256);
	name[256] = '\0';
	add_file(w, name, "x");
	assert_err(import_writer(state, w, &b, &info, &e), &e, ERR_PROTO);
}

/* Cut anywhere, the archive is refused and no file stays. */
static void test_truncated(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_tar_args a = {.dst = image(state)};
	struct import_info info;
	struct err e = {0};

	add_file(w, "a", "aaaa");
	add_file(w, "b", "bbbb");
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	for (size_t cut = 0; cut <= 2048; cut += 256) {
		struct buf part = {.data = b.data, .len = cut};

		a.tar_path = save(state, &part);
		if (import_tar(&op, &a, &info, &e) == 0)
			fail_msg("cut at %zu was taken", cut);
		assert_int_equal(e.code, ERR_PROTO);
		assert_false(fs_exists(a.dst));
		err_clear(&e);
	}
}

static void test_damaged(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_tar_args a = {.dst = image(state)};
	struct import_info info;
	struct err e = {0};

	add_file(w, "a", "aaaa");
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	b.data[3] ^= 1; /* the header's checksum no longer fits */
	a.tar_path = save(state, &b);
	assert_err(import_tar(&op, &a, &info, &e), &e, ERR_PROTO);
	assert_false(fs_exists(a.dst));
}

/* A size field of 8 GiB - 1 with nothing behind it, and one beyond any file system (base-256). */
static void test_huge_sizes(void **state)
{
	static const char octal[] = "77777777777";
	static const unsigned char binary[12] = {0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	for (int pass = 0; pass < 2; pass++) {
		auto_buf b = {0};
		struct tar_writer *w = tar_writer_new_buf(&b);
		struct import_tar_args a = {.dst = image(state)};
		struct import_info info;
		struct err e = {0};
		unsigned int sum = 0;

		add_file(w, "a", "aaaa");
		assert_ok(tar_writer_finish(w, &e), &e);
		tar_writer_free(w);
		memcpy(b.data + 124, pass ? (const void *)binary : (const void *)octal, pass ? 12 : 11);
		memset(b.data + 148, ' ', 8);
		for (int i = 0; i < 512; i++)
			sum += (unsigned char)b.data[i];
		snprintf(b.data + 148, 8, "%06o", sum);
		a.tar_path = save(state, &b);
		assert_err(import_tar(&op, &a, &info, &e), &e, ERR_PROTO);
		assert_false(fs_exists(a.dst));
	}
}

static void test_limits(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_tar_args a = {.dst = image(state)};
	struct import_info info;
	struct err e = {0};

	add_file(w, "a", "aaaa");
	add_file(w, "b", "bbbb");
	add_file(w, "c", "cccc");
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	a.tar_path = save(state, &b);
	a.limits.max_entries = 2;
	assert_err(import_tar(&op, &a, &info, &e), &e, ERR_PROTO);
	a.limits = (struct tar_limits){.max_bytes = 2000};
	assert_err(import_tar(&op, &a, &info, &e), &e, ERR_PROTO);
	a.limits = (struct tar_limits){.max_entries = 3};
	assert_ok(import_tar(&op, &a, &info, &e), &e);
	assert_err(import_tar(&op, &a, &info, &e), &e, ERR_EXISTS);
	assert_true(fs_exists(a.dst));
}

static void test_empty(void **state)
{
	auto_buf b = {0};
	struct import_info info;
	struct err e = {0};

	assert_err(import_writer(state, tar_writer_new_buf(&b), &b, &info, &e), &e, ERR_PROTO);
}

/* A size asked for is kept to. */
/* As docker save and skopeo write an image: what is in it would be files of a machine that has no root. */
static void test_layers_are_no_root(void **state)
{
	static const char *const rows[][3] = {
		{"blobs/sha256/00", "oci-layout", NULL},
		{"00.tar", "manifest.json", "repositories"},
		{"app", "manifest.json", NULL},
		{"bin/repositories", "manifest.json", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf b = {0};
		struct tar_writer *w = tar_writer_new_buf(&b);
		struct import_info info;
		struct err e = {0};
		int rc;

		for (size_t k = 0; k < 3 && rows[i][k]; k++)
			add_file(w, rows[i][k], "x");
		rc = import_writer(state, w, &b, &info, &e);
		assert_int_equal(rc, i < 2 ? -1 : 0);
		if (rc < 0 && (!strstr(e.msg, "is no root file system") || !strstr(e.hint, "docker export")))
			fail_msg("%s / %s", e.msg, e.hint);
		if (rc == 0)
			assert_ok(fs_unlink(image(state), &e), &e);
	}
}

static void test_fixed_size(void **state)
{
	auto_buf b = {0};
	auto_buf data = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_info info;
	struct import_tar_args a = {.dst = image(state), .nominal_bytes = 16 * MIB};
	struct err e = {0};

	memset(buf_reserve(&data, 20 * MIB), 'x', 20 * MIB);
	assert_ok(tar_writer_file(w, "f", &m755, data.data, 20 * MIB, &e), &e);
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	a.tar_path = save(state, &b);
	assert_err(import_tar(&op, &a, &info, &e), &e, ERR_SPACE);
	assert_false(fs_exists(a.dst));
	a.nominal_bytes = 64 * MIB;
	assert_ok(import_tar(&op, &a, &info, &e), &e);
	assert_true(info.nominal_bytes == 64 * MIB);
	assert_in_range(info.bytes, 20 * MIB, 21 * MIB);
}

/* Compressed so well that the estimate is far too low: `mib` of content in an image that starts at 32 MiB. */
static void import_compressed(void **state, size_t mib, bool piped, struct import_info *ret, struct err *e)
{
	auto_buf b = {0};
	auto_buf data = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_tar_args a = {.dst = image(state), .what = "stream", .fd = -1, .min_bytes = 32 * MIB};
	struct spawn_run_args gzip = {.argv = (const char *const[]){"gzip", "-c", NULL}, .max_output = MIB};
	auto_buf z = {0};
	int fds[2];

	memset(buf_reserve(&data, mib * MIB), 'x', mib * MIB);
	assert_ok(tar_writer_file(w, "f", &m755, data.data, mib * MIB, e), e);
	assert_ok(tar_writer_finish(w, e), e);
	tar_writer_free(w);
	gzip.input = b.data;
	gzip.input_len = b.len;
	assert_ok(spawn_run(&op, &gzip, &z, e), e);
	if (piped) {
		assert_ok(fd_pipe(fds, e), e);
		assert_ok(fd_write_all(fds[1], z.data, z.len, e), e);
		fd_close(&fds[1]);
		a.fd = fds[0];
		assert_int_equal(import_tar(&op, &a, ret, e), -1);
		fd_close(&fds[0]);
		return;
	}
	a.tar_path = save(state, &z);
	assert_ok(import_tar(&op, &a, ret, e), e);
	ext4check_clean(a.dst);
	assert_ok(fs_unlink(a.dst, e), e);
}

static void test_second_pass(void **state)
{
	struct import_info info;
	struct err e = {0};

	/* Fits, with less than half of it to spare: made again for content * 1.5. */
	import_compressed(state, 24, false, &info, &e);
	assert_in_range(info.nominal_bytes, 36 * MIB, 37 * MIB);
	/* Does not fit: twice the size. */
	import_compressed(state, 40, false, &info, &e);
	assert_int_equal(info.nominal_bytes, 64 * MIB);
	/* A pipe cannot be read again. */
	import_compressed(state, 40, true, &info, &e);
	assert_int_equal(e.code, ERR_SPACE);
	assert_true(e.hint[0] != '\0');
	assert_false(fs_exists(image(state)));
}

static void count_stage(void *arg, const struct op_stage *st)
{
	int64_t *last = arg;

	assert_true(st->done >= *last);
	assert_true(st->total >= st->done);
	*last = st->done;
}

static void test_progress(void **state)
{
	auto_buf b = {0};
	auto_buf data = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_info info;
	int64_t last = 0;
	struct err e = {0};

	memset(buf_reserve(&data, 20 * MIB), 'x', 20 * MIB);
	assert_ok(tar_writer_file(w, "f", &m755, data.data, 20 * MIB, &e), &e);
	op.on_stage = count_stage;
	op.arg = &last;
	assert_ok(import_writer(state, w, &b, &info, &e), &e);
	assert_true(last >= (int64_t)(16 * MIB));
}

static void cancel_stage(void *arg, const struct op_stage *st)
{
	(void)st;
	op_cancel(arg);
}

static void test_cancel_midway(void **state)
{
	auto_buf b = {0};
	auto_buf data = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_info info;
	struct err e = {0};

	memset(buf_reserve(&data, 20 * MIB), 'x', 20 * MIB);
	assert_ok(tar_writer_file(w, "f", &m755, data.data, 20 * MIB, &e), &e);
	op.on_stage = cancel_stage;
	op.arg = &op;
	assert_err(import_writer(state, w, &b, &info, &e), &e, ERR_CANCELED);
}

/* From a pipe whose writer never comes to an end: cancelling is enough, and nothing can be read twice. */
static void test_pipe(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct import_tar_args a = {.dst = image(state), .what = "pipe"};
	struct import_info info;
	struct err e = {0};
	int fds[2];

	add_file(w, "a", "aaaa");
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	assert_ok(fd_pipe(fds, &e), &e);
	assert_ok(fd_write_all(fds[1], b.data, b.len, &e), &e);
	fd_close(&fds[1]);
	a.fd = fds[0];
	assert_ok(import_tar(&op, &a, &info, &e), &e);
	fd_close(&fds[0]);
	assert_text(a.dst, "a", "aaaa");
	assert_ok(fs_unlink(a.dst, &e), &e);

	assert_ok(fd_pipe(fds, &e), &e);
	op_limit(&op, 50);
	a.fd = fds[0];
	assert_err(import_tar(&op, &a, &info, &e), &e, ERR_TIMEOUT);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	assert_false(fs_exists(a.dst));
}

static void test_init_kinds(void **state)
{
	static const struct {
		const char *file, *link, *target;
		enum tar_type type;
		const char *extra;
		enum import_init want;
	} kinds[] = {
		{"usr/lib/systemd/systemd", "sbin/init", "/lib/systemd/systemd", TAR_SYMLINK, NULL,
		 IMPORT_INIT_SYSTEMD},
		{"bin/busybox", "sbin/init", "/bin/busybox", TAR_SYMLINK, NULL, IMPORT_INIT_BUSYBOX},
		{"bin/busybox", "bin/init", "bin/busybox", TAR_HARDLINK, NULL, IMPORT_INIT_BUSYBOX},
		{"bin/busybox", "sbin/init", "/bin/busybox", TAR_SYMLINK, "sbin/openrc", IMPORT_INIT_OPENRC},
		{"sbin/init", "x", "y", TAR_SYMLINK, NULL, IMPORT_INIT_OTHER},
		{"bin/sh", "sbin/init", "init", TAR_SYMLINK, NULL, IMPORT_INIT_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		auto_buf b = {0};
		struct tar_writer *w = tar_writer_new_buf(&b);
		struct import_info info;
		struct err e = {0};

		add_link(w, TAR_SYMLINK, "lib", "usr/lib");
		add_file(w, kinds[i].file, "elf");
		add_link(w, kinds[i].type, kinds[i].link, kinds[i].target);
		if (kinds[i].extra)
			add_file(w, kinds[i].extra, "elf");
		assert_ok(import_writer(state, w, &b, &info, &e), &e);
		assert_string_equal(import_init_to_string(info.init), import_init_to_string(kinds[i].want));
		assert_ok(fs_unlink(image(state), &e), &e);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_tree),	     T(test_last_wins),	 T(test_hostile), T(test_long_names), T(test_truncated),
		T(test_damaged),     T(test_huge_sizes), T(test_limits),  T(test_empty), T(test_layers_are_no_root),      T(test_fixed_size),
		T(test_second_pass), T(test_progress),	 T(test_pipe),	  T(test_init_kinds), T(test_cancel_midway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
