/* SPDX-License-Identifier: MIT */
/*
 * The reserve: see reserve.h.
 *
 * Between the two thresholds nothing is done, so a reserve just given up is not taken back from whom it was meant for.
 * Root may use what the file system keeps for it: statvfs's f_bfree, not f_bavail.
 */
#include "core/store/reserve.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_BYTES (1 << 20)
#define LOW_BYTES ((uint64_t)1 << 20)	/* what a few transactions and SQLite's own files need, with a margin */
#define ROOM_BYTES ((uint64_t)32 << 20) /* only then does the reserve take nothing from anybody */

static char *reserve_path(const char *store)
{
	const char *slash = strrchr(store, '/');

	return slash ? xasprintf("%.*s/reserve", (int)(slash - store), store) : xstrdup("reserve");
}

static void make(const char *store)
{
	auto_free char *path = reserve_path(store);

	if (fs_allocated(path) >= RESERVE_BYTES)
		return;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* posix_fallocate writes where the file system cannot allocate by itself. */
	if (fd >= 0 && posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
		unlink(path);
}

bool reserve_give_up(const char *store)
{
	auto_free char *path = reserve_path(store);

	return unlink(path) == 0;
}

void reserve_settle(const char *store)
{
	struct statvfs v;
	uint64_t room;

	if (statvfs(store, &v) < 0)
		return;
	room = (uint64_t)(geteuid() == 0 ? v.f_bfree : v.f_bavail) * v.f_frsize;
	if (room < LOW_BYTES)
		(void)reserve_give_up(store);
	else if (room >= ROOM_BYTES)
		make(store);
}
