/* SPDX-License-Identifier: MIT */
/*
 * Giving rights away for good: capabilities, and system calls. For small programs that talk to whom they do not trust.
 */
#ifndef BASE_RIGHTS_H
#define BASE_RIGHTS_H

#include "base/err.h"

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>

/* No core dumps, no ptrace by others. */
NODISCARD int rights_hide(struct err *e);
/* Every capability but those of `kept`, where we have them at all; the bounding set goes as a whole: nothing is ever executed.
 * `maybe_user`: an ordinary user, who may not touch the bounding set and has nothing in it to lose, is no failure. */
NODISCARD int rights_drop_caps(const int *kept, size_t n, bool maybe_user, struct err *e);

struct rights_calls {
	const char *const *allowed;
	size_t n_allowed;
	const char *const *fatal; /* nobody here calls these: whoever does has taken the process over, and ends it */
	size_t n_fatal;
	int (*conditional)(scmp_filter_ctx f); /* what is allowed with some arguments only; a negative errno */
};

/* Allow with conditions, in `conditional`. */
#define RIGHTS_ALLOW(f, name, ...) seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(name), __VA_ARGS__)

/* no_new_privs, and a seccomp filter of what is used: anything else fails with EPERM. Memory is mapped without PROT_EXEC (no code but
 * what was linked), and tgkill(2) reaches ourselves alone (abort(3)). Cannot be taken back; children have it too. A build with a
 * sanitizer, which looks at its own process in ways of its own, has no filter. */
NODISCARD int rights_filter(const struct rights_calls *c, struct err *e);

#endif
