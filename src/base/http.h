/* SPDX-License-Identifier: MIT */
/*
 * HTTP, behind one door (libcurl inside): one request, one whole answer in memory, over a Unix socket or TCP.
 *
 * Each request is a connection of its own, and the op bounds it from the first byte to the last: a server that accepts
 * and says nothing costs its deadline, no more, and a cancel is seen at once. Redirects are not followed, proxies of the
 * environment are not asked, and only http:// is spoken. Any thread.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"

#define HTTP_MAX_RESPONSE (1024 * 1024) /* the default */

struct http_request {
	const char *method;	     /* "GET", "PUT", … */
	const char *url;	     /* "http://localhost/version" */
	const char *unix_path;	     /* through this socket instead of TCP; NULL: TCP */
	const char *const *headers;  /* "Name: value", NULL-terminated; may be NULL */
	const char *body;	     /* NULL: none */
	size_t body_len;
	size_t max_response; /* bytes of the answer's body; 0 = HTTP_MAX_RESPONSE */
};

/* Valid when zeroed. */
struct http_response {
	int status; /* 200, 404, … whatever the server said */
	struct buf body;
};

void http_response_done(struct http_response *r);
#define auto_http_response __attribute__((cleanup(http_response_done))) struct http_response

/* Ask and wait for the whole answer; any status is an answer. ERR_NET: nobody there, or the connection was lost midway
 * (`sys` says how where that is known); ERR_PROTO: not HTTP, or more than max_response; ERR_TIMEOUT and ERR_CANCELED by
 * the op; ERR_USAGE: no http:// URL; ERR_MISSING as http_check(). `ret` must be zeroed and is the caller's in any case. */
NODISCARD int http_do(struct op *op, const struct http_request *q, struct http_response *ret, struct err *e);

/* Can HTTP be spoken here at all? ERR_MISSING when libcurl cannot be loaded, which this does: milliseconds, once. */
NODISCARD int http_check(struct err *e);

#endif
