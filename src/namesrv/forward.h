/* SPDX-License-Identifier: MIT */
/*
 * Questions of guests that the host's own name servers answer: passed on as they came, under an id of our own, and back.
 *
 * A question has a socket of its own, connected to the server that is asked: a random port and a random id are what a
 * forger off the path has to guess (RFC 5452), and a reply counts only when it repeats the question. By UDP when it was asked by UDP, by
 * TCP when by TCP. The servers are those of resolv.conf(5), read again when it changes; a stub on the loopback is as good as any,
 * for we are on the host. Each is given FORWARD_TRY_MS; then the next is asked.
 *
 * Belongs to the loop's thread; nothing blocks.
 */
#ifndef NAMESRV_FORWARD_H
#define NAMESRV_FORWARD_H

#include "base/loop.h"
#include "core/net/dns.h"

#define FORWARD_MAX 256	      /* questions under way */
#define FORWARD_OF_ONE_MAX 64 /* of one guest */
#define FORWARD_TRY_MS 2000
#define FORWARD_SERVERS 3 /* what resolv.conf(5) uses */

struct forward;

/* `path` (borrowed) is the resolv.conf; its servers are asked at that port. */
struct forward *forward_new(struct loop *l, const char *path, uint16_t port);
/* NULL is fine. Nobody is told any more. */
void forward_free(struct forward *f);

struct forward_question {
	uint32_t source; /* whose it is */
	const uint8_t *msg;
	size_t len;
	const struct dns_query *query;
	bool tcp;
	/* Called once, from the loop: the reply with the asker's id, or NULL when none came. */
	void (*done)(void *arg, uint8_t *reply, size_t n);
	void *arg;
};

/* Pass it on; what it points to is copied. Returns its number, or 0 when there is no server or too much is under way: then done is
 * not called. */
uint64_t forward_ask(struct forward *f, const struct forward_question *q);
/* Forget it: done will not be called. A number that is over is ignored. */
void forward_cancel(struct forward *f, uint64_t id);

#endif
