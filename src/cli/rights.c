/* SPDX-License-Identifier: MIT */
/*
 * See rights.h.
 */
#include "cli/rights.h"

#include "base/i18n.h"
#include "base/tell.h"

#include <stdio.h>
#include <unistd.h>

bool rights_are_needed(enum request_kind kind, const struct vm_config *cfg, bool live, unsigned set)
{
	if (cfg->net != NET_BRIDGE && cfg->disk != DISK_DM_SNAPSHOT)
		return false;
	switch (kind) {
	case REQ_VM_CREATE:
	case REQ_VM_RESTART:
		return true;
	case REQ_VM_START:
	case REQ_VM_COMMIT: /* which starts what does not run */
		return !live;
	case REQ_VM_STOP:
	case REQ_VM_DELETE:
		return live;
	case REQ_VM_SET:
		return live && cfg->net == NET_BRIDGE && set & 1u << SPEC_NAT;
	default: /* above all kill, which waits for nothing */
		return false;
	}
}

/* A program that others could have changed is not started unasked: by name it may be, in the console. In the background a question
 * would stop us. */
bool rights_can_ask(const struct client *c, bool json)
{
	const struct helper_info *h = &c->helper;

	return h->startable && h->trusted && !c->quiet && !json && c->tty && isatty(STDIN_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

int rights_ask(struct client *c, struct err *e)
{
	tell(stderr, _("banger-tui: this takes root's rights: sudo or pkexec starts banger-helper, which makes bridges and mapped disks\n"));
	return c->port.start_helper(c->port.self, e);
}
