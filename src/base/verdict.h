/* SPDX-License-Identifier: MIT */
/*
 * What was found out about this host by trying, kept in a file with all it depends on (the key), so that it is tried again as soon as
 * any of that changes.
 */
#ifndef BASE_VERDICT_H
#define BASE_VERDICT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Parts of a key, appended. What cannot be looked at adds nothing. */
void verdict_add_boot(struct buf *key);				     /* this boot of this kernel */
void verdict_add_line(struct buf *key, const char *path, const char *label); /* the first line, or the first from `label` on */
void verdict_add_file(struct buf *key, const char *path);		     /* which file, its size and time */

/* The verdict under this key; false when there is none. */
bool verdict_find(const char *path, const char *key, bool *ret_works, char *ret_why, size_t size);
/* One that cannot be written costs the next caller a moment: no error. */
void verdict_put(const char *path, const char *key, bool works, const char *why);

#endif
