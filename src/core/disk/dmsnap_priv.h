/* SPDX-License-Identifier: MIT */
/*
 * Between the two halves of dmsnap: the mappings (dmsnap_map.c), and what is put together from them (dmsnap.c).
 */
#ifndef DISK_DMSNAP_PRIV_H
#define DISK_DMSNAP_PRIV_H

#include "core/disk/dmsnap.h"
#include "core/disk/dmtable.h"

struct dmsnap_map {
	const char *vm_id;
	enum dmtable_part part; /* the base is read-only */
	struct dmtable_target targets[DMTABLE_TARGETS_MAX];
	int n;
};

/* Create, load and resume. *ret_made: there is something to remove, even after a failure. ERR_EXISTS, ERR_MISSING, ERR_PERM. */
NODISCARD int dmsnap_map_create(struct op *op, const struct dmsnap_map *m, bool *ret_made, struct err *e);
/* Already gone is fine. ERR_BUSY when it is open. */
NODISCARD int dmsnap_map_remove(const char *vm_id, enum dmtable_part part, struct err *e);
/* *ret: 0 when there is none. */
NODISCARD int dmsnap_map_find(const char *vm_id, enum dmtable_part part, dev_t *ret, struct err *e);

#endif
