/* SPDX-License-Identifier: MIT */
/*
 * An HTTP server for tests, on a port of 127.0.0.1: a thread for each connection, one request on each, and a function of the test's
 * that writes the answer byte by byte as it likes, so that it can stall, lie and hang up.
 */
#ifndef TESTS_LIB_WEBSERVER_H
#define TESTS_LIB_WEBSERVER_H

#include "base/buf.h"

#include <pthread.h>
#include <stdbool.h>

#define WEB_PATH_SIZE 512

struct web_request {
	int fd; /* to answer on */
	char method[8];
	char path[WEB_PATH_SIZE];
	struct buf text; /* the whole request */
	int nth;	 /* 1 = the first request of this path */
};

/* The value of a header, NULL when there is none; in one of four static buffers a thread, used in turn. */
const char *web_header(const struct web_request *q, const char *name);
/* What was sent with it, as text; "" when nothing was. Borrowed. */
const char *web_body(const struct web_request *q);
/* The N of "Range: bytes=N-"; 0 without. */
size_t web_range(const struct web_request *q);

struct web {
	int fd;
	int port;
	void (*answer)(void *arg, const struct web_request *q);
	void *arg;
	/* the server's own */
	pthread_t thread;
	pthread_t threads[256];
	size_t n;
	_Atomic bool over;
	pthread_mutex_t lock;
	char *seen[256]; /* paths, in order */
	size_t n_seen;
};

void web_start(struct web *w, void (*answer)(void *arg, const struct web_request *q), void *arg);
void web_stop(struct web *w);
/* How often the path was asked for. */
int web_count(struct web *w, const char *path);
/* Wait, without spinning on the processor, for as long as the client keeps its connection and the server runs. */
void web_stall(const struct web *w, const struct web_request *q);

void web_send(const struct web_request *q, const void *data, size_t len);
/* "HTTP/1.1 STATUS", the header lines (each with its \r\n; may be empty), Content-Length, and the body. */
void web_reply(const struct web_request *q, const char *status, const char *headers, const void *body, size_t len);

#endif
