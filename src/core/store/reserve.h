/* SPDX-License-Identifier: MIT */
/*
 * The reserve: a file of 1 MiB beside the store, `<state>/reserve`, really allocated, for the day the file system is full.
 *
 * Without it a full disk is a trap: SQLite cannot make its -shm or append to its WAL, so no machine could be stopped or
 * deleted, and that is how a person makes room. The reserve is made while there is plenty, given up (unlinked) when an open or a
 * write failed for want of space, or before a transaction, which cannot be tried again, when hardly anything is left; and made again
 * later. Nothing is ever written to it. A guest may eat what was given up, one that is being stopped above all, so it is kept until it
 * is needed; when it is eaten all the same, the store can still be read (STORE_SNAPSHOT).
 *
 * Several processes may do all of this at once: making and removing are idempotent. Blocks on the disk, briefly.
 */
#ifndef STORE_RESERVE_H
#define STORE_RESERVE_H

#include <stdbool.h>

/* All take the store's own path: the reserve lies beside it. */

/* Make it where there is plenty of room. Failing is no error. */
void reserve_make(const char *store);
/* The same, or give it up where hardly anything is left: before what is written and cannot be tried again. */
void reserve_settle(const char *store);
/* Unlink it. True when there was one: whoever failed may try again. */
bool reserve_give_up(const char *store);

#endif
