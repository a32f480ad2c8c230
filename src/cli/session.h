/* SPDX-License-Identifier: MIT */
/*
 * The person's terminal joined to a command or shell in a guest.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/client.h"

struct session_args {
	const struct vm *vm;
	const char *const *argv; /* NULL: a login shell */
	bool entrypoint;	 /* argv (NULL: none) are arguments of the image's own program */
	bool wait_booted;
};

/* Run it in the VM. With a terminal on stdin and stdout the guest gets a pty of the same size, which follows
 * resizes, and ours is raw meanwhile; it is restored in any case. The guest's status comes back. */
NODISCARD int session_run(struct client *c, const struct session_args *a, int *ret_status, struct err *e);

#endif
