/* SPDX-License-Identifier: MIT */
/*
 * What both ends of a private network's making agree on: privnet.c, and banger-netns (src/netns).
 *
 *	banger-netns make MAC EGRESS	new namespaces, all that is in them but the uplink
 *	banger-netns join		into those at PRIVNET_FD_USER and PRIVNET_FD_NET
 *
 * Then both talk over the packet socket at PRIVNET_FD_CONTROL. A reply is {"ok":true}, or {"ok":false} with an error object
 * (errjson.h). The first says that it is inside; that of `make` carries descriptors: user namespace, network namespace, tap. While
 * it waits there, slirp4netns finds the namespaces by its pid; PRIVNET_PLUG then makes slirp4netns' tap a port of the bridge. It
 * ends when the other end is closed.
 */
#ifndef NET_PRIVNET_PRIV_H
#define NET_PRIVNET_PRIV_H

#include "core/net/privnet.h"

#define PRIVNET_MAKE "make"
#define PRIVNET_JOIN "join"
#define PRIVNET_PLUG "plug"
#define PRIVNET_FD_CONTROL 3
#define PRIVNET_REPLY_MAX 2048
enum { PRIVNET_SENT_USER, PRIVNET_SENT_NET, PRIVNET_SENT_TAP, PRIVNET_SENT_COUNT };

/* slirp4netns.c: what the one at hand can do. */
struct slirp4netns {
	const char *program;
	bool sandbox, seccomp;
};

/* Ask it (--help). ERR_MISSING with the packages that bring it, ERR_TOOL for one that cannot close the host's loopback. */
NODISCARD int slirp4netns_probe(struct op *op, const char *program, struct slirp4netns *ret, struct err *e);

struct slirp4netns_args {
	const char *api;
	pid_t inside; /* a process in the namespaces */
	int exit_fd;  /* it ends when this has been hung up */
	int words_fd; /* what it says */
};
/* Start it and wait until its tap is there and its API answers. On failure nothing runs, and e has its last words. */
NODISCARD int slirp4netns_start(struct op *op, const struct slirp4netns *s, const struct slirp4netns_args *a, struct proc *ret,
				struct err *e);
/* Let a port of the host lead to the guest. ERR_BUSY when somebody has it. */
NODISCARD int slirp4netns_forward(struct op *op, const char *api, const struct privnet_forward *f, struct err *e);

#endif
