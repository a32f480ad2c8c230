/* SPDX-License-Identifier: MIT */
/*
 * banger-netns: what is done inside the namespaces of a private network (core/net/privnet.h). Started by the keeper, and by
 * banger-tui to find out whether it works here. It has no rights but those every user has, and needs none.
 */
#include "base/tell.h"
#include "core/net/privnet.h"
#include "netns/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct err e = {0};
	int rc = argc >= 3 && !strcmp(argv[1], PRIVNET_ENTER) ? inside_enter(argv + 2, &e) : inside_serve(argc - 1, argv + 1, &e);

	if (rc < 0)
		tell(stderr, "%s: %s\n", PRIVNET_PROGRAM, e.msg);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
