/* SPDX-License-Identifier: MIT */
/*
 * Jobs under way in every process of this state directory: what another console shows as "starting". A row lives while
 * its job runs; rows whose process is gone are swept by whoever sees them.
 */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "core/model/name.h"
#include "core/store/db.h"

#include <sys/types.h>

struct job_row {
	char op_id[ID_SIZE];
	int pid;
	uint64_t start_time; /* of the process, see base/spawn.h */
	char kind[24];	     /* request_kind_to_string() */
	char target[OBJ_NAME_SIZE];
	char vm_id[ID_SIZE];
	char stage[64];
	int step, steps;
	int64_t started_ms;
};

/* Insert, or bring up to date (by op_id). */
NODISCARD int jobs_put(struct store *s, const struct job_row *j, struct err *e);
NODISCARD int jobs_remove(struct store *s, const char *op_id, struct err *e);
/* Oldest first; the array is the caller's to free(). */
NODISCARD int jobs_list(struct store *s, struct job_row **ret, int *ret_n, struct err *e);

#endif
