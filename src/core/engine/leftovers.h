/* SPDX-License-Identifier: MIT */
/*
 * What of this host is ours by its shape and belongs to no machine that runs: taps, the bridge, mappings and their nodes, loop
 * devices, places in the rules, the tables themselves. Each with the command that removes it.
 *
 * Most of it anybody may see, in sysfs. Places, tables and the names of loop devices only root's helper does (core/priv): without
 * it they are not told. What is another user's, or of another state directory, is left out where it can be known: a tap has an
 * owner and, while it is open, a carrier, a place in the rules a tap, a mapping a node with an owner, and files beneath it.
 */
#ifndef ENGINE_LEFTOVERS_H
#define ENGINE_LEFTOVERS_H

#include "core/priv/priv.h"

enum leftover_kind { LEFTOVER_TAP, LEFTOVER_PLACE, LEFTOVER_NET, LEFTOVER_RULES, LEFTOVER_NODE, LEFTOVER_MAPPING, LEFTOVER_LOOP };

struct leftover {
	enum leftover_kind kind;
	char name[40];	     /* of the interface, table, mapping or device; a place's address */
	char vm_id[ID_SIZE]; /* empty for what is no one machine's */
	char command[400];   /* root's */
};

struct leftovers_args {
	const char *root; /* before "/sys" and "/dev"; "" but in tests */
	const char *state_dir;
	uid_t owner; /* of what is ours: whom VMMs run as */
	/* Does the machine run, or is somebody at work on it? */
	bool (*is_used)(void *arg, const char *vm_id);
	void *arg;
	const struct priv_reply *list;	/* of PRIV_LIST; NULL: not asked */
	const struct priv_rules *rules; /* NULL: not asked */
};

/* In the order in which it can be removed. *ret is the caller's (free). Blocks on sysfs alone. */
void leftovers_find(const struct leftovers_args *a, struct leftover **ret, int *ret_n);

/* "tap", "mapping": N_() */
const char *leftover_kind_to_string(enum leftover_kind k);
/* How the engine is asked to remove it (REQ_HOST_MEND): "guest <vm id>", "disk <vm id>", "network"; "" when it is not asked. */
void leftover_mend(const struct leftover *l, char *ret, size_t size);

#endif
