/* SPDX-License-Identifier: MIT */
/*
 * A launch with something in every field, for the tests of the vmm layer.
 */
#ifndef TESTS_UNIT_VMM_SAMPLE_H
#define TESTS_UNIT_VMM_SAMPLE_H

#include "core/vmm/vmm.h"

static inline struct vm_launch vmm_sample(void)
{
	return (struct vm_launch){
		.id = "0123456789ab",
		.name = "web1",
		.boot_id = "ba9876543210",
		.vm_dir = "/s/vms/0123456789ab",
		.runtime_dir = "/r",
		.vmm = VMM_QEMU,
		.accel = VM_ACCEL_KVM,
		.vcpus = 2,
		.mem_mib = 512,
		.kernel = "/s/kernels/debian/vmlinux",
		.initrd = "/c/kit/debian.cpio",
		.cmdline = "console=ttyS0 quiet",
		.drives =
			{
				{.name = "rootfs", .path = "/s/images/a, b/rootfs", .readonly = true, .shared = true},
				{.name = "upper", .path = "/s/vms/0123456789ab/upper"},
				{.name = "work", .path = "/s/vms/0123456789ab/work", .ephemeral = true},
			},
		.n_drives = 3,
		.net =
			{
				.mode = NET_SLIRP,
				.mac = "02:23:45:67:89:ab",
				.tap = "bgr012345",
				.ssh_port = 22022,
				.isolated = true,
				.forwards =
					{{.host_port = 8080, .guest_port = 80},
					 {.udp = true, .host_addr = "127.0.0.2", .host_port = 5353, .guest_port = 53}},
				.n_forwards = 2,
			},
		.run_as = true,
		.uid = 1000,
		.gid = 1001,
		.min_free_mib = 77,
	};
}

#endif
