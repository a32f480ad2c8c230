/* SPDX-License-Identifier: MIT */
/*
 * Shared by the tests of the store and of what stands on it: a store in the fixture's directory, and plain rows.
 */
#ifndef TESTS_LIB_STORETEST_H
#define TESTS_LIB_STORETEST_H

#include "tests/lib/test.h"

#include "base/mem.h"
#include "core/model/image.h"
#include "core/model/vm.h"
#include "core/store/db.h"

/* <dir>/state.db of the fixture, opened for writing; the caller closes it. */
static inline struct store *storetest_open(void **state)
{
	struct store *s = NULL;
	struct err e = {0};

	assert_ok(store_open(tmpdir_path(state, "state.db"), STORE_RW, 5000, &s, &e), &e);
	return s;
}

/* A stopped machine, every field of it filled. */
static inline struct vm storetest_vm(const char *id, const char *name)
{
	struct vm vm = {
		.state = VM_STOPPED,
		.cfg = {.image = "tiny",
			.kernel = "debian",
			.vcpus = 2,
			.mem_mib = 512,
			.disk = DISK_COPY,
			.overlay_bytes = 1u << 30,
			.work_bytes = (uint64_t)100 << 30,
			.vmm = VMM_QEMU,
			.nat = true,
			.isolated = true,
			.ephemeral = true},
		.image_id = "1111aaaa2222",
		.rootfs_uuid = "00000000-0000-4000-8000-000000000001",
		.upper_uuid = "00000000-0000-4000-8000-000000000002",
		.work_uuid = "00000000-0000-4000-8000-000000000003",
		.machine_id = "0123456789abcdef0123456789abcdef",
		.boot_id = "b00700000001",
		.accel = "tcg",
		.why = "no KVM here",
		.reason = "the guest powered itself off",
		.created_ms = 1000,
		.started_ms = 2000,
		.stopped_ms = 3000,
	};

	str_copy(vm.id, sizeof(vm.id), id);
	str_copy(vm.name, sizeof(vm.name), name);
	return vm;
}

static inline struct image storetest_image(const char *id, const char *name)
{
	struct image im = {
		.about = "a small one",
		.source = "bootstrap",
		.rootfs_uuid = "00000000-0000-4000-8000-000000000009",
		.init = "none",
		.size_bytes = (uint64_t)16 << 30,
		.used_bytes = 5 << 20,
		.alloc_bytes = 6 << 20,
		.created_ms = 4000,
	};

	str_copy(im.id, sizeof(im.id), id);
	str_copy(im.name, sizeof(im.name), name);
	return im;
}

static inline struct kernel storetest_kernel(const char *id, const char *name)
{
	struct kernel k = {
		.release = "6.1.0-25-cloud-amd64",
		.about = "Debian's cloud kernel",
		.source = "bootstrap",
		.digest = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		.modules_uuid = "00000000-0000-4000-8000-00000000000a",
		.alloc_bytes = 70 << 20,
		.created_ms = 5000,
	};

	str_copy(k.id, sizeof(k.id), id);
	str_copy(k.name, sizeof(k.name), name);
	return k;
}

#endif
