/* SPDX-License-Identifier: MIT */
/*
 * Between a staging directory and a row: how what was made becomes the store's, so that a crash leaves both or neither.
 *
 *	published_put(j, &p, name, &manifest, e); … in the transaction that writes the row: published_settle(j, &p, name, e)
 *
 * For jobs about images and kernels; part of the engine alone.
 */
#ifndef ENGINE_PUBLISHED_H
#define ENGINE_PUBLISHED_H

#include "core/engine/vmjob.h"
#include "core/image/publish.h"

/* Publish what was staged as `name`, in place of a directory of that name without a row. Its row must follow. Blocks. */
NODISCARD int published_put(struct vmjob *j, struct publish *p, const char *name, const struct buf *manifest, struct err *e);
/* The row is there: the ledger's goes. In the transaction of the caller. */
NODISCARD int published_settle(struct vmjob *j, const struct publish *p, const char *name, struct err *e);
/* What was published and got no row goes again; if that fails, the ledger's stays and the next start sees to it. */
void published_undo(struct vmjob *j, const struct publish *p, const char *name);

#endif
