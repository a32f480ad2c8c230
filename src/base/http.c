/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi interface (libcurl-multi(3)), because only there the wait is ours: its descriptors and the op's cancel
 * token are polled together. libcurl is loaded and set up at the first request (http_curl.h).
 */
#include "base/http.h"

#include "base/http_curl.h"
#include "base/i18n.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

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
	r->status = 0;
}

/* One request under way. */
struct transfer {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct http_response *ret;
	size_t max;
	bool too_much;
	bool head_is_whole; /* its empty line was seen */
	char detail[CURL_ERROR_SIZE];
};

static void transfer_done(struct transfer *t)
{
	if (t->multi && t->easy)
		curl_multi_remove_handle(t->multi, t->easy);
	if (t->easy)
		curl_easy_cleanup(t->easy);
	if (t->multi)
		curl_multi_cleanup(t->multi);
	if (t->headers)
		curl_slist_free_all(t->headers);
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (size * n > t->max - t->ret->body.len) {
		t->too_much = true;
		return 0;
	}
	buf_add(&t->ret->body, data, size * n);
	return size * n;
}

/* libcurl takes a header that was cut off for one without a body. */
static size_t take_head(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	t->head_is_whole = size * n <= 2 && (line[0] == '\r' || line[0] == '\n');
	return size * n;
}

static void add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer)
		t->headers = longer;
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
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	/* No alarm(2), no SIGPIPE: threads. */
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
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
	case CURLE_COULDNT_CONNECT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return ERR_NET;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
		return ERR_NOMEM;
	default:
		return ERR_PROTO;
	}
}

static int explain(const struct transfer *t, const struct http_request *q, CURLcode rc, struct err *e)
{
	const char *whom = q->unix_path ? q->unix_path : q->url;
	long sys = 0;

	if (t->too_much)
		return err_set(e, ERR_PROTO, _("'%s' answered more than %zu bytes"), whom, t->max);
	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
	err_set(e, code_of(rc), "'%s': %s", whom,
		rc == CURLE_COULDNT_CONNECT && sys ? err_strerror((int)sys)
		: t->detail[0]			  ? t->detail
						  : curl_easy_strerror(rc));
	if (e && e->code == ERR_NET)
		e->sys = (int)sys;
	return -1;
}

/* Until the transfer is over or the op is. */
static int run(struct op *op, struct transfer *t, CURLcode *ret_rc, struct err *e)
{
	struct curl_waitfd cancel = {.fd = op->cancel_fd, .events = CURL_WAIT_POLLIN};
	int running = 1;

	for (;;) {
		int queued;
		if (curl_multi_perform(t->multi, &running) != CURLM_OK)
			return err_set(e, ERR_NOMEM, "libcurl");
		const CURLMsg *m = curl_multi_info_read(t->multi, &queued);
		if (m && m->msg == CURLMSG_DONE) {
			*ret_rc = m->data.result;
			return 0;
		}
		if (op_check(op, e) < 0)
			return -1;
		curl_multi_poll(t->multi, &cancel, op->cancel_fd >= 0, MIN(op_left_ms(op), TURN_MS), NULL);
	}
}

int http_do(struct op *op, const struct http_request *q, struct http_response *ret, struct err *e)
{
	auto_call(transfer_done) struct transfer t = {
		.ret = ret, .max = q->max_response ? q->max_response : HTTP_MAX_RESPONSE};
	CURLcode rc = CURLE_OK;
	long status = 0;

	if (strncmp(q->url, "http://", 7) != 0)
		return err_set(e, ERR_USAGE, _("'%s' is no http:// address"), q->url);
	if (http_check(e) < 0)
		return -1;
	t.easy = curl_easy_init();
	t.multi = curl_multi_init();
	if (!t.easy || !t.multi)
		return err_set(e, ERR_NOMEM, "libcurl");
	describe(&t, q);
	curl_multi_add_handle(t.multi, t.easy);
	if (run(op, &t, &rc, e) < 0)
		return -1;
	if (rc != CURLE_OK)
		return explain(&t, q, rc, e);
	if (!t.head_is_whole)
		return err_set(e, ERR_NET, _("'%s' hung up in the middle of its answer"), q->unix_path ? q->unix_path : q->url);
	curl_easy_getinfo(t.easy, CURLINFO_RESPONSE_CODE, &status);
	ret->status = (int)status;
	return 0;
}
