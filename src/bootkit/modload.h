/* SPDX-License-Identifier: MIT */
/*
 * Loading the drivers that reach the disks and the network.
 */
#ifndef BOOTKIT_MODLOAD_H
#define BOOTKIT_MODLOAD_H

#include "bootkit/util.h"

/*
 * Take the next module from a list: one path a line, relative, blank lines and lines that begin
 * with '#' skipped. Cuts the line in place and moves *list behind it. NULL at the end. A path that
 * is absolute or holds ".." is skipped.
 */
char *modload_next(char **list);

/*
 * Load every module of /kit/modules.list in its order and drop its file, which would only hold
 * memory from then on. A driver that does not load is told and skipped: another may serve.
 */
void modload_all(void);

#endif
