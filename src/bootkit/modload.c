/* SPDX-License-Identifier: MIT */
/*
 * Loading the kit's drivers with finit_module(2). The kit builder resolved the dependencies and
 * wrote the order, so neither depmod nor modprobe is needed here. Runs in the initramfs.
 */
#include "bootkit/modload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES_DIR "/kit/modules/"
#define MODULES_LIST "/kit/modules.list"
#define LIST_MAX 65536

char *modload_next(char **list)
{
	while (**list) {
		char *line = *list;
		size_t len = strcspn(line, "\n");

		*list = line + len + (line[len] == '\n');
		line[len] = '\0';
		if (len > 0 && *line != '#' && *line != '/' && !strstr(line, ".."))
			return line;
	}
	return NULL;
}

static int load(const char *name)
{
	char path[1024];
	auto_fd fd = -1;

	if (snprintf(path, sizeof(path), MODULES_DIR "%s", name) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return -1;
	unlink(path);
	return 0;
}

void modload_all(void)
{
	auto_free char *list = file_read(MODULES_LIST, LIST_MAX, NULL);
	char *at = list;

	if (!list) {
		if (errno != ENOENT)
			say_fail("read %s", MODULES_LIST);
		return;
	}
	for (char *name = modload_next(&at); name; name = modload_next(&at))
		if (load(name) < 0)
			say_fail("load driver %s", name);
}
