/* SPDX-License-Identifier: MIT */
/*
 * Lock files: exclusivity between processes, and proof of life.
 *
 * Open-file-description locks (fcntl(2), F_OFD_*): the lock belongs to the open description, so every process that
 * inherited the descriptor holds it and the kernel drops it when the last of them is gone, however it died. Unlike
 * flock(2) they can be asked about (F_OFD_GETLK) without being taken, so looking never disturbs an owner to be.
 * Two processes must not hold "the same" lock on two inodes: only who holds a lock unlinks its file (lockfile_remove()), and
 * who takes one makes sure that the file still has its name.
 */
#ifndef BASE_LOCKFILE_H
#define BASE_LOCKFILE_H

#include "base/op.h"

#include <stdbool.h>

/* Create if missing (0600) and take the lock without waiting. Returns the descriptor, owned by the caller; closing
 * the last copy releases. -1 with ERR_BUSY when somebody holds it. */
NODISCARD int lockfile_take(int dirfd, const char *name, struct err *e);

/* The same, waiting until whoever holds it lets go or the op ends. For locks that are held for a moment. */
NODISCARD int lockfile_wait(struct op *op, int dirfd, const char *name, struct err *e);

/* Is it held by anyone (through another open description)? A missing file is not held. Takes nothing. */
NODISCARD int lockfile_is_held(int dirfd, const char *name, bool *ret, struct err *e);

/* Release the lock in *fd (which becomes -1, also on failure) and remove its file: for names that will not come again. */
NODISCARD int lockfile_remove(int dirfd, const char *name, int *fd, struct err *e);

/* Let go of the lock and keep the descriptor; and take it again without waiting, ERR_BUSY when somebody else has it. For a file
 * whose name stays. */
NODISCARD int lockfile_release(int fd, struct err *e);
NODISCARD int lockfile_retake(int fd, struct err *e);

#endif
