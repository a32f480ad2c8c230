/* SPDX-License-Identifier: MIT */
/*
 * Does KVM work here? Asked by running a guest, not by looking for /dev/kvm: in nested clouds the device often opens,
 * makes VMs, and then never executes an instruction of a guest, or not as a VMM needs it.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>

struct kvm_verdict {
	bool works;
	char why[192]; /* for a person: "a guest ran", "/dev/kvm: Permission denied", "… did not execute within 2 s" */
	bool from_cache;
};

/*
 * The verdict, from <cache_dir>/kvm-probe.json when that was made by this boot of this kernel on this CPU with this
 * device node and QEMU, else by trying (about 3 s on a host whose KVM is of no use, at most 10). `qemu` is the program to try with, empty or NULL for the
 * one on PATH. A host without KVM is a verdict, not an error. May block; the op may cancel it.
 */
NODISCARD int kvm_probe(struct op *op, const char *cache_dir, const char *qemu, struct kvm_verdict *ret, struct err *e);

#endif
