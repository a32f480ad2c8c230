/* SPDX-License-Identifier: MIT */
/*
 * Words as a shell takes them, for command lines that people copy.
 */
#ifndef BASE_SHWORD_H
#define BASE_SHWORD_H

#include "base/buf.h"

/* Append the word as a shell takes it for one, whatever its bytes are: as it is, quoted, or escaped where it could not be shown. */
void shword_add(struct buf *out, const char *word);
/* The same, alone; the caller's to free. */
char *shword(const char *word);

#endif
