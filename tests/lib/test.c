/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the unit tests. They use base/fs, which has tests of its own.
 */
#include "tests/lib/test.h"

#include "base/fs.h"
#include "base/mem.h"

int tmpdir_setup(void **state)
{
	const char *base = getenv("TMPDIR");
	char *dir = xasprintf("%s/banger-test.XXXXXX", base && base[0] == '/' ? base : "/tmp");

	if (!mkdtemp(dir)) {
		free(dir);
		return -1;
	}
	*state = dir;
	return 0;
}

int tmpdir_teardown(void **state)
{
	struct err e = {0};
	int rc = fs_remove_tree(*state, &e);

	if (rc < 0)
		print_error("%s\n", e.msg);
	free(*state);
	*state = NULL;
	return rc;
}

const char *tmpdir_path(void **state, const char *name)
{
	static char buffers[4][4096];
	static unsigned int turn;
	char *b = buffers[turn++ % ARRAY_LEN(buffers)];

	snprintf(b, sizeof(buffers[0]), "%s/%s", (const char *)*state, name);
	return b;
}

void tmpdir_put(void **state, const char *name, const char *content)
{
	auto_free char *dir = xstrdup(tmpdir_path(state, name));
	struct err e = {0};

	*strrchr(dir, '/') = '\0';
	assert_ok(fs_mkdir_p(dir, 0700, &e), &e);
	test_write(tmpdir_path(state, name), content);
}

void test_write(const char *path, const char *content)
{
	struct err e = {0};

	assert_ok(fs_write_atomic(path, content, strlen(content), 0600, &e), &e);
}

char *test_read(const char *path)
{
	struct err e = {0};
	struct buf b = {0};

	assert_ok(fs_read_file(path, 1024 * 1024, &b, &e), &e);
	return buf_take(&b);
}
