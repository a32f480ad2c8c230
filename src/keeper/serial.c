/* SPDX-License-Identifier: MIT */
/*
 * Serial console hub. Nobody can hold it up: a client that does not read is dropped once CLIENT_BACKLOG bytes wait for
 * it, and a guest that does not read makes its clients wait, by not reading from them. All descriptors are
 * non-blocking; sends never raise SIGPIPE.
 */
#include "keeper/serial.h"

#include "base/fd.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define CHUNK 16384
#define CLIENT_BACKLOG (256 * 1024)
#define INPUT_BACKLOG (16 * 1024)
#define FLUSH_CHUNKS 64

struct client {
	struct serial *serial;
	int fd;
	uint64_t watch;
	struct buf out;
};

struct serial {
	struct loop *loop;
	struct ringlog *log;
	int guest_fd, listen_fd;
	uint64_t guest_watch, listen_watch;
	struct buf input;  /* on its way to the guest */
	struct buf replay; /* the last bytes of the guest */
	struct client *clients[SERIAL_CLIENTS_MAX];
	int n_clients;
};

static void watch_as_needed(struct serial *s)
{
	bool room = s->input.len < INPUT_BACKLOG;

	loop_set_events(s->loop, s->guest_watch, (short)(POLLIN | (s->input.len ? POLLOUT : 0)));
	for (int i = 0; i < s->n_clients; i++)
		loop_set_events(s->loop, s->clients[i]->watch,
				(short)((room ? POLLIN : 0) | (s->clients[i]->out.len ? POLLOUT : 0)));
}

static void free_client(struct client *c)
{
	loop_remove(c->serial->loop, c->watch);
	fd_close(&c->fd);
	buf_done(&c->out);
	free(c);
}

static void drop_client(struct client *c)
{
	struct serial *s = c->serial;
	int was UNUSED = s->n_clients;

	for (int i = 0; i < s->n_clients; i++)
		if (s->clients[i] == c)
			s->clients[i] = s->clients[--s->n_clients];
	assert(s->n_clients == was - 1);
	free_client(c);
}

static bool is_transient(int sys)
{
	return sys == EAGAIN || sys == EINTR;
}

/* One chunk of what it says. False when there is none now; `ret_gone`: and none will come. */
static bool take_input(struct client *c, bool *ret_gone)
{
	char chunk[1024];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	*ret_gone = n == 0 || (n < 0 && !is_transient(errno));
	if (n > 0)
		buf_add(&c->serial->input, chunk, (size_t)n);
	return n > 0;
}

/* It does not listen any more; what it said before counts. */
static void part_with(struct client *c)
{
	bool gone;

	while (c->serial->input.len < INPUT_BACKLOG && take_input(c, &gone))
		;
	drop_client(c);
}

/* Send what is possible of b. False when the other side is gone. */
static bool send_some(int fd, struct buf *b)
{
	while (b->len > 0) {
		ssize_t n = send(fd, b->data, b->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return is_transient(errno);
		assert((size_t)n <= b->len);
		buf_consume(b, (size_t)n);
	}
	return true;
}

static void remember(struct serial *s, const char *data, size_t n)
{
	buf_add(&s->replay, data, n);
	if (s->replay.len > SERIAL_REPLAY)
		buf_consume(&s->replay, s->replay.len - SERIAL_REPLAY);
	assert(s->replay.len <= SERIAL_REPLAY);
}

static void to_clients(struct serial *s, const char *data, size_t n)
{
	/* Backwards: dropping one moves the last into its place. */
	for (int i = s->n_clients - 1; i >= 0; i--) {
		struct client *c = s->clients[i];
		buf_add(&c->out, data, n);
		if (!send_some(c->fd, &c->out) || c->out.len > CLIENT_BACKLOG)
			part_with(c);
	}
}

/* One chunk of the guest's output. False when there is none now or the guest is gone. */
static bool take_output(struct serial *s, bool *ret_gone)
{
	char chunk[CHUNK];
	ssize_t n = recv(s->guest_fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	*ret_gone = n == 0 || (n < 0 && !is_transient(errno));
	if (n <= 0)
		return false;
	ringlog_write(s->log, chunk, (size_t)n);
	remember(s, chunk, (size_t)n);
	to_clients(s, chunk, (size_t)n);
	return true;
}

static void on_guest(void *arg, int fd, short revents)
{
	struct serial *s = arg;
	bool gone = false;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		(void)take_output(s, &gone);
	if (gone || !send_some(fd, &s->input))
		loop_remove(s->loop, s->guest_watch);
	watch_as_needed(s);
}

static void on_client(void *arg, int fd, short revents)
{
	struct client *c = arg;
	struct serial *s = c->serial;
	bool gone = false;

	if (!send_some(fd, &c->out))
		part_with(c);
	else if (revents & (POLLIN | POLLHUP | POLLERR) && !take_input(c, &gone) && gone)
		drop_client(c);
	/* A guest that is gone is noticed by its own watch. */
	(void)send_some(s->guest_fd, &s->input);
	watch_as_needed(s);
}

static void on_listen(void *arg, int fd, short revents UNUSED)
{
	struct serial *s = arg;
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (got < 0)
		return;
	if (s->n_clients == SERIAL_CLIENTS_MAX) {
		fd_close(&got);
		return;
	}
	struct client *c = xcalloc(1, sizeof(*c));
	*c = (struct client){.serial = s, .fd = got};
	buf_add(&c->out, buf_cstr(&s->replay), s->replay.len);
	c->watch = loop_watch(s->loop, got, POLLIN, on_client, c);
	assert(s->n_clients < SERIAL_CLIENTS_MAX);
	s->clients[s->n_clients++] = c;
	if (!send_some(got, &c->out))
		part_with(c);
	(void)send_some(s->guest_fd, &s->input);
	watch_as_needed(s);
}

struct serial *serial_new(struct loop *l, int guest_fd, int listen_fd, struct ringlog *log)
{
	struct serial *s = xcalloc(1, sizeof(*s));

	assert(guest_fd >= 0 && listen_fd >= 0 && guest_fd != listen_fd);
	*s = (struct serial){.loop = l, .log = log, .guest_fd = guest_fd, .listen_fd = listen_fd};
	s->guest_watch = loop_watch(l, guest_fd, POLLIN, on_guest, s);
	s->listen_watch = loop_watch(l, listen_fd, POLLIN, on_listen, s);
	return s;
}

void serial_flush(struct serial *s)
{
	bool gone;

	for (int i = 0; i < FLUSH_CHUNKS && take_output(s, &gone); i++)
		;
}

void serial_free(struct serial *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n_clients; i++)
		free_client(s->clients[i]);
	loop_remove(s->loop, s->guest_watch);
	loop_remove(s->loop, s->listen_watch);
	fd_close(&s->guest_fd);
	fd_close(&s->listen_fd);
	buf_done(&s->input);
	buf_done(&s->replay);
	free(s);
}
