/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi interface (libcurl-multi(3)), because only there the wait is ours: its descriptors and the op's cancel
 * token are polled together. libcurl is loaded and set up at the first request (http_curl.h).
 */
#include "base/http.h"

#include "base/clock.h"
#include "base/http_curl.h"
#include "base/i18n.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#define TURN_MS 1000

int http_check(struct err *e)
{
	const char *missing = http_curl_load();

	if (!missing)
		return 0;
	err_set(e, ERR_MISSING, _("libcurl cannot be loaded: %s"), missing);
	return err_hint(e, _("Install libcurl (Debian: libcurl4)."));
}

void http_response_done(struct http_response *r)
{
	buf_done(&r->body);
	buf_done(&r->head);
	r->status = 0;
}

const char *http_header(const struct http_response *r, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at < r->head.len; at += strlen(r->head.data + at) + 1) {
		const char *line = r->head.data + at;

		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

void http_header_list(const struct http_response *r, const char *name, struct buf *ret)
{
	size_t len = strlen(name);

	for (size_t at = 0; at < r->head.len; at += strlen(r->head.data + at) + 1) {
		const char *line = r->head.data + at;

		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		buf_addf(ret, "%s%s", ret->len ? ", " : "", line + len + 1 + strspn(line + len + 1, " \t"));
	}
}

/* One request under way. */
struct transfer {
	struct transfer *next;
	CURL *easy;
	struct curl_slist *headers;
	struct http_response response;
	void *tag;
	char *whom; /* names it in messages */
	char *ca_file;
	size_t max;
	int64_t stall_ms;
	int64_t heard_ms; /* when the last byte came; 0: it has not been waited for yet */
	int (*sink)(void *arg, const struct http_response *head, const void *data, size_t len, struct err *e);
	void *sink_arg;
	struct err sink_err;
	bool too_much; /* of the body */
	bool long_head;
	size_t head_len; /* of all answers to the one request */
	bool head_is_whole; /* its empty line was seen */
	char detail[CURL_ERROR_SIZE];
};

struct http_pool {
	CURLM *multi;
	struct transfer *list;
	size_t n;
};

static void transfer_free(struct transfer *t)
{
	if (t->easy)
		curl_easy_cleanup(t->easy);
	if (t->headers)
		curl_slist_free_all(t->headers);
	http_response_done(&t->response);
	free(t->whom);
	free(t->ca_file);
	free(t);
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	t->heard_ms = clock_mono_ms();
	if (t->sink && (t->response.status == 200 || t->response.status == 206))
		return t->sink(t->sink_arg, &t->response, data, size * n, &t->sink_err) < 0 ? 0 : size * n;
	if (size * n > t->max - t->response.body.len) {
		t->too_much = true;
		return 0;
	}
	buf_add(&t->response.body, data, size * n);
	return size * n;
}

/* libcurl takes a header that was cut off for one without a body. An answer may be several: "100 Continue", then the real one. */
static size_t take_head(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;

	t->heard_ms = clock_mono_ms();
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
		const char *space = memchr(line, ' ', len);

		buf_reset(&t->response.head);
		t->response.status = space ? (int)strtol(space, NULL, 10) : 0;
	}
	t->head_is_whole = len <= 2 && (line[0] == '\r' || line[0] == '\n');
	t->head_len += len;
	if (t->head_len > HTTP_MAX_HEAD) {
		t->long_head = true;
		return 0;
	}
	while (len > 0 && strchr("\r\n \t", line[len - 1]))
		len--;
	buf_add(&t->response.head, line, strnlen(line, len));
	buf_addc(&t->response.head, '\0');
	return size * n;
}

static void add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer)
		t->headers = longer;
}

/* As far as an address of a host in a network can be told from this very machine's. */
static bool is_for_a_proxy(const struct http_request *q)
{
	size_t origin = http_url_origin(q->url);
	const char *host = strstr(q->url, "://") + 3, *at = memrchr(host, '@', (size_t)(q->url + origin - host));

	return (q->flags & HTTP_F_PUBLIC) && !http_host_is_loopback(at ? at + 1 : host);
}

static void describe(struct transfer *t, const struct http_request *q)
{
	CURL *c = t->easy;

	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
	if (q->unix_path)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, q->unix_path);
	if (q->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)q->body_len);
	}
	/* libcurl would wait for a "100 Continue" that small servers never send. */
	add_header(t, "Expect:");
	for (const char *const *h = q->headers; h && *h; h++)
		add_header(t, *h);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (!is_for_a_proxy(q))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	if (t->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, t->ca_file);
	/* No alarm(2), no SIGPIPE: threads. */
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
}

static enum err_code code_of(CURLcode rc)
{
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return ERR_NET;
	case CURLE_PEER_FAILED_VERIFICATION:
		return ERR_AUTH;
	case CURLE_SSL_CACERT_BADFILE:
		return ERR_MISSING;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
		return ERR_NOMEM;
	default:
		return ERR_PROTO;
	}
}

/* What became of it, as an error; none when there is an answer. */
static void judge(const struct transfer *t, CURLcode rc, struct err *e)
{
	long sys = 0;

	if (err_is_set(&t->sink_err)) {
		*e = t->sink_err;
	} else if (t->long_head || (rc == CURLE_OUT_OF_MEMORY && !t->head_is_whole)) { /* what libcurl says of one line that is too long */
		err_set(e, ERR_PROTO, _("'%s' answered with more than %d bytes of header lines"), t->whom, HTTP_MAX_HEAD);
	} else if (t->too_much) {
		err_set(e, ERR_PROTO, _("'%s' answered more than %zu bytes"), t->whom, t->max);
	} else if (rc != CURLE_OK) {
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
		err_set(e, code_of(rc), "'%s': %s", t->whom,
			rc == CURLE_COULDNT_CONNECT && sys ? err_strerror((int)sys)
			: t->detail[0]			  ? t->detail
							  : curl_easy_strerror(rc));
		if (e->code == ERR_NET)
			e->sys = (int)sys;
	} else if (!t->head_is_whole) {
		err_set(e, ERR_NET, _("'%s' hung up in the middle of its answer"), t->whom);
	}
}

struct http_pool *http_pool_new(struct err *e)
{
	struct http_pool *p;

	if (http_check(e) < 0)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->multi = curl_multi_init();
	if (p->multi)
		return p;
	err_set(e, ERR_NOMEM, "libcurl");
	free(p);
	return NULL;
}

/* Out of the pool; the transfer is the caller's. */
static void take_out(struct http_pool *p, struct transfer *t)
{
	struct transfer **at = &p->list;

	while (*at && *at != t)
		at = &(*at)->next;
	assert(*at == t);
	*at = t->next;
	p->n--;
	curl_multi_remove_handle(p->multi, t->easy);
}

void http_pool_free(struct http_pool *p)
{
	if (!p)
		return;
	while (p->list) {
		struct transfer *t = p->list;

		take_out(p, t);
		transfer_free(t);
	}
	curl_multi_cleanup(p->multi);
	free(p);
}

size_t http_pool_count(const struct http_pool *p)
{
	return p->n;
}

static bool is_address(const struct http_request *q)
{
	return strncasecmp(q->url, "http://", 7) == 0 || ((q->flags & HTTP_F_PUBLIC) && strncasecmp(q->url, "https://", 8) == 0);
}

int http_pool_add(struct http_pool *p, const struct http_request *q, void *tag, struct err *e)
{
	struct transfer *t;

	if (!is_address(q))
		return err_set(e, ERR_USAGE, q->flags & HTTP_F_PUBLIC ? _("'%.200s' is no http:// or https:// address")
								      : _("'%.200s' is no http:// address"), q->url);
	t = xcalloc(1, sizeof(*t));
	t->whom = q->unix_path ? xstrdup(q->unix_path) : xstrndup(q->url, http_url_shown(q->url));
	t->ca_file = q->ca_file ? xstrdup(q->ca_file) : NULL;
	t->tag = tag;
	t->max = q->max_response ? q->max_response : HTTP_MAX_RESPONSE;
	t->stall_ms = q->stall_ms;
	t->sink = q->sink;
	t->sink_arg = q->sink_arg;
	t->easy = curl_easy_init();
	if (!t->easy) {
		transfer_free(t);
		return err_set(e, ERR_NOMEM, "libcurl");
	}
	describe(t, q);
	t->next = p->list;
	p->list = t;
	p->n++;
	curl_multi_add_handle(p->multi, t->easy);
	return 0;
}

static void finish(struct http_pool *p, struct transfer *t, CURLcode rc, struct http_done *ret)
{
	*ret = (struct http_done){.tag = t->tag};
	judge(t, rc, &ret->err);
	ret->response = t->response;
	t->response = (struct http_response){0};
	take_out(p, t);
	transfer_free(t);
}

static bool finish_one(struct http_pool *p, struct http_done *ret)
{
	struct transfer *t = NULL;
	CURLMsg *m;
	int queued;

	while ((m = curl_multi_info_read(p->multi, &queued))) {
		CURLcode rc = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish(p, t, rc, ret);
		return true;
	}
	return false;
}

/* The first that has been silent for too long is over. `ret_ms`: when the next would be. */
static bool finish_stalled(struct http_pool *p, struct http_done *ret, int64_t *ret_ms)
{
	int64_t now = clock_mono_ms();

	*ret_ms = TURN_MS;
	for (struct transfer *t = p->list; t; t = t->next) {
		int64_t left;

		/* It counts from when somebody first waited for it. */
		t->heard_ms = t->heard_ms ? t->heard_ms : now;
		left = t->heard_ms + t->stall_ms - now;

		if (!t->stall_ms)
			continue;
		if (left <= 0) {
			struct err late = {0};

			err_set(&late, ERR_TIMEOUT, _("'%s' has said nothing for %lld s"), t->whom, (long long)(t->stall_ms + 999) / 1000);
			finish(p, t, CURLE_OK, ret);
			ret->err = late;
			return true;
		}
		*ret_ms = MIN(*ret_ms, left);
	}
	return false;
}

int http_pool_wait(struct op *op, struct http_pool *p, int timeout_ms, struct http_done *ret, struct err *e)
{
	struct curl_waitfd cancel = {.fd = op->cancel_fd, .events = CURL_WAIT_POLLIN};
	int64_t until = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
	int64_t left;
	int running;

	while (p->n > 0) {
		if (curl_multi_perform(p->multi, &running) != CURLM_OK)
			return err_set(e, ERR_NOMEM, "libcurl");
		if (finish_one(p, ret) || finish_stalled(p, ret, &left))
			return 1;
		if (op_check(op, e) < 0)
			return -1;
		left = MIN(left, until - clock_mono_ms());
		if (left <= 0)
			break;
		curl_multi_poll(p->multi, &cancel, op->cancel_fd >= 0, (int)MIN((int64_t)op_left_ms(op), left), NULL);
	}
	return 0;
}

int http_do(struct op *op, const struct http_request *q, struct http_response *ret, struct err *e)
{
	struct http_done done = {0};
	struct http_pool *p = http_pool_new(e);
	int rc = -1;

	if (p && http_pool_add(p, q, NULL, e) == 0 && http_pool_wait(op, p, -1, &done, e) > 0) {
		*ret = done.response;
		rc = err_is_set(&done.err) ? err_join(e, &done.err) : 0;
	}
	http_pool_free(p);
	return rc;
}
