/* SPDX-License-Identifier: MIT */
/*
 * clean up: what killed processes left outside of the state directory.
 *
 * Queued by reconcile.c when there is something. A job, because a tool that outlived its process is waited for and files of
 * subordinate ids need one to remove them; the store is not needed.
 */
#include "core/engine/engine_priv.h"

#include "base/log.h"
#include "core/image/scratch.h"

int do_host_sweep(void *arg UNUSED, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	int removed = 0;
	int rc = scratch_sweep(op, SCRATCH_ROOT, &removed, e);

	if (removed)
		log_info(op, "removed %d left-over directories of %s", removed, SCRATCH_ROOT);
	return rc;
}
