/* SPDX-License-Identifier: MIT */
/*
 * Verbs that take root's rights, and the person who may be asked for them.
 *
 * A job never asks anybody. Where a person is, at a terminal, the verb does before its job begins: sudo has its question there, and
 * none where it wants no password. Without a terminal, with --quiet and with --json nobody is asked, and the job says what is missing.
 */
#ifndef CLI_RIGHTS_H
#define CLI_RIGHTS_H

#include "cli/client.h"

/* Does this request take the helper? `cfg` is the machine's, `set` the fields that it changes (enum spec_field). */
bool rights_are_needed(enum request_kind kind, const struct vm_config *cfg, bool live, unsigned set);
/* May a person be asked? */
bool rights_can_ask(const struct client *c, bool json);
/* Have sudo ask, and start the helper. Blocks on the person. */
NODISCARD int rights_ask(struct client *c, struct err *e);

#endif
