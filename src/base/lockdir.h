/* SPDX-License-Identifier: MIT */
/*
 * Directories that live as long as their makers: each is locked through a lock file in it, so whoever finds one can tell
 * work in progress from what a dead process left.
 *
 * The lock file's name dies with its directory, so names of such directories are random and never used twice. A sweeper
 * may come between making and locking; the maker is told and takes another name.
 */
#ifndef BASE_LOCKDIR_H
#define BASE_LOCKDIR_H

#include "base/err.h"

#include <sys/types.h>

#define LOCKDIR_FILE ".lock"

/* Make `path` with exactly this mode and take its lock. Returns the descriptor, owned by the caller: closing it says that
 * the directory is abandoned. ERR_EXISTS when the name is taken or was swept at once: try another. */
NODISCARD int lockdir_make(const char *path, mode_t mode, struct err *e);

/* Take over a directory whose maker is gone; follows no link. Returns the lock's descriptor, owned by the caller. ERR_BUSY
 * while its maker lives, ERR_NOT_FOUND when it is no more. */
NODISCARD int lockdir_take(const char *path, struct err *e);

#endif
