/* SPDX-License-Identifier: MIT */
/*
 * The netio thread: one SSH session per watched VM, carrying the stream of `banger-guest stat`.
 *
 * One poll loop serves all of them and never waits for one: a VM that does not answer is retried with growing pauses
 * (0.5 s to 15 s) while the others go on. A guest that stays silent for 15 s is dropped and connected anew. What the
 * guest writes is hostile: a line longer than the limit of wire/stat.h or one that does not parse ends the session.
 */
#ifndef CORE_GUEST_NETIO_H
#define CORE_GUEST_NETIO_H

#include "core/guest/ssh.h"

struct netio;
struct wire_stat; /* wire/stat.h */

enum netio_state {
	NETIO_CONNECTED, /* the stat stream runs */
	NETIO_LOST,	 /* it ended or could not be made; it will be tried again */
};

/* All of them are called on the netio thread and must not block nor call netio_*(). After netio_unwatch() one call
 * that was under way may still arrive. */
struct netio_handler {
	void (*on_stat)(void *arg, const char *vm_id, const struct wire_stat *st);
	/* `why` is NULL when connected, else borrowed for the call. LOST is told once per loss, not per attempt. */
	void (*on_state)(void *arg, const char *vm_id, enum netio_state state, const struct err *why);
	void *arg;
};

/* Start the thread (signals blocked in it as in the caller). NULL with ERR_SYS when there can be none. */
struct netio *netio_start(const struct netio_handler *h, struct err *e);
/* Watch a VM (the same id again: replaces the former, so a restarted VM gets its new port and key). Any thread;
 * never blocks; `a` is copied. */
void netio_watch(struct netio *n, const char *vm_id, const struct ssh_args *a);
/* Stop watching; an unknown id is fine. Any thread; never blocks. */
void netio_unwatch(struct netio *n, const char *vm_id);
/* End the thread and every session, join and free. NULL is fine. Takes one turn of the loop. */
void netio_stop(struct netio *n);

#endif
