/* SPDX-License-Identifier: MIT */
/*
 * The choice of a VMM: see vmmchoice.h. The rule is pure; looking is beside it, and looks no further than it has to: a
 * user network is QEMU's alone, so most machines cost one program more than none.
 */
#include "core/engine/vmmchoice.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

#define FC_VCPUS_LIMIT 32

static int refuse_slirp(struct err *e)
{
	err_set(e, ERR_USAGE, _("Firecracker has no user network, and network mode '%s' is one"), net_mode_to_string(NET_SLIRP));
	return err_hint(e, _("choose another network mode, or --vmm auto"));
}

static int refuse_kvm(struct err *e)
{
	err_set(e, ERR_MISSING, _("Firecracker needs KVM, and it does not work here"));
	return err_hint(e, _("see banger-tui doctor, or choose --vmm qemu"));
}

static int asked_for_firecracker(const struct vmm_facts *f, struct err *e)
{
	if (f->net == NET_SLIRP)
		return refuse_slirp(e);
	if (!f->has_firecracker)
		return err_set(e, ERR_MISSING, "%s", f->missing ? f->missing : "");
	return f->kvm ? 0 : refuse_kvm(e);
}

/* Why `auto` does not take Firecracker; NULL when it does. */
static const char *objection(const struct vmm_facts *f)
{
	if (f->net == NET_SLIRP)
		return _("Firecracker has no user network");
	if (!f->has_firecracker)
		return f->missing;
	if (!f->kvm)
		return _("Firecracker needs KVM");
	if (f->run_as)
		return _("started by root, and Firecracker would stay root");
	return NULL;
}

int vmmchoice_rule(const struct vmm_facts *f, struct vmm_choice *ret, struct err *e)
{
	const char *why = NULL;

	ret->kind = f->asked;
	if (f->asked == VMM_FIRECRACKER && asked_for_firecracker(f, e) < 0)
		return -1;
	if (f->asked == VMM_AUTO) {
		why = objection(f);
		ret->kind = why ? VMM_QEMU : VMM_FIRECRACKER;
	}
	str_copy(ret->reason, sizeof(ret->reason), why ? why : "");
	return 0;
}

/* QEMU tries KVM. Where there is none, the device is all there is to look at. */
static int look_at_kvm(struct op *op, const struct conf *conf, const char *cache_dir, struct kvm_verdict *ret, struct err *e)
{
	struct err why = {0};

	if (kvm_probe(op, cache_dir, conf->paths.qemu, ret, &why) == 0)
		return 0;
	if (why.code != ERR_MISSING)
		return err_join(e, &why);
	*ret = (struct kvm_verdict){.works = access("/dev/kvm", R_OK | W_OK) == 0};
	str_copy(ret->why, sizeof(ret->why), ret->works ? _("/dev/kvm opens (not tried: no QEMU)") : _("/dev/kvm does not open"));
	return 0;
}

int vmmchoice_make(struct op *op, const struct conf *conf, const char *cache_dir, const struct vm_config *cfg,
		   struct vmm_choice *ret, struct err *e)
{
	const char *qemu = conf->paths.qemu;
	const char *fc = conf->paths.firecracker;
	struct vmm_facts f = {.asked = cfg->vmm, .net = cfg->net};
	struct err missing = {0};
	struct vmm_info info = {0};
	uint32_t uid, gid;

	*ret = (struct vmm_choice){0};
	if (cfg->net != NET_SLIRP && cfg->vmm != VMM_QEMU) {
		f.has_firecracker = vmm_probe(op, VMM_FIRECRACKER, fc ? fc : "", cache_dir, &info, &missing) == 0;
		f.missing = missing.msg;
		f.run_as = vmm_run_as(&uid, &gid);
		if (f.has_firecracker && look_at_kvm(op, conf, cache_dir, &ret->kvm, e) < 0)
			return -1;
		f.kvm = ret->kvm.works;
	}
	if (vmmchoice_rule(&f, ret, e) < 0)
		return missing.hint[0] ? err_hint(e, "%s", missing.hint) : -1;
	if (ret->kind == VMM_FIRECRACKER) {
		ret->info = info;
		if (cfg->vcpus > FC_VCPUS_LIMIT)
			return err_set(e, ERR_USAGE, _("Firecracker has at most %d vCPUs"), FC_VCPUS_LIMIT);
		return 0;
	}
	if (cfg->net_rate) {
		err_set(e, ERR_USAGE, _("only Firecracker limits the rate of a network, and the VMM is QEMU: %s"), ret->reason);
		return err_hint(e, _("do without: --net-rate none"));
	}
	return vmm_probe(op, VMM_QEMU, qemu ? qemu : "", cache_dir, &ret->info, e);
}
