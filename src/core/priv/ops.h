/* SPDX-License-Identifier: MIT */
/*
 * The helper's operations: one table, a row each.
 *
 * What takes several things is a table of steps: when one fails, the op ends or the client is gone, it and all before it are
 * undone in reverse, back to what was there before (a guest that was up stays up when changing it fails). Undo runs under an op
 * of its own. What takes things down goes forward only: every part is tried, errors are joined, and the claim goes last.
 */
#ifndef PRIV_OPS_H
#define PRIV_OPS_H

#include "core/priv/beneath.h"
#include "core/priv/host.h"
#include "core/priv/priv.h"

/* Whom the helper serves, and with what. */
struct ops {
	const struct priv_host *host;
	struct beneath files;
	int claims;	/* PRIV_RUN_DIR; borrowed; -1 where there is none yet, for what only looks */
	uid_t uid;	/* the client's */
	uid_t owner;	/* of taps and nodes: the client's, unless it is root */
	gid_t group;
	bool (*is_gone)(void *arg); /* has the client hung up? */
	void *arg;
};

/* It changes nothing, and so needs no directory of claims. */
bool ops_only_looks(enum priv_op op);
/* A request that passed codec_get_request(). *ret is zeroed by the caller and the caller's (priv_reply_done). Blocks. */
NODISCARD int ops_run(struct op *op, const struct ops *o, const struct priv_request *r, struct priv_reply *ret,
		      struct err *e);

#endif
