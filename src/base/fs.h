/* SPDX-License-Identifier: MIT */
/*
 * Files and directories of ours: atomic replacement, recursive removal, sparse copies.
 *
 * All may block on the disk: never on the UI thread.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* mkdir -p; new directories get `mode`. An existing directory is fine, anything else in the way is an error. */
NODISCARD int fs_mkdir_p(const char *path, mode_t mode, struct err *e);
/* Write path.tmp.XXXX, fsync, rename over path, fsync the directory. Mode is exact whatever the umask. */
NODISCARD int fs_write_atomic(const char *path, const void *data, size_t n, mode_t mode, struct err *e);
/* Whole file; more than `max` bytes is ERR_PROTO. A named pipe is ERR_USAGE: nothing waits for a writer. */
NODISCARD int fs_read_file(const char *path, size_t max, struct buf *ret, struct err *e);
/* rm -r, never following links, staying on one file system. Already gone is fine. */
NODISCARD int fs_remove_tree(const char *path, struct err *e);
/* unlink; already gone is fine. */
NODISCARD int fs_unlink(const char *path, struct err *e);
/* rename(2) + fsync of the target's directory. */
NODISCARD int fs_rename_sync(const char *from, const char *to, struct err *e);
NODISCARD int fs_sync_dir(const char *path, struct err *e);
/* Private copy: FICLONE where the file system can, else a sparse copy by SEEK_DATA. `to` must not exist; removed again
 * on failure. Reports progress in bytes. */
NODISCARD int fs_copy_sparse(struct op *op, const char *from, const char *to, mode_t mode, struct err *e);
/* Create a sparse file of exactly `size` bytes; must not exist. */
NODISCARD int fs_create_sparse(const char *path, uint64_t size, mode_t mode, struct err *e);
/* Bytes really allocated (st_blocks * 512), 0 for a missing file. */
uint64_t fs_allocated(const char *path);
/* Free bytes for us, and the total, of the file system holding path. */
NODISCARD int fs_space(const char *path, uint64_t *ret_free, uint64_t *ret_total, struct err *e);
bool fs_exists(const char *path);

#endif
