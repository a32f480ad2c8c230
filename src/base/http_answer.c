/* SPDX-License-Identifier: MIT */
/*
 * What an answer means to whoever asked: where to go instead, when to come again, and whether it is the answer at all. And addresses,
 * as far as that takes them apart.
 */
#include "base/http.h"

#include "base/clock.h"
#include "base/http_curl.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define RETRY_AFTER_MAX_S (366L * 86400)

bool http_is_redirect(const struct http_response *r)
{
	return r->status == 301 || r->status == 302 || r->status == 303 || r->status == 307 || r->status == 308;
}

bool http_is_busy(const struct http_response *r)
{
	return r->status == 429 || r->status >= 500;
}

bool http_is_web_page(const struct http_response *r)
{
	const char *type = http_header(r, "Content-Type");

	return type && strncasecmp(type, "text/html", 9) == 0;
}

/* By the clock that the answer is dated by, which may differ from ours. */
static long seconds_until(const char *when, const char *now)
{
	time_t then, at;

	if (http_curl_load())
		return 0;
	then = curl_getdate(when, NULL);
	at = now ? curl_getdate(now, NULL) : -1;
	return then < 0 ? 0 : then - (at < 0 ? clock_wall_ms() / 1000 : at);
}

int64_t http_retry_after_ms(const struct http_response *r)
{
	const char *text = http_header(r, "Retry-After"), *date = http_header(r, "Date");
	long s = 0;

	if (text && text[0] >= '0' && text[0] <= '9')
		s = strtol(text, NULL, 10);
	else if (text)
		s = seconds_until(text, date);
	return s <= 0 ? 0 : MIN(s, RETRY_AFTER_MAX_S) * 1000;
}

uint64_t http_whole_size(const struct http_response *r)
{
	const char *range = http_header(r, "Content-Range"), *slash = range ? strchr(range, '/') : NULL;
	const char *length = http_header(r, "Content-Length");

	if (r->status == 206 || r->status == 416)
		return slash ? strtoull(slash + 1, NULL, 10) : 0;
	return r->status == 200 && length ? strtoull(length, NULL, 10) : 0;
}

int64_t http_range_start(const struct http_response *r)
{
	const char *range = r->status == 206 ? http_header(r, "Content-Range") : NULL;
	char *end;
	long long at;

	if (!range || strncasecmp(range, "bytes ", 6) != 0)
		return -1;
	at = strtoll(range + 6, &end, 10);
	return *end == '-' && end > range + 6 ? at : -1;
}

size_t http_url_origin(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
}

bool http_host_is_loopback(const char *host)
{
	size_t n = strcspn(host, ":/?#");
	char text[INET_ADDRSTRLEN];
	struct in_addr addr;

	if (strncmp(host, "[::1]", 5) == 0)
		return host[5] == '\0' || strchr(":/?#", host[5]);
	if (n == strlen("localhost") && strncasecmp(host, "localhost", n) == 0)
		return true;
	if (n >= sizeof(text))
		return false;
	memcpy(text, host, n);
	text[n] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1 && ntohl(addr.s_addr) >> 24 == 127;
}

size_t http_url_shown(const char *url)
{
	return strcspn(url, "?");
}

/* RFC 3986, section 5.2.4, of the `n` bytes of a path that begins with '/'. */
static void add_path(struct buf *out, const char *path, size_t n)
{
	size_t start = out->len, len;

	for (size_t at = 0; at < n; at += len) {
		bool is_last, is_self, is_parent;

		for (len = 1; at + len < n && path[at + len] != '/'; len++)
			;
		is_last = at + len == n;
		is_self = len == 2 && path[at + 1] == '.';
		is_parent = len == 3 && path[at + 1] == '.' && path[at + 2] == '.';
		if (!is_self && !is_parent)
			buf_add(out, path + at, len);
		while (is_parent && out->len > start && out->data[--out->len] != '/')
			;
		if ((is_self || is_parent) && is_last)
			buf_addc(out, '/');
	}
}

char *http_url_follow(const char *url, const char *location)
{
	size_t origin = http_url_origin(url), path = strcspn(url + origin, "?#");
	size_t n = strcspn(location, "#"), name = MIN(strcspn(location, "?"), n);
	auto_buf to = {0}, merged = {0};

	if (strncasecmp(location, "https://", 8) == 0 || strncasecmp(location, "http://", 7) == 0)
		return xstrdup(location);
	if (n == 0 || strcspn(location, ":") < strcspn(location, "/?#")) /* nothing, or another scheme */
		return NULL;
	if (location[0] == '/' && location[1] == '/')
		return xasprintf("%.*s:%s", (int)strcspn(url, ":"), url, location);
	/* Its name stands in the place of the last one of the path. */
	if (location[0] != '/')
		buf_add(&merged, url + origin, path);
	while (name > 0 && merged.len > 0 && merged.data[merged.len - 1] != '/')
		merged.len--;
	if (location[0] != '/' && merged.len == 0)
		buf_addc(&merged, '/');
	buf_add(&merged, location, name);
	buf_add(&to, url, origin);
	add_path(&to, buf_cstr(&merged), merged.len);
	buf_add(&to, location + name, n - name);
	return buf_take(&to);
}
