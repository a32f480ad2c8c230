/* SPDX-License-Identifier: MIT */
/*
 * base/http against a server of one thread that reads one request, says what it was told to, and hangs up.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/http.h"
#include "base/op.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BOUND_MS 10000

struct server {
	int fd;
	const char *says; /* NULL: accepts, reads and is silent until the client has gone */
	pthread_t thread;
	struct buf heard;
	char path[108];
};

/* A request is over when its header and the announced body are there. */
static bool is_whole(const struct buf *b)
{
	const char *end = strstr(buf_cstr(b), "\r\n\r\n");
	const char *length = strstr(buf_cstr(b), "Content-Length: ");

	if (!end)
		return false;
	return b->len >= (size_t)(end + 4 - buf_cstr(b)) + (length ? strtoul(length + 16, NULL, 10) : 0);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	auto_fd fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
	char chunk[512];
	ssize_t n;

	while (fd >= 0 && !is_whole(&s->heard) && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&s->heard, chunk, (size_t)n);
	if (s->says)
		(void)!fd_write_all(fd, s->says, strlen(s->says), NULL);
	else
		while (read(fd, chunk, sizeof(chunk)) > 0)
			;
	return NULL;
}

static void start(struct server *s, void **state, const char *says)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	*s = (struct server){.says = says};
	str_copy(s->path, sizeof(s->path), tmpdir_path(state, "api"));
	str_copy(sa.sun_path, sizeof(sa.sun_path), s->path);
	unlink(s->path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s->fd, 1), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
	pthread_join(s->thread, NULL);
	fd_close(&s->fd);
	buf_done(&s->heard);
}

static int ask(const struct server *s, struct http_response *ret, int timeout_ms, size_t max, struct err *e)
{
	struct http_request q = {
		.method = "GET", .url = "http://localhost/version", .unix_path = s->path, .max_response = max};
	struct op op;

	op_init(&op, timeout_ms);
	int rc = http_do(&op, &q, ret, e);
	op_done(&op);
	return rc;
}

static void gives_status_and_body(void **state)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct server s;

	start(&s, state, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
	assert_ok(ask(&s, &r, BOUND_MS, 0, &e), &e);
	assert_int_equal(r.status, 200);
	assert_string_equal(buf_cstr(&r.body), "{\"a\":1}");
	stop(&s);
}

static void an_error_status_is_an_answer(void **state)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct server s;

	start(&s, state, "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nbad");
	assert_ok(ask(&s, &r, BOUND_MS, 0, &e), &e);
	assert_int_equal(r.status, 400);
	assert_string_equal(buf_cstr(&r.body), "bad");
	stop(&s);
}

static void sends_method_headers_and_body(void **state)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	auto_http_response r = {0};
	struct err e = {0};
	struct server s;
	struct op op;

	start(&s, state, "HTTP/1.1 204 No Content\r\n\r\n");
	op_init(&op, BOUND_MS);
	assert_ok(http_do(&op,
			  &(struct http_request){.method = "PUT",
						 .url = "http://localhost/actions",
						 .unix_path = s.path,
						 .headers = headers,
						 .body = "{\"x\":\"y\"}",
						 .body_len = 9},
			  &r, &e),
		  &e);
	op_done(&op);
	assert_int_equal(r.status, 204);
	pthread_join(s.thread, NULL);
	assert_int_equal(strncmp(buf_cstr(&s.heard), "PUT /actions HTTP/1.1\r\n", 23), 0);
	assert_non_null(strstr(buf_cstr(&s.heard), "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(buf_cstr(&s.heard), "\r\n\r\n{\"x\":\"y\"}"));
	assert_null(strstr(buf_cstr(&s.heard), "Expect"));
	fd_close(&s.fd);
	buf_done(&s.heard);
}

static void fails(void **state, const char *says, size_t max, int timeout_ms, enum err_code want)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct server s;

	start(&s, state, says);
	assert_err(ask(&s, &r, timeout_ms, max, &e), &e, want);
	stop(&s);
}

static void tells_failures_apart(void **state)
{
	fails(state, "", 0, BOUND_MS, ERR_NET);
	fails(state, "HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n{\"a\"", 0, BOUND_MS, ERR_NET);
	fails(state, "HTTP/1.1 204 No Content\r\nServer: x", 0, BOUND_MS, ERR_NET);
	fails(state, "HTTP/1.1 204 No Content\r\n", 0, BOUND_MS, ERR_NET);
	fails(state, "SSH-2.0-dropbear\r\n\r\n", 0, BOUND_MS, ERR_PROTO);
	fails(state, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", 4, BOUND_MS, ERR_PROTO);
	fails(state, "HTTP/1.1 200 OK\r\n\r\n12345", 4, BOUND_MS, ERR_PROTO);
	fails(state, NULL, 0, 50, ERR_TIMEOUT);
}

static void says_that_nobody_is_there(void **state)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct server s = {0};

	str_copy(s.path, sizeof(s.path), tmpdir_path(state, "nobody"));
	assert_int_equal(ask(&s, &r, BOUND_MS, 0, &e), -1);
	assert_int_equal(e.code, ERR_NET);
	assert_non_null(strstr(e.msg, "nobody"));
	assert_non_null(strstr(e.msg, "No such file"));
	err_clear(&e);
	assert_err(http_do(&(struct op){.cancel_fd = -1, .deadline_ms = INT64_MAX},
			   &(struct http_request){.method = "GET", .url = "file:///etc/passwd"}, &r, &e),
		   &e, ERR_USAGE);
}

static void *cancel(void *arg)
{
	op_cancel(arg);
	return NULL;
}

static void is_cancelled_at_once(void **state)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct server s;
	struct op op;
	pthread_t other;

	start(&s, state, NULL);
	op_init(&op, -1);
	pthread_create(&other, NULL, cancel, &op);
	assert_err(http_do(&op, &(struct http_request){.method = "GET", .url = "http://localhost/", .unix_path = s.path}, &r, &e),
		   &e, ERR_CANCELED);
	pthread_join(other, NULL);
	op_done(&op);
	/* Cancelled before it connected, nobody would ever come. */
	shutdown(s.fd, SHUT_RDWR);
	stop(&s);
}

/* Returns the port of 127.0.0.1 that it listens on. */
static int start_tcp(struct server *s)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);

	*s = (struct server){.says = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s->fd, 1), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	return ntohs(sa.sin_port);
}

static void gets_ok(const char *url, unsigned flags)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct op op;

	op_init(&op, BOUND_MS);
	assert_ok(http_do(&op, &(struct http_request){.method = "GET", .url = url, .flags = flags}, &r, &e), &e);
	op_done(&op);
	assert_string_equal(buf_cstr(&r.body), "ok");
}

static void speaks_over_tcp(void **state UNUSED)
{
	struct server s;
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", start_tcp(&s));
	/* A proxy of the environment is none of ours. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	gets_ok(url, 0);
	unsetenv("http_proxy");
	stop(&s);
}

/* A proxy would be told what is said to this machine, logins with it; and its "this machine" is another. */
static void proxies_are_for_other_hosts(void **state UNUSED)
{
	static const char *const names[] = {"http_proxy", "ALL_PROXY"};
	static const char *const hosts[] = {"127.0.0.1", "localhost", "LocalHost", "me:pw@127.0.0.1"};
	struct server s;
	char url[64];

	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		setenv(names[i], "http://127.0.0.1:1", 1);
		for (size_t k = 0; k < ARRAY_LEN(hosts); k++) {
			snprintf(url, sizeof(url), "http://%s:%d/", hosts[k], start_tcp(&s));
			gets_ok(url, HTTP_F_PUBLIC);
			stop(&s);
		}
		snprintf(url, sizeof(url), "http://127.0.0.1:%d", start_tcp(&s));
		setenv(names[i], url, 1);
		gets_ok("http://192.0.2.1/x?127.0.0.1", HTTP_F_PUBLIC);
		pthread_join(s.thread, NULL);
		assert_non_null(strstr(buf_cstr(&s.heard), "GET http://192.0.2.1/x?127.0.0.1 HTTP/1.1\r\n"));
		fd_close(&s.fd);
		buf_done(&s.heard);
		unsetenv(names[i]);
	}
}

static void loopback_is_this_machine_alone(void **state UNUSED)
{
	static const char *const ours[] = {"localhost", "LOCALHOST:5000", "127.0.0.1", "127.255.3.4:80", "[::1]", "[::1]:5000", "127.0.0.1/x"};
	static const char *const others[] = {"", "localhost.example.org", "localhos", "127.0.0.1.example.org", "128.0.0.1", "0.0.0.0", "[::2]",
					     "[::1]x", "example.org/localhost", "example.org?127.0.0.1"};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		assert_true(http_host_is_loopback(ours[i]));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(http_host_is_loopback(others[i]));
}

/* What a sink was handed; full after `room` bytes. */
struct taken {
	struct buf got;
	size_t room;
};

static int take(void *arg, const struct http_response *head UNUSED, const void *data, size_t len, struct err *e)
{
	struct taken *t = arg;

	if (len > t->room - t->got.len)
		return err_set(e, ERR_SPACE, "full");
	buf_add(&t->got, data, len);
	return 0;
}

static int ask_into(const struct server *s, struct taken *t, struct http_response *ret, struct err *e)
{
	struct http_request q = {.method = "GET", .url = "http://localhost/", .unix_path = s->path, .sink = take, .sink_arg = t};
	struct op op;

	op_init(&op, BOUND_MS);
	int rc = http_do(&op, &q, ret, e);
	op_done(&op);
	return rc;
}

static void a_sink_takes_what_was_asked_for_alone(void **state)
{
	static const struct {
		const char *says, *sink, *body;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", "12345", ""},
		{"HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\n345", "345", ""},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nnot", "", "not"},
		{"HTTP/1.1 307 Elsewhere\r\nContent-Length: 3\r\n\r\nnot", "", "not"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_http_response r = {0};
		struct taken t = {.room = 100};
		struct err e = {0};
		struct server s;

		start(&s, state, cases[i].says);
		assert_ok(ask_into(&s, &t, &r, &e), &e);
		stop(&s);
		assert_string_equal(buf_cstr(&t.got), cases[i].sink);
		assert_string_equal(buf_cstr(&r.body), cases[i].body);
		buf_done(&t.got);
	}
}

static void a_sinks_error_is_the_answer(void **state)
{
	auto_http_response r = {0};
	struct taken t = {.room = 4};
	struct err e = {0};
	struct server s;

	start(&s, state, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345");
	assert_err(ask_into(&s, &t, &r, &e), &e, ERR_SPACE);
	stop(&s);
	buf_done(&t.got);
}

static void headers_are_found_by_name(void **state)
{
	auto_http_response r = {0};
	auto_buf both = {0};
	struct err e = {0};
	struct server s;

	start(&s, state, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
			 "HTTP/1.1 200 OK\r\ncontent-TYPE:  text/plain \r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 0\r\n\r\n");
	assert_ok(ask(&s, &r, BOUND_MS, 0, &e), &e);
	stop(&s);
	assert_string_equal(http_header(&r, "Content-Type"), "text/plain");
	assert_string_equal(http_header(&r, "x-two"), "a");
	http_header_list(&r, "x-TWO", &both);
	assert_string_equal(buf_cstr(&both), "a, b");
	assert_null(http_header(&r, "X-Early"));
	assert_null(http_header(&r, "Content"));
	assert_null(http_header(&(struct http_response){0}, "Content-Type"));
}

static void endless_headers_are_refused(void **state)
{
	auto_buf says = {0};

	buf_adds(&says, "HTTP/1.1 200 OK\r\n");
	while (says.len <= HTTP_MAX_HEAD + 8192)
		buf_addf(&says, "X-%zu: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n", says.len);
	buf_adds(&says, "\r\n");
	fails(state, buf_cstr(&says), 0, BOUND_MS, ERR_PROTO);
	/* ... and so are answers before the answer, */
	buf_reset(&says);
	while (says.len <= HTTP_MAX_HEAD)
		buf_adds(&says, "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n");
	buf_adds(&says, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	fails(state, buf_cstr(&says), 0, BOUND_MS, ERR_PROTO);
	/* ... and one line, which libcurl itself does. */
	buf_reset(&says);
	buf_adds(&says, "HTTP/1.1 200 OK\r\nX-Long: ");
	for (int i = 0; i < 400000; i++)
		buf_addc(&says, 'a');
	buf_adds(&says, "\r\n\r\n");
	fails(state, buf_cstr(&says), 0, BOUND_MS, ERR_PROTO);
}

/* What an answer says of a whole, and of where its part of it begins. */
static void sizes_and_places_are_read(void **state)
{
	static const struct {
		const char *says;
		uint64_t whole;
		int64_t start, wait_ms;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 2, -1, 0},
		{"HTTP/1.1 206 Part\r\nContent-Length: 2\r\nContent-Range: bytes 5-6/9\r\n\r\nok", 9, 5, 0},
		{"HTTP/1.1 206 Part\r\nContent-Length: 2\r\nContent-Range: bytes 5-6/*\r\n\r\nok", 0, 5, 0},
		{"HTTP/1.1 206 Part\r\nContent-Length: 2\r\nContent-Range: bytes x\r\n\r\nok", 0, -1, 0},
		{"HTTP/1.1 206 Part\r\nContent-Length: 2\r\n\r\nok", 0, -1, 0},
		{"HTTP/1.1 416 No\r\nContent-Length: 0\r\nContent-Range: bytes */9\r\n\r\n", 9, -1, 0},
		{"HTTP/1.1 429 Wait\r\nContent-Length: 2\r\nRetry-After: 86400\r\n\r\nno", 0, -1, 86400000},
		{"HTTP/1.1 429 Wait\r\nContent-Length: 2\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\nno", 0, -1, 0},
		{"HTTP/1.1 429 Wait\r\nContent-Length: 2\r\nDate: Fri, 31 Dec 1999 23:58:00 GMT\r\n"
		 "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\nno", 0, -1, 119000},
		{"HTTP/1.1 429 Wait\r\nContent-Length: 2\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\n"
		 "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\nno", 0, -1, 0},
		{"HTTP/1.1 429 Wait\r\nContent-Length: 2\r\nDate: Fri, 31 Dec 1999 23:58:00 GMT\r\nRetry-After: soon\r\n\r\nno", 0, -1, 0},
		{"HTTP/1.1 429 Wait\r\nContent-Length: 2\r\nRetry-After: Fri, 31 Dec 2199 23:59:59 GMT\r\n\r\nno", 0, -1,
		 366LL * 86400000},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_http_response r = {0};
		struct err e = {0};
		struct server s;

		start(&s, state, cases[i].says);
		assert_ok(ask(&s, &r, BOUND_MS, 0, &e), &e);
		stop(&s);
		assert_int_equal(http_whole_size(&r), cases[i].whole);
		assert_int_equal(http_range_start(&r), cases[i].start);
		assert_int_equal(http_retry_after_ms(&r), cases[i].wait_ms);
	}
}

/* RFC 3986, sections 5.2 and 5.4. */
static void redirects_lead_on_from_where_they_are(void **state UNUSED)
{
	static const struct {
		const char *from, *location, *to;
	} cases[] = {
		{"https://a:1/b/c/d?q", "http://x/y", "http://x/y"},
		{"https://a:1/b/c/d?q", "//x/y", "https://x/y"},
		{"https://a:1/b/c/d?q", "/y?z", "https://a:1/y?z"},
		{"https://a:1/b/c/d?q", "?z", "https://a:1/b/c/d?z"},
		{"https://a:1/b/c/d?q", "g", "https://a:1/b/c/g"},
		{"https://a:1/b/c/d?q", "g?y=a:/../b#s", "https://a:1/b/c/g?y=a:/../b"},
		{"https://a:1/b/c/d?q/r", "./g", "https://a:1/b/c/g"},
		{"https://a:1/b/c/d?q", "g/", "https://a:1/b/c/g/"},
		{"https://a:1/b/c/d?q", ".", "https://a:1/b/c/"},
		{"https://a:1/b/c/d?q", "..", "https://a:1/b/"},
		{"https://a:1/b/c/d?q", "../g", "https://a:1/b/g"},
		{"https://a:1/b/c/d?q", "../../../../g", "https://a:1/g"},
		{"https://a:1/b/c/d?q", "/./g/../h/.", "https://a:1/h/"},
		{"https://a:1/b/c/d?q", "..g/g..", "https://a:1/b/c/..g/g.."},
		{"https://a:1/b/c/d?q", "./g:h", "https://a:1/b/c/g:h"},
		{"https://a:1", "g", "https://a:1/g"},
		{"https://a:1?q", "?z", "https://a:1/?z"},
		{"https://a:1/b", "", NULL},
		{"https://a:1/b", "#s", NULL},
		{"https://a:1/b", "ftp://x/y", NULL},
		{"https://a:1/b", "file:/etc/passwd", NULL},
		{"https://a:1/b", "https:g", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *to = http_url_follow(cases[i].from, cases[i].location);

		if (!cases[i].to)
			assert_null(to);
		else if (!to || strcmp(to, cases[i].to) != 0)
			fail_msg("'%s' from '%s' leads to '%s'", cases[i].location, cases[i].from, to ? to : "nowhere");
	}
}

/* One is silent for good, the other answers: neither keeps the other up. */
static void several_at_once(void **state)
{
	struct http_request q = {.method = "GET", .url = "http://localhost/", .stall_ms = 100};
	struct http_done done;
	struct http_pool *p;
	struct err e = {0};
	struct server silent, talks;
	struct op op;

	start(&silent, state, NULL);
	str_copy(silent.path, sizeof(silent.path), tmpdir_path(state, "silent"));
	assert_int_equal(rename(tmpdir_path(state, "api"), silent.path), 0);
	start(&talks, state, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	op_init(&op, BOUND_MS);
	p = http_pool_new(&e);
	assert_non_null(p);
	assert_ok(http_pool_wait(&op, p, -1, &done, &e), &e); /* nothing under way */
	q.unix_path = silent.path;
	assert_ok(http_pool_add(p, &q, &silent, &e), &e);
	q.unix_path = talks.path;
	assert_ok(http_pool_add(p, &q, &talks, &e), &e);
	assert_int_equal(http_pool_count(p), 2);
	assert_int_equal(http_pool_wait(&op, p, -1, &done, &e), 1);
	assert_ptr_equal(done.tag, &talks);
	assert_false(err_is_set(&done.err));
	assert_string_equal(buf_cstr(&done.response.body), "ok");
	http_response_done(&done.response);
	assert_int_equal(http_pool_wait(&op, p, -1, &done, &e), 1);
	assert_ptr_equal(done.tag, &silent);
	assert_int_equal(done.err.code, ERR_TIMEOUT);
	http_response_done(&done.response);
	assert_int_equal(http_pool_count(p), 0);
	http_pool_free(p);
	op_done(&op);
	stop(&silent);
	stop(&talks);
}

/* Who adds and does something else first has not been kept waiting by the server. */
static void a_stall_counts_from_the_first_wait(void **state)
{
	struct http_request q = {.method = "GET", .url = "http://localhost/", .stall_ms = 300};
	struct http_done done;
	struct http_pool *p;
	struct err e = {0};
	struct server s;
	struct op op;

	start(&s, state, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	op_init(&op, BOUND_MS);
	p = http_pool_new(&e);
	q.unix_path = s.path;
	assert_ok(http_pool_add(p, &q, NULL, &e), &e);
	assert_ok(op_sleep(&op, 400, &e), &e);
	assert_int_equal(http_pool_wait(&op, p, -1, &done, &e), 1);
	assert_false(err_is_set(&done.err));
	http_response_done(&done.response);
	http_pool_free(p);
	op_done(&op);
	stop(&s);
}

static void an_abandoned_pool_hangs_up(void **state)
{
	struct http_request q = {.method = "GET", .url = "http://localhost/"};
	struct http_done done;
	struct http_pool *p;
	struct err e = {0};
	struct server s;
	struct op op;

	start(&s, state, NULL);
	op_init(&op, BOUND_MS);
	p = http_pool_new(&e);
	q.unix_path = s.path;
	assert_ok(http_pool_add(p, &q, NULL, &e), &e);
	assert_ok(http_pool_wait(&op, p, 20, &done, &e), &e);
	http_pool_free(p);
	op_done(&op);
	stop(&s); /* comes back because the client has gone */
}

static void tls_is_for_whoever_asked_for_it(void **state UNUSED)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct op op;

	op_init(&op, BOUND_MS);
	assert_err(http_do(&op, &(struct http_request){.method = "GET", .url = "https://127.0.0.1:1/"}, &r, &e), &e, ERR_USAGE);
	assert_err(http_do(&op, &(struct http_request){.method = "GET", .url = "https://127.0.0.1:1/", .flags = HTTP_F_PUBLIC}, &r, &e),
		   &e, ERR_NET);
	assert_err(http_do(&op, &(struct http_request){.method = "GET", .url = "ftp://127.0.0.1:1/", .flags = HTTP_F_PUBLIC}, &r, &e),
		   &e, ERR_USAGE);
	op_done(&op);
}

/* A signature in an address is a secret. */
static void messages_hold_no_query(void **state UNUSED)
{
	auto_http_response r = {0};
	struct err e = {0};
	struct op op;

	op_init(&op, BOUND_MS);
	assert_int_equal(http_do(&op, &(struct http_request){.method = "GET", .url = "http://127.0.0.1:1/layer?X-Signature=s3cret"}, &r, &e), -1);
	assert_non_null(strstr(e.msg, "'http://127.0.0.1:1/layer'"));
	assert_null(strstr(e.msg, "s3cret"));
	op_done(&op);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(gives_status_and_body),
		T(an_error_status_is_an_answer),
		T(sends_method_headers_and_body),
		T(tells_failures_apart),
		T(says_that_nobody_is_there),
		T(is_cancelled_at_once),
		cmocka_unit_test(speaks_over_tcp),
		cmocka_unit_test(proxies_are_for_other_hosts),
		cmocka_unit_test(loopback_is_this_machine_alone),
		T(a_sink_takes_what_was_asked_for_alone),
		T(a_sinks_error_is_the_answer),
		T(headers_are_found_by_name),
		T(sizes_and_places_are_read),
		cmocka_unit_test(redirects_lead_on_from_where_they_are),
		T(endless_headers_are_refused),
		T(several_at_once),
		T(a_stall_counts_from_the_first_wait),
		T(an_abandoned_pool_hangs_up),
		cmocka_unit_test(tls_is_for_whoever_asked_for_it),
		cmocka_unit_test(messages_hold_no_query),
	};
	signal(SIGPIPE, SIG_IGN); /* clients hang up */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
