/* SPDX-License-Identifier: MIT */
/*
 * See mountns.h.
 */
#include "tests/lib/mountns.h"

#include "base/fd.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

static void write_proc(const char *path, const char *text)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		print_message("%s was not taken\n", path);
}

bool mountns_enter(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char uids[32], gids[32];

	if (unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	snprintf(uids, sizeof(uids), "0 %u 1", uid);
	snprintf(gids, sizeof(gids), "0 %u 1", gid);
	if (uid != 0) {
		write_proc("/proc/self/uid_map", uids);
		write_proc("/proc/self/setgroups", "deny");
		write_proc("/proc/self/gid_map", gids);
	}
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}
