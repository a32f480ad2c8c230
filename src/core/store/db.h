/* SPDX-License-Identifier: MIT */
/*
 * The store: one SQLite file, <state>/state.db. sqlite3's only door together with its sibling files here.
 *
 * A `struct store` is one connection and belongs to one thread at a time. Every connection gets the same PRAGMAs when it
 * is opened (WAL, foreign keys, busy time-out). Several processes share the file; each transaction that will write
 * starts IMMEDIATE, so it never fails half-way for want of the write lock.
 *
 * A store made by a newer program is opened read-only (store_is_read_only) and its unknown migrations are left alone. A
 * damaged file is ERR_CORRUPT and is not touched.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/err.h"
#include "base/id.h"
#include "core/model/name.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

enum store_mode {
	STORE_RW,	 /* create and migrate when needed */
	STORE_RO,	 /* never writes, never creates; for listing beside an older program */
	STORE_SNAPSHOT,	 /* for a full disk: as STORE_RO, and without SQLite's own files beside it; see store_open() */
};

/* Open and bring to the present schema. busy_ms: how long a statement waits for another process's lock (0 = not at
 * all: for threads that must not block). Blocks on the disk.
 *
 * On a full disk STORE_RW gives the reserve up (reserve.h) and tries again; ERR_SPACE when that was not enough. Then
 * STORE_SNAPSHOT can still read what was committed, as it stands: no change of another process is ever seen, so it is for a
 * look and is replaced as soon as STORE_RW works. ERR_SPACE when the file alone is not the whole truth (a WAL is there). */
NODISCARD int store_open(const char *path, enum store_mode mode, int busy_ms, struct store **ret, struct err *e);
void store_close(struct store *s);
bool store_is_read_only(const struct store *s);

/* The file it was opened from is no longer at its path: it was moved away, removed, or another was put in its place. What it
 * reads is true of the old file, and nobody else sees what it writes. Blocks on the disk. */
bool store_is_moved(struct store *s);

/* BEGIN IMMEDIATE … COMMIT. Not nested. store_rollback() is safe at any time, also when nothing is open. */
NODISCARD int store_begin(struct store *s, struct err *e);
NODISCARD int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* Scope-bound: `auto_txn struct store *t = s;` rolls back unless committed. */
static inline void store_rollback_auto(struct store **s)
{
	if (*s)
		store_rollback(*s);
}
#define auto_txn __attribute__((cleanup(store_rollback_auto)))

/* A number that changes when another connection or process has committed (PRAGMA data_version). */
NODISCARD int store_data_version(struct store *s, int64_t *ret, struct err *e);

/* A number that every committed change of machines, images, kernels and jobs raises: of two readings, the one with the
 * higher revision is the newer. Read it in the same transaction as the rows (store_begin_read). */
NODISCARD int store_revision(struct store *s, int64_t *ret, struct err *e);
/* One consistent picture for several selects; ends with store_rollback(). */
NODISCARD int store_begin_read(struct store *s, struct err *e);

/* What was seen; sorted. Zeroed is empty. */
struct store_look {
	int schema;
	char (*vm_ids)[ID_SIZE];
	int n_vms;
	char (*images)[OBJ_NAME_SIZE]; /* names of those that are here */
	int n_images;
	struct store_bridged *bridged; /* bridged machines that run, by their rows; by name */
	int n_bridged;
};
struct store_bridged {
	char id[ID_SIZE];
	char name[VM_NAME_SIZE];
	bool nat;
};
void store_look_done(struct store_look *l);

/* Read-only look at a store without touching its directory, for the doctor: "ok", or what is wrong through e. A missing
 * file is ERR_NOT_FOUND. The caller owns *ret (store_look_done), also after a failure. With a WAL present a private copy of both
 * files is read (under `tmpdir`, removed again). */
NODISCARD int store_inspect(const char *path, const char *tmpdir, struct store_look *ret, struct err *e);

/* The newest schema this program knows. */
int store_schema_version(void);

#endif
