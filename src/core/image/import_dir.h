/* SPDX-License-Identifier: MIT */
/*
 * A directory of the host becomes an ext4 image: a root file system that somebody has unpacked.
 *
 * Walked by openat(2), no link is followed, nothing of the host's is opened but directories and plain files. Kept: modes, times, owners,
 * extended attributes (but security.selinux, which is the host's policy), hard links, symbolic links as they are, device nodes, fifos,
 * holes. Sockets are left out, they mean nothing without who listens. Other file systems mounted below are not entered: their place
 * is there, empty.
 *
 * Owners: a tree that an ordinary user unpacked belongs to that user where it means root, so the caller's own uid and gid become 0, and
 * every other stays what it is. Root's are kept as they are, and so are anybody's with keep_owners.
 */
#ifndef CORE_IMAGE_IMPORT_DIR_H
#define CORE_IMAGE_IMPORT_DIR_H

#include "core/image/import.h"

#include <stdbool.h>

struct import_dir_args {
	const char *dir;
	const char *dst;    /* the image to make; must not exist; 0600 */
	const char *uuid;   /* NULL: a random one */
	const char *except; /* a directory that is not entered when it is below `dir`: where `dst` is; NULL: none */
	bool keep_owners;
};

struct import_dir_info {
	struct import_info image;
	uint64_t sockets; /* left out */
	uint64_t mounts;  /* not entered */
};

/* Make the image. What cannot be read is an error that names it: ERR_PERM, with a hint. Bytes read go to the op; cancellable. On failure `dst`
 * is removed (unless it existed before: ERR_EXISTS). Nobody may change the tree meanwhile: a file that became shorter is ERR_STATE. */
NODISCARD int import_dir(struct op *op, const struct import_dir_args *a, struct import_dir_info *ret, struct err *e);

#endif
