/* SPDX-License-Identifier: MIT */
/*
 * The rows of our running jobs in the store, by which other processes on the same state directory see what we do.
 *
 * What should stand there is kept here until the store takes it: a store that another process is just writing to refuses,
 * and is asked again at the next flush. Single-threaded: the svc thread's.
 */
#ifndef CORE_ENGINE_JOBROWS_H
#define CORE_ENGINE_JOBROWS_H

#include "core/engine/event.h"
#include "core/store/db.h"

struct jobrows;

struct jobrows *jobrows_new(void);
/* NULL is allowed. The store's rows stay as they were last flushed. */
void jobrows_free(struct jobrows *r);

/* How a job of ours stands now: the row of a running one is put or changed, that of an ended one goes. */
void jobrows_note(struct jobrows *r, const struct job *j);
/* Write what changed. `s` may be NULL (not open yet) or read-only: then everything waits. */
void jobrows_flush(struct jobrows *r, struct store *s);

/* Remove the rows of processes that are no more. Returns how many it removed; what could not be read or removed now is
 * left for the next time. */
int jobrows_sweep_dead(struct store *s);

#endif
