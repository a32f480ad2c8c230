/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line. How a reboot is done decides how a VM ends: QEMU's microvm has no keyboard controller, a
 * triple fault (reboot=t) resets it, and -no-reboot turns a reset into the end. Firecracker has just that of a keyboard
 * controller which resets (reboot=k): it is the only thing a guest on x86 can do to end it. panic=-1 resets at once, so a panicked
 * guest ends instead of hanging. The rest keeps the image's own first-boot machinery from asking questions or looking
 * for disks. See kernel-parameters.txt and systemd(1), "Kernel command line".
 *
 * Under emulation the guest times its time-stamp counter against an emulated timer, and on a busy host that fails ("tsc:
 * Unable to calibrate against PIT") and the boot hangs for ever. There the rate is told (tsc_early_khz), and the
 * watchdog that would time the counter against the same timer is left out (tsc=reliable).
 */
#include "core/vmm/cmdline.h"

#include <assert.h>
#include <stdio.h>

char *cmdline_format(char *buf, size_t size, enum vmm_kind vmm, const char *machine_id, unsigned tsc_khz)
{
	assert(vmm == VMM_QEMU || vmm == VMM_FIRECRACKER);
	int n = snprintf(buf, size,
			 "console=ttyS0 reboot=%s panic=-1 net.ifnames=0 cloud-init=disabled systemd.firstboot=off "
			 "systemd.gpt_auto=no systemd.machine_id=%s pci=off quiet loglevel=4",
			 vmm == VMM_FIRECRACKER ? "k" : "t", machine_id);

	assert(n > 0 && (size_t)n < size);
	if (tsc_khz)
		n += snprintf(buf + n, size - (size_t)n, " tsc=reliable tsc_early_khz=%u", tsc_khz);
	assert((size_t)n < size);
	return buf;
}
