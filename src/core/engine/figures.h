/* SPDX-License-Identifier: MIT */
/*
 * What the screen shows in figures: of machines that run what their processes and their guests tell, of the others what their disks
 * take, of the host its load and what is promised to machines. Taken on the svc thread and posted as events; guests tell on a
 * thread of their own (netio.h).
 */
#ifndef ENGINE_FIGURES_H
#define ENGINE_FIGURES_H

#include "core/engine/engine_priv.h"

struct figures;

/* Starts listening to guests. NULL on failure. */
NODISCARD struct figures *figures_new(struct engine *eng, struct err *e);
void figures_free(struct figures *f);
/* From now on of exactly the machines that run, each boot anew. `f` may be NULL. */
void figures_follow(struct figures *f);
/* One round, posted. Blocks no longer than reading /proc does. */
void figures_take(struct figures *f);

#endif
