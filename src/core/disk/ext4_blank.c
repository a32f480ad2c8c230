/* SPDX-License-Identifier: MIT */
/*
 * File systems that are formatted once and copied from then on.
 *
 * A fresh file system of some GiB is 200 KiB in a sparse file: copying those is a tenth of the time mke2fs(8) takes, and every new
 * machine has one or two. What differs from the blank stands in the superblocks: all of them get it, or e2fsck(8) would find the
 * copies of it wrong.
 *
 * Blanks belong to a cache: they may be removed at any moment. They appear by renaming, after they were written out, so that one that
 * is there is whole. One whose superblock is damaged does not open, and is made anew.
 */
#include "core/disk/ext4_priv.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/lockfile.h"
#include "base/path.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Part of their names; raise it with every change of what ext4_format_blank() makes. */
#define BLANK_VERSION 1

static bool is_there(const char *path, uint64_t size)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

static int sync_file(const char *path, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? err_sys(e, errno, "fsync '%s'", path) : 0;
}

/* One at a time; what a killed one has left is overwritten. */
static int make_blank(struct op *op, const char *dir, const char *path, uint64_t size, struct err *e)
{
	char staging[PATHS_MAX];
	struct ext4_format_args a = {.path = path_join(staging, sizeof(staging), dir, "new"), .size = size};

	if (fs_mkdir_p(dir, 0700, e) < 0)
		return -1;
	auto_fd at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd lock = at < 0 ? err_sys(e, errno, "open '%s'", dir) : lockfile_take(at, "lock", e);
	if (lock < 0 || fs_unlink(staging, e) < 0 || ext4_format_blank(op, &a, e) < 0 || sync_file(staging, e) < 0)
		return -1;
	return fs_rename_sync(staging, path, e);
}

/* Where holes are not told of (an old NFS, 9p), a copy would be as large as the disk. */
static bool has_holes(const char *path, uint64_t size)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t hole = fd < 0 ? -1 : lseek(fd, 0, SEEK_HOLE);

	return hole >= 0 && (uint64_t)hole < size;
}

static bool uuid_to_bytes(const char *text, uint8_t ret[16])
{
	for (int i = 0; i < 16; i++, text += 2) {
		text += *text == '-';
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		sscanf(text, "%2" SCNx8, &ret[i]);
	}
	return !*text;
}

/* The tables of an opened image are not read, so that its flush writes superblocks and nothing else. */
static int give_identity(const struct ext4_format_args *a, const uint8_t uuid[16], struct err *e)
{
	ext2_filsys fs = NULL;
	errcode_t rc = ext2fs_open(a->path, EXT2_FLAG_RW | EXT2_FLAG_64BITS | EXT2_FLAG_SUPER_ONLY, 0, 0, unix_io_manager, &fs);

	if (rc)
		return ext4_failed(NULL, rc, a->path, e);
	memcpy(fs->super->s_uuid, uuid, sizeof(fs->super->s_uuid));
	id_random(fs->super->s_hash_seed, sizeof(fs->super->s_hash_seed));
	memset(fs->super->s_volume_name, 0, sizeof(fs->super->s_volume_name));
	if (a->label)
		memcpy(fs->super->s_volume_name, a->label, MIN(strlen(a->label), sizeof(fs->super->s_volume_name)));
	fs->super->s_mkfs_time = fs->super->s_lastcheck = (uint32_t)time(NULL);
	ext2fs_mark_super_dirty(fs);
	fs->flags &= ~EXT2_FLAG_MASTER_SB_ONLY;
	rc = ext2fs_close2(fs, EXT2_FLAG_FLUSH_NO_SYNC);
	if (!rc)
		return 0;
	ext2fs_free(fs);
	return ext4_failed(NULL, rc, a->path, e);
}

static int copy_blank(struct op *op, const struct ext4_format_args *a, const char *dir, struct err *e)
{
	char path[PATHS_MAX], random[UUID_SIZE];
	uint8_t uuid[16];

	id_uuid(random);
	if (!uuid_to_bytes(a->uuid ? a->uuid : random, uuid))
		return err_set(e, ERR_USAGE, "UUID '%s'", a->uuid);
	path_join(path, sizeof(path), dir, "ext4-%d-%" PRIu64, BLANK_VERSION, a->size);
	if (!is_there(path, a->size) && make_blank(op, dir, path, a->size, e) < 0)
		return -1;
	if (!has_holes(path, a->size))
		return err_set(e, ERR_STATE, "'%s' has no holes", path);
	if (fs_copy_sparse(op, path, a->path, 0600, e) < 0)
		return -1;
	if (give_identity(a, uuid, e) == 0)
		return 0;
	(void)!fs_unlink(a->path, NULL);
	(void)!fs_unlink(path, NULL);
	return -1;
}

int ext4_format_copied(struct op *op, const struct ext4_format_args *a, const char *dir, struct err *e)
{
	if (dir && !a->inodes && (!a->label || strlen(a->label) <= sizeof(((struct ext2_super_block *)0)->s_volume_name)) &&
	    copy_blank(op, a, dir, NULL) == 0)
		return 0;
	return op_check(op, e) < 0 ? -1 : ext4_format(op, a, e);
}
