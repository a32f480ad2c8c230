/* SPDX-License-Identifier: MIT */
/*
 * Making an empty ext4 image with mke2fs.
 *
 * Everything mke2fs.conf could decide is said on the command line, and the file itself is hidden from mke2fs: a host whose
 * default features are newer than the guest's kernel must not make images the guest cannot mount. The reserved group
 * descriptors are sized for growing to the disk cap, not by 1024 times, which would write 4 MiB into every image.
 */
#include "core/disk/ext4_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/path.h"
#include "base/spawn.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define FEATURES                                                                                                       \
	"none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,"      \
	"huge_file,dir_nlink,extra_isize,metadata_csum"
#define GROW_MAX_BYTES ((uint64_t)128 << 30)
#define BYTES_PER_INODE 16384u

static const char *find_mke2fs(void)
{
	/* A user's PATH often lacks sbin. */
	static const char *const known[] = {"/usr/sbin/mke2fs", "/sbin/mke2fs", "/usr/local/sbin/mke2fs"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (access(known[i], X_OK) == 0)
			return known[i];
	return "mke2fs";
}

static int journal_mib(uint64_t size)
{
	return size >= (uint64_t)1 << 30 ? 32 : size >= (uint64_t)64 << 20 ? 8 : 4;
}

static int run_mke2fs(struct op *op, const struct ext4_format_args *a, const char *features, struct err *e)
{
	static const char *const env[] = {"MKE2FS_CONFIG=/dev/null", "MKE2FS_SYNC=0", NULL};
	char uuid[UUID_SIZE], inodes[24], journal[24], extended[160];
	const char *argv[] = {find_mke2fs(),
			      "-q",
			      "-F",
			      "-b",
			      "4096",
			      "-I",
			      "256",
			      "-m",
			      "0",
			      "-g",
			      "32768",
			      "-e",
			      "remount-ro",
			      "-O",
			      features,
			      "-J",
			      journal,
			      "-E",
			      extended,
			      "-U",
			      a->uuid ? a->uuid : uuid,
			      "-L",
			      a->label ? a->label : "",
			      "-N",
			      inodes,
			      "--",
			      a->path,
			      NULL};
	struct spawn_run_args run = {.argv = argv, .env = env};

	id_uuid(uuid);
	snprintf(inodes, sizeof(inodes), "%" PRIu64, a->inodes ? a->inodes : MAX(a->size / BYTES_PER_INODE, 256));
	snprintf(journal, sizeof(journal), "size=%d", journal_mib(a->size));
	snprintf(extended, sizeof(extended), "nodiscard,lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0");
	if (a->size < GROW_MAX_BYTES)
		snprintf(extended + strlen(extended), sizeof(extended) - strlen(extended), ",resize=%" PRIu64,
			 GROW_MAX_BYTES / EXT4_BLOCK);
	if (spawn_run(op, &run, NULL, e) < 0) {
		uint64_t avail, total;

		if (e && e->code == ERR_MISSING)
			err_hint(e, _("Install e2fsprogs (mke2fs)."));
		if (e && e->code == ERR_TOOL && fs_space(a->path, &avail, &total, NULL) == 0 && avail < EXT4_BLOCK)
			e->code = ERR_SPACE; /* that it says in the person's language alone */
		return err_wrap(e, _("format %s"), a->path);
	}
	return 0;
}

/* The tables mke2fs left for the guest to zero lie in holes: they are zero. Said here, because mke2fs learnt to be told
 * so (assume_storage_prezeroed) only in 1.47; without it a guest writes the whole of every inode table. */
static int mark_tables_zeroed(const char *path, struct err *e)
{
	ext2_filsys fs = NULL;
	errcode_t rc = ext2fs_open(path, EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs);

	if (rc)
		return ext4_failed(NULL, rc, path, e);
	for (dgrp_t g = 0; g < fs->group_desc_count; g++) {
		ext2fs_bg_flags_set(fs, g, EXT2_BG_INODE_ZEROED);
		ext2fs_group_desc_csum_set(fs, g);
	}
	ext2fs_mark_super_dirty(fs);
	rc = ext2fs_close2(fs, EXT2_FLAG_FLUSH_NO_SYNC);
	if (rc) {
		ext2fs_free(fs);
		return ext4_failed(NULL, rc, path, e);
	}
	return 0;
}

static int format(struct op *op, const struct ext4_format_args *a, const char *features, struct err *e)
{
	if (a->size < EXT4_MIN_BYTES || a->size % EXT4_BLOCK)
		return err_set(e, ERR_USAGE, _("a disk of %" PRIu64 " bytes cannot hold a file system"), a->size);
	if (a->label && strlen(a->label) > 16)
		return err_set(e, ERR_USAGE, _("file system label '%s' is longer than 16 bytes"), a->label);
	if (fs_create_sparse(a->path, a->size, 0600, e) < 0)
		return -1;
	if (run_mke2fs(op, a, features, e) < 0 || mark_tables_zeroed(a->path, e) < 0) {
		struct err ignored = {0};

		/* The first failure is the one to report; the file is ours alone. */
		if (fs_unlink(a->path, &ignored) < 0)
			err_join(e, &ignored);
		return -1;
	}
	return 0;
}

int ext4_format(struct op *op, const struct ext4_format_args *a, struct err *e)
{
	return format(op, a, FEATURES, e);
}

int ext4_format_blank(struct op *op, const struct ext4_format_args *a, struct err *e)
{
	return format(op, a, FEATURES ",metadata_csum_seed", e);
}
