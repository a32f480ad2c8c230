/* SPDX-License-Identifier: MIT */
/*
 * A log that cannot grow: two files of at most `max` bytes each, NAME and the older NAME.1.
 */
#ifndef KEEPER_RINGLOG_H
#define KEEPER_RINGLOG_H

#include "base/err.h"
#include "base/path.h"

#include <stddef.h>
#include <stdint.h>

struct ringlog {
	char path[PATHS_MAX];
	int fd; /* -1: what is written is lost */
	int64_t size, max;
};

/* Append to what is there; 0600. */
NODISCARD int ringlog_open(struct ringlog *r, const char *dir, const char *name, int64_t max, struct err *e);
void ringlog_close(struct ringlog *r);
/* Best effort: a full disk loses log, never the VM. */
void ringlog_write(struct ringlog *r, const void *data, size_t n);

#endif
