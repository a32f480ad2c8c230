/* SPDX-License-Identifier: MIT */
/*
 * In QEMU's place: of a machine's VMM it writes down when it was reached ($BENCH_REACHED, the wall clock in ns) and ends; all else (a
 * version, a try of KVM) it leaves to the real one ($BENCH_QEMU). Static: what is measured is not how long it takes to load.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *qemu = getenv("BENCH_QEMU");
	const char *reached = getenv("BENCH_REACHED");
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "banger-", 7) != 0)
			continue;
		FILE *f = reached ? fopen(reached, "w") : NULL;
		if (f) {
			fprintf(f, "%lld%09ld\n", (long long)t.tv_sec, t.tv_nsec);
			fclose(f);
		}
		return 1;
	}
	if (qemu)
		execv(qemu, argv);
	perror("bench_vmm");
	return 127;
}
