/* SPDX-License-Identifier: MIT */
/*
 * Following a log file that grows and rotates (FILE becomes FILE.1): first its tail, then what comes.
 */
#ifndef ENGINE_FOLLOW_H
#define ENGINE_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

#define FOLLOW_TAIL_BYTES ((size_t)64 << 10)

struct follow;

struct follow *follow_new(const char *id, const char *dir, const char *file);
void follow_free(struct follow *f); /* NULL is fine */
/* Hand over what is new, `restart` with the first piece, with n = 0 when the log is still empty. A file that shrank or was
 * replaced is read from its beginning. Reads at most FOLLOW_TAIL_BYTES a call; does not block beyond the disk. */
void follow_read(struct follow *f, void (*data)(void *arg, const char *id, bool restart, const char *bytes, size_t n),
		 void *arg);

#endif
