/* SPDX-License-Identifier: MIT */
/*
 * engine/keylocks: all or none, between processes, released by death.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/mem.h"
#include "core/engine/keylocks.h"

#include <signal.h>
#include <sys/wait.h>

static struct paths paths_of(void **state)
{
	struct paths p = {0};

	path_join(p.state, sizeof(p.state), *state, "state");
	return p;
}

static bool held(const struct paths *p, const char *key)
{
	struct err e = {0};
	bool ret = false;

	assert_ok(keylocks_is_held(p, key, &ret, &e), &e);
	return ret;
}

/* A child that holds one key and lives until it is killed. */
static pid_t holder(const struct paths *p, const char *key)
{
	struct err e = {0};
	int told[2];
	char byte;
	pid_t pid;

	assert_ok(fd_pipe(told, &e), &e);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *keys[] = {key};
		int fd;

		if (keylocks_take(p, keys, 1, &fd, &e) == 0 && write(told[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void another_process_is_kept_out_until_the_holder_dies(void **state)
{
	struct paths p = paths_of(state);
	const char *keys[] = {"vm:0123456789ab"};
	struct err e = {0};
	pid_t pid = holder(&p, keys[0]);
	int fd = -1;

	assert_true(held(&p, keys[0]));
	assert_err(keylocks_take(&p, keys, 1, &fd, &e), &e, ERR_BUSY);
	end(pid);
	assert_false(held(&p, keys[0]));
	assert_ok(keylocks_take(&p, keys, 1, &fd, &e), &e);
	fd_close(&fd);
}

static void all_or_none(void **state)
{
	struct paths p = paths_of(state);
	const char *keys[] = {"image:a", "kernel:b", "vm:c"};
	struct err e = {0};
	pid_t pid = holder(&p, "vm:c");
	int fds[3] = {-1, -1, -1};

	assert_err(keylocks_take(&p, keys, 3, fds, &e), &e, ERR_BUSY);
	assert_false(held(&p, "image:a"));
	assert_false(held(&p, "kernel:b"));
	end(pid);
	assert_ok(keylocks_take(&p, keys, 3, fds, &e), &e);
	for (int i = 0; i < 3; i++) {
		assert_true(held(&p, keys[i]));
		fd_close(&fds[i]);
		assert_false(held(&p, keys[i]));
	}
}

static void two_engines_of_one_process_exclude_each_other(void **state)
{
	struct paths p = paths_of(state);
	const char *keys[] = {"vm:a"};
	struct err e = {0};
	int first, second;

	assert_ok(keylocks_take(&p, keys, 1, &first, &e), &e);
	assert_err(keylocks_take(&p, keys, 1, &second, &e), &e, ERR_BUSY);
	fd_close(&first);
	assert_ok(keylocks_take(&p, keys, 1, &second, &e), &e);
	fd_close(&second);
}

static void unknown_keys_are_free(void **state)
{
	struct paths p = paths_of(state);

	assert_false(held(&p, "vm:never"));
}

/* Who removes a key lets go of it, and whoever comes next has a file of its own. */
static void a_key_that_will_not_come_again_leaves_no_file(void **state)
{
	struct paths p = paths_of(state);
	const char *keys[] = {"vm:a"};
	struct err e = {0};
	int fd;

	assert_ok(keylocks_take(&p, keys, 1, &fd, &e), &e);
	assert_ok(keylocks_remove(&p, keys[0], &fd, &e), &e);
	assert_int_equal(fd, -1);
	assert_false(fs_exists(tmpdir_path(state, "state/locks/vm:a")));
	assert_ok(keylocks_take(&p, keys, 1, &fd, &e), &e);
	assert_true(held(&p, "vm:a"));
	fd_close(&fd);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(another_process_is_kept_out_until_the_holder_dies),
		T(all_or_none),
		T(two_engines_of_one_process_exclude_each_other),
		T(unknown_keys_are_free),
		T(a_key_that_will_not_come_again_leaves_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
