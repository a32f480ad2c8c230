/* SPDX-License-Identifier: MIT */
/*
 * banger-helper with the fake host, and with "run" beside it for PRIV_RUN_DIR: everything else is the real program's.
 */
#include "helper/helper.h"
#include "tests/lib/fake_host.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	static struct fake_host host;
	char self[4096] = {0};
	char run[5000];

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		return EXIT_FAILURE;
	snprintf(run, sizeof(run), "%s/run", dirname(self));
	fake_host_init(&host);
	return helper_run(&host.rows, run);
}
