/* SPDX-License-Identifier: MIT */
/*
 * engine: what is told of a directory, and of what stands in its place. Real directories, the whole way from the port.
 */
#include "tests/lib/rig.h"

#include "base/fd.h"
#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	char path[REQ_PATH_SIZE], name[DIR_ENTRY_NAME_SIZE];
	struct dir_entry entries[DIR_ENTRIES_MAX];
	size_t n;
	bool cut;
	int heads;
	struct err err;
} got;

/* Ask, and take all that is told until the end. Nothing is heard of a job. */
static void list(struct rig *r, const char *path)
{
	struct request q = {.kind = REQ_DIR_LIST};
	struct event ev = {.kind = EV_NONE};
	struct err e = {0};
	uint64_t id;

	memset(&got, 0, sizeof(got));
	str_copy(q.path, sizeof(q.path), path);
	assert_ok(r->port.submit(r->port.self, &q, &id, &e), &e);
	while (ev.kind != EV_DIR || ev.dir.part != DIR_END) {
		assert_ok(engine_wait_event(&r->op, &r->port, &ev, &e), &e);
		assert_false(ev.kind == EV_JOB && ev.job.kind == REQ_DIR_LIST);
		if (ev.kind != EV_DIR)
			continue;
		assert_int_equal(ev.dir.job, id);
		if (ev.dir.part == DIR_HEAD) {
			got.heads++;
			str_copy(got.path, sizeof(got.path), ev.dir.path);
			str_copy(got.name, sizeof(got.name), ev.dir.name);
		} else if (ev.dir.part == DIR_ENTRIES) {
			assert_int_equal(got.heads, 1);
			assert_in_range(ev.dir.n, 1, DIR_PIECE);
			assert_true(got.n + ev.dir.n <= DIR_ENTRIES_MAX);
			memcpy(got.entries + got.n, ev.dir.entries, ev.dir.n * sizeof(got.entries[0]));
			got.n += ev.dir.n;
		}
	}
	got.cut = ev.dir.cut;
	got.err = ev.dir.err;
}

static void open_rig(struct rig *r, void **state)
{
	rig_make(r, state);
	assert_int_equal(rig_open(r), 0);
}

static void make_dir(void **state, const char *name)
{
	assert_int_equal(mkdir(tmpdir_path(state, name), 0700), 0);
}

static void assert_entry(size_t i, const char *name, enum dir_kind kind, bool link)
{
	assert_true(i < got.n);
	assert_string_equal(got.entries[i].name, name);
	assert_int_equal(got.entries[i].kind, kind);
	assert_int_equal(got.entries[i].link, link);
}

/* The pipe has no writer: whoever opened it would wait here for ever. */
static void everything_is_told_in_order_for_what_it_is(void **state)
{
	struct rig r;

	open_rig(&r, state);
	make_dir(state, "d");
	make_dir(state, "d/zoo");
	tmpdir_put(state, "d/b.tar", "12345");
	tmpdir_put(state, "d/A.img", "");
	tmpdir_put(state, "d/.hid", "");
	tmpdir_put(state, "d/odd\033\xff name", "1");
	assert_int_equal(mkfifo(tmpdir_path(state, "d/pipe"), 0600), 0);
	assert_int_equal(symlink("nowhere", tmpdir_path(state, "d/broken")), 0);
	assert_int_equal(symlink("loop", tmpdir_path(state, "d/loop")), 0);
	assert_int_equal(symlink("zoo", tmpdir_path(state, "d/adir")), 0);
	assert_int_equal(symlink("b.tar", tmpdir_path(state, "d/last")), 0);
	list(&r, tmpdir_path(state, "d//zoo/../."));
	assert_int_equal(got.err.code, ERR_NONE);
	assert_string_equal(got.path, tmpdir_path(state, "d"));
	assert_string_equal(got.name, "");
	assert_int_equal(got.n, 10);
	assert_false(got.cut);
	assert_entry(0, "adir", DIR_FOLDER, true);
	assert_entry(1, "zoo", DIR_FOLDER, false);
	assert_entry(2, ".hid", DIR_FILE, false);
	assert_entry(3, "A.img", DIR_FILE, false);
	assert_entry(4, "b.tar", DIR_FILE, false);
	assert_entry(5, "broken", DIR_BROKEN, true);
	assert_entry(6, "last", DIR_FILE, true);
	assert_entry(7, "loop", DIR_BROKEN, true);
	assert_entry(8, "odd\033\xff name", DIR_FILE, false);
	assert_entry(9, "pipe", DIR_OTHER, false);
	assert_int_equal(got.entries[4].bytes, 5);
	assert_int_equal(got.entries[6].bytes, 5);
	assert_true(got.entries[4].changed_ms > 0);
	rig_close(&r);
}

static void of_a_file_its_directory_is_told(void **state)
{
	struct rig r;

	open_rig(&r, state);
	make_dir(state, "d");
	tmpdir_put(state, "d/b.tar", "12345");
	assert_int_equal(mkfifo(tmpdir_path(state, "d/pipe"), 0600), 0);
	list(&r, tmpdir_path(state, "d/b.tar"));
	assert_string_equal(got.path, tmpdir_path(state, "d"));
	assert_string_equal(got.name, "b.tar");
	assert_int_equal(got.n, 2);
	list(&r, tmpdir_path(state, "d/pipe"));
	assert_string_equal(got.name, "pipe");
	list(&r, "/dev/null");
	assert_string_equal(got.path, "/dev");
	assert_string_equal(got.name, "null");
	rig_close(&r);
}

static void what_cannot_be_read_says_why(void **state)
{
	struct rig r;
	char far[REQ_PATH_SIZE];

	open_rig(&r, state);
	tmpdir_put(state, "file", "");
	list(&r, tmpdir_path(state, "nothing"));
	assert_int_equal(got.err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(got.err.msg, "nothing"));
	assert_string_equal(got.path, tmpdir_path(state, "nothing")); /* so that one can go up from there */
	list(&r, tmpdir_path(state, "file/below"));
	assert_int_equal(got.err.code, ERR_SYS);
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = 0;
	list(&r, far); /* relative: with what is before it, too long */
	assert_int_equal(got.err.code, ERR_USAGE);
	assert_int_equal(got.heads, 0);
	make_dir(state, "locked");
	assert_int_equal(chmod(tmpdir_path(state, "locked"), 0), 0);
	list(&r, tmpdir_path(state, "locked"));
	assert_int_equal(got.err.code, geteuid() ? ERR_PERM : ERR_NONE);
	assert_int_equal(chmod(tmpdir_path(state, "locked"), 0700), 0);
	rig_close(&r);
}

static void paths_begin_at_home_or_where_we_are(void **state)
{
	char here[PATHS_MAX];
	struct rig r;

	open_rig(&r, state);
	make_dir(state, "home");
	make_dir(state, "home/images");
	make_dir(state, "here");
	assert_non_null(getcwd(here, sizeof(here)));
	setenv("HOME", tmpdir_path(state, "home"), 1);
	assert_int_equal(chdir(tmpdir_path(state, "here")), 0);
	list(&r, "~");
	assert_string_equal(got.path, tmpdir_path(state, "home"));
	list(&r, "~/images");
	assert_string_equal(got.path, tmpdir_path(state, "home/images"));
	list(&r, "");
	assert_string_equal(got.path, tmpdir_path(state, "here"));
	list(&r, "../home");
	assert_string_equal(got.path, tmpdir_path(state, "home"));
	list(&r, "~nobody"); /* a name like any other */
	assert_int_equal(got.err.code, ERR_NOT_FOUND);
	/* Where we are is no more. */
	assert_int_equal(rmdir(tmpdir_path(state, "here")), 0);
	list(&r, "");
	assert_string_equal(got.path, tmpdir_path(state, "home"));
	assert_int_equal(chdir(here), 0);
	rig_close(&r);
}

static bool is_told(const char *name)
{
	for (size_t i = 0; i < got.n; i++)
		if (strcmp(got.entries[i].name, name) == 0)
			return got.entries[i].kind == DIR_FILE;
	return false;
}

/* One that was left out is there when it is asked for. */
static void ask_for_one_left_out(struct rig *r, void **state)
{
	char name[16] = "", path[PATHS_MAX];

	for (int i = 0; i < DIR_ENTRIES_MAX + 20 && (!*name || is_told(name)); i++)
		snprintf(name, sizeof(name), "%05d", i);
	assert_false(is_told(name));
	list(r, path_join(path, sizeof(path), tmpdir_path(state, "d"), "%s", name));
	assert_string_equal(got.name, name);
	assert_int_equal(got.n, DIR_ENTRIES_MAX);
	assert_true(got.cut && is_told(name));
}

static void a_large_directory_is_cut_and_says_so(void **state)
{
	auto_fd dir = -1;
	struct rig r;

	open_rig(&r, state);
	make_dir(state, "d");
	dir = open(tmpdir_path(state, "d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < DIR_ENTRIES_MAX + 20; i++) {
		char name[16];

		if (i == DIR_ENTRIES_MAX) {
			list(&r, tmpdir_path(state, "d"));
			assert_int_equal(got.n, DIR_ENTRIES_MAX);
			assert_false(got.cut);
		}
		snprintf(name, sizeof(name), "%05d", i);
		assert_int_equal(mknodat(dir, name, S_IFREG | 0600, 0), 0);
	}
	list(&r, tmpdir_path(state, "d"));
	assert_int_equal(got.n, DIR_ENTRIES_MAX);
	assert_true(got.cut);
	for (size_t i = 1; i < got.n; i++)
		assert_true(strcmp(got.entries[i - 1].name, got.entries[i].name) < 0);
	ask_for_one_left_out(&r, state);
	rig_close(&r);
}

/* Who asks, and then for something else, hears of either what it asked last or of both; the engine ends in between. */
static void a_question_can_be_taken_back(void **state)
{
	struct request q = {.kind = REQ_DIR_LIST, .path = "/"};
	struct err e = {0};
	struct rig r;
	uint64_t id;

	open_rig(&r, state);
	for (int i = 0; i < 50; i++) {
		assert_ok(r.port.submit(r.port.self, &q, &id, &e), &e);
		(void)r.port.cancel(r.port.self, id, NULL);
	}
	assert_ok(r.port.submit(r.port.self, &q, &id, &e), &e);
	for (struct event ev = {.kind = EV_NONE}; ev.kind != EV_DIR || ev.dir.part != DIR_END || ev.dir.job != id;)
		assert_ok(engine_wait_event(&r.op, &r.port, &ev, &e), &e);
	for (int i = 0; i < 50; i++)
		assert_ok(r.port.submit(r.port.self, &q, &id, &e), &e);
	rig_close(&r);
	rig_assert_untouched(&r);
}

/* A file system that does not answer: who asks it about a name called "hangs" sleeps, and no signal or cancelling wakes it. */
static int hang[2] = {-1, -1}, hanging[2] = {-1, -1};

int __real_statx(int dirfd, const char *name, int flags, unsigned mask, struct statx *ret);
int __wrap_statx(int dirfd, const char *name, int flags, unsigned mask, struct statx *ret);

int __wrap_statx(int dirfd, const char *name, int flags, unsigned mask, struct statx *ret)
{
	char c = 0;

	if (strcmp(name, "hangs") == 0) {
		assert_int_equal(write(hanging[1], "h", 1), 1);
		assert_int_equal(read(hang[0], &c, 1), 1);
	}
	return __real_statx(dirfd, name, flags, mask, ret);
}

static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* The engine ends although a look hangs, and what that touches outlives it. */
static void a_look_that_hangs_holds_nobody_up(void **state)
{
	struct request q = {.kind = REQ_DIR_LIST};
	struct err e = {0};
	static struct rig r; /* what is left behind is reached from here */
	uint64_t id;
	char c;

	open_rig(&r, state);
	assert_int_equal(pipe2(hang, O_CLOEXEC) + pipe2(hanging, O_CLOEXEC), 0);
	assert_int_equal(mkdir(tmpdir_path(state, "d"), 0700), 0);
	tmpdir_put(state, "d/hangs", "");
	str_copy(q.path, sizeof(q.path), tmpdir_path(state, "d"));
	assert_ok(r.port.submit(r.port.self, &q, &id, &e), &e);
	assert_int_equal(read(hanging[0], &c, 1), 1);
	rig_close(&r);
	rig_assert_untouched(&r);
	/* It wakes up after all, finds what it needs, and comes to its end. */
	assert_int_equal(threads(), 2);
	assert_int_equal(write(hang[1], "w", 1), 1);
	while (threads() > 1)
		poll(NULL, 0, 10);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(everything_is_told_in_order_for_what_it_is), T(of_a_file_its_directory_is_told),
		T(what_cannot_be_read_says_why),	       T(paths_begin_at_home_or_where_we_are),
		T(a_large_directory_is_cut_and_says_so),       T(a_question_can_be_taken_back),
		T(a_look_that_hangs_holds_nobody_up),
	};

	return cmocka_run_group_tests_name("dir_list", tests, NULL, NULL);
}
