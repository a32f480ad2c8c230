/* SPDX-License-Identifier: MIT */
/*
 * base/fs: replacement is whole or not at all, removal never leaves its tree, copies keep their holes.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = -2;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void makes_directories_with_their_mode(void **state)
{
	struct err e = {0};
	mode_t old = umask(077);

	assert_ok(fs_mkdir_p(tmpdir_path(state, "a/b//c/"), 0755, &e), &e);
	umask(old);
	assert_int_equal(mode_of(tmpdir_path(state, "a")), 0755);
	assert_int_equal(mode_of(tmpdir_path(state, "a/b/c")), 0755);
	assert_ok(fs_mkdir_p(tmpdir_path(state, "a/b"), 0700, &e), &e);
	assert_int_equal(mode_of(tmpdir_path(state, "a/b")), 0755);
	test_write(tmpdir_path(state, "file"), "x");
	assert_err(fs_mkdir_p(tmpdir_path(state, "file"), 0700, &e), &e, ERR_EXISTS);
	assert_err(fs_mkdir_p(tmpdir_path(state, "file/sub"), 0700, &e), &e, ERR_EXISTS);
}

static void replaces_atomically_with_exact_mode(void **state)
{
	const char *path = tmpdir_path(state, "f");
	struct err e = {0};
	mode_t old = umask(077);

	assert_ok(fs_write_atomic(path, "one", 3, 0644, &e), &e);
	assert_ok(fs_write_atomic(path, "two!", 4, 0640, &e), &e);
	umask(old);
	auto_free char *text = test_read(path);
	assert_string_equal(text, "two!");
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(entries(*state), 1);
}

static void a_failed_replacement_leaves_nothing(void **state)
{
	struct err e = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, "dir/full"), 0700, &e), &e);
	assert_int_equal(fs_write_atomic(tmpdir_path(state, "dir"), "x", 1, 0600, &e), -1);
	err_clear(&e);
	assert_int_equal(entries(*state), 1);
	assert_err(fs_write_atomic(tmpdir_path(state, "no/such"), "x", 1, 0600, &e), &e, ERR_NOT_FOUND);
}

static void reads_up_to_its_limit(void **state)
{
	const char *path = tmpdir_path(state, "f");
	struct err e = {0};
	auto_buf b = {0};

	test_write(path, "12345");
	assert_ok(fs_read_file(path, 5, &b, &e), &e);
	assert_string_equal(buf_cstr(&b), "12345");
	assert_err(fs_read_file(path, 4, &b, &e), &e, ERR_PROTO);
	assert_err(fs_read_file(tmpdir_path(state, "none"), 4, &b, &e), &e, ERR_NOT_FOUND);
	assert_ok(fs_read_file("/dev/null", 4, &b, &e), &e);
}

/* Nobody may ever write into it: opening it must not wait for that. */
static void a_named_pipe_is_no_file(void **state)
{
	const char *path = tmpdir_path(state, "pipe");
	auto_buf b = {0};
	struct err e = {0};

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_err(fs_read_file(path, 4, &b, &e), &e, ERR_USAGE);
}

static void removal_never_follows_links(void **state)
{
	const char *tree = tmpdir_path(state, "tree");
	const char *kept = tmpdir_path(state, "outside/keep");
	struct err e = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, "outside"), 0700, &e), &e);
	test_write(kept, "precious");
	assert_ok(fs_mkdir_p(tmpdir_path(state, "tree/sub"), 0700, &e), &e);
	assert_int_equal(symlink("../../outside", tmpdir_path(state, "tree/sub/rel")), 0);
	assert_int_equal(symlink("/", tmpdir_path(state, "tree/root")), 0);
	assert_int_equal(link(tmpdir_path(state, "outside/keep"), tmpdir_path(state, "tree/hard")), 0);
	tree = tmpdir_path(state, "tree");
	assert_ok(fs_remove_tree(tree, &e), &e);
	assert_false(fs_exists(tree));
	auto_free char *text = test_read(tmpdir_path(state, "outside/keep"));
	assert_string_equal(text, "precious");
}

static void removing_a_link_removes_the_link(void **state)
{
	struct err e = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, "dir"), 0700, &e), &e);
	test_write(tmpdir_path(state, "dir/f"), "x");
	assert_int_equal(symlink("dir", tmpdir_path(state, "link")), 0);
	assert_ok(fs_remove_tree(tmpdir_path(state, "link"), &e), &e);
	assert_int_equal(entries(tmpdir_path(state, "dir")), 1);
	assert_false(fs_exists(tmpdir_path(state, "link")));
	assert_ok(fs_remove_tree(tmpdir_path(state, "dir/f"), &e), &e);
	assert_ok(fs_remove_tree(tmpdir_path(state, "never was"), &e), &e);
}

static void removes_what_is_deep_or_read_only(void **state)
{
	int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = {0};

	/* Deeper than PATH_MAX can name and than our descriptors would reach. */
	assert_int_equal(mkdirat(dir, "deep", 0700), 0);
	int at = openat(dir, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(mkdirat(at, "nested", 0700), 0);
		int next = openat(at, "nested", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
	close(at);
	assert_int_equal(mkdirat(dir, "deep/locked", 0700), 0);
	test_write(tmpdir_path(state, "deep/locked/f"), "x");
	assert_int_equal(fchmodat(dir, "deep/locked", 0500, 0), 0);
	close(dir);
	assert_ok(fs_remove_tree(tmpdir_path(state, "deep"), &e), &e);
	assert_int_equal(entries(*state), 0);
}

/* 64 MiB with two islands of data. */
static void make_islands(const char *path)
{
	struct err e = {0};

	assert_ok(fs_create_sparse(path, 64 << 20, 0600, &e), &e);
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "island", 6, 8 << 20), 6);
	assert_int_equal(pwrite(fd, "coast", 5, (64 << 20) - 5), 5);
}

static void take_progress(void *arg, const struct op_stage *st)
{
	*(int64_t *)arg = st->done;
}

static void copies_keep_their_holes(void **state)
{
	const char *from = tmpdir_path(state, "from");
	const char *to = tmpdir_path(state, "to");
	struct err e = {0};
	int64_t done = 0;
	struct stat st;
	struct op op;
	char text[8] = "";

	make_islands(from);
	op_init(&op, -1);
	op.on_stage = take_progress;
	op.arg = &done;
	assert_ok(fs_copy_sparse(&op, from, to, 0640, &e), &e);
	assert_int_equal(done, 64 << 20);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_size, 64 << 20);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(fs_allocated(to) < 4 << 20);
	auto_fd fd = open(to, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, text, 6, 8 << 20), 6);
	assert_string_equal(text, "island");
	memset(text, 0, sizeof(text));
	assert_int_equal(pread(fd, text, 5, (64 << 20) - 5), 5);
	assert_string_equal(text, "coast");
	assert_err(fs_copy_sparse(&op, from, to, 0600, &e), &e, ERR_EXISTS);
	assert_true(fs_exists(to));
	op_done(&op);
}

static void copies_between_file_systems(void **state)
{
	const char *to = tmpdir_path(state, "status");
	struct err e = {0};
	struct op op;

	op_init(&op, -1);
	make_islands(tmpdir_path(state, "from"));
	/* /dev/shm is a tmpfs wherever it exists: no FICLONE, often another file system. */
	char far[64];
	snprintf(far, sizeof(far), "/dev/shm/banger-test-copy.%d", (int)getpid());
	if (access("/dev/shm", W_OK) == 0) {
		assert_ok(fs_copy_sparse(&op, tmpdir_path(state, "from"), far, 0600, &e), &e);
		assert_true(fs_allocated(far) < 4 << 20);
		assert_ok(fs_copy_sparse(&op, far, to, 0600, &e), &e);
		assert_ok(fs_unlink(far, &e), &e);
		assert_true(fs_allocated(to) < 4 << 20);
	}
	op_done(&op);
}

static void a_cancelled_copy_leaves_nothing(void **state)
{
	const char *from = tmpdir_path(state, "from");
	const char *to = tmpdir_path(state, "to");
	struct err e = {0};
	struct op op;

	make_islands(from);
	op_init(&op, -1);
	assert_err(fs_copy_sparse(&op, *state, to, 0600, &e), &e, ERR_USAGE);
	op_cancel(&op);
	assert_err(fs_copy_sparse(&op, from, to, 0600, &e), &e, ERR_CANCELED);
	assert_false(fs_exists(to));
	op_done(&op);
}

static void sparse_files_take_no_room(void **state)
{
	const char *path = tmpdir_path(state, "disk");
	struct err e = {0};
	uint64_t avail;
	uint64_t total;
	struct stat st;

	assert_ok(fs_create_sparse(path, 1ULL << 30, 0600, &e), &e);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1 << 30);
	assert_int_equal(fs_allocated(path), 0);
	assert_int_equal(fs_allocated(tmpdir_path(state, "none")), 0);
	assert_err(fs_create_sparse(path, 1, 0600, &e), &e, ERR_EXISTS);
	assert_int_equal(fs_create_sparse(tmpdir_path(state, "huge"), UINT64_MAX, 0600, &e), -1);
	assert_false(fs_exists(tmpdir_path(state, "huge")));
	err_clear(&e);
	assert_ok(fs_space(*state, &avail, &total, &e), &e);
	assert_true(avail <= total && total > 0);
}

static void unlink_and_rename(void **state)
{
	struct err e = {0};

	test_write(tmpdir_path(state, "a"), "1");
	assert_ok(fs_rename_sync(tmpdir_path(state, "a"), tmpdir_path(state, "b"), &e), &e);
	assert_false(fs_exists(tmpdir_path(state, "a")));
	assert_ok(fs_unlink(tmpdir_path(state, "b"), &e), &e);
	assert_ok(fs_unlink(tmpdir_path(state, "b"), &e), &e);
	assert_err(fs_rename_sync(tmpdir_path(state, "a"), tmpdir_path(state, "b"), &e), &e, ERR_NOT_FOUND);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(makes_directories_with_their_mode),	T(replaces_atomically_with_exact_mode),
		T(a_failed_replacement_leaves_nothing), T(reads_up_to_its_limit),
		T(a_named_pipe_is_no_file),
		T(removal_never_follows_links),		T(removing_a_link_removes_the_link),
		T(removes_what_is_deep_or_read_only),	T(copies_keep_their_holes),
		T(copies_between_file_systems),		T(a_cancelled_copy_leaves_nothing),
		T(sparse_files_take_no_room),		T(unlink_and_rename),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
