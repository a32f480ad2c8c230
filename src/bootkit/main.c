/* SPDX-License-Identifier: MIT */
/*
 * banger-guest: the one static program that the boot kit runs inside a machine.
 *
 * It is /init of the initramfs, the daemon that listens for SSH, the login shell behind it, the
 * last act of a shutdown, and the commands the host calls over SSH. Which one is told by the name
 * it was started under, else by its first argument. doc/guest.md describes what is true at each
 * stage of a machine's life.
 */
#include <string.h>
#include <unistd.h>

#include "bootkit/init.h"
#include "bootkit/login.h"
#include "bootkit/paths.h"
#include "bootkit/poweroff.h"
#include "bootkit/util.h"
#include "bootkit/verbs.h"

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? path_base(argv[0]) : "";

	/* A login shell is called with a hyphen before its name. */
	if (strcmp(name + (*name == '-'), LOGIN_NAME) == 0)
		return login_main(argc, argv);
	if (strcmp(name, "shutdown") == 0)
		return poweroff_hook_main(argc, argv);
	if (getpid() == 1)
		return init_main();
	return verbs_run(argc, argv);
}
