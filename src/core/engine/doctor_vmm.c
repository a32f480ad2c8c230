/* SPDX-License-Identifier: MIT */
/*
 * What runs the machines: VMMs, and whether KVM really works.
 */
#include "core/engine/doctor_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/vmm/kvm.h"
#include "core/vmm/vmm.h"

#include <unistd.h>

void doctor_qemu(struct doctor *d)
{
	const char *path = d->conf->paths.qemu;
	struct vmm_info info;
	struct err e = {0};

	if (vmm_find(VMM_QEMU)->probe(d->op, path ? path : "", &info, &e) == 0) {
		doctor_say(d, CHECK_PASS, "%s %s", info.path, info.version);
		return;
	}
	doctor_say(d, CHECK_FAIL, "%s", e.msg);
	doctor_fix_package(d, "qemu-system-x86", "qemu-system-x86-core", "qemu-system-x86");
}

/* Nothing needs it: a host without is a healthy one. */
void doctor_firecracker(struct doctor *d)
{
	const char *path = d->conf->paths.firecracker;
	struct vmm_info info = {0};
	struct err e = {0};

	if (vmm_find(VMM_FIRECRACKER)->probe(d->op, path ? path : "", &info, &e) == 0) {
		doctor_say(d, CHECK_PASS, _("%s %s, for machines with KVM and a network of their own"), info.path, info.version);
		return;
	}
	doctor_say(d, info.version[0] || path ? CHECK_WARN : CHECK_PASS, _("%s; QEMU runs all machines"), e.msg);
	doctor_fix(d, "%s", e.hint);
}

/* A copy of the cached verdict, so that trying again is not needed and nothing is written where the cache is. */
static void copy_verdict(struct doctor *d)
{
	char from[PATHS_MAX], to[PATHS_MAX];
	auto_buf text = {0};

	path_join(from, sizeof(from), d->paths->cache, "kvm-probe.json");
	path_join(to, sizeof(to), d->scratch.dir, "kvm-probe.json");
	if (fs_read_file(from, 65536, &text, NULL) == 0 && fs_write_atomic(to, text.data, text.len, 0600, NULL) < 0)
		return;
}

void doctor_kvm(struct doctor *d)
{
	struct kvm_verdict v = {0};
	struct err e = {0};

	copy_verdict(d);
	if (!d->scratch.dir[0] || kvm_probe(d->op, d->scratch.dir, d->conf->paths.qemu, &v, &e) < 0) {
		doctor_say(d, CHECK_WARN, "%s", d->scratch.dir[0] ? e.msg : _("no temporary directory to try it in"));
		doctor_fix(d, "ls -ld %s", SCRATCH_ROOT);
		return;
	}
	doctor_say(d, v.works ? CHECK_PASS : CHECK_WARN, "%s%s", v.why,
		   v.works ? "" : _("; machines run under emulation, about ten times slower and no security boundary"));
	if (!v.works && access("/dev/kvm", F_OK) == 0 && access("/dev/kvm", R_OK | W_OK) < 0)
		doctor_fix(d, "sudo usermod -aG kvm $USER   # %s", _("then log in again"));
	else if (!v.works)
		doctor_fix(d, "%s", _("enable virtualisation in the firmware, or nested virtualisation for this host"));
}
