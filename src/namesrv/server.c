/* SPDX-License-Identifier: MIT */
/*
 * UDP, the table, the end: see server.h.
 *
 * The table is replaced by rename, so its directory is watched. A table that cannot be read leaves the one before in force: what
 * is said of machines that run is still true. When the bridge's address goes, the network is down, and with it what this process
 * is for; a moment is given to somebody who only makes the bridge anew.
 */
#include "namesrv/server.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "namesrv/namesrv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 32 /* datagrams a turn: the others have their turn too */
#define GONE_MS 2000

/* ---- UDP ---- */

/* A guest's question that the host's name servers are asked. */
struct pending {
	struct server *s;
	struct sockaddr_in from;
	struct dns_query query;
	uint8_t msg[DNS_UDP_PLAIN]; /* its header and question */
};

static void reply_udp(const struct listener *l, const struct sockaddr_in *to, const uint8_t *msg, size_t n)
{
	/* A full send buffer loses it, as the network might. */
	(void)!sendto(l->udp, msg, n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to, sizeof(*to));
}

static void on_forwarded(void *arg, uint8_t *reply, size_t n)
{
	struct pending *p = arg;
	uint8_t out[DNS_REPLY_MAX];

	if (!reply)
		reply_udp(&p->s->guests, &p->from, out, dns_reply_error(p->msg, &p->query, DNS_SERVFAIL, out));
	else if (n > p->query.udp_max)
		reply_udp(&p->s->guests, &p->from, out, dns_reply_truncated(p->msg, &p->query, out));
	else
		reply_udp(&p->s->guests, &p->from, reply, n);
	free(p);
}

static void forward_udp(struct server *s, const struct sockaddr_in *from, const uint8_t *msg, size_t n, const struct dns_query *q)
{
	struct pending *p = xcalloc(1, sizeof(*p));
	uint8_t out[DNS_REPLY_MAX];

	p->s = s;
	p->from = *from;
	p->query = *q;
	memcpy(p->msg, msg, q->question_len);
	if (forward_ask(s->forward, &(struct forward_question){.source = ntohl(from->sin_addr.s_addr),
							       .msg = msg,
							       .len = n,
							       .query = q,
							       .done = on_forwarded,
							       .arg = p}))
		return;
	reply_udp(&s->guests, from, out, dns_reply_error(msg, q, DNS_SERVFAIL, out));
	free(p);
}

static void answer_udp(struct listener *l, const struct sockaddr_in *from, const uint8_t *msg, size_t n)
{
	struct zone_asker who = {.is_guest = l->is_guest, .ip = ntohl(from->sin_addr.s_addr)};
	enum dns_rcode rcode;
	struct dns_query q;
	uint8_t out[DNS_REPLY_MAX];
	size_t len = 0;

	/* From port 0 nobody asks. */
	enum dns_verdict verdict = from->sin_port ? dns_read_query(msg, n, &q, &rcode) : DNS_DROP;
	if (verdict == DNS_DROP)
		return;
	if (verdict == DNS_WRONG) {
		len = dns_reply_error(msg, &q, rcode, out);
	} else if (zone_answer(&l->s->zone, &who, msg, &q, out, &len) == ZONE_FORWARD) {
		forward_udp(l->s, from, msg, n, &q);
		return;
	}
	if (len > q.udp_max)
		len = dns_reply_truncated(msg, &q, out);
	reply_udp(l, from, out, len);
}

static void on_udp(void *arg, int fd, short revents UNUSED)
{
	struct listener *l = arg;
	uint8_t msg[4096];

	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_in from = {0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, msg, sizeof(msg), MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		if ((size_t)n <= sizeof(msg) && len == sizeof(from) && from.sin_family == AF_INET)
			answer_udp(l, &from, msg, (size_t)n);
	}
}

static void on_tcp(void *arg, int fd UNUSED, short revents UNUSED)
{
	struct listener *l = arg;

	tcp_accept(l->s->tcp, l);
}

/* ---- sockets ---- */

static int bind_socket(const struct listener *l, int type, uint32_t addr, int *ret, struct err *e)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(l->s->a.port), .sin_addr.s_addr = htonl(addr)};
	char text[INET_ADDRSTRLEN] = "";
	int on = 1;

	*ret = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*ret < 0)
		return err_sys(e, errno, "socket");
	/* TCP connections of a server before us may still be in TIME_WAIT. With UDP it would let two share the port. */
	if (type == SOCK_STREAM && setsockopt(*ret, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return err_sys(e, errno, "SO_REUSEADDR");
	if (bind(*ret, (struct sockaddr *)&at, sizeof(at)) == 0 && (type == SOCK_DGRAM || listen(*ret, 64) == 0))
		return 0;
	int sys = errno;
	inet_ntop(AF_INET, &at.sin_addr, text, sizeof(text));
	if (sys == EADDRINUSE)
		return err_set(e, ERR_BUSY, _("somebody else has port %u of %s"), l->s->a.port, text);
	return err_sys(e, sys, _("listen on %s, port %u"), text, l->s->a.port);
}

static void listener_close(struct listener *l)
{
	loop_remove(l->s->loop, l->udp_watch);
	loop_remove(l->s->loop, l->tcp_watch);
	l->udp_watch = l->tcp_watch = 0;
	fd_close_auto(&l->udp);
	fd_close_auto(&l->tcp);
	l->addr = 0;
}

static int listener_open(struct listener *l, uint32_t addr, struct err *e)
{
	if (l->addr == addr)
		return 0;
	listener_close(l);
	if (bind_socket(l, SOCK_DGRAM, addr, &l->udp, e) < 0 || bind_socket(l, SOCK_STREAM, addr, &l->tcp, e) < 0) {
		listener_close(l);
		return -1;
	}
	l->addr = addr;
	l->udp_watch = loop_watch(l->s->loop, l->udp, POLLIN, on_udp, l);
	l->tcp_watch = loop_watch(l->s->loop, l->tcp, POLLIN, on_tcp, l);
	return 0;
}

/* ---- the table ---- */

static int read_table(struct server *s, struct err *e)
{
	auto_fd fd = openat(s->a.dir, NAMESRV_TABLE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	auto_buf text = {0};
	struct zone fresh;

	if (fd < 0)
		return err_sys(e, errno, _("open '%s'"), NAMESRV_TABLE);
	if (fd_read_all(fd, NAMESRV_TABLE_MAX, NAMESRV_TABLE, &text, e) < 0 ||
	    zone_parse(buf_cstr(&text), text.len, (uint32_t)time(NULL), &fresh, e) < 0)
		return -1;
	zone_done(&s->zone);
	s->zone = fresh;
	return listener_open(&s->host, INADDR_LOOPBACK, e) < 0 ? -1 : listener_open(&s->guests, fresh.addr, e);
}

static void finish(struct server *s)
{
	loop_stop(s->loop);
}

static void complain(const struct err *e)
{
	fprintf(stderr, "banger-names: %s\n", e->msg);
}

static void reload(struct server *s)
{
	struct err e = {0};

	if (read_table(s, &e) == 0)
		return;
	if (e.code == ERR_NOT_FOUND) {
		finish(s);
		return;
	}
	complain(&e);
	/* A network we cannot listen in is none we serve. */
	if (e.code != ERR_PROTO)
		finish(s);
}

static void on_directory(void *arg, int fd, short revents UNUSED)
{
	char events[4096] __attribute__((aligned(8)));

	while (read(fd, events, sizeof(events)) > 0)
		;
	reload(arg);
}

/* ---- the bridge ---- */

/* Is the address still the host's? Binding asks without knowing whose interface it is. */
static bool has_address(uint32_t addr)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(addr)};
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno != EADDRNOTAVAIL;
}

static void on_gone(void *arg)
{
	struct server *s = arg;

	s->gone_timer = 0;
	if (!has_address(s->guests.addr))
		finish(s);
}

static void on_links(void *arg, int fd, short revents UNUSED)
{
	struct server *s = arg;
	char events[8192];

	/* What is said does not matter, nor that something was lost (ENOBUFS): the address is looked at. */
	while (recv(fd, events, sizeof(events), MSG_DONTWAIT) > 0)
		;
	if (!s->gone_timer && !has_address(s->guests.addr))
		s->gone_timer = loop_timer(s->loop, GONE_MS, on_gone, s);
}

static int watch_links(struct server *s, struct err *e)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};

	s->links_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (s->links_fd < 0 || bind(s->links_fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return err_sys(e, errno, _("watch the host's addresses"));
	loop_watch(s->loop, s->links_fd, POLLIN, on_links, s);
	return 0;
}

static int watch_table(struct server *s, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->a.dir);
	s->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->inotify_fd < 0 ||
	    inotify_add_watch(s->inotify_fd, path, IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR) < 0)
		return err_sys(e, errno, _("watch the table of names"));
	loop_watch(s->loop, s->inotify_fd, POLLIN, on_directory, s);
	return 0;
}

int server_open(struct server *s, const struct server_args *a, struct err *e)
{
	*s = (struct server){.a = *a, .inotify_fd = -1, .links_fd = -1};
	s->host = (struct listener){.s = s, .udp = -1, .tcp = -1};
	s->guests = (struct listener){.s = s, .is_guest = true, .udp = -1, .tcp = -1};
	s->loop = loop_new(NULL);
	s->forward = forward_new(s->loop, a->resolv_conf, a->ask_port);
	s->tcp = tcp_new(s);
	/* Watched before it is read, so that no change falls in between. */
	return watch_table(s, e) < 0 || watch_links(s, e) < 0 ? -1 : read_table(s, e);
}

int server_run(struct server *s, struct err *e)
{
	return loop_run(s->loop, e);
}

int server_again(struct server *s, struct err *e)
{
	if (read_table(s, e) < 0)
		return -1;
	return has_address(s->guests.addr) ? 0 : err_set(e, ERR_NOT_FOUND, _("the bridge is gone"));
}

void server_close(struct server *s)
{
	if (!s->loop)
		return;
	/* Whoever still waits is told nothing: the process is about to end. */
	tcp_free(s->tcp);
	forward_free(s->forward);
	listener_close(&s->host);
	listener_close(&s->guests);
	fd_close_auto(&s->inotify_fd);
	fd_close_auto(&s->links_fd);
	zone_done(&s->zone);
	loop_free(s->loop);
	s->loop = NULL;
}
