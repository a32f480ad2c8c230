/* SPDX-License-Identifier: MIT */
/*
 * Options of the command line: one table a verb, parsed by getopt_long(3).
 */
#ifndef CLI_OPTS_H
#define CLI_OPTS_H

#include "core/model/spec.h"

#include <stdbool.h>

/* What any verb may be told; each verb says which it takes. */
struct opts {
	struct vm_spec spec;
	char name[VM_NAME_SIZE];
	bool json, rm, detach, force, no_wait, no_start, once, follow, yes, quiet, install, uninstall, dry_run, entrypoint, no_home, keep_owners;
	char log[16];		/* vm logs: serial, vmm */
	const char *modules;	/* kernel import: a directory; borrowed from argv; NULL: none */
	char **args;		/* what is left before "--" */
	int nargs;
	const char *const *cmd; /* what follows "--"; NULL when there is no "--" */
};

enum opt_flag {
	OPT_SPEC = 1 << 0, /* --image --kernel --vcpus --memory --disk --overlay --work --network --vmm --nat --isolated --egress --publish */
	OPT_NAME = 1 << 1,
	OPT_JSON = 1 << 2,
	OPT_RM = 1 << 3,
	OPT_DETACH = 1 << 4,
	OPT_FORCE = 1 << 5,
	OPT_NO_WAIT = 1 << 6,
	OPT_NO_START = 1 << 7,
	OPT_ONCE = 1 << 8,
	OPT_FOLLOW = 1 << 9,
	OPT_YES = 1 << 10,
	OPT_LOG = 1 << 11,
	OPT_CMD = 1 << 12, /* "-- COMMAND…" is allowed */
	OPT_INSTALL = 1 << 13, /* --install, --uninstall */
	OPT_DRY_RUN = 1 << 14,
	OPT_ENTRYPOINT = 1 << 15,
	OPT_NO_HOME = 1 << 16,
	OPT_MODULES = 1 << 17,
	OPT_KEEP_OWNERS = 1 << 18,
};

/* argv[0] is the verb. -1 with ERR_USAGE: an unknown option, a bad value, one this verb does not take. `args`, `cmd` and `modules` borrow from argv. */
NODISCARD int opts_parse(int argc, char **argv, unsigned takes, struct opts *ret, struct err *e);

#endif
