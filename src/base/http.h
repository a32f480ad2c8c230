/* SPDX-License-Identifier: MIT */
/*
 * HTTP, behind one door (libcurl inside): requests over TCP, TLS or a Unix socket; one at a time, or several at once in a pool.
 *
 * The op bounds every wait: a server that accepts and says nothing costs its deadline, no more, and a cancel is seen at once.
 * Redirects are not followed: whoever asks decides what of the request goes to another host. An answer's body comes whole into
 * memory, bounded, or piece by piece to a sink. Any thread; a pool belongs to one.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>

#define HTTP_MAX_RESPONSE (1024 * 1024) /* the default */
#define HTTP_MAX_HEAD (64 * 1024)	/* bytes of all header lines */

enum http_flag {
	/* https:// too; and through the proxies of the environment (http_proxy, https_proxy, no_proxy), but for loopback. */
	HTTP_F_PUBLIC = 1 << 0,
};

struct http_response;

struct http_request {
	const char *method;	     /* "GET", "PUT", … */
	const char *url;	     /* "http://localhost/version" */
	const char *unix_path;	     /* through this socket instead of TCP; NULL: TCP */
	const char *const *headers;  /* "Name: value", NULL-terminated; may be NULL */
	const char *body;	     /* NULL: none; borrowed until the answer is there */
	size_t body_len;
	size_t max_response; /* bytes of the answer's body in memory; 0 = HTTP_MAX_RESPONSE */
	unsigned flags;
	const char *ca_file; /* certificates to trust instead of the host's, PEM; NULL: the host's */
	int64_t stall_ms;    /* ERR_TIMEOUT after so long without a byte; 0: the op alone bounds it */
	/* Takes the body of a 200 or a 206 instead of `response.body`, on the thread that waits; `head` is the answer so far, its body
	 * empty. -1 ends the transfer with that error. NULL: into memory. */
	int (*sink)(void *arg, const struct http_response *head, const void *data, size_t len, struct err *e);
	void *sink_arg;
};

/* Valid when zeroed. */
struct http_response {
	int status; /* 200, 404, … whatever the server said */
	struct buf body;
	struct buf head; /* its header lines, each with a NUL: http_header() */
};

void http_response_done(struct http_response *r);
#define auto_http_response __attribute__((cleanup(http_response_done))) struct http_response

/* The value of the first header of this name (any case), without the white space around it; NULL when there is none. Borrowed. */
const char *http_header(const struct http_response *r, const char *name);
/* The values of all headers of this name, joined by ", " as one that is a list (RFC 9110, section 5.3); empty when there is none. */
void http_header_list(const struct http_response *r, const char *name, struct buf *ret);
bool http_is_redirect(const struct http_response *r);
/* May the same go better later: 429, and what is the server's own fault? */
bool http_is_busy(const struct http_response *r);
/* Does it call itself a web page: what gates and servers send that have something else to say? */
bool http_is_web_page(const struct http_response *r);
/* How many bytes it says the whole is that this is all or a part of: of a 200, and of an answer to a Range (RFC 9110, section 14.4).
 * 0: it does not say. */
uint64_t http_whole_size(const struct http_response *r);
/* The first byte of the part that it says it is; -1: it does not say. */
int64_t http_range_start(const struct http_response *r);
/* What it asks to be waited for before the next try, however long; 0 when it does not say (RFC 9110, section 10.2.3): of a date,
 * how far it is from the one of the answer, or from now. */
int64_t http_retry_after_ms(const struct http_response *r);

/* "https://host:port" of an address: its length; 0 when it is none. */
size_t http_url_origin(const char *url);
/* Is HOST[:PORT], with or without what comes after it in an address, this very machine: 127.0.0.0/8, [::1] or localhost? */
bool http_host_is_loopback(const char *host);
/* So many bytes of an address may be shown and written down: all before its query, where storage servers have their signatures. */
size_t http_url_shown(const char *url);
/* Where "Location: `location`" leads from `url` (RFC 3986, section 5.2), the caller's to free(); NULL when that is no address of HTTP. */
char *http_url_follow(const char *url, const char *location);

/* Ask and wait for the whole answer; any status is an answer. ERR_NET: nobody there, or the connection was lost midway
 * (`sys` says how where that is known); ERR_AUTH: its certificate is not to be trusted; ERR_PROTO: not HTTP, or more than
 * max_response; ERR_TIMEOUT and ERR_CANCELED by the op, ERR_TIMEOUT also by stall_ms; ERR_USAGE: no address we speak to;
 * ERR_MISSING as http_check(). `ret` must be zeroed and is the caller's in any case. */
NODISCARD int http_do(struct op *op, const struct http_request *q, struct http_response *ret, struct err *e);

/* Can HTTP be spoken here at all? ERR_MISSING when libcurl cannot be loaded, which this does: milliseconds, once. */
NODISCARD int http_check(struct err *e);

/*
 * Several requests at once. Connections are kept and used again.
 *
 *	p = http_pool_new(e); http_pool_add(p, &q, tag, e); … while (http_pool_wait(op, p, -1, &done, e) > 0) …
 */
struct http_pool;

struct http_done {
	void *tag; /* as given to http_pool_add() */
	struct err err; /* set: there is no answer, or it broke off; as of http_do() */
	struct http_response response;
};

/* NULL with ERR_MISSING as http_check(). http_pool_free() abandons what is under way; NULL is fine. */
NODISCARD struct http_pool *http_pool_new(struct err *e);
void http_pool_free(struct http_pool *p);

/* Begin one more. All of `q` but the body and the sink's argument is copied. Does not block. */
NODISCARD int http_pool_add(struct http_pool *p, const struct http_request *q, void *tag, struct err *e);
/* How many are under way. */
size_t http_pool_count(const struct http_pool *p);

/* Move all of them on until one is over: 1 with `ret` (its response is the caller's), 0 when timeout_ms passed (-1 = never) or
 * none is under way, -1 when the op is over. Sinks are called from here. */
NODISCARD int http_pool_wait(struct op *op, struct http_pool *p, int timeout_ms, struct http_done *ret, struct err *e);

#endif
