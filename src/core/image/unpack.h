/* SPDX-License-Identifier: MIT */
/*
 * The wanted files of a packages' tar, laid out below a directory of ours.
 *
 * Only regular files, and symbolic links between them, that a rule asks for; owner, set-id bits and devices of the archive
 * are not taken over. No link is ever made on disk (a link's text goes to a table), so no name can lead outside.
 * Names have been checked by base/tar.h.
 */
#ifndef CORE_IMAGE_UNPACK_H
#define CORE_IMAGE_UNPACK_H

#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>

#define UNPACK_FILE_MAX ((uint64_t)256 << 20)
#define UNPACK_TOTAL_MAX ((uint64_t)2 << 30)

struct unpack_rule {
	const char *prefix; /* directory or start of a name, without leading slash; NULL ends a table */
	const char *suffix; /* the base name must hold this; NULL: anything */
	bool deep;	    /* directories below `prefix` too */
};

/* Unpack what any rule of the tables asks for; `tables` is NULL-terminated. Links among the wanted names that lead to an
 * unpacked file become copies of it (hard links). Reports bytes of the archive. */
NODISCARD int unpack_tar(struct op *op, const char *tar_path, const struct unpack_rule *const *tables,
			 const char *dst_dir, struct err *e);

#endif
