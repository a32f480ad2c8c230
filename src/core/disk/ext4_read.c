/* SPDX-License-Identifier: MIT */
/*
 * Looking into ext4 images of ours: the superblock's identity and counts, and single files.
 *
 * The superblock is read by hand (1 KiB at byte 1024, fields as in struct ext2_super_block): identity and use are asked
 * for often, and opening a file system would read all its group descriptors.
 */
#include "core/disk/ext4_priv.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define COPY_CHUNK 65536u

static int read_super(const char *path, struct ext2_super_block *ret, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_sys(e, errno, _("open %s"), path);
	n = pread(fd, ret, SUPERBLOCK_SIZE, SUPERBLOCK_OFFSET);
	if (n < 0)
		return err_sys(e, errno, _("read %s"), path);
	if (n != SUPERBLOCK_SIZE || ext2fs_le16_to_cpu(ret->s_magic) != EXT2_SUPER_MAGIC)
		return err_set(e, ERR_PROTO, _("%s is not an ext4 file system"), path);
	return 0;
}

int ext4_uuid_read(const char *path, char ret[UUID_SIZE], struct err *e)
{
	struct ext2_super_block s;
	char *p = ret;

	if (read_super(path, &s, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(s.s_uuid); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += snprintf(p, 3, "%02x", s.s_uuid[i]);
	}
	return 0;
}

static uint64_t join_le32(uint32_t lo, uint32_t hi)
{
	return ext2fs_le32_to_cpu(lo) | (uint64_t)ext2fs_le32_to_cpu(hi) << 32;
}

int ext4_used_bytes(const char *path, uint64_t *ret, struct err *e)
{
	struct ext2_super_block s;
	uint64_t total, left;
	uint32_t log_size;

	if (read_super(path, &s, e) < 0)
		return -1;
	total = join_le32(s.s_blocks_count, s.s_blocks_count_hi);
	left = join_le32(s.s_free_blocks_count, s.s_free_blocks_hi);
	log_size = ext2fs_le32_to_cpu(s.s_log_block_size);
	if (left > total || log_size > 6 || total > UINT64_MAX >> (10 + log_size))
		return err_set(e, ERR_CORRUPT, _("%s: its superblock makes no sense"), path);
	*ret = (total - left) << (10 + log_size);
	return 0;
}

int ext4_is_clean(const char *path, bool *ret, uint64_t *ret_bytes, struct err *e)
{
	struct ext2_super_block s;
	uint32_t log_size;

	if (read_super(path, &s, e) < 0)
		return -1;
	log_size = ext2fs_le32_to_cpu(s.s_log_block_size);
	if (log_size > 6)
		return err_set(e, ERR_PROTO, _("%s: its superblock makes no sense"), path);
	*ret = (ext2fs_le16_to_cpu(s.s_state) & (EXT2_VALID_FS | EXT2_ERROR_FS)) == EXT2_VALID_FS &&
	       !(ext2fs_le32_to_cpu(s.s_feature_incompat) & EXT3_FEATURE_INCOMPAT_RECOVER);
	*ret_bytes = join_le32(s.s_blocks_count, s.s_blocks_count_hi) << (10 + log_size);
	return 0;
}

/* What Linux 6.1 mounts for reading and writing (fs/ext4/ext4.h: EXT4_FEATURE_INCOMPAT_SUPP, EXT4_FEATURE_RO_COMPAT_SUPP), but what comes by
 * a name of its own below. */
#define INCOMPAT_KNOWN 0x1e7d6u
#define RO_COMPAT_KNOWN 0x1a67fu

/* Which of the features that have a name it has; `off` is tune2fs's word, NULL where it cannot take it away. */
static const char *bad_feature(const struct ext2_super_block *s, const char **off)
{
	uint32_t incompat = ext2fs_le32_to_cpu(s->s_feature_incompat), ro = ext2fs_le32_to_cpu(s->s_feature_ro_compat);

	*off = NULL;
	if (incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV)
		return _("it is a journal of another file system");
	if ((ext2fs_le32_to_cpu(s->s_feature_compat) & EXT3_FEATURE_COMPAT_HAS_JOURNAL) && s->s_journal_inum == 0)
		return _("its journal is on another device");
	if (ext2fs_le32_to_cpu(s->s_log_block_size) > 2)
		return _("its blocks are larger than 4096 bytes");
	if (incompat & EXT4_FEATURE_INCOMPAT_CASEFOLD) {
		*off = "casefold";
		return _("capital and small letters may be the same in it (casefold), over which no overlay can be laid");
	}
	if (ro & EXT4_FEATURE_RO_COMPAT_QUOTA) {
		*off = "quota";
		return _("it keeps quotas (quota), for which there is no driver in a machine's start");
	}
	if ((incompat & ~INCOMPAT_KNOWN) || (ro & ~RO_COMPAT_KNOWN))
		return _("it has features that the kernel of a machine does not know");
	return NULL;
}

int ext4_can_be_root(const char *path, const char *what, const char *mend, struct err *e)
{
	struct ext2_super_block s;
	const char *why, *off;

	if (read_super(path, &s, e) < 0)
		return -1;
	why = bad_feature(&s, &off);
	if (!why)
		return 0;
	err_set(e, ERR_STATE, _("%s can be no machine's root: %s"), what, why);
	return off && mend ? err_hint(e, "tune2fs -O ^%s %s", off, mend) : -1;
}

static errcode_t copy_file(ext2_filsys fs, ext2_ino_t ino, uint64_t size, struct buf *ret)
{
	ext2_file_t f = NULL;
	errcode_t rc = ext2fs_file_open(fs, ino, 0, &f);
	size_t start = ret->len;

	while (!rc && ret->len - start < size) {
		unsigned int got = 0;
		unsigned int want = (unsigned int)MIN((uint64_t)COPY_CHUNK, size - (ret->len - start));
		char *room = buf_reserve(ret, want);

		rc = ext2fs_file_read(f, room, want, &got);
		if (!rc && got == 0)
			rc = EXT2_ET_SHORT_READ;
		ret->len += got;
	}
	buf_add(ret, "", 0); /* its terminator */
	if (f)
		ext2fs_file_close(f);
	return rc;
}

static int read_named(ext2_filsys fs, const char *path, const char *name, size_t max, struct buf *ret, struct err *e)
{
	struct ext2_inode in;
	ext2_ino_t ino;
	errcode_t rc = ext2fs_namei_follow(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, name, &ino);

	if (rc == EXT2_ET_FILE_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, _("%s: no file '%s' in it"), path, name);
	if (!rc)
		rc = ext2fs_read_inode(fs, ino, &in);
	if (rc)
		return ext4_failed(NULL, rc, path, e);
	if (!S_ISREG(in.i_mode))
		return err_set(e, ERR_PROTO, _("%s: '%s' is not a regular file"), path, name);
	if (EXT2_I_SIZE(&in) > max)
		return err_set(e, ERR_PROTO, _("%s: '%s' is larger than %zu bytes"), path, name, max);
	rc = copy_file(fs, ino, EXT2_I_SIZE(&in), ret);
	return rc ? ext4_failed(NULL, rc, path, e) : 0;
}

int ext4_read_file(const char *path, const char *name, size_t max, struct buf *ret, struct err *e)
{
	ext2_filsys fs = NULL;
	errcode_t rc = ext2fs_open(path, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs);
	int done;

	if (rc)
		return ext4_failed(NULL, rc, path, e);
	done = read_named(fs, path, name, max, ret, e);
	ext2fs_free(fs);
	return done;
}
