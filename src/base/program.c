/* SPDX-License-Identifier: MIT */
#include "base/program.h"

#include "base/mem.h"

#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool program_is(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *program_on_path(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *dir = path ? path : _PATH_DEFPATH; name[0] && *dir;) {
		size_t n = strcspn(dir, ":");
		auto_free char *full = n ? xasprintf("%.*s/%s", (int)n, dir, name) : NULL;
		if (full && program_is(full))
			return TAKE_PTR(full);
		dir += n + (dir[n] == ':');
	}
	return NULL;
}

static bool beside(const char *name, char ret[PATHS_MAX])
{
	char self[PATHS_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	while (n > 0 && self[n - 1] != '/')
		n--;
	if (n <= 0 || (size_t)n + strlen(name) >= PATHS_MAX)
		return false;
	self[n] = '\0';
	snprintf(ret, PATHS_MAX, "%s%s", self, name);
	return program_is(ret);
}

static bool installed(const char *name, char ret[PATHS_MAX])
{
	snprintf(ret, PATHS_MAX, "%s/%s", PKGLIBEXECDIR, name);
	return program_is(ret);
}

bool program_ours(const char *name, enum program_order order, char ret[PATHS_MAX])
{
	if (order == PROGRAM_BESIDE_FIRST)
		return beside(name, ret) || installed(name, ret);
	return installed(name, ret) || beside(name, ret);
}
