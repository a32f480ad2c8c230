/* SPDX-License-Identifier: MIT */
/*
 * Makes ustar archives member by member, as a test wants them, in a temporary file.
 */
#ifndef TESTS_TARMAKE_H
#define TESTS_TARMAKE_H

#include <stddef.h>

/* A new unlinked file to write to; closed by the caller. */
int tarmake_open(void);
/* Append a header and its content, padded. type as in ustar; link may be NULL. */
void tarmake_add(int fd, const char *name, char type, unsigned mode, const char *link, const void *data, size_t size);
/* Append a pax extended header with one `key=value` record. */
void tarmake_pax(int fd, const char *key, const char *value);
/* Append the end and go back to the start. */
void tarmake_end(int fd);

#endif
