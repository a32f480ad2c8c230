/* SPDX-License-Identifier: MIT */
/*
 * clean up: what killed processes left outside of the state directory, what deleted machines still hold of the host, and a name server
 * that was killed.
 *
 * Queued by reconcile.c and svc.c when there is something. A job, because a tool that outlived its process is waited for, files of
 * subordinate ids need one to remove them, and the helper or the name server has to be started.
 */
#include "core/engine/vmjob.h"

#include "base/log.h"
#include "core/engine/held.h"
#include "core/engine/vmnames.h"
#include "core/image/scratch.h"
#include "core/store/resources.h"
#include "core/store/vms.h"

#include <string.h>

static int sweep_scratch(struct op *op, struct err *e)
{
	int removed = 0;
	int rc = scratch_sweep(op, SCRATCH_ROOT, &removed, e);

	if (removed)
		log_info(op, "removed %d left-over directories of %s", removed, SCRATCH_ROOT);
	return rc;
}

/* A row whose machine is deleted, and whose VMM has ended. Not being able to look is no "no". */
static bool is_orphan(const struct engine *eng, struct store *s, const struct resource *r)
{
	struct err e = {0};
	struct vm vm;
	bool alive;

	if (!held_is(r) || vms_get(s, r->owner, &vm, &e) == 0 || e.code != ERR_NOT_FOUND)
		return false;
	return vm_alive(eng, r->owner, &alive, NULL) == 0 && !alive;
}

static int sweep_held(struct op *op, struct engine *eng, struct err *e)
{
	auto_free struct resource *rows = NULL;
	auto_store *s = NULL;
	int n = 0, rc = 0;

	if (engine_store(eng, &s, e) < 0 || resources_list(s, NULL, &rows, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		struct err re = {0};
		if (is_orphan(eng, s, &rows[i]) && held_release(op, eng, s, rows[i].owner, &re) < 0)
			rc = err_join(e, &re);
	}
	return rc;
}

static int revive_names(struct op *op, struct engine *eng, struct err *e)
{
	auto_store *s = NULL;

	if (engine_store(eng, &s, e) < 0)
		return -1;
	log_info(op, "the name server of bridged machines is gone; another one is started");
	vmnames_refresh(op, eng, s);
	return 0;
}

int do_host_sweep(void *arg, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	struct vmjob *j = arg;

	if (strcmp(j->req.ref, SWEEP_NAMES) == 0)
		return revive_names(op, j->eng, e);
	return strcmp(j->req.ref, SWEEP_HELD) == 0 ? sweep_held(op, j->eng, e) : sweep_scratch(op, e);
}
