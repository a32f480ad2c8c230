/* SPDX-License-Identifier: MIT */
/*
 * An SSH channel with a pty as a console's pipe.
 */
#ifndef UI_TERM_CONSOLE_SSH_H
#define UI_TERM_CONSOLE_SSH_H

#include "core/guest/ssh.h"
#include "ui/term/console.h"

/* Takes over the session and its channel, finished or still connecting: both are freed with the pipe. The channel is
 * the session's first one when `chan` is NULL, and it must have a pty. */
struct console_io console_ssh_io(struct ssh *ssh, struct ssh_chan *chan);

#endif
