/* SPDX-License-Identifier: MIT */
/*
 * The engine's one helper: started by the first request that needs it, kept until the engine closes, started again when it died.
 * As root it is simply started; as a user only where sudo does it without asking (core/priv/priv.h): a job never asks a person.
 *
 * Jobs take turns, by a token and not a mutex: waiting ends with the job's op.
 */
#ifndef ENGINE_HELPER_H
#define ENGINE_HELPER_H

#include "base/path.h"
#include "core/priv/priv.h"

struct helper;

/* `paths` is borrowed. Starts nothing. Never NULL. */
struct helper *helper_new(const struct paths *paths);
/* Hang up, and wait a little for its end. No call may be under way. NULL is fine. */
void helper_free(struct helper *h);

/* Does one run, as far as is known without asking it? Any thread. */
bool helper_runs(struct helper *h);
/* Start one where a person is: sudo or pkexec may ask on our terminal, which the caller has left for that. Nothing to do when one
 * runs. Blocks on the person, until the op ends. ERR_MISSING, ERR_PERM with what is missing. */
NODISCARD int helper_start(struct op *op, struct helper *h, struct err *e);
/* Could there be one? Looks only. ERR_MISSING or ERR_PERM with what to do. */
NODISCARD int helper_check(struct err *e);
/* See that one runs, started as helper_call() would, and ask nothing of it. Before what it is to take is written down: where it cannot
 * be had nothing will have been taken, and there is nothing to give back. */
NODISCARD int helper_reach(struct op *op, struct helper *h, struct err *e);
/* One request, one reply (priv_call()), the helper started first where it does not run. Every operation is idempotent, so a helper
 * found dead is replaced and asked once more. Blocks until the op ends. */
NODISCARD int helper_call(struct op *op, struct helper *h, const struct priv_request *r, struct priv_reply *ret, struct err *e);
/* A request that says no more than what and of which machine (empty: of none), and whose reply says nothing. As helper_call(). */
NODISCARD int helper_take_down(struct op *op, struct helper *h, enum priv_op what, const char *vm_id, struct err *e);

#endif
