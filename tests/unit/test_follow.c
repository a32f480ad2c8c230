/* SPDX-License-Identifier: MIT */
/*
 * engine/follow: the tail first, then what comes, across rotation and truncation, nothing lost and nothing twice.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "core/engine/follow.h"

#include <fcntl.h>
#include <unistd.h>

struct heard {
	struct buf text;
	int calls, restarts;
};

static void on_data(void *arg, const char *id, bool restart, const char *bytes, size_t n)
{
	struct heard *h = arg;

	assert_string_equal(id, "0123456789ab");
	h->calls++;
	h->restarts += restart;
	buf_add(&h->text, bytes, n);
}

static void append(void **state, const char *text)
{
	int fd = open(tmpdir_path(state, "log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Read until a call brings nothing, twice: a replaced file is opened at the next call. */
static void drain(struct follow *f, struct heard *h)
{
	for (int quiet = 0; quiet < 2;) {
		size_t before = h->text.len;

		follow_read(f, on_data, h);
		quiet = h->text.len == before ? quiet + 1 : 0;
	}
}

static void a_growing_file_is_read_once(void **state)
{
	struct follow *f = follow_new("0123456789ab", *state, "log");
	struct heard h = {0};

	append(state, "one\n");
	drain(f, &h);
	append(state, "two\n");
	drain(f, &h);
	assert_string_equal(buf_cstr(&h.text), "one\ntwo\n");
	assert_int_equal(h.restarts, 1);
	assert_int_equal(h.calls, 2);
	buf_done(&h.text);
	follow_free(f);
}

static void a_missing_file_is_an_empty_log_until_it_comes(void **state)
{
	struct follow *f = follow_new("0123456789ab", *state, "log");
	struct heard h = {0};

	drain(f, &h);
	assert_int_equal(h.calls, 1);
	assert_int_equal(h.restarts, 1);
	assert_int_equal(h.text.len, 0);
	append(state, "boot\n");
	drain(f, &h);
	assert_string_equal(buf_cstr(&h.text), "boot\n");
	assert_int_equal(h.restarts, 1);
	buf_done(&h.text);
	follow_free(f);
}

static void of_a_long_file_only_the_tail_is_read(void **state)
{
	struct follow *f = follow_new("0123456789ab", *state, "log");
	struct heard h = {0};
	char *big = malloc(FOLLOW_TAIL_BYTES + 11);

	memset(big, 'x', FOLLOW_TAIL_BYTES + 10);
	memcpy(big + FOLLOW_TAIL_BYTES + 6, "END\n", 5);
	append(state, big);
	drain(f, &h);
	assert_int_equal(h.text.len, FOLLOW_TAIL_BYTES);
	assert_string_equal(buf_cstr(&h.text) + h.text.len - 4, "END\n");
	free(big);
	buf_done(&h.text);
	follow_free(f);
}

static void a_rotation_loses_nothing(void **state)
{
	struct follow *f = follow_new("0123456789ab", *state, "log");
	struct heard h = {0};

	append(state, "one\n");
	drain(f, &h);
	append(state, "before\n");
	assert_int_equal(rename(tmpdir_path(state, "log"), tmpdir_path(state, "log.1")), 0);
	append(state, "after\n");
	drain(f, &h);
	assert_string_equal(buf_cstr(&h.text), "one\nbefore\nafter\n");
	buf_done(&h.text);
	follow_free(f);
}

static void a_truncated_file_is_read_anew(void **state)
{
	struct follow *f = follow_new("0123456789ab", *state, "log");
	struct heard h = {0};

	append(state, "a long first line\n");
	drain(f, &h);
	assert_int_equal(truncate(tmpdir_path(state, "log"), 0), 0);
	append(state, "new\n");
	drain(f, &h);
	assert_string_equal(buf_cstr(&h.text), "a long first line\nnew\n");
	buf_done(&h.text);
	follow_free(f);
}

static void a_removed_file_is_waited_for(void **state)
{
	struct follow *f = follow_new("0123456789ab", *state, "log");
	struct heard h = {0};

	append(state, "old\n");
	drain(f, &h);
	assert_int_equal(unlink(tmpdir_path(state, "log")), 0);
	drain(f, &h);
	append(state, "new\n");
	drain(f, &h);
	assert_string_equal(buf_cstr(&h.text), "old\nnew\n");
	buf_done(&h.text);
	follow_free(f);
	follow_free(NULL);
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct follow *f = follow_new("0123456789ab", *state, "log");
	struct heard h = {0};

	test_write(tmpdir_path(state, "secret"), "secret");
	assert_int_equal(symlink(tmpdir_path(state, "secret"), tmpdir_path(state, "log")), 0);
	drain(f, &h);
	assert_int_equal(h.text.len, 0);
	buf_done(&h.text);
	follow_free(f);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(a_growing_file_is_read_once),		 T(a_missing_file_is_an_empty_log_until_it_comes),
		T(of_a_long_file_only_the_tail_is_read), T(a_rotation_loses_nothing),
		T(a_truncated_file_is_read_anew),	 T(a_removed_file_is_waited_for),
		T(a_symbolic_link_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
