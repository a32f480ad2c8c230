/* SPDX-License-Identifier: MIT */
/*
 * The verbs of banger-guest, by name. The host calls some over SSH (doc/guest.md); the others are
 * how the kit calls itself. The login shell runs them in process, so that no shell of the image
 * stands between the host and the kit.
 */
#include "bootkit/verbs.h"

#include <stdio.h>
#include <string.h>

#include "bootkit/archive.h"
#include "bootkit/asuser.h"
#include "bootkit/booted.h"
#include "bootkit/clock.h"
#include "bootkit/grow.h"
#include "bootkit/login.h"
#include "bootkit/ports.h"
#include "bootkit/shutdown.h"
#include "bootkit/sshd.h"
#include "bootkit/statline.h"

static const struct verb {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help; /* NULL: for the kit itself */
} verbs[] = {
	{"stat", statline_main, "print one line of figures a second"},
	{"ports", ports_main, "list listening sockets with the processes behind them"},
	{"archive", archive_main, "write the machine's root as a tar archive"},
	{"shutdown", shutdown_main, "shut the machine down"},
	{"wait-booted", booted_wait_main, "wait until the machine's init is up"},
	{"clock", clock_main, "set the wall clock"},
	{"grow", grow_main, "grow a file system to its disk"},
	{"as", asuser_main, "run a command as a user of the machine"},
	{"info", booted_info_main, "tell about this boot"},
	{"login", login_main, NULL},
	{"sshd", sshd_main, NULL},
	{"watchdog", shutdown_watchdog_main, NULL},
};

static int usage(FILE *to)
{
	fprintf(to, "usage: banger-guest VERB [ARGUMENT...]\n\n");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (verbs[i].help)
			fprintf(to, "  %-12s %s\n", verbs[i].name, verbs[i].help);
	return to == stdout ? 0 : 2;
}

int verbs_run(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].main(argc - 1, argv + 1);
	return usage(stderr);
}
