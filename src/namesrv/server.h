/* SPDX-License-Identifier: MIT */
/*
 * The name server at work: sockets, the watched table, the way to the end.
 *
 * One thread, one loop. Everything is bounded: so many questions under way, so many connections, so long; what is too much is
 * dropped, and a guest that floods takes its own share alone.
 */
#ifndef NAMESRV_SERVER_H
#define NAMESRV_SERVER_H

#include "base/loop.h"
#include "namesrv/forward.h"
#include "namesrv/zone.h"

struct server_args {
	int dir;	  /* of the table; borrowed */
	uint16_t port;	  /* on 127.0.0.1 and the bridge's address */
	const char *resolv_conf;
	uint16_t ask_port; /* of the host's name servers */
};

struct server {
	struct server_args a;
	struct loop *loop;
	struct forward *forward;
	struct zone zone;
	int inotify_fd;
	int links_fd; /* netlink: addresses that come and go */
	struct listener {
		struct server *s;
		bool is_guest;
		uint32_t addr; /* where it is bound, host byte order; 0: it is not */
		int udp;
		int tcp;
		uint64_t udp_watch;
		uint64_t tcp_watch;
	} host, guests;
	struct tcp *tcp;
	uint64_t gone_timer;
};

/* Read the table, listen. ERR_NOT_FOUND without a table, ERR_PROTO for one that is none, ERR_BUSY when somebody has the port.
 * server_close() in any case. */
NODISCARD int server_open(struct server *s, const struct server_args *a, struct err *e);
/* Until the table is removed or the bridge's address is gone. */
NODISCARD int server_run(struct server *s, struct err *e);
/* Once more after an end, if there is a table again and the address is there: ERR_NOT_FOUND otherwise. */
NODISCARD int server_again(struct server *s, struct err *e);
void server_close(struct server *s);

/* tcp.c: connections. */
struct tcp *tcp_new(struct server *s);
void tcp_free(struct tcp *t);
/* A connection waits at this listener. */
void tcp_accept(struct tcp *t, const struct listener *l);

#endif
