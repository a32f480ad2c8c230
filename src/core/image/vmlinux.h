/* SPDX-License-Identifier: MIT */
/*
 * Kernel files: the ELF kernel inside a bzImage (what a VMM boots that cannot unpack a bzImage itself: Firecracker before
 * 1.17), and what a bzImage or an ELF says of itself.
 */
#ifndef CORE_IMAGE_VMLINUX_H
#define CORE_IMAGE_VMLINUX_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>

#define VMLINUX_FILE_MAX ((size_t)64 << 20)	/* of a bzImage */
#define VMLINUX_UNPACKED_MAX ((size_t)256 << 20) /* of the kernel in it */
#define VMLINUX_CONFIG_MAX ((size_t)4 << 20)	/* of a .config */

/* Does the file begin like an ELF file? */
bool vmlinux_is_elf(const char *path);
/* Unpack the kernel of a bzImage (Linux, Documentation/arch/x86/boot.rst) of n bytes into `ret`, at most `max` of them.
 * ERR_PROTO when it is no bzImage, has no ELF kernel for x86-64 inside, or is damaged. */
NODISCARD int vmlinux_unpack(struct op *op, const char *data, size_t n, size_t max, struct buf *ret, struct err *e);
/* The same from file to file; `to` is replaced atomically, 0600. Blocks for about half a second. */
NODISCARD int vmlinux_extract(struct op *op, const char *from, const char *to, struct err *e);

/* What a kernel file is, and what the kernel in it says of itself. */
struct vmlinux_info {
	bool elf;	  /* as it is; else a bzImage */
	bool pvh;	  /* the ELF has the entry point QEMU starts one at (Linux: CONFIG_PVH); a bzImage needs none */
	char release[96]; /* uname -r */
	struct buf config; /* its .config where it was built with that inside (CONFIG_IKCONFIG); else empty; owned */
	struct buf drivers; /* which of virtio_mmio, virtio_blk and virtio_net it names, as in modules.builtin; those it does not
			       name are not built in, which is all that can be told by it; owned */
};

void vmlinux_info_done(struct vmlinux_info *i);
/* A kernel file as it is, within the bounds above. ERR_PROTO over them. Blocks on the disk. */
NODISCARD int vmlinux_read(const char *path, struct buf *ret, struct err *e);
/* Look into a kernel file, a bzImage or an ELF for x86-64: a bzImage is unpacked for it, to at most `max` bytes, so one that is cut off is
 * seen. `ret` must be zeroed. ERR_PROTO when it is no such kernel or damaged. Takes about half a second; cancellable. */
NODISCARD int vmlinux_look(struct op *op, const struct buf *file, size_t max, struct vmlinux_info *ret, struct err *e);

#endif
