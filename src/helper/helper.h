/* SPDX-License-Identifier: MIT */
/*
 * banger-helper: the one program of ours that runs with root's rights. Started by banger-tui (as root), sudo or pkexec; talks to
 * the one process that made its standard input; ends when that does. No options, no configuration, no environment.
 */
#ifndef HELPER_HELPER_H
#define HELPER_HELPER_H

#include "core/priv/host.h"

/* From the first look at descriptor 0 to the end; the exit code. Says on standard error why it did not serve. `run_dir` is
 * PRIV_RUN_DIR, but in tests. */
int helper_run(const struct priv_host *host, const char *run_dir);

/* The real host: host_real.c. */
const struct priv_host *helper_host(void);

#endif
