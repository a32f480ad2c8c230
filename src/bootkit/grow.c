/* SPDX-License-Identifier: MIT */
/*
 * The disk's size arrives as an interrupt of its virtio device, some time after the VMM was told; so it is waited for.
 *
 * The layers of an overlay are mounted nowhere any more (disks.c). A second mount of a disk is the same file system, though,
 * so one is made for the call, in a mount namespace of its own that ends with this process.
 */
#include "bootkit/grow.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "bootkit/blockdev.h"
#include "bootkit/paths.h"

#define GROW_AT KIT_RUN "/grow"
#define SIZE_WAIT_MS 5000
#define SIZE_POLL_MS 20
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t) /* fs/ext4/ext4.h: the new size in blocks */

int grow_mounted(const char *mounted, uint64_t blocks)
{
	auto_fd fd = open(mounted, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks);
}

static int wait_for_size(const char *disk, uint64_t bytes)
{
	const struct timespec pause = {.tv_nsec = SIZE_POLL_MS * 1000000L};
	uint64_t have;

	for (int waited = 0; waited <= SIZE_WAIT_MS; waited += SIZE_POLL_MS) {
		if (blockdev_size(disk, &have) < 0)
			return -1;
		if (have >= bytes)
			return 0;
		nanosleep(&pause, NULL);
	}
	errno = ETIMEDOUT;
	return -1;
}

static int mount_again(const char *disk)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || dir_make(GROW_AT) < 0)
		return -1;
	return mount(disk, GROW_AT, "ext4", 0, NULL);
}

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

int grow_main(int argc, char **argv)
{
	struct ext4_super super;
	unsigned long long bytes;
	char disk[64], *end;
	int rc = 0;

	errno = 0;
	bytes = argc == 3 ? strtoull(argv[2], &end, 10) : 0;
	if (!bytes || errno || *end) {
		fprintf(stderr, "usage: banger-guest grow UUID BYTES\n");
		return 2;
	}
	if (blockdev_find_ext4(argv[1], 0, disk, sizeof(disk), &super) < 0)
		return fail("no disk with this file system");
	if (wait_for_size(disk, bytes) < 0)
		return fail("the disk does not have the size");
	if (mount_again(disk) < 0)
		return fail("mount the disk once more");
	/* The superblock on the disk may be older than the one in memory: the kernel knows whether there is anything to do. */
	if (grow_mounted(GROW_AT, bytes / super.block_size) < 0)
		rc = fail("grow the file system");
	umount(GROW_AT);
	rmdir(GROW_AT);
	return rc;
}
