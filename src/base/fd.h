/* SPDX-License-Identifier: MIT */
/*
 * File descriptors: scope-bound closing, whole reads and writes. Everything here is close-on-exec from birth.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

/* Close and set to -1, keeping errno. -1 is fine. */
void fd_close(int *fd);

static inline void fd_close_auto(int *fd)
{
	if (*fd >= 0)
		fd_close(fd);
}

#define auto_fd __attribute__((cleanup(fd_close_auto))) int
#define TAKE_FD(fd)                                                                                                    \
	({                                                                                                             \
		int take_fd_ = (fd);                                                                                   \
		(fd) = -1;                                                                                             \
		take_fd_;                                                                                              \
	})

/* Write all n bytes, EINTR and short writes handled. May block (files, pipes of ours). */
NODISCARD int fd_write_all(int fd, const void *data, size_t n, struct err *e);
/* Append everything up to end of file, at most `max` bytes (more is ERR_PROTO naming `what`). May block. */
NODISCARD int fd_read_all(int fd, size_t max, const char *what, struct buf *ret, struct err *e);
NODISCARD int fd_set_nonblock(int fd, bool on, struct err *e);
NODISCARD int fd_set_cloexec(int fd, bool on, struct err *e);
/* pipe2(O_CLOEXEC). */
NODISCARD int fd_pipe(int ret_fds[2], struct err *e);

#endif
