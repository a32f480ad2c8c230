/* SPDX-License-Identifier: MIT */
/*
 * Pipes for a console made of a descriptor: a connected Unix socket (the serial console of a running VM) or the master
 * side of a pty.
 */
#ifndef UI_TERM_CONSOLE_FD_H
#define UI_TERM_CONSOLE_FD_H

#include "ui/term/console.h"

/* Takes fd over (made non-blocking). On failure fd is closed. ERR_SYS. */
NODISCARD int console_fd_socket(int fd, struct console_io *ret, struct err *e);
NODISCARD int console_fd_pty(int master, struct console_io *ret, struct err *e);

#endif
