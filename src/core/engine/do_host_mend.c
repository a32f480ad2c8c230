/* SPDX-License-Identifier: MIT */
/*
 * mend: remove something of ours that no running machine has, as the doctor listed it (leftovers.h). Not by the command it
 * shows but by the helper's own operation, and by the ledger, so that what is gone is nowhere expected any more. Or make rules again
 * that are missing while machines run.
 */
#include "core/engine/vmjob.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "core/engine/doctor_priv.h"
#include "core/engine/held.h"
#include "core/engine/helper.h"
#include "core/engine/keylocks.h"
#include "core/engine/leftovers.h"
#include "core/engine/netmode.h"

#include <stdio.h>
#include <string.h>

/* "guest <vm id>", "disk <vm id>", "network", "rules" */
static bool parse(const char *ref, enum priv_op *ret_op, char ret_id[ID_SIZE])
{
	char rest = 0;

	ret_id[0] = '\0';
	if (strcmp(ref, "network") == 0)
		*ret_op = PRIV_NET_DOWN;
	else if (strcmp(ref, MEND_RULES) == 0)
		*ret_op = PRIV_NET_MEND;
	else if (sscanf(ref, "guest %12[0-9a-f]%c", ret_id, &rest) == 1)
		*ret_op = PRIV_GUEST_DOWN;
	else if (sscanf(ref, "disk %12[0-9a-f]%c", ret_id, &rest) == 1)
		*ret_op = PRIV_SNAP_DOWN;
	else
		return false;
	return *ret_op == PRIV_NET_DOWN || *ret_op == PRIV_NET_MEND || strlen(ret_id) == ID_HEX_LEN;
}

static int take_down(struct op *op, struct engine *eng, enum priv_op what, const char *vm_id, struct err *e)
{
	auto_store *s = NULL;
	struct err why = {0};

	if (vm_id[0] && (engine_store(eng, &s, e) < 0 || held_release(op, eng, s, vm_id, e) < 0))
		return -1;
	if (helper_take_down(op, eng->helper, what, vm_id, e) < 0)
		return -1;
	/* The network goes with its last guest; while others are on it, it stays. */
	if (what == PRIV_GUEST_DOWN && helper_take_down(op, eng->helper, PRIV_NET_DOWN, "", &why) < 0 && why.code != ERR_BUSY)
		return err_join(e, &why);
	return 0;
}

/* What nobody has a claim on the helper leaves alone, and says nothing: only root may remove that. */
static int check_gone(struct op *op, struct vmjob *j, const char *ref, struct err *e)
{
	struct doctor_args args = {.paths = &j->eng->paths, .conf = j->eng->conf, .helper = j->eng->helper};
	struct doctor d = {.op = op, .args = &args, .paths = args.paths, .conf = args.conf, .scratch = SCRATCH_INIT};
	struct leftover *found;
	int n, rc = 0;

	doctor_find_leftovers(&d, &found, &n);
	for (int i = 0; i < n && rc == 0; i++) {
		char mend[64];
		leftover_mend(&found[i], mend, sizeof(mend));
		if (strcmp(mend, ref) != 0)
			continue;
		rc = err_set(e, ERR_PERM, _("%s is still there: it is nobody's any more, and only root may remove that"),
			     found[i].name);
		err_hint(e, "sudo %.240s", found[i].command);
	}
	free(found);
	return rc;
}

/* With the machine's key: nobody starts it meanwhile. */
static int mend_vm(struct op *op, struct vmjob *j, enum priv_op what, const char *vm_id, struct err *e)
{
	char key[SCHED_KEY_SIZE], dir[PATHS_MAX];
	const char *keys[] = {key};
	bool alive = true;
	int fd;

	snprintf(key, sizeof(key), "vm:%s", vm_id);
	if (keylocks_take(&j->eng->paths, keys, 1, &fd, e) < 0)
		return err_wrap(e, _("machine %s is being worked on"), vm_id);
	int rc = vm_alive(j->eng, vm_id, &alive, e);
	if (rc == 0 && alive)
		rc = err_set(e, ERR_STATE, _("machine %s runs: stop it first"), vm_id);
	if (rc == 0)
		rc = take_down(op, j->eng, what, vm_id, e);
	/* Of a machine that is no more its lock is not kept either. */
	if (fs_exists(vm_dir(j->eng, vm_id, dir)))
		fd_close(&fd);
	else
		(void)!keylocks_remove(&j->eng->paths, key, &fd, NULL);
	return rc;
}

int do_host_mend(void *arg, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	struct vmjob *j = arg;
	char vm_id[ID_SIZE];
	enum priv_op what;

	if (!parse(j->req.ref, &what, vm_id))
		return err_set(e, ERR_USAGE, _("'%s' is nothing that could be mended"), j->req.ref);
	int rc = vm_id[0]		 ? mend_vm(op, j, what, vm_id, e)
		 : what == PRIV_NET_MEND ? net_bridge_mend(op, j->eng, e)
					 : take_down(op, j->eng, what, "", e);
	if (rc == 0 && what != PRIV_NET_MEND)
		rc = check_gone(op, j, j->req.ref, e);
	engine_queue_doctor(j->eng);
	return rc;
}
