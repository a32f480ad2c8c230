/* SPDX-License-Identifier: MIT */
/*
 * Publication: whole or not there, whatever the moment of death; sweepers take only what has no owner.
 */
#include "tests/lib/test.h"

#include "base/fs.h"
#include "core/image/publish.h"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err e;

static int entries(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int n = 0;

	assert_non_null(d);
	while ((de = readdir(d)))
		n += strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0;
	closedir(d);
	return n;
}

static void fill(const struct publish *p)
{
	auto_free char *path = xasprintf("%s/data", p->staging);

	test_write(path, "content");
}

static int sweep(const char *root)
{
	int n = -1;

	assert_ok(publish_sweep(root, &n, &e), &e);
	return n;
}

static void test_commit(void **state)
{
	auto_publish p = PUBLISH_INIT;
	auto_free char *text = NULL;

	assert_ok(publish_begin(*state, &p, &e), &e);
	fill(&p);
	assert_int_equal(sweep(*state), 0);
	assert_ok(publish_commit(&p, "one", "{}\n", 3, &e), &e);
	text = test_read(tmpdir_path(state, "one/" PUBLISH_MANIFEST));
	assert_string_equal(text, "{}\n");
	assert_int_equal(entries(tmpdir_path(state, "one")), 2);
	publish_abort(&p);
	assert_int_equal(entries(*state), 1);
}

static void test_abort(void **state)
{
	auto_publish p = PUBLISH_INIT;

	assert_ok(publish_begin(tmpdir_path(state, "a/b"), &p, &e), &e);
	fill(&p);
	publish_abort(&p);
	publish_abort(&p);
	assert_int_equal(entries(tmpdir_path(state, "a/b")), 0);
}

/* The second of two with one name is told, and keeps its work until it decides. */
static void test_name_taken(void **state)
{
	auto_publish first = PUBLISH_INIT, second = PUBLISH_INIT;
	auto_free char *data = NULL;

	assert_ok(publish_begin(*state, &first, &e), &e);
	assert_ok(publish_begin(*state, &second, &e), &e);
	assert_string_not_equal(first.id, second.id);
	fill(&first);
	assert_ok(publish_commit(&first, "same", "1", 1, &e), &e);
	assert_err(publish_commit(&second, "same", "2", 1, &e), &e, ERR_EXISTS);
	assert_true(fs_exists(second.staging));
	data = test_read(tmpdir_path(state, "same/" PUBLISH_MANIFEST));
	assert_string_equal(data, "1");
	assert_ok(publish_commit(&second, "other", "2", 1, &e), &e);
}

static void test_only_plain_files(void **state)
{
	auto_publish p = PUBLISH_INIT;
	auto_free char *dir = NULL;

	assert_ok(publish_begin(*state, &p, &e), &e);
	dir = xasprintf("%s/tree", p.staging);
	assert_ok(fs_mkdir_p(dir, 0700, &e), &e);
	assert_err(publish_commit(&p, "x", "", 0, &e), &e, ERR_STATE);
	assert_false(fs_exists(tmpdir_path(state, "x")));
}

static enum publish_step die_at;

static void die(enum publish_step next)
{
	if (next == die_at)
		_exit(0);
}

/* Dies before each step. Up to the rename nothing is visible and the sweep leaves nothing; from then on it is whole. */
static void test_death_at_each_step(void **state)
{
	for (int step = PUBLISH_SYNC_FILES; step <= PUBLISH_DONE; step++) {
		auto_free char *root = xasprintf("%s/%d", (char *)*state, step);
		auto_free char *manifest = xasprintf("%s/name/" PUBLISH_MANIFEST, root);
		auto_free char *data = xasprintf("%s/name/data", root);
		bool visible = step > PUBLISH_RENAME;
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			struct publish p = PUBLISH_INIT;

			die_at = (enum publish_step)step;
			p.at = die;
			if (publish_begin(root, &p, NULL) == 0) {
				fill(&p);
				(void)!publish_commit(&p, "name", "{}", 2, NULL);
			}
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(sweep(root), visible ? 0 : 1);
		assert_int_equal(entries(root), visible);
		assert_int_equal(fs_exists(manifest), visible);
		assert_int_equal(fs_exists(data), visible);
	}
}

/* A directory caught between mkdir and lock has no lock file yet. */
static void test_sweep_without_lock_file(void **state)
{
	assert_ok(fs_mkdir_p(tmpdir_path(state, ".staging-0123456789ab/sub"), 0700, &e), &e);
	assert_ok(fs_mkdir_p(tmpdir_path(state, "published"), 0700, &e), &e);
	assert_int_equal(sweep(*state), 1);
	assert_int_equal(entries(*state), 1);
	assert_int_equal(sweep(tmpdir_path(state, "none")), 0);
}

/* A link called like a staging directory leads the sweep nowhere. */
static void test_sweep_follows_no_link(void **state)
{
	int n;

	assert_ok(fs_mkdir_p(tmpdir_path(state, "precious"), 0700, &e), &e);
	test_write(tmpdir_path(state, "precious/file"), "x");
	assert_ok(fs_mkdir_p(tmpdir_path(state, "root"), 0700, &e), &e);
	assert_int_equal(symlink("../precious", tmpdir_path(state, "root/.staging-x")), 0);
	assert_int_equal(publish_sweep(tmpdir_path(state, "root"), &n, &e), -1);
	err_clear(&e);
	assert_int_equal(n, 0);
	assert_true(fs_exists(tmpdir_path(state, "precious/file")));
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_commit),
		T(test_abort),
		T(test_name_taken),
		T(test_only_plain_files),
		T(test_death_at_each_step),
		T(test_sweep_without_lock_file),
		T(test_sweep_follows_no_link),
	};

	return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
