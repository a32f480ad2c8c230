/* SPDX-License-Identifier: MIT */
/*
 * What sudo does, for one program alone: "helper_fake" in its own directory. Made setuid by a test that runs as root, in a
 * directory of the test's. With -n it refuses when there is a file "ask" beside it, like a sudo that wants a password.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char self[4096] = {0};
	char path[5000];
	char uid[32];
	char *env[] = {uid, NULL};
	char *child[] = {path, NULL};

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		return 1;
	const char *dir = dirname(self);
	snprintf(path, sizeof(path), "%s/ask", dir);
	if (argc > 1 && strcmp(argv[1], "-n") == 0 && access(path, F_OK) == 0) {
		fprintf(stderr, "some notice\nsudo: a password is required\n");
		return 1;
	}
	snprintf(path, sizeof(path), "%s/helper_fake", dir);
	snprintf(uid, sizeof(uid), "SUDO_UID=%u", getuid());
	if (strcmp(argv[argc - 1], path) != 0 || setgid(0) < 0 || setuid(0) < 0)
		return 1;
	execve(path, child, env);
	return 1;
}
