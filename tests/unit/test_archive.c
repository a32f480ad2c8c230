/* SPDX-License-Identifier: MIT */
/*
 * The guest's archive of its root against the host's reader and builder: what stands in a tree stands in the image.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/op.h"
#include "base/spawn.h"
#include "base/tar.h"
#include "core/image/import.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SEEDS 40
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

/* ---- archives */

static void archive(void **state, const char *home)
{
	char root[512];
	const char *argv[] = {GUEST_ARCHIVE, root, home, NULL};
	struct err e = {0};
	auto_fd out = open(tmpdir_path(state, "tar"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct spawn_run_args a = {.argv = argv, .stdout_fd = out};

	snprintf(root, sizeof(root), "%s", tmpdir_path(state, "t"));
	assert_true(out > 0);
	assert_ok(spawn_run(&op, &a, NULL, &e), &e);
}

struct got {
	struct tar_entry t;
	char target[TAR_NAME_MAX + 1];
	struct buf data;   /* without the holes */
	uint64_t first;	   /* where its first piece begins */
	char xattr[64];	   /* value of the one asked for */
	size_t xattr_len;
};

/* The member of that name; false when there is none. The last one, should there be several. */
static bool find(void **state, const char *name, const char *xattr, struct got *ret)
{
	struct err e = {0};
	auto_fd fd = open(tmpdir_path(state, "tar"), O_RDONLY | O_CLOEXEC);
	struct tar_reader *r = tar_reader_new(&op, fd, "tar", NULL, &e);
	bool found = false;
	struct tar_entry t;
	int rc;

	assert_non_null(r);
	while ((rc = tar_reader_next(&op, r, &t, &e)) > 0) {
		const void *data;
		uint64_t offset;
		size_t len;

		if (strcmp(t.name, name) != 0)
			continue;
		assert_false(found);
		found = true;
		*ret = (struct got){.t = t};
		snprintf(ret->target, sizeof(ret->target), "%s", t.target ? t.target : "");
		for (size_t i = 0; i < t.n_xattrs && xattr; i++)
			if (strcmp(t.xattrs[i].name, xattr) == 0 && t.xattrs[i].len < sizeof(ret->xattr)) {
				memcpy(ret->xattr, t.xattrs[i].value, t.xattrs[i].len);
				ret->xattr_len = t.xattrs[i].len;
			}
		for (bool first = true; t.type == TAR_FILE && tar_reader_data(&op, r, &data, &len, &offset, &e) > 0;) {
			ret->first = first && len ? offset : ret->first;
			first = first && !len;
			buf_add(&ret->data, data, len);
		}
	}
	assert_ok(rc, &e);
	tar_reader_free(r);
	return found;
}

static bool has(void **state, const char *name)
{
	struct got g = {0};
	bool found = find(state, name, NULL, &g);

	buf_done(&g.data);
	return found;
}

static void expect_text(void **state, const char *name, const char *text)
{
	struct got g = {0};

	assert_true(find(state, name, NULL, &g));
	assert_int_equal(g.t.type, TAR_FILE);
	assert_int_equal(g.t.size, strlen(text));
	assert_string_equal(buf_cstr(&g.data), text);
	buf_done(&g.data);
}

/* ---- what each kind of file carries */

static void set_time(const char *path, int64_t sec, long ns)
{
	struct timespec times[2] = {{.tv_sec = sec, .tv_nsec = ns}, {.tv_sec = sec, .tv_nsec = ns}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void modes_times_and_links_are_kept(void **state)
{
	struct got g = {0};
	char a[512], b[512];

	tmpdir_put(state, "t/bin/su", "setuid");
	tmpdir_put(state, "t/old", "old");
	assert_int_equal(chmod(tmpdir_path(state, "t/bin/su"), 04755), 0);
	set_time(tmpdir_path(state, "t/bin/su"), 1234567890, 123456789);
	set_time(tmpdir_path(state, "t/old"), -2, 250000000);
	snprintf(a, sizeof(a), "%s", tmpdir_path(state, "t/bin/su"));
	snprintf(b, sizeof(b), "%s", tmpdir_path(state, "t/bin/zz"));
	assert_int_equal(link(a, b), 0);
	assert_int_equal(symlink("/abs\xff/../olute", tmpdir_path(state, "t/sym")), 0);
	assert_int_equal(mkfifo(tmpdir_path(state, "t/fifo"), 0640), 0);
	archive(state, NULL);

	/* Whichever was met first is the file, the other one is its link. */
	assert_true(find(state, "bin/su", NULL, &g));
	if (g.t.type == TAR_HARDLINK) {
		assert_string_equal(g.target, "bin/zz");
		assert_true(find(state, "bin/zz", NULL, &g));
	}
	assert_int_equal(g.t.mode, 04755);
	assert_int_equal(g.t.uid, getuid());
	assert_int_equal(g.t.mtime, 1234567890);
	assert_int_equal(g.t.mtime_ns, 123456789);
	assert_string_equal(buf_cstr(&g.data), "setuid");
	buf_done(&g.data);
	assert_true(find(state, "old", NULL, &g));
	assert_true(g.t.mtime == -2 || g.t.mtime == -1); /* readers differ in which way a fraction before 1970 counts */
	buf_done(&g.data);
	assert_true(find(state, "sym", NULL, &g));
	assert_int_equal(g.t.type, TAR_SYMLINK);
	assert_string_equal(g.target, "/abs\xff/../olute");
	assert_true(find(state, "fifo", NULL, &g));
	assert_int_equal(g.t.type, TAR_FIFO);
}

static void names_are_bytes(void **state)
{
	char name[1200] = "t/", deep[1200] = "";
	const char *const names[] = {"latin1-\xe4\xf6\xfc", "utf8-\xc3\xa4", "a\nb", "  spaces  ", "back\\slash", "=", "\xff\xfe\x80"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "t/%s", names[i]);
		tmpdir_put(state, name, names[i]);
	}
	for (int i = 0; i < 4; i++) {
		memset(deep + strlen(deep), i == 2 ? '\xe9' : 'd', 200);
		strcat(deep, "/");
	}
	strcat(deep, "f");
	snprintf(name, sizeof(name), "t/%s", deep);
	tmpdir_put(state, name, "deep");
	archive(state, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect_text(state, names[i], names[i]);
	expect_text(state, deep, "deep");
}

static void holes_stay_holes(void **state)
{
	auto_fd fd = -1;
	struct stat st;
	struct got g = {0};

	tmpdir_put(state, "t/x", "");
	tmpdir_put(state, "t/\xfcmlaut", "");
	fd = open(tmpdir_path(state, "t/\xfcmlaut"), O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)(20 * GIB)), 0);
	assert_int_equal(pwrite(fd, "here", 4, (off_t)(9 * GIB)), 4);
	assert_int_equal(truncate(tmpdir_path(state, "t/x"), (off_t)GIB), 0);
	archive(state, NULL);
	assert_int_equal(stat(tmpdir_path(state, "tar"), &st), 0);
	assert_true((uint64_t)st.st_size < 4 * MIB);
	assert_true(find(state, "\xfcmlaut", NULL, &g));
	assert_int_equal(g.t.size, 20 * GIB);
	assert_true(g.first <= 9 * GIB && g.first > 8 * GIB);
	assert_memory_equal(buf_cstr(&g.data) + (9 * GIB - g.first), "here", 4);
	buf_done(&g.data);
	assert_true(find(state, "x", NULL, &g));
	assert_int_equal(g.t.size, GIB);
	buf_done(&g.data);
}

static void attributes_come_along(void **state)
{
	const char value[] = "bin\0ary\n=x";
	struct got g = {0};

	tmpdir_put(state, "t/f", "x");
	if (setxattr(tmpdir_path(state, "t/f"), "user.mine", value, sizeof(value), 0) < 0)
		skip();
	archive(state, NULL);
	assert_true(find(state, "f", "user.mine", &g));
	assert_int_equal(g.xattr_len, sizeof(value));
	assert_memory_equal(g.xattr, value, sizeof(value));
	buf_done(&g.data);
}

/* ---- what is left out */

static void make_socket(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
}

static void the_rules_are_kept(void **state)
{
	char home[512];

	tmpdir_put(state, "t/proc/1/mem", "x");
	tmpdir_put(state, "t/a/proc/kept", "kept");
	tmpdir_put(state, "t/a/tmp/x", "x");
	tmpdir_put(state, "t/etc/secret", "x");
	tmpdir_put(state, "t/etc/secrets", "kept");
	tmpdir_put(state, "t/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 me\n");
	tmpdir_put(state, "t/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	tmpdir_put(state, "t/root/covered", "x");
	tmpdir_put(state, "t/gone/below", "x");
	tmpdir_put(state, "h/.profile", "home");
	tmpdir_put(state, "h/lost+found/x", "x");
	make_socket(tmpdir_path(state, "t/sock"));
	snprintf(home, sizeof(home), "%s", tmpdir_path(state, "h"));
	assert_int_equal(chmod(home, 0700), 0);
	archive(state, home);
	assert_true(has(state, ""));
	assert_true(has(state, "proc"));
	assert_false(has(state, "proc/1"));
	assert_true(has(state, "a/tmp"));
	assert_false(has(state, "a/tmp/x"));
	assert_false(has(state, "etc/secret"));
	assert_false(has(state, "gone"));
	assert_false(has(state, "gone/below"));
	assert_false(has(state, "sock"));
	assert_false(has(state, "root/covered"));
	assert_false(has(state, "root/lost+found"));
	expect_text(state, "a/proc/kept", "kept");
	expect_text(state, "etc/secrets", "kept");
	expect_text(state, "etc/hosts", "127.0.0.1 localhost\n");
	expect_text(state, "etc/machine-id", "");
	expect_text(state, "root/.profile", "home");

	archive(state, NULL);
	expect_text(state, "root/covered", "x");
}

/* ---- trees drawn at random */

static unsigned seed;

static unsigned draw(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static void draw_name(char *ret)
{
	size_t len = draw(12) ? 1 + draw(12) : 100 + draw(156);

	for (size_t i = 0; i < len; i++)
		do
			ret[i] = draw(4) ? (char)('a' + draw(26)) : (char)(1 + draw(255));
		while (ret[i] == '/');
	ret[len] = '\0';
	if (strcmp(ret, ".") == 0 || strcmp(ret, "..") == 0)
		ret[0] = 'x';
}

static void draw_content(const char *path)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char block[5000];
	off_t at = 0;

	assert_true(fd >= 0);
	memset(block, 'a' + (int)draw(26), sizeof(block));
	for (unsigned n = draw(4); n > 0; n--) {
		size_t len = draw(sizeof(block));

		at += draw(2) ? (off_t)draw(32768) * 40 : 0;
		assert_int_equal(pwrite(fd, block, len, at), len);
		at += (off_t)len;
	}
	if (draw(4) == 0)
		assert_int_equal(ftruncate(fd, at + (off_t)draw(300000)), 0);
}

static void draw_node(const char *path)
{
	if (geteuid() == 0 && draw(2) && mknod(path, draw(2) ? S_IFCHR : S_IFBLK, makedev(draw(4000), draw(1 << 20))) == 0)
		return;
	assert_int_equal(mkfifo(path, 0600), 0);
}

/* Attributes last: a directory's time changes with what is put in it. */
static void dress(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	if (geteuid() == 0)
		assert_int_equal(lchown(path, draw(3) ? draw(70000) : 3000000000u + draw(9), draw(70000)), 0);
	if (!S_ISLNK(st.st_mode)) {
		assert_int_equal(chmod(path, (mode_t)draw(010000) | (geteuid() ? 0700 : 0)), 0);
		if (draw(3) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			(void)!setxattr(path, "user.drawn", path, draw(40), 0);
	}
	set_time(path, (int64_t)draw(32768) * 60000, draw(2) ? (long)draw(32768) * 30000 : 0);
}

static void draw_tree(const char *dir, int depth, char (*files)[4096], size_t *n_files)
{
	for (unsigned n = 1 + draw(7); n > 0; n--) {
		char name[260], path[4096];
		struct stat st;
		unsigned kind = draw(10);

		draw_name(name);
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (lstat(path, &st) == 0)
			continue;
		if (kind < 3 && depth < 5) {
			assert_int_equal(mkdir(path, 0700), 0);
			draw_tree(path, depth + 1, files, n_files);
		} else if (kind == 3) {
			assert_int_equal(symlink(draw(2) ? "/to/nowhere" : name, path), 0);
		} else if (kind == 4) {
			draw_node(path);
		} else if (kind < 7 && *n_files) {
			assert_int_equal(linkat(AT_FDCWD, files[draw((unsigned)*n_files)], AT_FDCWD, path, 0), 0);
			continue; /* its attributes are the other's */
		} else {
			draw_content(path);
		}
		if (!(kind < 3 && depth < 5) && *n_files < 64)
			snprintf(files[(*n_files)++], sizeof(*files), "%s", path);
		if (kind >= 3 || depth >= 5)
			dress(path);
	}
	dress(dir);
}

static void list(const char *what, struct buf *ret)
{
	const char *argv[] = {TREELIST, what, NULL};
	struct spawn_run_args a = {.argv = argv, .max_output = 16 * MIB};
	struct err e = {0};

	assert_ok(spawn_run(&op, &a, ret, &e), &e);
}

static void random_trees_become_the_same_image(void **state)
{
	char(*files)[4096] = calloc(64, sizeof(*files));

	assert_non_null(files);
	for (unsigned i = 1; i <= SEEDS; i++) {
		auto_buf wanted = {0}, got = {0};
		char root[512], image[512], tar[512];
		struct import_tar_args a = {.tar_path = tar, .fd = -1, .dst = image, .min_bytes = 64 * MIB};
		struct import_info info;
		struct err e = {0};
		size_t n_files = 0;

		seed = i;
		snprintf(root, sizeof(root), "%s", tmpdir_path(state, "t"));
		snprintf(image, sizeof(image), "%s", tmpdir_path(state, "image"));
		snprintf(tar, sizeof(tar), "%s", tmpdir_path(state, "tar"));
		assert_int_equal(mkdir(root, 0700), 0);
		draw_tree(root, 0, files, &n_files);
		archive(state, NULL);
		assert_ok(import_tar(&op, &a, &info, &e), &e);
		list(root, &wanted);
		list(image, &got);
		if (strcmp(buf_cstr(&wanted), buf_cstr(&got)) != 0)
			print_message("tree %u\n", i);
		assert_string_equal(buf_cstr(&got), buf_cstr(&wanted));
		assert_ok(fs_remove_tree(root, &e), &e);
		assert_int_equal(unlink(image), 0);
	}
	free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(modes_times_and_links_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(holes_stay_holes, setup, teardown),
		cmocka_unit_test_setup_teardown(attributes_come_along, setup, teardown),
		cmocka_unit_test_setup_teardown(the_rules_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(random_trees_become_the_same_image, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
