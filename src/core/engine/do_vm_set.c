/* SPDX-License-Identifier: MIT */
/*
 * set: vCPUs and memory (from the next start on), growth of the disks (the guest grows its file system when it boots), NAT (at
 * once where it runs).
 *
 * Image, kernel, disk mode and network are fixed at creation or while stopped; a disk never shrinks.
 */
#include "core/engine/vmjob.h"

#include "base/i18n.h"
#include "core/engine/netmode.h"
#include "core/engine/vmnames.h"
#include "core/model/size.h"
#include "core/store/vms.h"

#include <string.h>

#define FIXED ((1u << SPEC_IMAGE) | (1u << SPEC_DISK) | (1u << SPEC_EPHEMERAL))
#define STOPPED_ONLY ((1u << SPEC_OVERLAY) | (1u << SPEC_WORK) | (1u << SPEC_NET) | (1u << SPEC_ISOLATED) | (1u << SPEC_EGRESS) | (1u << SPEC_PUBLISH) | (1u << SPEC_VMM) | (1u << SPEC_KERNEL))

static int check(const struct vmjob *j, struct err *e)
{
	unsigned set = j->req.spec.set;

	for (int f = 0; f < SPEC_FIELD_COUNT; f++) {
		const char *name = spec_field_to_string((enum spec_field)f);

		if (set & FIXED & (1u << f)) {
			err_set(e, ERR_USAGE, _("%s is chosen when a VM is created"), name);
			return err_hint(e, _("create another VM"));
		}
		if (set & STOPPED_ONLY & (1u << f) && vm_state_is_live(j->vm.state)) {
			err_set(e, ERR_STATE, _("%s of '%s' can only be changed while it is stopped"), name, j->vm.name);
			return err_hint(e, _("stop it first: banger-tui vm stop %s"), j->vm.name);
		}
	}
	return set ? 0 : err_set(e, ERR_USAGE, _("nothing to set"));
}

static int check_growth(const char *what, uint64_t now, uint64_t then, struct err *e)
{
	char a[SIZE_TEXT], b[SIZE_TEXT];

	if (then >= now)
		return 0;
	return err_set(e, ERR_USAGE, _("%s has %s and cannot shrink to %s"), what, size_format(now, a), size_format(then, b));
}

static int grow(const struct vmdisk_set *set, enum vmdisk_role role, uint64_t bytes, struct err *e)
{
	for (int i = 0; i < set->n; i++)
		if (set->files[i].role == role && !set->files[i].shared)
			return vmdisk_grow(&set->files[i], bytes, e);
	return 0;
}

/* The files first, then the row: a file larger than its row is harmless, the other way is not. */
static int grow_disks(struct vmjob *j, const struct vm_config *cfg, struct err *e)
{
	enum vmdisk_role root = j->vm.cfg.disk == DISK_OVERLAY ? VMDISK_UPPER : VMDISK_ROOTFS;
	const struct vmdisk_mode *mode;
	struct vmdisk_spec spec;
	struct vmdisk_set set;
	char rootfs[PATHS_MAX];

	if (check_growth(_("the overlay"), j->vm.cfg.overlay_bytes, cfg->overlay_bytes, e) < 0 ||
	    check_growth(_("the work disk"), j->vm.cfg.work_bytes, cfg->work_bytes, e) < 0 ||
	    vm_disks(j, rootfs, &spec, &mode, e) < 0)
		return -1;
	mode->files(&spec, &set);
	if (cfg->overlay_bytes != j->vm.cfg.overlay_bytes && grow(&set, root, cfg->overlay_bytes, e) < 0)
		return -1;
	if (cfg->work_bytes != j->vm.cfg.work_bytes && grow(&set, VMDISK_WORK, cfg->work_bytes, e) < 0)
		return -1;
	return 0;
}

/* The switch is what the row says, or neither was changed. */
static int record(struct op *op, struct vmjob *j, const struct vm_config *cfg, struct err *e)
{
	bool at_once = cfg->nat != j->vm.cfg.nat && j->vm.cfg.net == NET_BRIDGE && vm_state_is_live(j->vm.state);
	struct vm now = j->vm;
	struct err back = {0};
	struct op cleanup;

	now.cfg = *cfg;
	if (at_once && net_bridge_set_nat(op, j->eng, &j->vm, cfg->nat, e) < 0)
		return -1;
	if (vms_update(j->store, &now, e) == 0) {
		j->vm = now;
		if (at_once)
			vmnames_refresh(op, j->eng, j->store);
		return 0;
	}
	op_init_cleanup(&cleanup, op, STEPS_UNDO_MS);
	if (at_once && net_bridge_set_nat(&cleanup, j->eng, &j->vm, !cfg->nat, &back) < 0)
		err_join(e, &back);
	op_done(&cleanup);
	return -1;
}

static int choose_network(struct op *op, struct vmjob *j, struct vm_config *cfg, struct err *e)
{
	struct vm vm = {.cfg = *cfg};

	if (netmode_choose(op, j->eng, &vm, e) < 0)
		return -1;
	cfg->net = vm.cfg.net;
	memcpy(j->vm.net_why, vm.net_why, sizeof(j->vm.net_why));
	return 0;
}

static int apply(struct op *op, struct vmjob *j, struct err *e)
{
	struct vm_spec have = {.set = (1u << SPEC_FIELD_COUNT) - 1, .cfg = j->vm.cfg};
	struct spec_resolved r;

	if (check(j, e) < 0 || spec_resolve(&j->req.spec, &have, &j->eng->limits, &r, e) < 0)
		return -1;
	if (spec_has(&j->req.spec, SPEC_NET) && choose_network(op, j, &r.cfg, e) < 0)
		return -1;
	if (grow_disks(j, &r.cfg, e) < 0)
		return -1;
	return record(op, j, &r.cfg, e);
}

int do_vm_set(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && apply(op, j, e) < 0)
		rc = err_wrap(e, _("set VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
