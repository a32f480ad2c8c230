/* SPDX-License-Identifier: MIT */
/*
 * A root file system's tar becomes an ext4 image in one pass: no root, nothing extracted on the host.
 *
 * Reads what base/tar.h reads and writes through disk/ext4.h; knows nothing of the image store. Entries that would escape
 * (a ".." component, a parent that is a symbolic link, a hard link to what is not in the archive before it) are refused
 * with the entry's name; leading slashes are dropped, as for any archive of a root. Symbolic links keep their text,
 * absolute ones too: they are followed in the guest, where they mean the guest's files. Device nodes are kept, they are
 * inert until a guest mounts the image. A name that comes twice: the last wins.
 */
#ifndef CORE_IMAGE_IMPORT_H
#define CORE_IMAGE_IMPORT_H

#include "base/err.h"
#include "base/op.h"
#include "base/tar.h"
#include "core/disk/ext4.h"

#include <stdint.h>

#define IMPORT_MIN_NOMINAL_BYTES ((uint64_t)16 << 30)

/* What the image would run as PID 1; for information. */
enum import_init { IMPORT_INIT_NONE, IMPORT_INIT_SYSTEMD, IMPORT_INIT_OPENRC, IMPORT_INIT_BUSYBOX, IMPORT_INIT_OTHER };

struct import_tar_args {
	const char *tar_path; /* NULL: read `fd`, borrowed, from its position (a pipe is fine) */
	int fd;
	const char *what;	/* names the archive in messages; NULL: tar_path */
	const char *dst;	/* the image to make; must not exist; 0600 */
	const char *uuid;	/* NULL: a random one */
	const char *label;	/* NULL: none */
	uint64_t nominal_bytes; /* 0: max(min_bytes, content * 1.5); else kept to */
	uint64_t min_bytes;	/* 0: IMPORT_MIN_NOMINAL_BYTES */
	struct tar_limits limits;
};

struct import_info {
	uint64_t bytes;	  /* used in the image, metadata included */
	uint64_t entries; /* of the archive */
	uint64_t nominal_bytes;
	enum import_init init;
};

/*
 * Content is known only at the end, so the image is formatted for an estimate (a plain tar's own size, six times a
 * compressed one's). Where that proves too small, a seekable archive is read once more for the right size; a pipe's is
 * ERR_SPACE when full. Reports bytes of the archive read through op_progress(). Cancellable. On failure `dst` is removed
 * (unless it existed before: ERR_EXISTS).
 */
NODISCARD int import_tar(struct op *op, const struct import_tar_args *a, struct import_info *ret, struct err *e);

/* What an entry's inode carries; the type in `mode` for devices and fifos. The attributes are the entry's. */
struct ext4_attr import_attr(const struct tar_entry *t);

/* Is what was written a root, and not an image in the form that `docker save` and skopeo give it, layers and all? `what` names where it is
 * from. ERR_PROTO with what helps. Of what a person's file or directory holds; before or after its commit. */
NODISCARD int import_check_root(const struct ext4_writer *w, const char *what, struct err *e);

/* What a filled image would run, before or after its commit. */
enum import_init import_find_init(const struct ext4_writer *w);

/* "none", "systemd", "openrc", "busybox", "other". Never NULL. */
const char *import_init_to_string(enum import_init init);

#endif
