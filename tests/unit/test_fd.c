/* SPDX-License-Identifier: MIT */
/*
 * base/fd, base/id and base/clock: whole transfers, limits, flags; identifiers of the right shape.
 */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

static void closes_once_and_keeps_errno(void **state UNUSED)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int number = fd;

	errno = EXDEV;
	fd_close(&fd);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(number, F_GETFD), -1);
	fd_close(&fd);
}

static void take_moves_the_descriptor(void **state UNUSED)
{
	int kept;
	{
		auto_fd fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		kept = TAKE_FD(fd);
		assert_int_equal(fd, -1);
	}
	assert_true(fcntl(kept, F_GETFD) >= 0);
	fd_close(&kept);
}

static void pipes_are_close_on_exec(void **state UNUSED)
{
	struct err e = {0};
	int fds[2];

	assert_ok(fd_pipe(fds, &e), &e);
	for (int i = 0; i < 2; i++) {
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_ok(fd_set_cloexec(fds[i], false, &e), &e);
		assert_false(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_ok(fd_set_nonblock(fds[i], true, &e), &e);
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		assert_ok(fd_set_nonblock(fds[i], false, &e), &e);
		assert_false(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		fd_close(&fds[i]);
	}
	assert_err(fd_set_nonblock(-1, true, &e), &e, ERR_SYS);
}

struct writer {
	int fd;
	size_t n;
	int rc;
};

static void *write_much(void *arg)
{
	struct writer *w = arg;
	char *data = calloc(1, w->n);

	w->rc = fd_write_all(w->fd, data, w->n, NULL);
	free(data);
	fd_close(&w->fd);
	return NULL;
}

static void moves_more_than_a_pipe_holds(void **state UNUSED)
{
	auto_buf got = {0};
	struct err e = {0};
	pthread_t thread;
	int fds[2];

	assert_ok(fd_pipe(fds, &e), &e);
	struct writer w = {.fd = fds[1], .n = 700001};
	assert_int_equal(pthread_create(&thread, NULL, write_much, &w), 0);
	int rc = fd_read_all(fds[0], 1 << 20, "pipe", &got, &e);
	pthread_join(thread, NULL);
	assert_ok(rc, &e);
	assert_int_equal(w.rc, 0);
	assert_int_equal(got.len, 700001);
	fd_close(&fds[0]);
}

static int feed(const char *text)
{
	struct err e = {0};
	int fds[2];

	assert_ok(fd_pipe(fds, &e), &e);
	assert_ok(fd_write_all(fds[1], text, strlen(text), &e), &e);
	fd_close(&fds[1]);
	return fds[0];
}

static void limit_is_exact(void **state UNUSED)
{
	auto_buf got = {0};
	struct err e = {0};
	auto_fd fits = feed("12345");
	auto_fd over = feed("123456");
	auto_fd empty = feed("");

	buf_adds(&got, "<");
	assert_ok(fd_read_all(fits, 5, "file", &got, &e), &e);
	assert_string_equal(buf_cstr(&got), "<12345");
	buf_reset(&got);
	assert_int_equal(fd_read_all(over, 5, "the list", &got, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	assert_non_null(strstr(e.msg, "the list"));
	err_clear(&e);
	buf_reset(&got);
	assert_ok(fd_read_all(empty, 0, "nothing", &got, &e), &e);
	assert_int_equal(got.len, 0);
}

static void ids_have_their_shape(void **state UNUSED)
{
	static const char *const no_ids[] = {"", "0123456789a", "0123456789abc", "0123456789AB", "../456789abcd", "0123456789a "};
	char a[ID_SIZE];
	char b[ID_SIZE];
	char uuid[UUID_SIZE];

	id_new(a);
	id_new(b);
	assert_int_equal(strlen(a), ID_HEX_LEN);
	assert_int_equal(strspn(a, "0123456789abcdef"), ID_HEX_LEN);
	assert_string_not_equal(a, b);
	assert_true(id_is_valid(a));
	for (size_t i = 0; i < ARRAY_LEN(no_ids); i++)
		assert_false(id_is_valid(no_ids[i]));
	for (int i = 0; i < 50; i++) {
		id_uuid(uuid);
		assert_int_equal(strlen(uuid), 36);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
		assert_true(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-');
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
	}
}

static void clocks_agree_on_their_units(void **state UNUSED)
{
	int64_t ms = clock_mono_ms();
	int64_t us = clock_mono_us();

	assert_true(us / 1000 >= ms);
	assert_true(us / 1000 - ms < 60000);
	assert_true(clock_mono_us() >= us);
	assert_true(clock_wall_ms() > INT64_C(1600000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_once_and_keeps_errno),
		cmocka_unit_test(take_moves_the_descriptor),
		cmocka_unit_test(pipes_are_close_on_exec),
		cmocka_unit_test(moves_more_than_a_pipe_holds),
		cmocka_unit_test(limit_is_exact),
		cmocka_unit_test(ids_have_their_shape),
		cmocka_unit_test(clocks_agree_on_their_units),
	};

	return cmocka_run_group_tests_name("fd", tests, NULL, NULL);
}
