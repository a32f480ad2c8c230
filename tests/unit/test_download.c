/* SPDX-License-Identifier: MIT */
/*
 * A blob from an address into the cache: from servers that do what servers do, and what they should not, and from files.
 */
#include "tests/lib/test.h"
#include "tests/lib/webserver.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/image/download.h"

#include <poll.h>
#include <unistd.h>

#define BYTES 300000

enum trouble {
	NONE,
	HANGS_UP,      /* in the middle, once */
	ENDS_SHORT,    /* a whole answer of half the bytes, without saying how many, once */
	IGNORES_RANGE, /* hangs up once, and begins anew */
	NO_RANGE,      /* hangs up once, then 416 once */
	ALL_FOR_PART,  /* hangs up once, and sends the whole as the part from 0 */
	OTHER_PART,    /* hangs up once, and sends another part, once */
	PAUSES, /* in the middle, until that was told of three times */
	FLIPS_A_BYTE,
	HAS_LESS, /* and says so */
	HAS_MORE,
	WEB_PAGE,
	WEB_PAGE_ALIKE, /* of the announced size */
	REDIRECTS,
	REDIRECTS_ROUND,
	REDIRECTS_TO_FILE,
	GONE,
	FORBIDDEN,
	BUSY_TWICE,
	ALWAYS_BUSY,
	BUSY_FOR_LONG,
};

struct server {
	struct web web;
	enum trouble trouble;
	char *data;
	char hex[DIGEST_SIZE], url[64];
	_Atomic int ranges, told_half;
};

static struct op op;
static struct server server;
static struct err e;

static void serve_half(const struct web_request *q, bool told)
{
	auto_buf head = {0};

	buf_adds(&head, "HTTP/1.1 200 OK\r\n");
	if (told)
		buf_addf(&head, "Content-Length: %d\r\n", BYTES);
	buf_adds(&head, "\r\n");
	web_send(q, head.data, head.len);
	web_send(q, server.data, BYTES / 2);
}

static void serve_with_a_pause(const struct web_request *q)
{
	serve_half(q, true);
	for (int i = 0; i < 400 && server.told_half < 3; i++)
		poll(NULL, 0, 10);
	web_send(q, server.data + BYTES / 2, BYTES - BYTES / 2);
}

static void note_half(void *arg UNUSED, const struct op_stage *st)
{
	server.told_half += st->done == BYTES / 2;
}

static void serve(const struct web_request *q, const char *data, size_t len)
{
	size_t from = web_range(q);
	char head[128] = "";

	if (from && server.trouble == ALL_FOR_PART) {
		snprintf(head, sizeof(head), "Content-Range: bytes 0-%zu/%zu\r\n", len - 1, len);
		web_reply(q, "206 Partial Content", head, data, len);
		return;
	}
	if (from && server.trouble == OTHER_PART && q->nth == 2)
		from += 10;
	if (from && server.trouble != IGNORES_RANGE)
		snprintf(head, sizeof(head), "Content-Range: bytes %zu-%zu/%zu\r\n", from, len - 1, len);
	else
		from = 0;
	web_reply(q, from ? "206 Partial Content" : "200 OK", head, data + from, len - from);
}

static void answer_rarely(const struct web_request *q)
{
	static char page[BYTES];

	switch (server.trouble) {
	case WEB_PAGE:
		web_reply(q, "200 OK", "Content-Type: text/html; charset=utf-8\r\n", "<html>", 6);
		return;
	case WEB_PAGE_ALIKE:
		web_reply(q, "200 OK", "Content-Type: text/html\r\n", page, sizeof(page));
		return;
	case REDIRECTS:
		web_reply(q, "302 Found", strcmp(q->path, "/b") == 0 ? "Location: /elsewhere\r\n" : "", "", 0);
		return;
	case REDIRECTS_ROUND:
		web_reply(q, "302 Found", "Location: /b\r\n", "", 0);
		return;
	case REDIRECTS_TO_FILE:
		web_reply(q, "302 Found", "Location: file:///etc/passwd\r\n", "", 0);
		return;
	case FORBIDDEN:
		web_reply(q, "403 Forbidden", "", "", 0);
		return;
	case GONE:
		web_reply(q, "404 Not Found", "", "", 0);
		return;
	default:
		web_reply(q, "503 Service Unavailable", server.trouble == BUSY_FOR_LONG ? "Retry-After: 120\r\n" : "", "", 0);
	}
}

static void answer(void *arg UNUSED, const struct web_request *q)
{
	auto_buf bent = {0};
	size_t len = server.trouble == HAS_LESS ? BYTES - 100 : BYTES;

	server.ranges += web_range(q) > 0;
	if (q->nth == 1 && (server.trouble == HANGS_UP || server.trouble == IGNORES_RANGE || server.trouble == NO_RANGE ||
			     server.trouble == ALL_FOR_PART || server.trouble == OTHER_PART)) {
		serve_half(q, true);
	} else if (server.trouble == PAUSES) {
		serve_with_a_pause(q);
	} else if (q->nth == 1 && server.trouble == ENDS_SHORT) {
		serve_half(q, false);
	} else if (q->nth == 2 && server.trouble == NO_RANGE) {
		web_reply(q, "416 Range Not Satisfiable", "", "", 0);
	} else if ((server.trouble >= WEB_PAGE && server.trouble != BUSY_TWICE && strcmp(q->path, "/elsewhere") != 0) ||
		   (server.trouble == BUSY_TWICE && q->nth <= 2)) {
		answer_rarely(q);
	} else {
		buf_add(&bent, server.data, len);
		if (server.trouble == FLIPS_A_BYTE)
			bent.data[BYTES / 2] ^= 1;
		if (server.trouble == HAS_MORE)
			buf_adds(&bent, "and more");
		serve(q, bent.data, bent.len);
	}
}

static int setup(void **state)
{
	op_init(&op, 60000);
	server = (struct server){.data = xmalloc(BYTES)};
	for (size_t i = 0; i < BYTES; i++)
		server.data[i] = (char)(i * 7 + i / 251);
	digest_data(server.data, BYTES, server.hex);
	web_start(&server.web, answer, NULL);
	snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d/b", server.web.port);
	err_clear(&e);
	return tmpdir_setup(state);
}

static int teardown(void **state)
{
	web_stop(&server.web);
	free(server.data);
	op_done(&op);
	return tmpdir_teardown(state);
}

static int fetch(void **state, const char *url, const char *sha256, uint64_t size)
{
	static const struct oci_access access = {.stall_ms = 5000, .backoff_ms = 1};
	auto_blob_cache cache = {-1};
	struct download_args a = {.cache = &cache, .access = &access, .url = url, .sha256 = sha256, .size = size};

	assert_ok(blob_cache_open(*state, &cache, &e), &e);
	return download(&op, &a, &e);
}

static void expect_whole(int fd)
{
	auto_buf got = {0};

	if (fd < 0)
		fail_msg("%s", e.msg);
	assert_ok(fd_read_all(fd, BYTES + 1, "blob", &got, &e), &e);
	assert_int_equal(got.len, BYTES);
	assert_memory_equal(got.data, server.data, BYTES);
	fd_close(&fd);
}

/* Neither blob nor part. */
static bool cache_is_empty(void **state)
{
	auto_blob_cache cache = {-1};
	struct blob_pruned found;

	assert_ok(blob_cache_open(*state, &cache, &e), &e);
	assert_ok(blob_cache_prune(&cache, true, &found, &e), &e);
	return found.whole + found.parts == 0;
}

static void refused(void **state, enum trouble trouble, enum err_code code, const char *why)
{
	server.trouble = trouble;
	assert_int_equal(fetch(state, server.url, server.hex, BYTES), -1);
	if (e.code != code || !strstr(e.msg, why) || !strstr(e.msg, server.url))
		fail_msg("%s: %s", err_code_to_string(e.code), e.msg);
	err_clear(&e);
}

static void comes_once(void **state)
{
	expect_whole(fetch(state, server.url, server.hex, BYTES));
	expect_whole(fetch(state, server.url, server.hex, BYTES));
	assert_int_equal(web_count(&server.web, "/b"), 1);
}

static void is_gone_on_with(void **state)
{
	static const struct {
		enum trouble trouble;
		int asked, ranges;
	} cases[] = {{HANGS_UP, 2, 1}, {ENDS_SHORT, 2, 1}, {IGNORES_RANGE, 2, 1}, {NO_RANGE, 3, 1}, {ALL_FOR_PART, 2, 1}, {OTHER_PART, 3, 1}, {BUSY_TWICE, 3, 0}, {REDIRECTS, 1, 0}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		teardown(state);
		setup(state);
		server.trouble = cases[i].trouble;
		expect_whole(fetch(state, server.url, server.hex, BYTES));
		assert_int_equal(web_count(&server.web, "/b"), cases[i].asked);
		assert_int_equal(server.ranges, cases[i].ranges);
	}
}

/* What an earlier fetch left is the beginning; where it is wrong, the whole is fetched once more. */
static void an_earlier_fetch_counts(void **state)
{
	for (int wrong = 0; wrong < 2; wrong++) {
		auto_blob_cache cache = {-1};
		struct blob_part part = BLOB_PART_INIT;

		teardown(state);
		setup(state);
		assert_ok(blob_cache_open(*state, &cache, &e), &e);
		assert_ok(blob_part_begin(&op, &cache, server.hex, BYTES, &part, &e), &e);
		assert_ok(blob_part_add(&part, server.data + wrong, 1000, &e), &e);
		blob_part_abandon(&part);
		expect_whole(fetch(state, server.url, server.hex, BYTES));
		assert_int_equal(server.ranges, 1);
		assert_int_equal(web_count(&server.web, "/b"), 1 + wrong);
	}
}

/* ... once. */
static void what_stays_wrong_comes_to_an_end(void **state)
{
	auto_blob_cache cache = {-1};
	struct blob_part part = BLOB_PART_INIT;

	assert_ok(blob_cache_open(*state, &cache, &e), &e);
	assert_ok(blob_part_begin(&op, &cache, server.hex, BYTES, &part, &e), &e);
	assert_ok(blob_part_add(&part, server.data, 1000, &e), &e);
	blob_part_abandon(&part);
	refused(state, REDIRECTS_TO_FILE, ERR_PROTO, "which is no address");
	assert_int_equal(web_count(&server.web, "/b"), 2);
	refused(state, FLIPS_A_BYTE, ERR_PROTO, "its content has the digest");
	assert_true(cache_is_empty(state));
}

/* A server that does not say how much it has. */
static void more_than_announced(void **state)
{
	server.trouble = ENDS_SHORT;
	assert_int_equal(fetch(state, server.url, server.hex, BYTES / 4), -1);
	assert_int_equal(e.code, ERR_PROTO);
	assert_non_null(strstr(e.msg, "is longer than"));
	assert_non_null(strstr(e.hint, "catalogue"));
	err_clear(&e);
	assert_true(cache_is_empty(state));
}

static void another_thing_leaves_nothing(void **state)
{
	refused(state, FLIPS_A_BYTE, ERR_PROTO, "its content has the digest");
	refused(state, HAS_LESS, ERR_PROTO, "there are 299900 bytes, and 300000 were announced");
	refused(state, HAS_MORE, ERR_PROTO, "there are 300008 bytes, and 300000 were announced");
	refused(state, WEB_PAGE, ERR_PROTO, "web page");
	refused(state, WEB_PAGE_ALIKE, ERR_PROTO, "web page");
	assert_true(cache_is_empty(state));
}

static void what_is_not_to_be_had_is_told(void **state)
{
	refused(state, GONE, ERR_NOT_FOUND, "no such file");
	refused(state, FORBIDDEN, ERR_AUTH, "403");
	refused(state, REDIRECTS_ROUND, ERR_PROTO, "more than 5 times");
	refused(state, REDIRECTS_TO_FILE, ERR_PROTO, "'file:///etc/passwd', which is no address");
	refused(state, ALWAYS_BUSY, ERR_NET, "503");
	server.trouble = BUSY_FOR_LONG;
	assert_int_equal(fetch(state, server.url, server.hex, BYTES), -1);
	assert_non_null(strstr(e.hint, "again in 2 min"));
	err_clear(&e);
}

static void files_are_copied(void **state)
{
	char path[4096], url[4200];

	snprintf(path, sizeof(path), "%s", tmpdir_path(state, "a b.zst"));
	assert_ok(fs_write_atomic(path, server.data, BYTES, 0600, &e), &e);
	expect_whole(fetch(state, path, server.hex, BYTES));
	assert_ok(fs_remove_tree(tmpdir_path(state, "blobs"), &e), &e);
	snprintf(url, sizeof(url), "file://%s", tmpdir_path(state, "a%20b.zst"));
	expect_whole(fetch(state, url, server.hex, BYTES));
	assert_ok(fs_remove_tree(tmpdir_path(state, "blobs"), &e), &e);
	assert_err(fetch(state, path, server.hex, BYTES - 1), &e, ERR_PROTO);
	assert_err(fetch(state, *state, server.hex, BYTES), &e, ERR_USAGE);
	assert_err(fetch(state, tmpdir_path(state, "none"), server.hex, BYTES), &e, ERR_NOT_FOUND);
	assert_ok(fs_write_atomic(path, server.data + 1, BYTES - 1, 0600, &e), &e);
	assert_err(fetch(state, path, server.hex, BYTES - 1), &e, ERR_PROTO);
	assert_true(cache_is_empty(state));
}

static void a_cancel_keeps_what_came(void **state)
{
	server.trouble = HANGS_UP;
	op_cancel(&op);
	assert_err(fetch(state, server.url, server.hex, BYTES), &e, ERR_CANCELED);
}

/* Somebody else is fetching the same: waited for, and what he got is used. */
static void another_fetch_is_waited_for(void **state)
{
	auto_blob_cache cache = {-1};
	struct blob_part part = BLOB_PART_INIT;
	int fd;

	assert_ok(blob_cache_open(*state, &cache, &e), &e);
	assert_ok(blob_part_begin(&op, &cache, server.hex, BYTES, &part, &e), &e);
	op_done(&op);
	op_init(&op, 300);
	assert_err(fetch(state, server.url, server.hex, BYTES), &e, ERR_TIMEOUT);
	op_done(&op);
	op_init(&op, 60000);
	assert_ok(blob_part_add(&part, server.data, BYTES, &e), &e);
	fd = blob_part_end(&part, &e);
	assert_true(fd >= 0);
	close(fd);
	expect_whole(fetch(state, server.url, server.hex, BYTES));
	assert_int_equal(web_count(&server.web, "/b"), 0);
}

static void addresses_are_checked(void **state UNUSED)
{
	static const char *const good[] = {"http://h/x", "https://h:1/x?y=z", "HTTPS://h", "/a b", "file:///x", "/über"};
	static const char *const bad[] = {"", "x", "x/y", "ftp://h/x", "http://", "https:///x", "http://:80/x", "http://u:p@h/x", "http://h/a b",
					  "http://h/\n", "file://host/x", "/a\nb", "/\xff"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_ok(download_check_url(good[i], &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(download_check_url(bad[i], &e), &e, ERR_USAGE);
}

/* Where nothing comes for a while, that is told: else nobody could say that it is stalled. */
static void a_pause_is_told(void **state)
{
	server.trouble = PAUSES;
	op.on_stage = note_half;
	expect_whole(fetch(state, server.url, server.hex, BYTES));
	assert_true(server.told_half >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(comes_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pause_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(is_gone_on_with, setup, teardown),
		cmocka_unit_test_setup_teardown(an_earlier_fetch_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(what_stays_wrong_comes_to_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(more_than_announced, setup, teardown),
		cmocka_unit_test_setup_teardown(another_thing_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_to_be_had_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(files_are_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cancel_keeps_what_came, setup, teardown),
		cmocka_unit_test_setup_teardown(another_fetch_is_waited_for, setup, teardown),
		cmocka_unit_test(addresses_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
