/* SPDX-License-Identifier: MIT */
/*
 * The wanted files of a packages' tar, laid out below a directory of ours.
 *
 * Only regular files, and links between them, that a rule asks for; owner, set-id bits and devices of the archive are not
 * taken over: files are 0600, programs 0700. No symbolic link is ever made, so no name can lead outside. Names have been
 * checked by base/tar.h.
 */
#ifndef CORE_IMAGE_UNPACK_H
#define CORE_IMAGE_UNPACK_H

#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>

#define UNPACK_FILE_MAX ((uint64_t)256 << 20)
#define UNPACK_TOTAL_MAX ((uint64_t)2 << 30)
#define UNPACK_LINKS_MAX 16384

struct unpack_rule {
	const char *glob; /* fnmatch(3) on the whole name, without leading slash; NULL ends a table */
	bool deep;	  /* "*" also matches "/" */
};

/* Unpack what any rule of the tables asks for into `dst_dir` (made, 0700); `tables` is NULL-terminated. Wanted links that
 * lead, in the archive, to an unpacked file become hard links to it; others are left out. Blocks; reports bytes of the
 * archive; cancellable. ERR_PROTO over the limits above. */
NODISCARD int unpack_tar(struct op *op, const char *tar_path, const struct unpack_rule *const *tables,
			 const char *dst_dir, struct err *e);

#endif
