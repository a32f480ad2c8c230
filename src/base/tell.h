/* SPDX-License-Identifier: MIT */
/*
 * Text for a person on stdout or stderr.
 *
 * Control characters but the newline are replaced: a message may hold any word that somebody typed, or a file's line.
 * Inside the program text is UTF-8, whatever the locale. Here, and nowhere else on the command line, it becomes what the
 * locale's character set can show: UTF-8 as it is, or US-ASCII with stand-ins. JSON and a guest's own bytes do not pass here.
 */
#ifndef BASE_TELL_H
#define BASE_TELL_H

#include "base/attrs.h"
#include "base/buf.h"

#include <stdio.h>

void tell(FILE *to, const char *fmt, ...) PRINTF(2, 3);
/* Back to the start of the line, and empty it: for what is shown while something goes on. */
void tell_again(FILE *to);
/* For "%*s" and "%-*s", which count bytes: s in a column of so many cells. Reads s twice. */
#define TELL_CELLS(cells, s) tell_bytes(cells, s), s
/* How many bytes make s that many cells wide, with blanks. */
int tell_bytes(int cells, const char *s);
/* What tell() does to clean text, for bytes on their way elsewhere: appended to out. */
void tell_add(struct buf *out, const char *s, size_t n);

#endif
