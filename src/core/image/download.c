/* SPDX-License-Identifier: MIT */
/*
 * One transfer at a time, on the caller's thread: what core/oci/fetch.c does for the many blobs of a registry, without one. Both write
 * through core/oci/blobs, which hashes while it writes.
 *
 * A server that says how much it has is believed when that is the wrong amount: then there is no use in trying again.
 */
#include "core/image/download.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LOOK_AGAIN_MS 200 /* at what another process fetches */
#define TELL_MS 200	  /* between two reports of progress */
#define COPY_BLOCK ((size_t)256 * 1024)
#define SHOWN_MAX 200

struct transfer {
	struct op *op;
	const struct download_args *args;
	struct blob_part part;
	char *url;     /* where it goes now */
	uint64_t from; /* first byte asked for */
	uint64_t most; /* that was ever there: only what goes beyond it is progress */
	bool resumed;  /* some of what is there is an earlier fetch's */
	bool heard;    /* something of the answer under way */
	bool page;     /* the last answer called itself a web page */
	int tries, hops;
	uint64_t kept; /* bytes of an earlier fetch */
	int64_t told_ms;
};

static bool is_web(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

static int check_web(const char *url, struct err *e)
{
	const char *host = strstr(url, "://") + 3;
	size_t n = strcspn(host, "/?#");

	if (n == 0 || *host == ':')
		return err_set(e, ERR_USAGE, _("names no host"));
	if (memchr(host, '@', n))
		return err_set(e, ERR_USAGE, _("has a login in it"));
	return url[strcspn(url, " ")] ? err_set(e, ERR_USAGE, _("has a blank in it")) : 0;
}

int download_check_url(const char *url, struct err *e)
{
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_USAGE, _("has control characters in it"));
	if (!utf8_valid(url, strlen(url)))
		return err_set(e, ERR_USAGE, _("is no UTF-8"));
	if (is_web(url))
		return check_web(url, e);
	if (url[0] == '/' || strncasecmp(url, "file:///", 8) == 0)
		return 0;
	return err_set(e, ERR_USAGE, _("is neither http://, https:// or file:/// nor an absolute path"));
}

static int hint_entry(struct err *e)
{
	return err_hint(
		e,
		_("whoever made the catalogue's entry meant another file: compare its sha256 and size with what is published"));
}

static int refuse_page(struct err *e)
{
	err_set(e, ERR_PROTO, _("it answered with a web page"));
	return err_hint(e, _("check the address; or does a gate of this network want a login first?"));
}

/* What is there is something else, for good. */
static int refuse_size(struct transfer *t, uint64_t bytes, struct err *e)
{
	blob_part_drop(&t->part);
	err_set(e, ERR_PROTO, _("there are %llu bytes, and %llu were announced"), (unsigned long long)bytes,
		(unsigned long long)t->args->size);
	return hint_entry(e);
}

static void tell(struct transfer *t)
{
	int64_t now = clock_mono_ms();

	if (now - t->told_ms < TELL_MS)
		return;
	t->told_ms = now;
	op_kept(t->op, (int64_t)t->kept);
	op_progress(t->op, (int64_t)t->part.have, (int64_t)t->args->size);
}

/* ---- from a server */

/* An answer that brought too little or too much: is more to be expected? 0 = yes. */
static int check_answer(struct transfer *t, const struct http_response *answer, struct err *e)
{
	uint64_t whole = http_whole_size(answer);

	if (http_is_web_page(answer)) {
		blob_part_drop(&t->part);
		return refuse_page(e);
	}
	return whole && whole != t->args->size ? refuse_size(t, whole, e) : 0;
}

/* Is it what was asked for, as far as its head tells? A server that was asked for the rest and sends the whole begins anew. */
static int hear(struct transfer *t, const struct http_response *head, struct err *e)
{
	uint64_t whole = http_whole_size(head);
	int64_t start = http_range_start(head);

	t->heard = true;
	if (whole && whole != t->args->size)
		return check_answer(t, head, e);
	if (t->from && (head->status == 200 || start == 0)) {
		t->from = t->kept = 0;
		t->resumed = false;
		return blob_part_restart(&t->part, e);
	}
	if (start < 0 || (uint64_t)start == t->from)
		return 0;
	blob_part_drop(&t->part);
	return err_set(e, ERR_PROTO, _("the answer is another part of it than was asked for"));
}

static int take(void *arg, const struct http_response *head, const void *data, size_t len, struct err *e)
{
	struct transfer *t = arg;

	if (!t->heard && hear(t, head, e) < 0)
		return -1;
	if (blob_part_add(&t->part, data, len, e) < 0)
		return e->code == ERR_PROTO ? hint_entry(e) : -1;
	tell(t);
	return 0;
}

/* Tells how far it is also while nothing comes. */
static int ask_and_tell(struct transfer *t, const struct http_request *q, struct http_response *ret, struct err *e)
{
	struct http_pool *p = http_pool_new(e);
	struct http_done done = {0};
	int rc = p ? http_pool_add(p, q, NULL, e) : -1;

	while (rc == 0 && (rc = http_pool_wait(t->op, p, TELL_MS, &done, e)) == 0)
		tell(t);
	if (rc > 0) {
		*ret = done.response;
		rc = err_is_set(&done.err) ? err_join(e, &done.err) : 0;
	}
	http_pool_free(p);
	return rc;
}

static int ask(struct transfer *t, struct http_response *ret, struct err *e)
{
	const struct oci_access *access = t->args->access;
	char range[64];
	const char *headers[] = {range, NULL};
	struct http_request q = {.method = "GET",
				 .url = t->url,
				 .flags = HTTP_F_PUBLIC,
				 .ca_file = access ? access->ca_file : NULL,
				 .stall_ms = access && access->stall_ms ? access->stall_ms : OCI_STALL_MS,
				 .sink = take,
				 .sink_arg = t};

	t->heard = false;
	t->from = t->part.have;
	t->resumed = t->resumed || t->from > 0;
	snprintf(range, sizeof(range), "Range: bytes=%llu-", (unsigned long long)t->from);
	q.headers = t->from ? headers : NULL;
	return ask_and_tell(t, &q, ret, e);
}

static int follow(struct transfer *t, const struct http_response *answer, struct err *e)
{
	const char *location = http_header(answer, "Location");
	auto_free char *to = location ? http_url_follow(t->url, location) : NULL;
	auto_buf shown = {0};

	utf8_clean(&shown, location ? location : "", location ? MIN(http_url_shown(location), (size_t)SHOWN_MAX) : 0, false);
	if (!to || download_check_url(to, NULL) < 0)
		return err_set(e, ERR_PROTO, _("it redirects to '%s', which is no address"), buf_cstr(&shown));
	if (++t->hops > OCI_HOPS)
		return err_set(e, ERR_PROTO, _("it redirects more than %d times"), OCI_HOPS);
	if (strncasecmp(t->url, "https://", 8) == 0 && strncasecmp(to, "https://", 8) != 0)
		return err_set(e, ERR_PROTO, _("it redirects to '%s', which is not encrypted"), buf_cstr(&shown));
	free(t->url);
	t->url = TAKE_PTR(to);
	return 0;
}

static int refuse_status(int status, struct err *e)
{
	if (status == 404 || status == 410) {
		err_set(e, ERR_NOT_FOUND, _("there is no such file on that server (%d)"), status);
		return err_hint(e, _("check the address in the catalogue's entry"));
	}
	return err_set(e, status == 401 || status == 403 ? ERR_AUTH : ERR_NET, _("the server answered %d"), status);
}

/* Once more, later; -1 with `why` after too many tries. */
static int try_later(struct transfer *t, const struct err *why, int64_t at_least_ms, struct err *e)
{
	const struct oci_access *access = t->args->access;
	int64_t first = access && access->backoff_ms ? access->backoff_ms : 1000;

	if (at_least_ms > OCI_PATIENCE_MS) {
		err_join(e, why);
		return oci_hint_patience(at_least_ms, e);
	}
	if (++t->tries >= OCI_TRIES)
		return err_join(e, why);
	free(t->url);
	t->url = xstrdup(t->args->url);
	t->hops = 0;
	return op_sleep(t->op, (int)MAX(first << MIN(t->tries - 1, 8), at_least_ms), e);
}

/* An answer that is not the whole: 0 = ask again. */
static int go_on(struct transfer *t, const struct http_response *answer, struct err *e)
{
	bool came = answer->status == 200 || answer->status == 206 || answer->status == 416;
	struct err why = {0};

	if (http_is_redirect(answer))
		return follow(t, answer, e);
	if (came && check_answer(t, answer, e) < 0)
		return -1;
	if (answer->status == 416) {
		t->kept = 0;
		if (blob_part_restart(&t->part, e) < 0)
			return -1;
	}
	if (came)
		err_set(&why, ERR_NET, _("it ended after %llu of %llu bytes"), (unsigned long long)t->part.have,
			(unsigned long long)t->args->size);
	else
		refuse_status(answer->status, &why);
	if (came || http_is_busy(answer))
		return try_later(t, &why, http_retry_after_ms(answer), e);
	return err_join(e, &why);
}

/* It broke off: 0 = ask again. */
static int go_on_after(struct transfer *t, const struct err *why, const struct http_response *answer, struct err *e)
{
	if (why->code == ERR_NET || why->code == ERR_TIMEOUT)
		return op_check(t->op, e) < 0 ? -1 : try_later(t, why, 0, e);
	if (why->code == ERR_PROTO && check_answer(t, answer, e) < 0)
		return -1;
	return err_join(e, why);
}

/* Until as many bytes are there as were announced. */
static int fetch_rest(struct transfer *t, struct err *e)
{
	t->most = t->part.have;
	while (t->part.have < t->args->size) {
		auto_http_response answer = {0};
		struct err why = {0};
		int rc = ask(t, &answer, &why);

		t->page = http_is_web_page(&answer);
		/* A server that cannot go on begins anew each time: to come as far as before is no progress. */
		if (t->part.have > t->most) {
			t->most = t->part.have;
			t->tries = 0;
		}
		if (rc < 0)
			rc = go_on_after(t, &why, &answer, e);
		else if (t->part.have < t->args->size)
			rc = go_on(t, &answer, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* ---- from a file */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The path of file:///… (RFC 8089: percent-encoded), or the path as it is. */
static char *path_of(const char *url)
{
	bool encoded = url[0] != '/';
	char *path = xstrdup(encoded ? url + strlen("file://") : url), *to = path;

	for (const char *p = path; *p; p++) {
		int high = encoded && *p == '%' ? hex_digit(p[1]) : -1, low = high < 0 ? -1 : hex_digit(p[2]);

		*to++ = low < 0 ? *p : (char)(high * 16 + low);
		p += low < 0 ? 0 : 2;
	}
	*to = '\0';
	return path;
}

static int copy_rest(struct transfer *t, int fd, struct err *e)
{
	auto_free char *block = xmalloc(COPY_BLOCK);

	for (;;) {
		ssize_t n = pread(fd, block, COPY_BLOCK, (off_t)t->part.have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, _("it cannot be read"));
		if (n == 0)
			return 0;
		if (op_check(t->op, e) < 0 || blob_part_add(&t->part, block, (size_t)n, e) < 0)
			return -1;
		tell(t);
	}
}

static int copy_file(struct transfer *t, struct err *e)
{
	auto_free char *path = path_of(t->args->url);
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("it cannot be opened"));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, _("it is no file"));
	if ((uint64_t)st.st_size != t->args->size)
		return refuse_size(t, (uint64_t)st.st_size, e);
	return copy_rest(t, fd, e);
}

/* ---- either */

/* Take its place in the cache: 0, with a descriptor in `ret_fd` when it is there already. */
static int begin(struct transfer *t, int *ret_fd, struct err *e)
{
	const struct download_args *a = t->args;

	for (;;) {
		struct err why = {0};

		*ret_fd = blob_open(t->op, a->cache, a->sha256, a->size, &why);
		if (*ret_fd >= 0)
			return 0;
		if (why.code != ERR_NOT_FOUND)
			return err_join(e, &why);
		err_clear(&why);
		if (blob_part_begin(t->op, a->cache, a->sha256, a->size, &t->part, &why) == 0) {
			t->kept = t->part.have;
			t->resumed = t->kept > 0;
			return 0;
		}
		if (why.code != ERR_BUSY && why.code != ERR_EXISTS)
			return err_join(e, &why);
		if (why.code == ERR_BUSY && op_sleep(t->op, LOOK_AGAIN_MS, e) < 0)
			return -1;
	}
}

static int end(struct transfer *t, struct err *e)
{
	struct err why = {0};
	int fd = blob_part_end(&t->part, &why);

	if (fd >= 0)
		return fd;
	if (why.code == ERR_PROTO && t->page)
		return refuse_page(e);
	err_join(e, &why);
	return hint_entry(e);
}

/* What was resumed gets one more chance from its beginning: the wrong bytes may be old. */
static int run(struct transfer *t, struct err *e)
{
	for (bool again = false;; again = true) {
		struct err why = {0};
		bool resumed;
		int fd, rc;

		if (begin(t, &fd, e) < 0 || fd >= 0)
			return fd;
		rc = is_web(t->args->url) ? fetch_rest(t, &why) : copy_file(t, &why);
		resumed = t->resumed;
		fd = rc == 0 ? end(t, &why) : -1;
		if (fd >= 0)
			op_progress(t->op, (int64_t)t->args->size, (int64_t)t->args->size);
		blob_part_abandon(&t->part);
		if (fd >= 0 || why.code != ERR_PROTO || !resumed || again)
			return fd >= 0 ? fd : err_join(e, &why);
	}
}

int download(struct op *op, const struct download_args *a, struct err *e)
{
	struct transfer t = {.op = op, .args = a, .part = BLOB_PART_INIT, .url = xstrdup(a->url)};
	auto_buf shown = {0};
	int fd;

	assert(digest_is_valid(a->sha256) && a->size > 0);
	fd = run(&t, e);
	free(t.url);
	if (fd >= 0)
		return fd;
	utf8_clean(&shown, a->url, MIN(http_url_shown(a->url), (size_t)SHOWN_MAX), false);
	return err_wrap(e, "%s", buf_cstr(&shown));
}
