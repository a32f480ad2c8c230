/* SPDX-License-Identifier: MIT */
/*
 * See webserver.h.
 */
#include "tests/lib/webserver.h"

#include "base/fd.h"
#include "tests/lib/test.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
	struct web *web;
	int fd;
};

const char *web_header(const struct web_request *q, const char *name)
{
	static _Thread_local char values[4][1024];
	static _Thread_local unsigned turn;
	size_t len = strlen(name);

	for (const char *line = strstr(buf_cstr(&q->text), "\r\n"); line; line = strstr(line + 2, "\r\n")) {
		const char *value = line + 2 + len + 1;

		if (strncasecmp(line + 2, name, len) != 0 || line[2 + len] != ':')
			continue;
		value += strspn(value, " ");
		turn = (turn + 1) % 4;
		snprintf(values[turn], sizeof(values[turn]), "%.*s", (int)strcspn(value, "\r"), value);
		return values[turn];
	}
	return NULL;
}

size_t web_range(const struct web_request *q)
{
	const char *range = web_header(q, "Range");

	return range && strncmp(range, "bytes=", 6) == 0 ? strtoul(range + 6, NULL, 10) : 0;
}

void web_send(const struct web_request *q, const void *data, size_t len)
{
	(void)!fd_write_all(q->fd, data, len, NULL);
}

void web_reply(const struct web_request *q, const char *status, const char *headers, const void *body, size_t len)
{
	auto_buf head = {0};

	buf_addf(&head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n", status, headers, len);
	web_send(q, head.data, head.len);
	web_send(q, body, len);
}

void web_stall(const struct web *w, const struct web_request *q)
{
	struct pollfd p = {.fd = q->fd, .events = POLLIN | POLLRDHUP};

	while (!w->over && poll(&p, 1, 20) == 0)
		;
}

static int note(struct web *w, const char *path)
{
	int nth = 0;

	pthread_mutex_lock(&w->lock);
	if (w->n_seen < sizeof(w->seen) / sizeof(w->seen[0]))
		w->seen[w->n_seen++] = xstrdup(path);
	for (size_t i = 0; i < w->n_seen; i++)
		nth += strcmp(w->seen[i], path) == 0;
	pthread_mutex_unlock(&w->lock);
	return nth;
}

int web_count(struct web *w, const char *path)
{
	int n = 0;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n_seen; i++)
		n += strcmp(w->seen[i], path) == 0;
	pthread_mutex_unlock(&w->lock);
	return n;
}

const char *web_body(const struct web_request *q)
{
	const char *end = strstr(buf_cstr(&q->text), "\r\n\r\n");

	return end ? end + 4 : "";
}

static size_t missing_body(const struct web_request *q)
{
	const char *length = web_header(q, "Content-Length");
	size_t want = length ? strtoul(length, NULL, 10) : 0, have = strlen(web_body(q));

	return have < want ? want - have : 0;
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct web_request q = {.fd = c->fd};
	char chunk[1024];
	ssize_t n;

	/* Who begins with TLS is hung up on, as by any server that has none. */
	while (!strstr(buf_cstr(&q.text), "\r\n\r\n") && buf_cstr(&q.text)[0] != 0x16 && (n = read(c->fd, chunk, sizeof(chunk))) > 0)
		buf_add(&q.text, chunk, (size_t)n);
	while (missing_body(&q) > 0 && (n = read(c->fd, chunk, sizeof(chunk))) > 0)
		buf_add(&q.text, chunk, (size_t)n);
	if (sscanf(buf_cstr(&q.text), "%7s %511s ", q.method, q.path) == 2) {
		q.nth = note(c->web, q.path);
		c->web->answer(c->web->arg, &q);
	}
	close(c->fd);
	buf_done(&q.text);
	free(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct web *w = arg;
	int fd;

	while ((fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct connection *c = xcalloc(1, sizeof(*c));

		*c = (struct connection){w, fd};
		assert_true(w->n < sizeof(w->threads) / sizeof(w->threads[0]));
		assert_int_equal(pthread_create(&w->threads[w->n++], NULL, serve, c), 0);
	}
	return NULL;
}

void web_start(struct web *w, void (*answer)(void *arg, const struct web_request *q), void *arg)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);

	*w = (struct web){.answer = answer, .arg = arg};
	signal(SIGPIPE, SIG_IGN); /* clients hang up */
	pthread_mutex_init(&w->lock, NULL);
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(w->fd, 32), 0);
	assert_int_equal(getsockname(w->fd, (struct sockaddr *)&sa, &len), 0);
	w->port = ntohs(sa.sin_port);
	assert_int_equal(pthread_create(&w->thread, NULL, accept_all, w), 0);
}

void web_stop(struct web *w)
{
	w->over = true;
	shutdown(w->fd, SHUT_RDWR);
	pthread_join(w->thread, NULL);
	for (size_t i = 0; i < w->n; i++)
		pthread_join(w->threads[i], NULL);
	close(w->fd);
	for (size_t i = 0; i < w->n_seen; i++)
		free(w->seen[i]);
	pthread_mutex_destroy(&w->lock);
}
