/* SPDX-License-Identifier: MIT */
/*
 * Keys between processes: <state>/locks/<key>. A job's keys are taken without waiting, in sorted order.
 */
#ifndef ENGINE_KEYLOCKS_H
#define ENGINE_KEYLOCKS_H

#include "base/err.h"
#include "base/path.h"

/* All or none: 0 with n descriptors (the caller closes them to release), -1 with ERR_BUSY when one is held. */
NODISCARD int keylocks_take(const struct paths *p, const char *const *keys, int n, int *ret_fds, struct err *e);
/* Is the key held by a job of any process? */
NODISCARD int keylocks_is_held(const struct paths *p, const char *key, bool *ret, struct err *e);
/* Release the key taken in *fd (becomes -1) and remove its file: what it is about is gone for good. */
NODISCARD int keylocks_remove(const struct paths *p, const char *key, int *fd, struct err *e);

#endif
