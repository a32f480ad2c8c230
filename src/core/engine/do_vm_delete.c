/* SPDX-License-Identifier: MIT */
/*
 * delete: kill, release, remove the disks, the pins, the row.
 *
 * There is no undo: deleting goes forward. The ledger row "delete" is written first and removed last, so a crash in
 * between is finished by the next start. With REQ_F_FORCE what cannot be released is said and the rest goes on.
 */
#include "core/engine/vmjob.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/held.h"
#include "core/guest/knownhosts.h"
#include "core/store/resources.h"
#include "core/store/vms.h"

#include <string.h>

static int intend(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;

	return resources_add(j->store, j->vm.id, "delete", j->vm.name, NULL, e);
}

/* The data is going away: there is nothing to sync, so the machine is not asked. */
static int kill_it(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;

	if (vm_kill_vmm(op, j->eng, j->vm.id, e) < 0)
		return -1;
	return vm_release(op, j, e);
}

/* While the machine is still listed: once its row is gone, only the ledger remembers. */
static int check_given_back(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;

	return held_check_none(j->store, j->vm.id, e);
}

static int remove_files(struct op *op UNUSED, void *ctx, struct err *e)
{
	return fs_remove_tree(((struct vmjob *)ctx)->dir, e);
}

static int remove_pins(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;

	return knownhosts_remove(op, j->eng->paths.state, j->vm.id, e);
}

/* By force, and not everything went: what could not be given back waits in the ledger for who can (do_host_sweep.c), and so does
 * the order to remove what files are left (reconcile.c). */
static bool waits(const struct vmjob *j, const struct resource *r)
{
	return held_is(r) || (strcmp(r->kind, "delete") == 0 && fs_exists(j->dir));
}

static int remove_rows(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;
	auto_txn struct store *txn = j->store;
	auto_free struct resource *left = NULL;
	int n = 0;

	if (store_begin(txn, e) < 0 || vms_delete(txn, j->vm.id, e) < 0 || resources_list(txn, j->vm.id, &left, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (!waits(j, &left[i]) && resources_remove(txn, left[i].owner, left[i].kind, left[i].name, e) < 0)
			return -1;
	return store_commit(txn, e);
}

static const struct step steps[] = {
	{N_("note"), intend, NULL},	   {N_("kill"), kill_it, NULL},	       {N_("release"), check_given_back, NULL},
	{N_("disks"), remove_files, NULL}, {N_("host key"), remove_pins, NULL}, {N_("row"), remove_rows, NULL},
};

/* Could it be running still? Without its directory and its row nobody would find it again. */
static bool may_run(const struct vmjob *j)
{
	bool alive = true;

	return vm_alive(j->eng, j->vm.id, &alive, NULL) < 0 || alive;
}

/* Every step whatever the others said, but for a machine that runs on; what failed is joined. */
static int run_forced(struct op *op, struct vmjob *j, struct err *e)
{
	struct err failed = {0};

	bool listed = false;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct err se = {0};

		op_step(op, _(steps[i].name), (int)i + 1, (int)ARRAY_LEN(steps));
		if (steps[i].run(op, j, &se) == 0)
			continue;
		err_join(&failed, &se);
		listed |= steps[i].run == remove_rows;
		if (steps[i].run == kill_it && may_run(j)) {
			listed = true;
			break;
		}
	}
	if (!err_is_set(&failed))
		return 0;
	log_err(op, &failed);
	*e = failed;
	if (listed) {
		err_wrap(e, _("VM '%s' could not be deleted and is still listed"), j->vm.name);
		return err_hint(e, _("try again: banger-tui vm delete --force %s"), j->vm.name);
	}
	return err_wrap(e, _("VM '%s' is gone, but not everything of it could be released"), j->vm.name);
}

int do_vm_delete(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && j->req.flags & REQ_F_FORCE)
		rc = run_forced(op, j, e);
	else if (rc == 0 && steps_run(op, steps, (int)ARRAY_LEN(steps), j, j->timings, sizeof(j->timings), e) < 0)
		rc = err_wrap(e, _("delete VM '%s'"), j->vm.name);
	if (rc == 0)
		image_tidy(j); /* it may have been the last one of an image that has a newer build */
	return vmjob_end(j, rc, e);
}
