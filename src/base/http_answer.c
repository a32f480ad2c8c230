/* SPDX-License-Identifier: MIT */
/*
 * What an answer means to whoever asked: where to go instead, when to come again, and whether it is the answer at all. And addresses,
 * as far as that takes them apart.
 */
#include "base/http.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RETRY_AFTER_MAX_S (366L * 86400)

bool http_is_redirect(const struct http_response *r)
{
	return r->status == 301 || r->status == 302 || r->status == 303 || r->status == 307 || r->status == 308;
}

bool http_is_web_page(const struct http_response *r)
{
	const char *type = http_header(r, "Content-Type");

	return type && strncasecmp(type, "text/html", 9) == 0;
}

int64_t http_retry_after_ms(const struct http_response *r)
{
	const char *text = http_header(r, "Retry-After");
	long s = text ? strtol(text, NULL, 10) : 0;

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

char *http_url_follow(const char *url, const char *location)
{
	size_t scheme = strcspn(url, ":");

	if (strncasecmp(location, "https://", 8) == 0 || strncasecmp(location, "http://", 7) == 0)
		return xstrdup(location);
	if (location[0] == '/' && location[1] == '/')
		return xasprintf("%.*s:%s", (int)scheme, url, location);
	if (location[0] == '/')
		return xasprintf("%.*s%s", (int)http_url_origin(url), url, location);
	return NULL;
}
