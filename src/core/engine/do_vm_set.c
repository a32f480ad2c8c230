/* SPDX-License-Identifier: MIT */
/*
 * set: vCPUs and memory (from the next start on), growth of the disks, rates and NAT (at once where it runs).
 *
 * Image, kernel, disk mode and network are fixed at creation or while stopped; a disk never shrinks.
 */
#include "core/engine/vmjob.h"

#include "base/i18n.h"
#include "core/engine/growdisk.h"
#include "core/engine/netmode.h"
#include "core/engine/vmnames.h"
#include "core/store/vms.h"
#include "core/vmm/vmm.h"

#include <string.h>

#define FIXED ((1u << SPEC_IMAGE) | (1u << SPEC_DISK) | (1u << SPEC_EPHEMERAL))
#define STOPPED_ONLY ((1u << SPEC_NET) | (1u << SPEC_ISOLATED) | (1u << SPEC_EGRESS) | (1u << SPEC_PUBLISH) | (1u << SPEC_VMM) | (1u << SPEC_KERNEL))

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

static int set_rates(struct op *op, struct vmjob *j, const struct vm_config *was, const struct vm_config *cfg, struct err *e)
{
	struct vm_launch l;
	struct vm_identity who;

	if (cfg->disk_rate == was->disk_rate && cfg->net_rate == was->net_rate)
		return 0;
	if (identity_load(j->dir, &who, e) < 0 || vm_launch_load(j->dir, &l, e) < 0)
		return -1;
	if (cfg->net_rate && who.vmm == VMM_QEMU) {
		err_set(e, ERR_USAGE, _("only Firecracker limits the rate of a network, and '%s' runs in QEMU"), j->vm.name);
		return err_hint(e, _("do without: --net-rate none"));
	}
	l.rates = (struct vm_rates){.disk = (int64_t)cfg->disk_rate, .net = (int64_t)cfg->net_rate};
	return vmm_find(who.vmm)->limit(op, &who, &l, e);
}

static int set_nat(struct op *op, struct vmjob *j, const struct vm_config *was, const struct vm_config *cfg, struct err *e)
{
	/* Asked for as it is: what the row says need not be what the rules say, which others may have removed. */
	if (cfg->net != NET_BRIDGE || (cfg->nat == was->nat && !spec_has(&j->req.spec, SPEC_NAT)))
		return 0;
	return net_bridge_set_nat(op, j->eng, &j->vm, cfg->nat, e);
}

/* What a machine that runs has at once: switches, so putting them back is setting them again. */
static int (*const switches[])(struct op *, struct vmjob *, const struct vm_config *, const struct vm_config *, struct err *) = {
	set_rates, set_nat};

/* The first `n` switches as they were; goes on after an error and joins them. */
static void put_back(struct op *op, struct vmjob *j, size_t n, const struct vm_config *was, const struct vm_config *cfg,
		     struct err *e)
{
	struct op cleanup;

	op_init_cleanup(&cleanup, op, STEPS_UNDO_MS);
	while (n--) {
		struct err back = {0};

		if (switches[n](&cleanup, j, cfg, was, &back) < 0)
			err_join(e, &back);
	}
	op_done(&cleanup);
}

/* What runs is as the row says, or neither was changed. */
static int record(struct op *op, struct vmjob *j, const struct vm_config *cfg, struct err *e)
{
	const struct vm_config was = j->vm.cfg;
	struct vm now = j->vm;
	size_t n = 0, want = vm_state_is_live(j->vm.state) ? ARRAY_LEN(switches) : 0;

	now.cfg = *cfg;
	while (n < want && switches[n](op, j, &was, cfg, e) == 0)
		n++;
	if (n == want && vms_update(j->store, &now, e) == 0) {
		j->vm = now;
		if (n && cfg->nat != was.nat)
			vmnames_refresh(op, j->eng, j->store);
		return 0;
	}
	put_back(op, j, n, &was, cfg, e);
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
	struct vm_config before = j->vm.cfg;
	struct spec_resolved r;

	if (check(j, e) < 0 || spec_resolve(&j->req.spec, &have, &j->eng->limits, &r, e) < 0)
		return -1;
	if (spec_has(&j->req.spec, SPEC_PUBLISH) && netmode_check_publish(&r.cfg, e) < 0)
		return -1;
	if (spec_has(&j->req.spec, SPEC_NET) && choose_network(op, j, &r.cfg, e) < 0)
		return -1;
	if (growdisk_check(j, &r.cfg, e) < 0 || growdisk_host(op, j, &r.cfg, e) < 0 || record(op, j, &r.cfg, e) < 0)
		return -1;
	return growdisk_guest(op, j, &before, e);
}

int do_vm_set(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && apply(op, j, e) < 0)
		rc = err_wrap(e, _("set VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
