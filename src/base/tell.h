/* SPDX-License-Identifier: MIT */
/*
 * Text for a person on stdout or stderr.
 *
 * Inside the program text is UTF-8, whatever the locale. Here, and nowhere else on the command line, it becomes what the
 * locale's character set can show: UTF-8 as it is, or US-ASCII with stand-ins. JSON and a guest's own bytes do not pass here.
 */
#ifndef BASE_TELL_H
#define BASE_TELL_H

#include "base/attrs.h"
#include "base/buf.h"

#include <stdio.h>

void tell(FILE *to, const char *fmt, ...) PRINTF(2, 3);
/* The same for bytes on their way elsewhere: appended to out. */
void tell_add(struct buf *out, const char *s, size_t n);

#endif
