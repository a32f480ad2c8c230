/* SPDX-License-Identifier: MIT */
/*
 * The private network of a running VM: made before its VMM, looked after while it runs, gone with it (core/net/privnet.h).
 */
#ifndef KEEPER_NETWORK_H
#define KEEPER_NETWORK_H

#include "base/loop.h"
#include "core/net/privnet.h"
#include "core/vmm/vmm.h"
#include "keeper/ringlog.h"

struct network {
	const struct vm_launch *launch; /* borrowed */
	struct privnet net;		/* PRIVNET_INIT while there is none */
	struct loop *loop;
	struct ringlog *log;
	uint64_t end_watch, words_watch;
	int64_t up_ms;	 /* when it came up, on the monotonic clock */
	int64_t wait_ms; /* before the next attempt to bring it back */
	char api[PATHS_MAX];
};

/* Make it. net.tap is the caller's to take or to close. */
NODISCARD int network_up(struct op *op, struct network *n, const struct vm_launch *l, struct err *e);
/* From now on what slirp4netns says goes to `log`, and when it dies another is started; this holds up the loop for a moment. */
void network_watch(struct network *n, struct loop *loop, struct ringlog *log);
/* Half-made, and one that never was, are fine. */
void network_down(struct network *n);

#endif
