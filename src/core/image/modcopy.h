/* SPDX-License-Identifier: MIT */
/*
 * The modules of a kernel, taken from a directory that somebody else keeps.
 *
 * Taken are the modules, unpacked (whatever loads them in a guest need not know how), and the lists of the kernel's build. What else lies
 * there is left: sources, symbols, links, and depmod's tables, which are made anew for what was taken.
 */
#ifndef CORE_IMAGE_MODCOPY_H
#define CORE_IMAGE_MODCOPY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"
#include "base/path.h"

#include <stdbool.h>
#include <stdint.h>

#define MODCOPY_MODULE_MAX ((size_t)64 << 20) /* of one, unpacked */
#define MODCOPY_TOTAL_MAX ((uint64_t)2 << 30)
#define MODCOPY_MODULES_MAX 65536

/* Copy the modules directory `from` to `to`, which is made; files are 0600. .ko, .ko.gz, .ko.xz and .ko.zst are modules. Symbolic links
 * are not followed. ERR_PROTO over the limits above, or when a module is damaged, naming it. Blocks; reports bytes; cancellable. */
NODISCARD int modcopy(struct op *op, const char *from, const char *to, struct err *e);

/* Where below `dir` the modules of kernel `release` are: <dir>/lib/modules/<release>, <dir>/usr/lib/modules/<release>, <dir>/<release>, or
 * `dir` itself where that holds modules. ERR_NOT_FOUND saying of which kernels there are some instead. */
NODISCARD int modcopy_find(const char *dir, const char *release, char ret[PATHS_MAX], struct err *e);

/* A module's file, unpacked where its name says that it is packed. ERR_PROTO when that cannot be done. */
NODISCARD int modcopy_read(struct op *op, const char *path, struct buf *ret, struct err *e);

#endif
