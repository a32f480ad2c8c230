/* SPDX-License-Identifier: MIT */
/*
 * Sockets the keeper makes before its VMM starts, so that nobody is ever early or late.
 */
#ifndef KEEPER_UNIXSOCK_H
#define KEEPER_UNIXSOCK_H

#include "base/err.h"

/* A listening, non-blocking Unix socket at `path`, 0600 from birth; a stale one is replaced.
 * The caller owns the descriptor. */
NODISCARD int unixsock_listen(const char *path, int *ret_fd, struct err *e);
/* A connected pair: [0] ours, non-blocking; [1] for the VMM. */
NODISCARD int unixsock_pair(int ret_fds[2], struct err *e);

#endif
