/* SPDX-License-Identifier: MIT */
/*
 * The reserve: see reserve.h.
 *
 * Between the two thresholds none is made, so a reserve just given up is not taken back from whom it was meant for.
 * Root may use what the file system keeps for it: statvfs's f_bfree, not f_bavail. But ext4 counts there what nobody gets, up to 16 MiB
 * (its reserved_clusters): below the upper threshold room is what could really be had.
 */
#include "core/store/reserve.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
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

static void put_there(const char *store)
{
	auto_free char *path = reserve_path(store);

	if (fs_allocated(path) >= RESERVE_BYTES)
		return;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* posix_fallocate writes where the file system cannot allocate by itself. */
	if (fd >= 0 && posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
		unlink(path);
}

/* Where it cannot be tried (no files without a name), what statvfs says is believed. */
static bool is_room_real(const char *store)
{
	const char *slash = strrchr(store, '/');
	auto_free char *dir = slash ? xasprintf("%.*s/", (int)(slash - store), store) : xstrdup(".");
	auto_fd fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	int error = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)LOW_BYTES);

	return error != ENOSPC && error != EDQUOT;
}

bool reserve_give_up(const char *store)
{
	auto_free char *path = reserve_path(store);

	return unlink(path) == 0;
}

/* UINT64_MAX where it cannot be told. */
static uint64_t room_at(const char *store)
{
	struct statvfs v;

	return statvfs(store, &v) < 0 ? UINT64_MAX : (uint64_t)(geteuid() == 0 ? v.f_bfree : v.f_bavail) * v.f_frsize;
}

static void settle(const char *store, bool may_give_up)
{
	uint64_t room = room_at(store);

	if (room == UINT64_MAX)
		return;
	if (room >= ROOM_BYTES)
		put_there(store);
	else if (may_give_up && (room < LOW_BYTES || !is_room_real(store)))
		(void)reserve_give_up(store);
}

void reserve_make(const char *store)
{
	settle(store, false);
}

void reserve_settle(const char *store)
{
	settle(store, true);
}
