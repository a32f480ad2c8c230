/* SPDX-License-Identifier: MIT */
/*
 * The ledger of host resources: the intent is written BEFORE a resource is taken, the row goes when it is released.
 * After a crash the rows say what may be left. `owner` is a VM id, or the staging id of a pull.
 */
#ifndef STORE_RESOURCES_H
#define STORE_RESOURCES_H

#include "base/id.h"
#include "core/store/db.h"

struct resource {
	char owner[ID_SIZE];
	char kind[24];	 /* "vm-dir", "keeper", "staging", … */
	char name[256];	 /* path below the state directory, port, interface */
	char detail[128];
};

/* Committed at once (or with the caller's transaction). The same row again is fine. `detail` may be NULL. */
NODISCARD int resources_add(struct store *s, const char *owner, const char *kind, const char *name, const char *detail,
			    struct err *e);
NODISCARD int resources_remove(struct store *s, const char *owner, const char *kind, const char *name, struct err *e);
/* Newest first, the order of release. owner NULL = all. The array is the caller's to free(). */
NODISCARD int resources_list(struct store *s, const char *owner, struct resource **ret, int *ret_n, struct err *e);

#endif
