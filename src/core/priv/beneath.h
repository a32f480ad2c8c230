/* SPDX-License-Identifier: MIT */
/*
 * A user's files, opened by root without being lured elsewhere.
 *
 * openat2(2) beneath a descriptor of the state directory: no "..", no absolute path, no symbolic or magic link on the way. The
 * file is pinned (O_PATH) and looked at before it is opened: a regular file of that user with one name. Opening is done with
 * the user's file-system uid (setfsuid(2)), so that a helper's rights open nothing that the user could not. For the calling
 * thread alone.
 */
#ifndef PRIV_BENEATH_H
#define PRIV_BENEATH_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct beneath {
	int fd; /* the state directory; borrowed */
	uid_t uid;
};

/* The state directory itself: a directory of that user nobody else may write in. ERR_PERM. */
NODISCARD int beneath_check(const struct beneath *b, struct err *e);
/* `path` is a directory of the user's. ERR_PERM, ERR_NOT_FOUND. */
NODISCARD int beneath_check_dir(const struct beneath *b, const char *path, struct err *e);
/* *ret_fd is the caller's; *ret_size the file's. Opened read-write or read-only. ERR_PERM for what is no plain file of the
 * user's or reached by a link. May block on a file system that is the user's own doing. */
NODISCARD int beneath_open(const struct beneath *b, const char *path, bool writable, int *ret_fd, uint64_t *ret_size,
			   struct err *e);

#endif
