/* SPDX-License-Identifier: MIT */
/*
 * The ext4 writer, judged by e2fsck and debugfs.
 */
#include "tests/lib/ext4check.h"
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "core/disk/ext4.h"

#include <endian.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Pieces of a file, given one by one. */
struct piece {
	uint64_t offset;
	const void *data;
	size_t len;
};

struct pieces {
	const struct piece *list;
	size_t n;
	size_t next;
};

static int next_piece(void *arg, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	struct pieces *p = arg;

	(void)e;
	if (p->next == p->n)
		return 0;
	*ret_data = p->list[p->next].data;
	*ret_len = p->list[p->next].len;
	*ret_offset = p->list[p->next++].offset;
	return 1;
}

static const struct ext4_attr plain = {.mode = 0644, .mtime = 1000000000};

static int add_pieces(struct ext4_writer *w, const char *path, uint64_t size, const struct piece *list, size_t n,
		      struct err *e)
{
	struct pieces p = {list, n, 0};
	struct ext4_source src = {next_piece, &p, size};

	return ext4_writer_file(&op, w, path, &plain, &src, e);
}

static int add_text(struct ext4_writer *w, const char *path, const char *text, struct err *e)
{
	struct piece one = {0, text, strlen(text)};

	return add_pieces(w, path, one.len, &one, 1, e);
}

static struct ext4_writer *fresh(const char *path, uint64_t size)
{
	struct ext4_format_args f = {.path = path, .size = size, .label = "test"};
	struct err e = {0};
	struct ext4_writer *w;

	assert_ok(ext4_format(&op, &f, &e), &e);
	w = ext4_writer_open(path, &e);
	if (!w)
		fail_msg("%s", e.msg);
	return w;
}

static void finish(struct ext4_writer *w, const char *path)
{
	struct err e = {0};

	assert_ok(ext4_writer_commit(&op, w, &e), &e);
	ext4_writer_free(w);
	ext4check_clean(path);
}

static void assert_text(const char *image, const char *name, const char *want)
{
	struct err e = {0};
	auto_buf got = {0};

	assert_ok(ext4_read_file(image, name, MIB, &got, &e), &e);
	assert_string_equal(buf_cstr(&got), want);
}

static void test_format(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	const char *uuid = "01234567-89ab-4cde-8f01-23456789abcd";
	struct ext4_format_args f = {.path = path, .size = 16 * GIB, .uuid = uuid, .label = "sixteen-bytes-ok"};
	struct err e = {0};
	char got[UUID_SIZE];
	struct stat st;
	uint64_t used;

	assert_ok(ext4_format(&op, &f, &e), &e);
	assert_int_equal(stat(path, &st), 0);
	assert_true((uint64_t)st.st_size == 16 * GIB);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(fs_allocated(path) < 2 * MIB);
	ext4check_clean(path);
	assert_ok(ext4_uuid_read(path, got, &e), &e);
	assert_string_equal(got, uuid);
	assert_ok(ext4_used_bytes(path, &used, &e), &e);
	assert_true(used > 0 && used < GIB);
	ext4check_has(path, "stats", "sixteen-bytes-ok", "metadata_csum", "has_journal", NULL);
	ext4check_has(path, "stat /", "User:     0", "Mode:  0755", NULL);
}

/* A guest must find nothing left to zero in the inode tables. */
static void test_format_tables_zeroed(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_format_args f = {.path = path, .size = GIB};
	struct err e = {0};
	unsigned char table[8 * 64];
	int fd;

	assert_ok(ext4_format(&op, &f, &e), &e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Group descriptors begin at block 1, 64 bytes each, bg_flags at 0x12; EXT4_BG_INODE_ZEROED is 4. */
	assert_int_equal(pread(fd, table, sizeof(table), 4096), sizeof(table));
	close(fd);
	for (size_t g = 0; g < 8; g++)
		assert_int_equal(table[g * 64 + 0x12] & 4, 4);
}

static void test_format_sizes(void **state)
{
	static const uint64_t sizes[] = {EXT4_MIN_BYTES, 64 * MIB, GIB, 128 * GIB, 192 * GIB};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const char *path = tmpdir_path(state, "s.ext4");
		struct ext4_format_args f = {.path = path, .size = sizes[i]};

		assert_ok(ext4_format(&op, &f, &e), &e);
		ext4check_clean(path);
		assert_ok(fs_unlink(path, &e), &e);
	}
}

static void test_format_refused(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_format_args f = {.path = path, .size = 4 * MIB};
	struct err e = {0};

	assert_err(ext4_format(&op, &f, &e), &e, ERR_USAGE);
	f.size = 64 * MIB + 1;
	assert_err(ext4_format(&op, &f, &e), &e, ERR_USAGE);
	f.size = 64 * MIB;
	f.label = "seventeen-bytes-x";
	assert_err(ext4_format(&op, &f, &e), &e, ERR_USAGE);
	f.label = NULL;
	f.uuid = "not-a-uuid";
	assert_err(ext4_format(&op, &f, &e), &e, ERR_TOOL);
	assert_false(fs_exists(path));
	f.uuid = NULL;
	test_write(path, "mine");
	assert_err(ext4_format(&op, &f, &e), &e, ERR_EXISTS);
	assert_true(fs_exists(path));
}

static void test_format_canceled(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_format_args f = {.path = path, .size = 64 * MIB};
	struct err e = {0};

	op_cancel(&op);
	assert_err(ext4_format(&op, &f, &e), &e, ERR_CANCELED);
	assert_false(fs_exists(path));
}

static void test_copied(void **state)
{
	static const char *const uuids[] = {"01234567-89ab-4cde-8f01-23456789abcd", "11234567-89ab-4cde-8f01-23456789abcd"};
	const char *const paths[] = {tmpdir_path(state, "a.ext4"), tmpdir_path(state, "b.ext4")};
	const char *dir = tmpdir_path(state, "blank");
	const char *blank = tmpdir_path(state, "blank/ext4-1-8589934592");
	struct err e = {0};
	char got[UUID_SIZE];
	struct stat before, after;

	for (int i = 0; i < 2; i++) {
		struct ext4_format_args f = {.path = paths[i], .size = 8 * GIB, .uuid = uuids[i], .label = i ? "sixteen-bytes-ok" : "work"};
		assert_ok(ext4_format_copied(&op, &f, dir, &e), &e);
		assert_int_equal(stat(blank, i ? &after : &before), 0);
	}
	/* Formatted once. */
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(stat(paths[i], &after), 0);
		assert_true((uint64_t)after.st_size == 8 * GIB);
		assert_int_equal(after.st_mode & 07777, 0600);
		assert_true(fs_allocated(paths[i]) < 2 * MIB);
		ext4check_clean(paths[i]);
		assert_ok(ext4_uuid_read(paths[i], got, &e), &e);
		assert_string_equal(got, uuids[i]);
		ext4check_has(paths[i], "stats", i ? "sixteen-bytes-ok" : "work", "metadata_csum_seed", "has_journal", uuids[i], NULL);
	}
	ext4check_clean(blank);
	assert_false(fs_exists(tmpdir_path(state, "blank/new")));
}

/* A backup superblock has the copy's UUID as well: whoever repairs the disk by it must find its own. */
static void test_copied_backups(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_format_args f = {.path = path, .size = GIB, .uuid = "01234567-89ab-4cde-8f01-23456789abcd"};
	const unsigned char want[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x4c, 0xde, 0x8f, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd};
	static const long groups[] = {1, 3, 5, 7};
	unsigned char got[16];
	struct err e = {0};
	int fd;

	assert_ok(ext4_format_copied(&op, &f, tmpdir_path(state, "blank"), &e), &e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		assert_int_equal(pread(fd, got, sizeof(got), groups[i] * 32768 * 4096 + 0x68), sizeof(got));
		assert_memory_equal(got, want, sizeof(want));
	}
	close(fd);
}

static void test_copied_damaged(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	const char *dir = tmpdir_path(state, "blank");
	const char *blank = tmpdir_path(state, "blank/ext4-1-67108864");
	struct ext4_format_args f = {.path = path, .size = 64 * MIB};
	struct err e = {0};

	/* One that is none, one that is too short, and a directory that cannot be. */
	for (int i = 0; i < 3; i++) {
		assert_ok(fs_mkdir_p(dir, 0700, &e), &e);
		assert_ok(fs_unlink(blank, &e), &e);
		test_write(blank, "no file system");
		if (i == 0)
			assert_int_equal(truncate(blank, 64 * MIB), 0);
		if (i == 2) {
			assert_ok(fs_remove_tree(dir, &e), &e);
			test_write(dir, "no directory");
		}
		assert_ok(ext4_format_copied(&op, &f, dir, &e), &e);
		ext4check_clean(path);
		assert_ok(fs_unlink(path, &e), &e);
		if (i == 1)
			ext4check_clean(blank);
	}
}

static void test_copied_refused(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	const char *dir = tmpdir_path(state, "blank");
	struct ext4_format_args f = {.path = path, .size = 64 * MIB, .label = "seventeen-bytes-x"};
	struct err e = {0};

	assert_err(ext4_format_copied(&op, &f, dir, &e), &e, ERR_USAGE);
	f.label = NULL;
	f.uuid = "01234567-89ab-4cde-8f01-23456789abcx";
	assert_err(ext4_format_copied(&op, &f, dir, &e), &e, ERR_TOOL);
	assert_false(fs_exists(path));
	f.uuid = NULL;
	test_write(path, "mine");
	assert_err(ext4_format_copied(&op, &f, dir, &e), &e, ERR_EXISTS);
	assert_int_equal(fs_allocated(path), 4096);
	assert_ok(fs_unlink(path, &e), &e);
	op_cancel(&op);
	assert_err(ext4_format_copied(&op, &f, dir, &e), &e, ERR_CANCELED);
	assert_false(fs_exists(path));
}

static void test_empty(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");

	finish(fresh(path, 64 * MIB), path);
	ext4check_has(path, "stat /lost+found", "Type: directory", "Mode:  0700", NULL);
}

static void test_every_type(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 64 * MIB);
	struct ext4_attr a = {.mode = 04755, .uid = 70000, .gid = 80001, .mtime = 1234567890, .mtime_ns = 123456789};
	struct piece hello = {0, "hello", 5};
	struct pieces p = {&hello, 1, 0};
	struct ext4_source src = {next_piece, &p, 5};
	char longtext[200];
	struct err e = {0};

	memset(longtext, 'x', sizeof(longtext) - 1);
	longtext[sizeof(longtext) - 1] = '\0';
	assert_ok(ext4_writer_file(&op, w, "usr/bin/su", &a, &src, &e), &e);
	a.mode = 01777;
	assert_ok(ext4_writer_dir(w, "tmp", &a, &e), &e);
	assert_ok(ext4_writer_symlink(w, "bin", "usr/bin", &a, &e), &e);
	assert_ok(ext4_writer_symlink(w, "long", longtext, &a, &e), &e);
	assert_ok(ext4_writer_link(w, "su2", "usr/bin/su", &e), &e);
	a = (struct ext4_attr){.mode = S_IFCHR | 0666, .rdev_major = 1, .rdev_minor = 3};
	assert_ok(ext4_writer_node(w, "dev/null", &a, &e), &e);
	a = (struct ext4_attr){.mode = S_IFBLK | 0660, .rdev_major = 259, .rdev_minor = 70000};
	assert_ok(ext4_writer_node(w, "dev/big", &a, &e), &e);
	a.mode = S_IFIFO | 0600;
	assert_ok(ext4_writer_node(w, "fifo", &a, &e), &e);
	a.mode = S_IFSOCK | 0600;
	assert_ok(ext4_writer_node(w, "sock", &a, &e), &e);
	finish(w, path);

	ext4check_has(path, "stat /usr/bin/su", "Type: regular", "Mode:  04755", "User: 70000", "Group: 80001",
		      "Links: 2", "Size: 5", "mtime: 0x499602d2:1d6f3454", NULL);
	ext4check_has(path, "stat /tmp", "Type: directory", "Mode:  01777", NULL);
	ext4check_has(path, "stat /usr", "Mode:  0755", "User:     0", "Links: 3", NULL);
	ext4check_has(path, "stat /bin", "Type: symlink", "Fast link dest: \"usr/bin\"", NULL);
	ext4check_has(path, "stat /dev/null", "Type: character", "Device major/minor number: 01:03", NULL);
	ext4check_has(path, "stat /dev/big", "Type: block", "(hex 103:11170)", NULL);
	ext4check_has(path, "stat /fifo", "Type: FIFO", NULL);
	ext4check_has(path, "stat /sock", "Type: socket", NULL);
	ext4check_has(path, "cat /long", longtext, NULL);
	assert_text(path, "su2", "hello");
	assert_text(path, "bin/su", "hello");
}

static void test_xattrs(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 64 * MIB);
	static const unsigned char caps[20] = {1, 0, 0, 2, 0, 0x20};
	/* u::rw- u:1000:r-- g::r-- m::r-- o::--- (linux/posix_acl_xattr.h) */
	static const unsigned char acl[] = {2, 0,    0,	  0,   1,   0,	 6,    0, 255, 255, 255, 255, 2,   0,	 4,
					    0, 0xe8, 3,	  0,   0,   4,	 0,    4, 0,   255, 255, 255, 255, 0x10, 0,
					    4, 0,    255, 255, 255, 255, 0x20, 0, 0,   0,   255, 255, 255, 255};
	static char big[3000], huge[70000];
	struct xattr x[] = {{"security.capability", caps, sizeof(caps)},
			    {"system.posix_acl_access", acl, sizeof(acl)},
			    {"user.big", big, sizeof(big)}};
	struct ext4_attr a = {.mode = 0640, .xattrs = x, .n_xattrs = ARRAY_LEN(x)};
	struct ext4_source none = {next_piece, &(struct pieces){0}, 0};
	struct err e = {0};

	memset(big, 'b', sizeof(big));
	assert_ok(ext4_writer_file(&op, w, "f", &a, &none, &e), &e);
	assert_ok(ext4_writer_dir(w, "d", &a, &e), &e);
	/* Given again without: the block they took must be free again. */
	assert_ok(ext4_writer_dir(w, "again", &a, &e), &e);
	assert_ok(ext4_writer_dir(w, "again", &plain, &e), &e);
	finish(w, path);
	ext4check_has(path, "ea_list /f", "security.capability (20)", "system.posix_acl_access (", "user.big (3000)",
		      NULL);
	ext4check_has(path, "ea_get -x /f security.capability", "01 00 00 02 00 20", NULL);
	ext4check_has(path, "ea_list /d", "security.capability (20)", "user.big (3000)", NULL);
	ext4check_has(path, "stat /again", "File ACL: 0", NULL);

	path = tmpdir_path(state, "b.ext4");
	w = fresh(path, 64 * MIB);
	x[0] = (struct xattr){"user.huge", huge, sizeof(huge)};
	assert_err(ext4_writer_dir(w, "d", &a, &e), &e, ERR_PROTO);
	x[0].len = 1;
	x[1] = (struct xattr){"system.posix_acl_access", "junk", 4};
	assert_int_equal(ext4_writer_dir(w, "d", &a, &e), -1);
	assert_non_null(strstr(e.msg, "'system.posix_acl_access' is no ACL"));
	assert_err(-1, &e, ERR_PROTO);
	ext4_writer_free(w);
}

static void test_times(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 64 * MIB);
	struct ext4_attr a = {.mode = 0755, .mtime = (int64_t)1 << 32};
	struct err e = {0};

	assert_ok(ext4_writer_dir(w, "y2106", &a, &e), &e);
	a.mtime = -1;
	assert_ok(ext4_writer_dir(w, "y1969", &a, &e), &e);
	a.mtime = INT64_MAX;
	assert_ok(ext4_writer_dir(w, "max", &a, &e), &e);
	a.mtime = INT64_MIN;
	assert_ok(ext4_writer_dir(w, "min", &a, &e), &e);
	finish(w, path);
	ext4check_has(path, "stat /y2106", "mtime: 0x00000000:00000001", NULL);
	ext4check_has(path, "stat /y1969", "mtime: 0xffffffff:00000000", NULL);
	ext4check_has(path, "stat /max", "mtime: 0x7fffffff:00000003", NULL);
	ext4check_has(path, "stat /min", "mtime: 0x80000000:00000000", NULL);
}

static void test_replace(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 64 * MIB);
	struct err e = {0};

	assert_ok(add_text(w, "f", "first", &e), &e);
	assert_ok(add_text(w, "f", "second", &e), &e);
	assert_ok(add_text(w, "d/sub/x", "gone", &e), &e);
	assert_ok(ext4_writer_link(w, "kept", "d/sub/x", &e), &e);
	assert_ok(add_text(w, "d", "now a file", &e), &e);
	assert_ok(add_text(w, "e", "now a directory", &e), &e);
	assert_ok(ext4_writer_dir(w, "e", &plain, &e), &e);
	assert_ok(add_text(w, "e/in", "in", &e), &e);
	assert_ok(ext4_writer_dir(w, "e", &(struct ext4_attr){.mode = 0711}, &e), &e);
	/* The place of a link to something below it. */
	assert_ok(add_text(w, "p/q", "last name", &e), &e);
	assert_ok(ext4_writer_link(w, "p", "p/q", &e), &e);
	assert_ok(ext4_writer_link(w, "p", "p", &e), &e);
	finish(w, path);
	assert_text(path, "f", "second");
	assert_text(path, "d", "now a file");
	assert_text(path, "kept", "gone");
	assert_text(path, "e/in", "in");
	assert_text(path, "p", "last name");
	ext4check_has(path, "stat /kept", "Links: 1", NULL);
	ext4check_has(path, "stat /e", "Mode:  0711", NULL);
}

static void test_refused(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 64 * MIB);
	struct err e = {0};
	char name[300];

	memset(name, 'n', 256);
	name[256] = '\0';
	assert_ok(ext4_writer_symlink(w, "link", "/etc", &plain, &e), &e);
	assert_ok(add_text(w, "file", "x", &e), &e);
	assert_ok(ext4_writer_dir(w, "dir", &plain, &e), &e);
	assert_err(add_text(w, "link/passwd", "x", &e), &e, ERR_PROTO);
	assert_err(add_text(w, "file/x", "x", &e), &e, ERR_PROTO);
	assert_err(add_text(w, "..", "x", &e), &e, ERR_PROTO);
	assert_err(add_text(w, "../x", "x", &e), &e, ERR_PROTO);
	assert_err(add_text(w, "./x", "x", &e), &e, ERR_PROTO);
	assert_err(add_text(w, "", "x", &e), &e, ERR_PROTO);
	assert_err(add_text(w, "a//b", "x", &e), &e, ERR_PROTO);
	assert_err(add_text(w, name, "x", &e), &e, ERR_PROTO);
	assert_err(ext4_writer_link(w, "l", "nowhere", &e), &e, ERR_NOT_FOUND);
	assert_err(ext4_writer_link(w, "l", "link/passwd", &e), &e, ERR_NOT_FOUND);
	assert_err(ext4_writer_link(w, "l", "dir", &e), &e, ERR_PROTO);
	assert_err(ext4_writer_symlink(w, "s", "", &plain, &e), &e, ERR_PROTO);
	assert_err(ext4_writer_node(w, "n", &plain, &e), &e, ERR_PROTO);
	assert_err(ext4_writer_node(w, "n", &(struct ext4_attr){.mode = S_IFBLK, .rdev_major = 5000}, &e), &e,
		   ERR_PROTO);
	assert_err(add_pieces(w, "f", 3, &(struct piece){0, "1234", 4}, 1, &e), &e, ERR_PROTO);
	assert_err(add_pieces(w, "g", EXT4_MAX_FILE_BYTES, NULL, 0, &e), &e, ERR_PROTO);
	ext4_writer_free(w);
}

static void test_control_characters_shown_clean(void **state)
{
	struct ext4_writer *w = fresh(tmpdir_path(state, "a.ext4"), 64 * MIB);
	struct err e = {0};

	assert_ok(add_text(w, "f", "x", &e), &e);
	assert_int_equal(add_text(w, "f/\033]0;evil\a", "x", &e), -1);
	assert_null(strchr(e.msg, '\033'));
	assert_null(strchr(e.msg, '\a'));
	ext4_writer_free(w);
}

static void test_data(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 256 * MIB);
	size_t n = 5 * MIB + 123;
	auto_free unsigned char *data = xmalloc(n);
	auto_buf got = {0};
	struct err e = {0};

	for (size_t i = 0; i < n; i++)
		data[i] = (unsigned char)(i * 2654435761u >> 13);
	struct piece odd[] = {{0, data, 1}, {1, data + 1, 70000}, {70001, data + 70001, n - 70001}};
	assert_ok(add_pieces(w, "odd", n, odd, 3, &e), &e);
	assert_ok(add_text(w, "after", "after", &e), &e);
	finish(w, path);
	assert_ok(ext4_read_file(path, "odd", 8 * MIB, &got, &e), &e);
	assert_int_equal(got.len, n);
	assert_memory_equal(got.data, data, n);
	assert_err(ext4_read_file(path, "odd", MIB, &got, &e), &e, ERR_PROTO);
	assert_err(ext4_read_file(path, "nowhere", MIB, &got, &e), &e, ERR_NOT_FOUND);
	assert_err(ext4_read_file(path, "lost+found", MIB, &got, &e), &e, ERR_PROTO);
}

static void test_sparse(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 4 * GIB);
	uint64_t before = fs_allocated(path);
	struct piece list[] = {{0, "start", 5}, {GIB + 777, "middle", 6}, {2 * GIB - 3, "end", 3}};
	static char zeroes[MIB];
	auto_free char *blocks = NULL;
	struct piece zero[] = {{0, zeroes, MIB}, {MIB, zeroes, MIB}, {2 * MIB, "x", 1}};
	struct err e = {0};

	assert_ok(add_pieces(w, "sparse", 2 * GIB, list, 3, &e), &e);
	assert_ok(add_pieces(w, "zero", 2 * MIB + 1, zero, 3, &e), &e);
	assert_ok(add_pieces(w, "hole", GIB, NULL, 0, &e), &e);
	finish(w, path);
	assert_true(fs_allocated(path) < before + MIB);
	ext4check_has(path, "stat /sparse", "Size: 2147483648", NULL);
	ext4check_has(path, "stat /hole", "Size: 1073741824", "Blockcount: 0", NULL);
	ext4check_has(path, "stat /zero", "Size: 2097153", "Blockcount: 8\n", NULL);
	/* 1 GiB + 777 lies in block 262144. */
	ext4check_has(path, "stat /sparse", "(262144):", NULL);
}

/* More extents than an inode holds: every other 64 KiB is a hole. */
static void test_many_extents(void **state)
{
	enum { N = 3000 };
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, GIB);
	struct piece *list = xcalloc(N, sizeof(*list));
	struct err e = {0};
	auto_free char *out = NULL;

	for (size_t i = 0; i < N; i++)
		list[i] = (struct piece){i * 131072, "x", 1};
	assert_ok(add_pieces(w, "holes", (uint64_t)N * 131072, list, N, &e), &e);
	finish(w, path);
	free(list);
	out = ext4check_debugfs(path, "stat /holes");
	assert_non_null(strstr(out, "Size: 393216000"));
}

static void test_full(void **state)
{
	struct ext4_writer *w = fresh(tmpdir_path(state, "a.ext4"), 16 * MIB);
	auto_free char *data = xmalloc(20 * MIB);
	struct err e = {0};

	memset(data, 'x', 20 * MIB);
	assert_false(ext4_writer_is_full(w));
	assert_err(add_pieces(w, "f", 20 * MIB, &(struct piece){0, data, 20 * MIB}, 1, &e), &e, ERR_SPACE);
	assert_true(ext4_writer_is_full(w));
	ext4_writer_free(w);
}

static void test_out_of_inodes(void **state)
{
	struct ext4_format_args f = {.path = tmpdir_path(state, "a.ext4"), .size = 64 * MIB, .inodes = 64};
	struct ext4_writer *w;
	struct err e = {0};
	char name[16];
	int i = 0;

	assert_ok(ext4_format(&op, &f, &e), &e);
	w = ext4_writer_open(f.path, &e);
	assert_non_null(w);
	do {
		snprintf(name, sizeof(name), "d%d", i++);
	} while (i < 10000 && ext4_writer_dir(w, name, &plain, &e) == 0);
	assert_int_equal(e.code, ERR_SPACE);
	assert_true(ext4_writer_is_full(w));
	ext4_writer_free(w);
}

static double fill_dir(void **state, int n, const char *pad)
{
	const char *path = tmpdir_path(state, "d.ext4");
	struct ext4_format_args f = {.path = path, .size = GIB, .inodes = (uint64_t)n + 1000};
	int64_t start = clock_mono_us();
	struct err e = {0};
	struct ext4_writer *w;
	char name[256];
	int64_t took;

	assert_ok(ext4_format(&op, &f, &e), &e);
	w = ext4_writer_open(path, &e);
	assert_non_null(w);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "big/%s%d", pad, i);
		assert_ok(ext4_writer_node(w, name, &(struct ext4_attr){.mode = S_IFIFO | 0600}, &e), &e);
	}
	assert_ok(ext4_writer_commit(&op, w, &e), &e);
	took = clock_mono_us() - start;
	ext4_writer_free(w);
	ext4check_clean(path);
	if (n > 1000)
		ext4check_has(path, "htree_dump /big", "Root node dump", NULL);
	snprintf(name, sizeof(name), "stat /big/%s%d", pad, n - 1);
	ext4check_has(path, name, "Type: FIFO", NULL);
	assert_ok(fs_unlink(path, &e), &e);
	return (double)took;
}

/* Quadratic work would make ten times the names cost a hundred times as much. */
static void test_big_directory(void **state)
{
	double small = fill_dir(state, 10000, "name-of-some-length-");
	double large = fill_dir(state, 100000, "name-of-some-length-");

	print_message("10 000 names: %.0f ms, 100 000 names: %.0f ms\n", small / 1000, large / 1000);
	assert_true(large < small * 40 + 2e6);
}

/* Names that leave leaves half empty, directories around the limit of one block and of a one-level index. */
static void test_directory_shapes(void **state)
{
	char pad[240];

	memset(pad, 'p', sizeof(pad) - 1);
	pad[sizeof(pad) - 1] = '\0';
	for (int n = 14; n < 18; n++)
		fill_dir(state, n, pad);
	fill_dir(state, 15 * 506, pad);
	fill_dir(state, 15 * 520, pad);
}

static void test_many_subdirs(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_format_args f = {.path = path, .size = 2 * GIB};
	struct ext4_writer *w;
	struct err e = {0};
	char name[32];

	assert_ok(ext4_format(&op, &f, &e), &e);
	w = ext4_writer_open(path, &e);
	assert_non_null(w);
	for (int i = 0; i < 66000; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		assert_ok(ext4_writer_dir(w, name, &plain, &e), &e);
	}
	finish(w, path);
	ext4check_has(path, "stat /d", "Links: 1 ", NULL);
}

/* 50 paths that imply 2045 directories each. */
static void test_implied_directories_are_limited(void **state)
{
	struct ext4_writer *w = fresh(tmpdir_path(state, "a.ext4"), 4 * GIB);
	char path[4096];
	struct err e = {0};
	int n = 0;

	do {
		int at = snprintf(path, sizeof(path), "%d/", n++);

		while (at < 4090)
			at += snprintf(path + at, sizeof(path) - (size_t)at, "d/");
		snprintf(path + at, sizeof(path) - (size_t)at, "f");
	} while (n < 60 && add_text(w, path, "x", &e) == 0);
	assert_int_equal(e.code, ERR_PROTO);
	assert_in_range(n, 45, 50);
	ext4_writer_free(w);
}

static void test_find(void **state)
{
	struct ext4_writer *w = fresh(tmpdir_path(state, "a.ext4"), 64 * MIB);
	struct ext4_found f;
	struct err e = {0};

	assert_ok(add_text(w, "usr/lib/systemd/systemd", "elf", &e), &e);
	assert_ok(ext4_writer_symlink(w, "sbin", "usr/sbin", &plain, &e), &e);
	assert_ok(ext4_writer_symlink(w, "usr/sbin/init", "../lib/systemd/systemd", &plain, &e), &e);
	assert_ok(ext4_writer_symlink(w, "abs", "/../../sbin/init", &plain, &e), &e);
	assert_ok(ext4_writer_symlink(w, "loop", "loop", &plain, &e), &e);
	assert_true(ext4_writer_find(w, "/sbin/init", &f));
	assert_string_equal(f.name, "systemd");
	assert_true(S_ISREG(f.mode));
	assert_true(ext4_writer_find(w, "abs", &f));
	assert_string_equal(f.name, "systemd");
	assert_true(ext4_writer_find(w, "/", &f));
	assert_true(S_ISDIR(f.mode));
	assert_false(ext4_writer_find(w, "loop", &f));
	assert_false(ext4_writer_find(w, "usr/nothing", &f));
	assert_false(ext4_writer_find(w, "abs/below", &f));
	ext4_writer_free(w);
}

static void test_open_refused(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	const char *junk = tmpdir_path(state, "junk");
	struct ext4_writer *w = fresh(path, 64 * MIB);
	struct err e = {0};
	char uuid[UUID_SIZE];
	uint64_t used;

	assert_ok(add_text(w, "f", "x", &e), &e);
	finish(w, path);
	/* Filled already. */
	assert_null(ext4_writer_open(path, &e));
	assert_int_equal(e.code, ERR_STATE);
	err_clear(&e);
	test_write(junk, "no file system");
	assert_null(ext4_writer_open(junk, &e));
	err_clear(&e);
	assert_err(ext4_uuid_read(junk, uuid, &e), &e, ERR_PROTO);
	assert_err(ext4_used_bytes(junk, &used, &e), &e, ERR_PROTO);
	assert_err(ext4_uuid_read(tmpdir_path(state, "none"), uuid, &e), &e, ERR_NOT_FOUND);
}

/* Content before names: one gets two of them, one replaces what was there, one is not needed. */
static void test_unnamed(void **state)
{
	const char *path = tmpdir_path(state, "a.ext4");
	struct ext4_writer *w = fresh(path, 32 * MIB);
	struct xattr x = {"user.long", path, strlen(path)};
	struct ext4_attr a = {.mode = 04750, .uid = 70000, .mtime = 1000000000, .xattrs = &x, .n_xattrs = 1};
	auto_free char *big = calloc(1, 4 * MIB);
	struct err e = {0};
	uint32_t ino[3];
	uint64_t before;

	memset(big, 'b', 4 * MIB);
	assert_ok(add_text(w, "d/old", "old", &e), &e);
	before = ext4_writer_used(w);
	for (size_t i = 0; i < ARRAY_LEN(ino); i++) {
		struct piece one = {0, i == 2 ? big : "text", i == 2 ? 4 * MIB : 4};
		struct pieces p = {&one, 1, 0};
		struct ext4_source src = {next_piece, &p, one.len};

		assert_ok(ext4_writer_unnamed(&op, w, &a, &src, &ino[i], &e), &e);
	}
	assert_true(ext4_writer_used(w) >= before + 4 * MIB);
	assert_ok(ext4_writer_drop(w, ino[2], &e), &e);
	assert_true(ext4_writer_used(w) < before + MIB);
	assert_ok(ext4_writer_name(w, "first", ino[0], &e), &e);
	assert_ok(ext4_writer_link(w, "second", "first", &e), &e);
	assert_ok(ext4_writer_name(w, "d", ino[1], &e), &e);
	assert_err(ext4_writer_name(w, "d/below", ino[1], &e), &e, ERR_PROTO);
	finish(w, path);
	assert_text(path, "second", "text");
	assert_text(path, "d", "text");
	ext4check_has(path, "stat /first", "Mode:  04750", "User: 70000", "Links: 2", "mtime: 0x3b9aca00", NULL);
	ext4check_has(path, "ea_list /d", "user.long", NULL);
}

/* The superblock is at 1024; where its fields are: fs/ext4/ext4.h. */
static void test_can_be_root(void **state)
{
	enum { LOG_SIZE = 0x18, COMPAT = 0x5c, INCOMPAT = 0x60, RO_COMPAT = 0x64, JOURNAL = 0xe0 };
	static const struct {
		off_t at;
		uint32_t value; /* set among the bits that are there; 0 and LOG_SIZE: instead of them */
		const char *says, *hint; /* NULL: it is taken */
	} rows[] = {
		{INCOMPAT, 0x10000, NULL, NULL}, /* encrypt: what of it is encrypted is another thing */
		{INCOMPAT, 0x400, NULL, NULL},	 /* ea_inode */
		{RO_COMPAT, 0x2000, NULL, NULL}, /* project */
		{RO_COMPAT, 0x8000, NULL, NULL}, /* verity */
		{INCOMPAT, 0x20000, "casefold", "tune2fs -O ^casefold 'a file'"},
		{RO_COMPAT, 0x100, "quota", "tune2fs -O ^quota 'a file'"},
		{INCOMPAT, 0x8, "journal of another file system", ""},
		{JOURNAL, 0, "journal is on another device", ""},
		{LOG_SIZE, 6, "larger than 4096 bytes", ""},
		{INCOMPAT, 0x1, "does not know", ""},
		{INCOMPAT, 0x80000000, "does not know", ""},
		{RO_COMPAT, 0x4000, "does not know", ""},
	};
	struct ext4_format_args a = {.path = tmpdir_path(state, "a.ext4"), .size = EXT4_MIN_BYTES};
	struct err e = {0};
	uint32_t was, now;
	auto_fd fd = -1;

	assert_ok(ext4_format(&op, &a, &e), &e);
	assert_ok(ext4_can_be_root(a.path, "it", "'a file'", &e), &e);
	fd = open(a.path, O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool instead = rows[i].value == 0 || rows[i].at == LOG_SIZE;

		assert_int_equal(pread(fd, &was, sizeof(was), 1024 + rows[i].at), sizeof(was));
		now = htole32(instead ? rows[i].value : le32toh(was) | rows[i].value);
		assert_int_equal(pwrite(fd, &now, sizeof(now), 1024 + rows[i].at), sizeof(now));
		if (!rows[i].says) {
			assert_ok(ext4_can_be_root(a.path, "it", "'a file'", &e), &e);
		} else {
			assert_int_equal(ext4_can_be_root(a.path, "it", "'a file'", &e), -1);
			if (e.code != ERR_STATE || !strstr(e.msg, rows[i].says) || strcmp(e.hint, rows[i].hint) != 0)
				fail_msg("%zu: %s / %s", i, e.msg, e.hint);
			err_clear(&e);
		}
		assert_int_equal(pwrite(fd, &was, sizeof(was), 1024 + rows[i].at), sizeof(was));
	}
	/* As its predecessors were. */
	now = 0;
	assert_int_equal(pwrite(fd, &now, sizeof(now), 1024 + COMPAT), sizeof(now));
	assert_ok(ext4_can_be_root(a.path, "it", NULL, &e), &e);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_format),
		T(test_format_tables_zeroed),
		T(test_format_sizes),
		T(test_format_refused),
		T(test_format_canceled),
		T(test_copied),
		T(test_copied_backups),
		T(test_copied_damaged),
		T(test_copied_refused),
		T(test_empty),
		T(test_every_type),
		T(test_xattrs),
		T(test_times),
		T(test_replace),
		T(test_unnamed),
		T(test_refused),
		T(test_control_characters_shown_clean),
		T(test_data),
		T(test_sparse),
		T(test_many_extents),
		T(test_full),
		T(test_out_of_inodes),
		T(test_big_directory),
		T(test_directory_shapes),
		T(test_many_subdirs),
		T(test_find),
		T(test_implied_directories_are_limited),
		T(test_open_refused),
		T(test_can_be_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
