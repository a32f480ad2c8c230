/* SPDX-License-Identifier: MIT */
/*
 * Giving rights away: what a helper taken over by its client could still do to the host.
 *
 * First confine_early(), before anything is looked at; then, when the client is known and all that only uid 0 with everything
 * may do is done, confine_rights(), which cannot be taken back.
 */
#ifndef HELPER_CONFINE_H
#define HELPER_CONFINE_H

#include "base/err.h"

/* umask, no core dumps and no ptrace by others, descriptors 3 and up closed, 1 and 2 open, / as the working directory,
 * environment gone, no supplementary groups. Signals a terminal or a user may send are ignored; *ret_stop is readable once
 * SIGTERM came, and the caller's. */
NODISCARD int confine_early(int *ret_stop, struct err *e);

/* Output to /dev/null; capabilities but a few dropped, from the bounding set too; no_new_privs; a seccomp filter of what is
 * used: anything else fails with EPERM, and what only an attacker would call ends the process. */
NODISCARD int confine_rights(struct err *e);

#endif
