/* SPDX-License-Identifier: MIT */
/*
 * The ELF kernel inside a bzImage: what a VMM boots that cannot unpack a bzImage itself (Firecracker before 1.17).
 */
#ifndef CORE_IMAGE_VMLINUX_H
#define CORE_IMAGE_VMLINUX_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>

#define VMLINUX_FILE_MAX ((size_t)64 << 20)	/* of a bzImage */
#define VMLINUX_UNPACKED_MAX ((size_t)256 << 20) /* of the kernel in it */

/* Does the file begin like an ELF file? */
bool vmlinux_is_elf(const char *path);
/* Unpack the kernel of a bzImage (Linux, Documentation/arch/x86/boot.rst) of n bytes into `ret`, at most `max` of them.
 * ERR_PROTO when it is no bzImage, has no ELF kernel for x86-64 inside, or is damaged. */
NODISCARD int vmlinux_unpack(struct op *op, const char *data, size_t n, size_t max, struct buf *ret, struct err *e);
/* The same from file to file; `to` is replaced atomically, 0600. Blocks for about half a second. */
NODISCARD int vmlinux_extract(struct op *op, const char *from, const char *to, struct err *e);

#endif
