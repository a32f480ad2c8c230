/* SPDX-License-Identifier: MIT */
/*
 * Wait for a guest that was just started.
 *
 * "Ready" = SSH answers with the pinned host key and the guest's boot id is the one of this start (a restart is proven
 * by it, and a forgotten guest on the same port is not mistaken for the new one). "Booted" = its init says so.
 */
#ifndef CORE_GUEST_READY_H
#define CORE_GUEST_READY_H

#include "base/op.h"
#include "core/guest/ssh.h"

#include <stdbool.h>

struct ready_args {
	const char *vm_name; /* for messages */
	struct ssh_args ssh;
	const char *boot_id;	     /* of this start, as written on the seed */
	const char *boot_id_path;    /* NULL = /run/banger/boot_id */
	bool (*is_alive)(void *arg); /* false once the VM's process is gone: ends the wait at once. May be NULL */
	void *arg;
};

/* Try until the guest is ready or the op ends; attempts begin at first 20, later 80 ms apart. The logged-in session goes to *ret
 * (ret may be NULL: closed). Blocks.
 * ERR_TIMEOUT: the op's deadline; the message says what was seen last. ERR_STATE: is_alive said no. ERR_AUTH: wrong
 * host key or login refused, which waiting does not mend. ERR_CANCELED. */
NODISCARD int ready_wait(struct op *op, const struct ready_args *a, struct ssh **ret, struct err *e);

/* Wait until the guest's init has finished booting, at most timeout_s. ERR_TIMEOUT when it has not by then. Blocks. */
NODISCARD int ready_wait_booted(struct op *op, struct ssh *s, int timeout_s, struct err *e);

#endif
