/* SPDX-License-Identifier: MIT */
/*
 * An open console looks after what bridged machines live by: that whoever empties the packet filter (a restart of
 * nftables.service does) leaves them without rules for seconds, not until the next start.
 *
 * A thread of its own, for asking the helper may block: every few seconds, while a bridged machine runs and a helper does too (or may
 * be had without asking anybody, as root), it has the helper make again what is missing. That is cheap when nothing is: the helper
 * asks the kernel whether the rule set has changed at all. What was missing is logged, and the doctor looks again; so it does when it
 * could not be mended.
 */
#ifndef ENGINE_NETWATCH_H
#define ENGINE_NETWATCH_H

#include "core/engine/engine_priv.h"

struct netwatch;

NODISCARD int netwatch_start(struct engine *eng, struct netwatch **ret, struct err *e);
/* Cancels what is under way and waits for the thread. Before the helper goes. NULL is fine. */
void netwatch_stop(struct netwatch *w);

/* One look, as the thread does it: true when there is news for the doctor. `trouble` is what could not be mended at the last one, empty
 * at first. Blocks on the helper. */
#define NETWATCH_TROUBLE_SIZE 256
bool netwatch_look(struct op *op, struct engine *eng, char trouble[NETWATCH_TROUBLE_SIZE]);

#endif
