/* SPDX-License-Identifier: MIT */
/*
 * DNS over TCP (RFC 7766): messages with their length in front, one after the other on a connection.
 *
 * One question of a connection is worked on at a time; meanwhile nothing is read from it. A connection that says nothing, or does
 * not take what it asked for, is closed after IDLE_MS; who has too many gets no more. A query is small: a length that no query
 * has closes as well.
 */
#include "namesrv/server.h"

#include "base/fd.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECTIONS 64
#define OF_ONE_MAX 8
#define IDLE_MS 10000
#define QUERY_MAX 4096

struct conn {
	struct tcp *t;
	int fd; /* -1: the slot is free */
	uint64_t watch;
	uint64_t timer;
	uint64_t asked; /* forward's number */
	bool is_guest;
	uint32_t source;
	struct dns_query query; /* being worked on */
	struct buf in;
	struct buf out;
};

struct tcp {
	struct server *s;
	struct conn conns[CONNECTIONS];
};

static void conn_close(struct conn *c)
{
	struct server *s = c->t->s;

	forward_cancel(s->forward, c->asked);
	loop_remove(s->loop, c->watch);
	loop_remove(s->loop, c->timer);
	fd_close_auto(&c->fd);
	buf_done(&c->in);
	buf_done(&c->out);
	*c = (struct conn){.t = c->t, .fd = -1};
}

static void on_idle(void *arg)
{
	struct conn *c = arg;

	c->timer = 0;
	conn_close(c);
}

static void touch(struct conn *c)
{
	loop_remove(c->t->s->loop, c->timer);
	c->timer = loop_timer(c->t->s->loop, IDLE_MS, on_idle, c);
}

static void put_reply(struct conn *c, const uint8_t *msg, size_t n)
{
	buf_addc(&c->out, (char)(n >> 8));
	buf_addc(&c->out, (char)n);
	buf_add(&c->out, msg, n);
}

static void serve(struct conn *c);

/* The message at the head of `in` is done with. */
static void drop_query(struct conn *c)
{
	size_t n = (size_t)((uint8_t)c->in.data[0] << 8 | (uint8_t)c->in.data[1]);

	buf_consume(&c->in, n + 2);
}

static void on_forwarded(void *arg, uint8_t *reply, size_t n)
{
	struct conn *c = arg;
	uint8_t out[DNS_REPLY_MAX];

	c->asked = 0;
	if (reply)
		put_reply(c, reply, n);
	else
		put_reply(c, out, dns_reply_error((uint8_t *)c->in.data + 2, &c->query, DNS_SERVFAIL, out));
	drop_query(c);
	touch(c);
	serve(c);
}

/* False: it waits for an answer of others. */
static bool answer(struct conn *c, const uint8_t *msg, size_t n)
{
	struct server *s = c->t->s;
	struct zone_asker who = {.is_guest = c->is_guest, .ip = c->source};
	enum dns_rcode rcode;
	uint8_t out[DNS_REPLY_MAX];
	size_t len = 0;

	enum dns_verdict verdict = dns_read_query(msg, n, &c->query, &rcode);
	if (verdict == DNS_DROP)
		return true;
	if (verdict == DNS_WRONG) {
		len = dns_reply_error(msg, &c->query, rcode, out);
	} else if (zone_answer(&s->zone, &who, msg, &c->query, out, &len) == ZONE_FORWARD) {
		c->asked = forward_ask(s->forward, &(struct forward_question){.source = c->source,
									      .msg = msg,
									      .len = n,
									      .query = &c->query,
									      .tcp = true,
									      .done = on_forwarded,
									      .arg = c});
		if (c->asked)
			return false;
		len = dns_reply_error(msg, &c->query, DNS_SERVFAIL, out);
	}
	put_reply(c, out, len);
	return true;
}

/* -1: the connection is over. */
static int flush_out(struct conn *c)
{
	while (c->out.len) {
		ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		buf_consume(&c->out, (size_t)n);
	}
	return 0;
}

/* Answer what is there, as far as it goes. */
static void serve(struct conn *c)
{
	while (!c->asked && !c->out.len && c->in.len >= 2) {
		size_t n = (size_t)((uint8_t)c->in.data[0] << 8 | (uint8_t)c->in.data[1]);

		if (n < DNS_HEADER || n > QUERY_MAX) {
			conn_close(c);
			return;
		}
		if (c->in.len - 2 < n || !answer(c, (const uint8_t *)c->in.data + 2, n))
			break;
		drop_query(c);
		if (flush_out(c) < 0) {
			conn_close(c);
			return;
		}
	}
	if (flush_out(c) < 0) {
		conn_close(c);
		return;
	}
	loop_set_events(c->t->s->loop, c->watch, (short)(c->out.len ? POLLOUT : c->asked ? 0 : POLLIN));
}

static void on_conn(void *arg, int fd, short revents)
{
	struct conn *c = arg;
	char piece[QUERY_MAX + 2];

	if (revents & POLLOUT) {
		touch(c);
		serve(c);
		return;
	}
	ssize_t n = recv(fd, piece, sizeof(piece) - c->in.len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	buf_add(&c->in, piece, (size_t)n);
	touch(c);
	serve(c);
}

static struct conn *free_slot(struct tcp *t, uint32_t source)
{
	struct conn *found = NULL;
	int of_one = 0;

	for (size_t i = 0; i < ARRAY_LEN(t->conns); i++) {
		if (t->conns[i].fd < 0)
			found = &t->conns[i];
		else
			of_one += t->conns[i].source == source;
	}
	return of_one < OF_ONE_MAX ? found : NULL;
}

void tcp_accept(struct tcp *t, const struct listener *l)
{
	struct sockaddr_in from = {0};
	socklen_t len = sizeof(from);
	auto_fd fd = accept4(l->tcp, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	struct conn *c = free_slot(t, ntohl(from.sin_addr.s_addr));
	if (!c)
		return;
	c->fd = TAKE_FD(fd);
	c->is_guest = l->is_guest;
	c->source = ntohl(from.sin_addr.s_addr);
	c->watch = loop_watch(t->s->loop, c->fd, POLLIN, on_conn, c);
	touch(c);
}

struct tcp *tcp_new(struct server *s)
{
	struct tcp *t = xcalloc(1, sizeof(*t));

	t->s = s;
	for (size_t i = 0; i < ARRAY_LEN(t->conns); i++)
		t->conns[i] = (struct conn){.t = t, .fd = -1};
	return t;
}

void tcp_free(struct tcp *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < ARRAY_LEN(t->conns); i++)
		if (t->conns[i].fd >= 0)
			conn_close(&t->conns[i]);
	free(t);
}
