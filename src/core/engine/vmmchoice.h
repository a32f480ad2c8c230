/* SPDX-License-Identifier: MIT */
/*
 * Which VMM runs a machine, and why: what was asked for, against what the host and the machine's network allow.
 */
#ifndef ENGINE_VMMCHOICE_H
#define ENGINE_VMMCHOICE_H

#include "base/conf.h"
#include "base/err.h"
#include "base/op.h"
#include "core/model/vm.h"
#include "core/vmm/kvm.h"
#include "core/vmm/vmm.h"

struct vmm_choice {
	enum vmm_kind kind; /* never VMM_AUTO */
	struct vmm_info info;
	struct kvm_verdict kvm;
	char reason[128]; /* for a person, why not the other one; empty where there was no choice to make */
};

/* What the rule looks at. */
struct vmm_facts {
	enum vmm_kind asked;
	enum net_mode net;
	bool has_firecracker; /* installed and new enough */
	const char *missing;  /* else why not, a sentence */
	bool kvm;
	bool run_as; /* we are root, and the VMM is to be somebody else */
};

/* Firecracker where it can serve the machine and nothing speaks against it, else QEMU; what was asked for stays. Fills
 * kind and reason. ERR_USAGE or ERR_MISSING when Firecracker was asked for and cannot serve it. */
NODISCARD int vmmchoice_rule(const struct vmm_facts *f, struct vmm_choice *ret, struct err *e);

/* Look and choose. The VMM that was chosen is there; `ret` is whole. Runs programs: blocks for a second, three when KVM has
 * to be tried. */
NODISCARD int vmmchoice_make(struct op *op, const struct conf *conf, const char *cache_dir, const struct vm_config *cfg,
			     struct vmm_choice *ret, struct err *e);

#endif
