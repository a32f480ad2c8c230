/* SPDX-License-Identifier: MIT */
/*
 * Questions passed on: see forward.h. A question under way is a slot of a fixed array; its number is kept apart from the slot's
 * index, so that a slot used again is never taken for what it was.
 */
#include "namesrv/forward.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define CONF_MAX 65536
#define LOOK_MS 1000 /* how long the list of servers is believed without a look at the file */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct question {
	uint64_t id; /* 0: the slot is free */
	struct forward *f;
	int fd;
	uint64_t watch;
	uint64_t timer;
	int server; /* which of them is asked */
	uint32_t source;
	uint16_t wire_id; /* ours */
	bool tcp;
	struct dns_query query;
	struct buf out; /* to be sent: by TCP with its length in front */
	size_t sent;
	struct buf in;
	void (*done)(void *arg, uint8_t *reply, size_t n);
	void *arg;
};

struct forward {
	struct loop *loop;
	const char *path;
	uint16_t port;
	union address servers[FORWARD_SERVERS];
	int n_servers;
	struct stat was;
	bool known; /* `was` is */
	uint64_t look; /* a timer: until it fires the list is believed */
	uint64_t next_id;
	struct question slots[FORWARD_MAX];
	uint8_t scratch[DNS_MESSAGE_MAX];
};

/* ---- the servers ---- */

static bool parse_server(const char *text, uint16_t port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ret->in.sin_addr) == 1) {
		ret->in.sin_family = AF_INET;
		ret->in.sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, text, &ret->in6.sin6_addr) != 1)
		return false;
	ret->in6.sin6_family = AF_INET6;
	ret->in6.sin6_port = htons(port);
	return true;
}

static void read_servers(struct forward *f)
{
	auto_buf text = {0};
	char *rest, *line;

	f->n_servers = 0;
	if (fs_read_file(f->path, CONF_MAX, &text, NULL) < 0 || !text.len)
		return;
	rest = text.data;
	while ((line = strsep(&rest, "\n")) && f->n_servers < FORWARD_SERVERS) {
		char address[64];

		if (sscanf(line, "nameserver %63s", address) == 1 && parse_server(address, f->port, &f->servers[f->n_servers]))
			f->n_servers++;
	}
}

static void on_look(void *arg)
{
	((struct forward *)arg)->look = 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void look_at_servers(struct forward *f)
{
	struct stat now;

	if (f->look)
		return;
	f->look = loop_timer(f->loop, LOOK_MS, on_look, f);
	if (stat(f->path, &now) < 0) {
		f->known = false;
		f->n_servers = 0;
	} else if (!f->known || !is_same(&now, &f->was)) {
		read_servers(f);
		f->was = now;
		f->known = true;
	}
}

/* ---- one question ---- */

static void hang_up(struct question *q)
{
	assert(q->f);
	loop_remove(q->f->loop, q->watch);
	loop_remove(q->f->loop, q->timer);
	q->watch = q->timer = 0;
	fd_close_auto(&q->fd);
	buf_reset(&q->in);
	q->sent = 0;
}

static void end(struct question *q)
{
	hang_up(q);
	buf_done(&q->out);
	buf_done(&q->in);
	q->id = 0;
}

static void finish(struct question *q, uint8_t *reply, size_t n)
{
	void (*done)(void *arg, uint8_t *reply, size_t n) = q->done;
	void *arg = q->arg;

	if (reply)
		dns_set_id(reply, q->query.id);
	end(q); /* before the call: it may ask again */
	done(arg, reply, n);
}

static void try_next(struct question *q);

static void on_timer(void *arg)
{
	struct question *q = arg;

	q->timer = 0;
	try_next(q);
}

/* A message of the server's, in f->scratch. False: it is not the reply, and by UDP the next may be. */
static bool take_reply(struct question *q, uint8_t *msg, size_t n)
{
	if (!dns_is_reply_to(msg, n, q->wire_id, &q->query))
		return false;
	finish(q, msg, n);
	return true;
}

static void read_udp(struct question *q)
{
	for (;;) {
		ssize_t n = recv(q->fd, q->f->scratch, sizeof(q->f->scratch), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) { /* refused: nobody listens there */
			try_next(q);
			return;
		}
		if (take_reply(q, q->f->scratch, (size_t)n))
			return;
	}
}

static void read_tcp(struct question *q)
{
	ssize_t n = recv(q->fd, q->f->scratch, sizeof(q->f->scratch), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		try_next(q);
		return;
	}
	buf_add(&q->in, q->f->scratch, (size_t)n);
	if (q->in.len < 2)
		return;
	size_t want = (size_t)((uint8_t)q->in.data[0] << 8 | (uint8_t)q->in.data[1]);
	if (q->in.len - 2 < want)
		return;
	memcpy(q->f->scratch, q->in.data + 2, want);
	if (!take_reply(q, q->f->scratch, want))
		try_next(q);
}

static bool write_out(struct question *q)
{
	while (q->sent < q->out.len) {
		ssize_t n = send(q->fd, q->out.data + q->sent, q->out.len - q->sent, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN))
			return true;
		if (n < 0)
			return false;
		q->sent += (size_t)n;
	}
	loop_set_events(q->f->loop, q->watch, POLLIN);
	return true;
}

static void on_ready(void *arg, int fd UNUSED, short revents)
{
	struct question *q = arg;

	if (q->sent < q->out.len && (revents & (POLLOUT | POLLERR | POLLHUP)) && !write_out(q)) {
		try_next(q);
		return;
	}
	if (!(revents & (POLLIN | POLLERR | POLLHUP)))
		return;
	if (q->tcp)
		read_tcp(q);
	else
		read_udp(q);
}

static bool connect_to(struct question *q, const union address *to)
{
	socklen_t len = to->any.sa_family == AF_INET ? sizeof(to->in) : sizeof(to->in6);

	q->fd = socket(to->any.sa_family, (q->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (q->fd < 0 || (connect(q->fd, &to->any, len) < 0 && errno != EINPROGRESS))
		return false;
	q->watch = loop_watch(q->f->loop, q->fd, POLLIN | POLLOUT, on_ready, q);
	q->timer = loop_timer(q->f->loop, FORWARD_TRY_MS, on_timer, q);
	return true;
}

/* Ask the next server; when none is left there is no reply. */
static void try_next(struct question *q)
{
	hang_up(q);
	while (++q->server < q->f->n_servers) {
		if (connect_to(q, &q->f->servers[q->server]))
			return;
		hang_up(q);
	}
	finish(q, NULL, 0);
}

static struct question *free_slot(struct forward *f, uint32_t source)
{
	struct question *found = NULL;
	int of_one = 0;

	for (size_t i = 0; i < ARRAY_LEN(f->slots); i++) {
		if (!f->slots[i].id)
			found = &f->slots[i];
		else
			of_one += f->slots[i].source == source;
	}
	return of_one < FORWARD_OF_ONE_MAX ? found : NULL;
}

static uint64_t begin(struct forward *f, struct question *slot, const struct forward_question *q)
{
	uint16_t wire_id;

	if (getrandom(&wire_id, sizeof(wire_id), 0) != sizeof(wire_id))
		return 0;
	*slot = (struct question){.f = f,
				  .fd = -1,
				  .server = -1,
				  .source = q->source,
				  .wire_id = wire_id,
				  .tcp = q->tcp,
				  .query = *q->query,
				  .done = q->done,
				  .arg = q->arg};
	if (q->tcp) {
		buf_addc(&slot->out, (char)(q->len >> 8));
		buf_addc(&slot->out, (char)q->len);
	}
	buf_add(&slot->out, q->msg, q->len);
	dns_set_id((uint8_t *)slot->out.data + slot->out.len - q->len, wire_id);
	while (++slot->server < f->n_servers) {
		if (connect_to(slot, &f->servers[slot->server])) {
			slot->id = ++f->next_id;
			return slot->id;
		}
		hang_up(slot);
	}
	end(slot);
	return 0;
}

uint64_t forward_ask(struct forward *f, const struct forward_question *q)
{
	look_at_servers(f);
	struct question *slot = free_slot(f, q->source);

	return slot ? begin(f, slot, q) : 0;
}

void forward_cancel(struct forward *f, uint64_t id)
{
	for (size_t i = 0; id && i < ARRAY_LEN(f->slots); i++)
		if (f->slots[i].id == id)
			end(&f->slots[i]);
}

struct forward *forward_new(struct loop *l, const char *path, uint16_t port)
{
	struct forward *f = xcalloc(1, sizeof(*f));

	f->loop = l;
	f->path = path;
	f->port = port;
	for (size_t i = 0; i < ARRAY_LEN(f->slots); i++)
		f->slots[i].fd = -1;
	return f;
}

void forward_free(struct forward *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < ARRAY_LEN(f->slots); i++)
		if (f->slots[i].id)
			end(&f->slots[i]);
	loop_remove(f->loop, f->look);
	free(f);
}
