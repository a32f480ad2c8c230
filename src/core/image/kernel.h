/* SPDX-License-Identifier: MIT */
/*
 * Kernels: fetched as Debian packages, taken of this host, a bundle or a person's files; laid out so that a VM can boot them.
 *
 * A kernel's directory holds `vmlinuz` (a bzImage, or the ELF somebody brought), `modules.ext4` (read-only, shared by all VMs: every module and
 * depmod's tables at /<release>/), `modules.list` (what the kit loads, in order) and `initramfs-<key>.cpio`, one for each
 * boot kit it was used with; and `vmlinux`, the ELF kernel of vmlinuz, once somebody wanted it. Nothing else is ever added
 * after publication.
 */
#ifndef CORE_IMAGE_KERNEL_H
#define CORE_IMAGE_KERNEL_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/id.h"
#include "base/op.h"
#include "base/path.h"
#include "core/image/catalog.h"
#include "core/image/image.h"

#define KERNEL_VMLINUZ "vmlinuz"
#define KERNEL_VMLINUX "vmlinux"
#define KERNEL_MODULES "modules.ext4"
#define KERNEL_MODULES_LIST "modules.list"

#define KERNEL_RELEASE_SIZE 96

struct kernel_built {
	char release[KERNEL_RELEASE_SIZE]; /* uname -r */
	char modules_uuid[UUID_SIZE];
	char kit_digest[DIGEST_SIZE]; /* of the boot kit fetched along with it */
	char digest[DIGEST_SIZE];     /* SHA-256 of vmlinuz */
	uint64_t alloc_bytes;	      /* of the staging directory's files */
	bool firecracker_only;	      /* an ELF without the entry point QEMU starts one at */
	char remark[96];	      /* what whoever uses it has to know, in English; mostly empty */
	struct buf manifest;	      /* JSON for publish_commit(); owned */
};

void kernel_built_done(struct kernel_built *k);

/* Make the kernel of `entry` in the directory `staging` (publish_begin()) and bring the boot kit's parts into the cache on the way: of
 * kind bootstrap, host, bundle or local. Before anything is taken for good: that kernel and modules are of one release, and that all a machine
 * needs is there. ERR_PROTO naming what is missing. `ret` must be zeroed. Blocks for seconds to minutes; stages and bytes go to the op; cancellable. What is left in staging
 * after a failure is the caller's to remove. */
NODISCARD int kernel_fetch(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			   const char *staging, struct kernel_built *ret, struct err *e);

/* uname -r of what this host runs. */
void kernel_host_release(char ret[KERNEL_RELEASE_SIZE]);

/* Was the published kernel in `dir` made of what the entry stands for now: of the kernel this host runs, of that very bundle? True of
 * other kinds, and where `dir` cannot be read: that is told when it is used. Reads a small file. */
bool kernel_is_of(const char *dir, const struct catalog_entry *entry);

/* What a VMM is given to boot a published kernel. */
struct kernel_files {
	char vmlinuz[PATHS_MAX];
	char modules[PATHS_MAX];
	char initramfs[PATHS_MAX];
	char modules_uuid[UUID_SIZE];
	bool firecracker_only;
};

/* The files of the kernel in `dir`. Builds its initramfs first (well under a second) when there is none for this
 * banger-guest and the newest boot kit; fetches the kit again when the cache lost it. ERR_CORRUPT when the directory is not
 * one that kernel_fetch() made. Two callers at once are fine. */
NODISCARD int kernel_files(struct op *op, const struct image_ctx *ctx, const char *dir, struct kernel_files *ret,
			   struct err *e);
/* The same kernel as ELF, for a VMM that boots no bzImage: unpacked beside it when it is wanted first (half a second).
 * ERR_PROTO when there is none inside. Two callers at once are fine. */
NODISCARD int kernel_elf(struct op *op, const char *dir, char ret[PATHS_MAX], struct err *e);

#endif
