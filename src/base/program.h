/* SPDX-License-Identifier: MIT */
/*
 * Where programs are: others' on the PATH, ours beside this one or installed.
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include "base/path.h"

#include <stdbool.h>

/* A file that we may execute. */
bool program_is(const char *path);
/* The path of a bare name on the PATH, owned by the caller; NULL when there is none. An empty entry would mean the working
 * directory: nothing is ever taken from there. */
char *program_on_path(const char *name);

enum program_order { PROGRAM_BESIDE_FIRST, PROGRAM_INSTALLED_FIRST };
/* One of our own programs: beside the one that runs (a build directory), and in the libexec directory. False when it is in neither;
 * then ret is the place looked at last. */
bool program_ours(const char *name, enum program_order order, char ret[PATHS_MAX]);

#endif
