/* SPDX-License-Identifier: MIT */
/*
 * base/log: each line is one JSON object, whole, with the op it belongs to; the file turns over at its limit.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static struct json *parse_line(const char *line, size_t n)
{
	struct err e = {0};
	struct json *j = json_parse(line, n, "log", &e);

	assert_string_equal(e.msg, "");
	return j;
}

static void lines_are_json_objects(void **state)
{
	const char *path = tmpdir_path(state, "log");
	struct err e = {0};
	struct op op;

	op_init(&op, -1);
	assert_ok(log_open(path, LOG_INFO, &e), &e);
	errno = EXDEV;
	log_info(&op, "said \"%s\"\n\x1b[31m", "hi");
	assert_int_equal(errno, EXDEV);
	log_close();
	auto_free char *text = test_read(path);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	struct json *j = parse_line(text, strlen(text));
	assert_string_equal(json_str(j, "level"), "info");
	assert_string_equal(json_str(j, "msg"), "said \"hi\"\n\x1b[31m");
	assert_string_equal(json_str(j, "op"), op.id);
	assert_int_equal(json_int(j, "pid", 0), getpid());
	assert_non_null(json_str(j, "thread"));
	assert_int_equal(strlen(json_str(j, "time")), strlen("2026-01-01T00:00:00.000Z"));
	json_free(j);
	op_done(&op);
}

static void file_is_private_and_appended(void **state)
{
	const char *path = tmpdir_path(state, "log");
	struct err e = {0};
	struct stat st;

	for (int i = 0; i < 2; i++) {
		assert_ok(log_open(path, LOG_INFO, &e), &e);
		assert_true(log_fd() >= 0);
		log_info(NULL, "line");
		log_close();
		assert_int_equal(log_fd(), -1);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	auto_free char *text = test_read(path);
	assert_non_null(strstr(strchr(text, '\n') + 1, "\"line\""));
	assert_err(log_open(tmpdir_path(state, "no/log"), LOG_INFO, &e), &e, ERR_NOT_FOUND);
}

static void levels_below_the_minimum_are_dropped(void **state)
{
	const char *path = tmpdir_path(state, "log");
	struct err e = {0};

	log_info(NULL, "before it is open");
	assert_ok(log_open(path, LOG_WARN, &e), &e);
	log_debug(NULL, "no");
	log_info(NULL, "no");
	log_warn(NULL, "yes");
	log_close();
	log_warn(NULL, "after it was closed");
	auto_free char *text = test_read(path);
	assert_null(strstr(text, "no"));
	assert_non_null(strstr(text, "\"yes\""));
	assert_null(strstr(text, "closed"));
}

static void errors_carry_code_errno_and_hint(void **state)
{
	const char *path = tmpdir_path(state, "log");
	struct err fault = {0};
	struct err e = {0};

	err_sys(&fault, EIO, "read");
	err_hint(&fault, "Look at the disk.");
	assert_ok(log_open(path, LOG_INFO, &e), &e);
	log_err(NULL, &fault);
	err_clear(&fault);
	err_set(&fault, ERR_CANCELED, "cancelled");
	log_err(NULL, &fault);
	log_close();
	auto_free char *text = test_read(path);
	const char *second = strchr(text, '\n') + 1;
	struct json *j = parse_line(text, (size_t)(second - text));
	assert_string_equal(json_str(j, "level"), "error");
	assert_string_equal(json_str(j, "code"), "sys");
	assert_int_equal(json_int(j, "errno", 0), EIO);
	assert_string_equal(json_str(j, "hint"), "Look at the disk.");
	json_free(j);
	j = parse_line(second, strlen(second));
	assert_string_equal(json_str(j, "level"), "info");
	json_free(j);
}

static void turns_over_at_its_limit(void **state)
{
	const char *path = tmpdir_path(state, "log");
	struct err e = {0};
	struct stat st;

	assert_ok(fs_create_sparse(path, 8 << 20, 0600, &e), &e);
	assert_ok(log_open(path, LOG_INFO, &e), &e);
	int fd = log_fd();
	log_info(NULL, "first of the new file");
	log_info(NULL, "second");
	assert_int_equal(log_fd(), fd);
	log_close();
	auto_free char *text = test_read(path);
	assert_non_null(strstr(text, "first"));
	assert_non_null(strstr(text, "second"));
	assert_int_equal(stat(tmpdir_path(state, "log.1"), &st), 0);
	assert_int_equal(st.st_size, 8 << 20);
}

#define THREADS 4
#define LINES 200

static void *log_much(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_info(NULL, "thread %d line %d", *(int *)arg, i);
	return NULL;
}

static void threads_do_not_mix_their_lines(void **state)
{
	const char *path = tmpdir_path(state, "log");
	pthread_t threads[THREADS];
	int numbers[THREADS];
	struct err e = {0};
	int lines = 0;

	assert_ok(log_open(path, LOG_INFO, &e), &e);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, log_much, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	log_close();
	auto_free char *text = test_read(path);
	for (const char *p = text, *end; (end = strchr(p, '\n')); p = end + 1) {
		json_free(parse_line(p, (size_t)(end - p)));
		lines++;
	}
	assert_int_equal(lines, THREADS * LINES);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lines_are_json_objects),
		T(file_is_private_and_appended),
		T(levels_below_the_minimum_are_dropped),
		T(errors_carry_code_errno_and_hint),
		T(turns_over_at_its_limit),
		T(threads_do_not_mix_their_lines),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
