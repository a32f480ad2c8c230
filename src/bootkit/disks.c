/* SPDX-License-Identifier: MIT */
/*
 * The machine's disks, from UUID to mount (who is who: doc/guest.md).
 *
 * The host never parses what a guest wrote, so checking and growing happen here. A file system
 * that its superblock calls clean is not given to e2fsck: that would read it to say the same.
 *
 * lower and upper are unmounted again as soon as the overlay stands. The overlay keeps private
 * clones of both mounts, so they end exactly with it, and no second way to them is left that would
 * keep the upper file system from being closed cleanly at shutdown.
 */
#include "bootkit/disks.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bootkit/blockdev.h"
#include "bootkit/grow.h"
#include "bootkit/paths.h"
#include "bootkit/run.h"

#define DISK_WAIT_MS 10000
#define LOWER "/lower"
#define UPPER "/upper"
#define WORK KIT_RUN "/work"
#define MODULES KIT_RUN "/modules"
#define FSCK_UNCORRECTED 4 /* e2fsck(8): this bit and all above mean it is not in order */

struct disk {
	const char *role;
	char path[64];
	struct ext4_super super;
};

static int disk_find(struct disk *disk, const char *role, const char *uuid)
{
	disk->role = role;
	if (blockdev_find_ext4(uuid, DISK_WAIT_MS, disk->path, sizeof(disk->path), &disk->super) < 0)
		return say_fail("%s disk %s", role, uuid);
	return 0;
}

static void disk_check(const struct disk *disk)
{
	const char *const argv[] = {KIT_BIN "/e2fsck", "-p", disk->path, NULL};
	int status;

	if (disk->super.clean)
		return;
	say("checking the %s disk", disk->role);
	status = run_wait(argv);
	if (status < 0 || status >= FSCK_UNCORRECTED)
		say("the check of the %s disk ended with %d; run e2fsck on %s", disk->role, status, disk->path);
}

/* Grow a mounted file system to its device: the host enlarges the disk and leaves the rest to us. */
static void disk_grow(const struct disk *disk, const char *mounted)
{
	uint64_t bytes, blocks;

	if (blockdev_size(disk->path, &bytes) < 0) {
		say_fail("size of the %s disk", disk->role);
		return;
	}
	blocks = bytes / disk->super.block_size;
	if (blocks > disk->super.blocks && grow_mounted(mounted, blocks) < 0)
		say_fail("grow the %s disk", disk->role);
}

static int disk_mount(const struct disk *disk, const char *target, unsigned long flags)
{
	if (dir_make(target) < 0 || mount(disk->path, target, "ext4", flags, NULL) < 0)
		return say_fail("mount the %s disk", disk->role);
	return 0;
}

static int mount_writable(struct disk *disk, const char *role, const char *uuid, const char *target)
{
	if (disk_find(disk, role, uuid) < 0)
		return -1;
	disk_check(disk);
	if (disk_mount(disk, target, 0) < 0)
		return -1;
	disk_grow(disk, target);
	return 0;
}

static int mount_overlay(const struct config *config)
{
	static const char layers[] = "lowerdir=" LOWER ",upperdir=" UPPER "/upper,workdir=" UPPER "/work";
	struct disk lower, upper;

	if (disk_find(&lower, "root", config->rootfs_uuid) < 0 || disk_mount(&lower, LOWER, MS_RDONLY) < 0)
		return -1;
	if (mount_writable(&upper, "overlay", config->upper_uuid, UPPER) < 0)
		return -1;
	if (dir_make(UPPER "/upper") < 0 || dir_make(UPPER "/work") < 0 || dir_make(DISKS_NEWROOT) < 0)
		return say_fail("prepare the overlay disk");
	/* Without redirect_dir a rename of a directory of the image fails with EXDEV. */
	if (mount("overlay", DISKS_NEWROOT, "overlay", 0,
		  "redirect_dir=on,lowerdir=" LOWER ",upperdir=" UPPER "/upper,workdir=" UPPER "/work") < 0 &&
	    mount("overlay", DISKS_NEWROOT, "overlay", 0, layers) < 0)
		return say_fail("join the overlay");
	if (umount(LOWER) < 0 || umount(UPPER) < 0)
		return say_fail("let go of the overlay's layers");
	return 0;
}

int disks_mount_root(const struct config *config)
{
	struct disk root;

	if (config->overlay)
		return mount_overlay(config);
	return mount_writable(&root, "root", config->rootfs_uuid, DISKS_NEWROOT);
}

int disks_make_point(const char *root, const char *path)
{
	char top[PATH_MAX], real[PATH_MAX];
	size_t n;

	if (!realpath(root, top))
		return -1;
	n = strlen(top);
	if (dir_make(path) == 0 && realpath(path, real) && strncmp(real, top, n) == 0 && real[n] == '/')
		return 0;
	if (unlink(path) < 0)
		return -1;
	return dir_make(path);
}

int disks_switch_root(void)
{
	static const char *const moved[] = {"/dev", "/proc", "/sys", "/run"};

	for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
		char target[64];

		snprintf(target, sizeof(target), DISKS_NEWROOT "%s", moved[i]);
		if (disks_make_point(DISKS_NEWROOT, target) < 0 || mount(moved[i], target, NULL, MS_MOVE, NULL) < 0)
			return say_fail("move %s into the machine's root", moved[i]);
	}
	if (chdir(DISKS_NEWROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return say_fail("change the root");
	if (mkdir("/tmp", 01777) == 0 && chmod("/tmp", 01777) < 0)
		return say_fail("make /tmp");
	return 0;
}

/* Whether a directory holds nothing but what mke2fs puts there. */
static bool holds_nothing(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool nothing = dir != NULL;

	while (nothing && (entry = readdir(dir)))
		nothing = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			  strcmp(entry->d_name, "lost+found") == 0;
	if (dir)
		closedir(dir);
	return nothing;
}

/*
 * Fill a fresh work disk with the image's /root. The sticky bit on its top directory says "not
 * complete yet", so that a machine killed midway fills it again instead of keeping half of it.
 */
static int fill_work(const char *mounted)
{
	const char *const argv[] = {KIT_BUSYBOX, "cp", "-a", "/root/.", mounted, NULL};
	struct stat st, image;
	char lost[64];

	if (stat(mounted, &st) < 0)
		return -1;
	if (!(st.st_mode & S_ISVTX) && !holds_nothing(mounted))
		return 0;
	if (chmod(mounted, 01700) < 0)
		return -1;
	if (stat("/root", &image) == 0 && S_ISDIR(image.st_mode) && run_wait(argv) != 0)
		say("the image's /root was not copied whole");
	if (path_join(lost, sizeof(lost), mounted, "lost+found") < 0)
		return -1;
	if (rmdir(lost) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return -1;
	sync();
	return 0;
}

/*
 * Where the work disk is to be mounted, whatever the image has there. A link stays one, as other paths may lead to its
 * target (/var/roothome), which is made; what can be no directory gives way to one.
 */
int disks_make_home(const char *home)
{
	char link[256], target[512];
	ssize_t n;

	if (dir_make(home) == 0)
		return 0;
	n = readlink(home, link, sizeof(link) - 1);
	if (n > 0) {
		link[n] = '\0';
		snprintf(target, sizeof(target), "%.*s/%s", link[0] == '/' ? 0 : (int)(path_base(home) - 1 - home), home,
			 link);
		if (dir_make(target) == 0 && dir_make(home) == 0)
			return 0;
	}
	if (unlink(home) < 0)
		return -1;
	return dir_make(home);
}

int disks_mount_work(const struct config *config)
{
	struct disk work;

	if (config->work_uuid[0] == '\0')
		return 0;
	if (mount_writable(&work, "work", config->work_uuid, WORK) < 0)
		return -1;
	if (fill_work(WORK) < 0 || chown(WORK, 0, 0) < 0 || chmod(WORK, 0700) < 0)
		return say_fail("fill the work disk");
	if (disks_make_home("/root") < 0 || mount(WORK, "/root", NULL, MS_MOVE, NULL) < 0)
		return say_fail("mount the work disk at /root");
	rmdir(WORK);
	return 0;
}

int disks_join_modules(const struct config *config)
{
	struct utsname kernel;
	struct disk disk;
	char from[128], to[128];

	if (config->modules_uuid[0] == '\0')
		return 0;
	if (uname(&kernel) < 0 || disk_find(&disk, "modules", config->modules_uuid) < 0 ||
	    disk_mount(&disk, MODULES, MS_RDONLY) < 0)
		return -1;
	snprintf(from, sizeof(from), MODULES "/%s", kernel.release);
	snprintf(to, sizeof(to), "/lib/modules/%s", kernel.release);
	if (dir_make(to) < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
		say_fail("join the kernel's modules at %s", to);
	if (umount(MODULES) < 0)
		return say_fail("let go of %s", MODULES);
	rmdir(MODULES);
	return 0;
}
