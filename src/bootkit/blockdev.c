/* SPDX-License-Identifier: MIT */
/*
 * Finding disks by content: the seed by its first member, file systems by the ext4 UUID chosen
 * when they were formatted. Virtio devices may still be probing when init looks for them, so a
 * search repeats until its time is over.
 */
#include "bootkit/blockdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bootkit/tarball.h"
#include "wire/seed.h"

#define POLL_MS 10
#define EXT4_MAGIC 0xef53
#define EXT4_STATE_CLEAN 0x0001
#define EXT4_STATE_ERROR 0x0002
#define EXT4_INCOMPAT_RECOVER 0x0004 /* the journal holds what the disk does not */
#define EXT4_INCOMPAT_64BIT 0x0080

static uint16_t le16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static void uuid_format(const unsigned char *u, char to[37])
{
	snprintf(to, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
		 u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

int ext4_super_parse(const unsigned char *bytes, struct ext4_super *ret_super)
{
	uint32_t log_block_size = le32(bytes + 0x18), incompat = le32(bytes + 0x60);
	uint16_t state = le16(bytes + 0x3a);

	if (le16(bytes + 0x38) != EXT4_MAGIC || log_block_size > 6)
		return -1;
	ret_super->block_size = 1024u << log_block_size;
	ret_super->blocks = le32(bytes + 0x04);
	if (incompat & EXT4_INCOMPAT_64BIT)
		ret_super->blocks |= (uint64_t)le32(bytes + 0x150) << 32;
	ret_super->clean =
		(state & EXT4_STATE_CLEAN) && !(state & EXT4_STATE_ERROR) && !(incompat & EXT4_INCOMPAT_RECOVER);
	uuid_format(bytes + 0x68, ret_super->uuid);
	return 0;
}

static bool is_seed(int fd)
{
	struct tarball t;
	struct tarball_member m;

	tarball_init(&t, fd);
	return tarball_next(&t, &m) == 1 && strcmp(m.name, WIRE_SEED_CONFIG) == 0;
}

static bool is_ext4(int fd, const char *uuid, struct ext4_super *ret_super)
{
	unsigned char bytes[EXT4_SUPER_SIZE];
	struct ext4_super super;

	if (pread(fd, bytes, sizeof(bytes), EXT4_SUPER_OFFSET) != (ssize_t)sizeof(bytes))
		return false;
	if (ext4_super_parse(bytes, &super) < 0 || strcasecmp(super.uuid, uuid) != 0)
		return false;
	if (ret_super)
		*ret_super = super;
	return true;
}

/* Look at every disk once. uuid NULL means the seed. */
static int scan(const char *uuid, char *ret_path, size_t size, struct ext4_super *ret_super)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	int found = -1;

	if (!dir)
		return -1;
	while (found < 0 && (entry = readdir(dir))) {
		char path[300];
		auto_fd fd = -1;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || !(uuid ? is_ext4(fd, uuid, ret_super) : is_seed(fd)))
			continue;
		if ((size_t)snprintf(ret_path, size, "%s", path) < size)
			found = 0;
	}
	closedir(dir);
	return found;
}

static int find(const char *uuid, unsigned timeout_ms, char *ret_path, size_t size, struct ext4_super *ret_super)
{
	uint64_t deadline = now_ms() + timeout_ms;

	while (scan(uuid, ret_path, size, ret_super) < 0) {
		if (now_ms() >= deadline) {
			errno = ENODEV;
			return -1;
		}
		sleep_ms(POLL_MS);
	}
	return 0;
}

int blockdev_find_seed(unsigned timeout_ms, char *ret_path, size_t size)
{
	return find(NULL, timeout_ms, ret_path, size, NULL);
}

int blockdev_find_ext4(const char *uuid, unsigned timeout_ms, char *ret_path, size_t size, struct ext4_super *ret_super)
{
	return find(uuid, timeout_ms, ret_path, size, ret_super);
}

int blockdev_size(const char *path, uint64_t *ret_bytes)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return ioctl(fd, BLKGETSIZE64, ret_bytes);
}
