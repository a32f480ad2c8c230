/* SPDX-License-Identifier: MIT */
/*
 * Where files live: the XDG directories of banger-tui (product: "Files").
 *
 * Resolved once from the environment, handed around by pointer. Nothing is created here but by paths_make().
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/err.h"

#include <stddef.h>

#define PATHS_MAX 4096

struct paths {
	char config[PATHS_MAX];	 /* $XDG_CONFIG_HOME/banger or ~/.config/banger */
	char state[PATHS_MAX];	 /* $XDG_STATE_HOME/banger or ~/.local/state/banger */
	char cache[PATHS_MAX];	 /* $XDG_CACHE_HOME/banger or ~/.cache/banger */
	char runtime[PATHS_MAX]; /* $XDG_RUNTIME_DIR/banger where that is a directory of ours, else /tmp/banger-runtime-<uid> */
	char ssh_key[PATHS_MAX]; /* the person's login key; empty: <state>/ssh/id_ed25519, made when missing */
};

/* Fill from the environment (HOME falls back to the passwd entry). BANGER_STATE_DIR, BANGER_CACHE_DIR,
 * BANGER_CONFIG_DIR and BANGER_RUNTIME_DIR override each. ERR_USAGE when a path is relative or too long. */
NODISCARD int paths_resolve(struct paths *p, struct err *e);
/* XDG_RUNTIME_DIR's value where paths_resolve() does not go by it, because it is missing, somebody else's, or others may
 * write there; else NULL. Blocks on the disk. */
const char *paths_passed_over(void);
/* The person's home directory: HOME, else the passwd entry's. ERR_USAGE when there is none or it is relative. */
NODISCARD int paths_home(char ret[PATHS_MAX], struct err *e);
/* Create what is missing, 0700. The runtime fallback under /tmp must be a directory of ours with mode 0700 and no
 * symbolic link, else ERR_PERM naming it. */
NODISCARD int paths_make(const struct paths *p, struct err *e);

/* Lexically, in place: one slash between names, none at the end, no "." and no ".." ("/a/../b" is "/b", whatever /a is: as a
 * shell's cd has it). The path is absolute and stays so. Returns path. */
char *path_tidy(char *path);

/* "<dir>/<fmt…>" into a fixed array; asserts that it fits. Returns buf. */
char *path_join(char *buf, size_t size, const char *dir, const char *fmt, ...) PRINTF(4, 5);

#endif
