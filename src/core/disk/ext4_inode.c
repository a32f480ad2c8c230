/* SPDX-License-Identifier: MIT */
/*
 * Inodes of the ext4 writer: numbers, owners, times, extended attributes, and what libext2fs says when it fails.
 *
 * Inodes are 256 bytes and written whole, so that what a freed one left behind (attributes lie behind its fields) never
 * shows through. Formats: https://docs.kernel.org/filesystems/ext4/inodes.html
 */
#include "core/disk/ext4_priv.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <errno.h>
#include <linux/limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

int ext4_failed(struct ext4_writer *w, errcode_t rc, const char *what, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, initialize_ext2_error_table);
	if (rc == EXT2_ET_BLOCK_ALLOC_FAIL || rc == EXT2_ET_INODE_ALLOC_FAIL) {
		if (w)
			w->full = true;
		return err_set(e, ERR_SPACE, _("%s: the image is full"), w ? w->path : what);
	}
	if (rc > 0 && rc < 4096)
		return err_sys(e, (int)rc, "%s", what);
	return err_set(e, ERR_PROTO, "%s: %s", what, error_message(rc));
}

int ext4_inode_alloc(struct ext4_writer *w, bool dir, uint32_t *ret, struct err *e)
{
	ext2_ino_t last = w->fs->super->s_inodes_count;
	ext2_ino_t ino = 0;
	errcode_t rc = w->goal_ino > last
			       ? ENOENT
			       : ext2fs_find_first_zero_inode_bitmap2(w->fs->inode_map, w->goal_ino, last, &ino);

	if (rc == ENOENT)
		rc = ext2fs_find_first_zero_inode_bitmap2(w->fs->inode_map, EXT2_FIRST_INODE(w->fs->super), last, &ino);
	if (rc)
		return ext4_failed(w, rc == ENOENT ? EXT2_ET_INODE_ALLOC_FAIL : rc, _("allocate an inode"), e);
	ext2fs_inode_alloc_stats2(w->fs, ino, +1, dir);
	w->goal_ino = ino + 1;
	*ret = ino;
	return 0;
}

int ext4_inode_write(struct ext4_writer *w, uint32_t ino, union ext4_inode *in, struct err *e)
{
	errcode_t rc = ext2fs_write_inode_full(w->fs, ino, &in->small, sizeof(*in));

	return rc ? ext4_failed(w, rc, _("write an inode"), e) : 0;
}

int ext4_inode_read(struct ext4_writer *w, uint32_t ino, union ext4_inode *ret, struct err *e)
{
	errcode_t rc = ext2fs_read_inode_full(w->fs, ino, &ret->small, sizeof(*ret));

	return rc ? ext4_failed(w, rc, _("read an inode"), e) : 0;
}

/* Seconds beyond 32 bits go into two bits below the nanoseconds (ext4: "Inode Timestamps"). */
static void encode_time(int64_t sec, uint32_t ns, uint32_t *ret_lo, uint32_t *ret_extra)
{
	const int64_t min = INT32_MIN, max = (int64_t)INT32_MAX + ((int64_t)3 << 32);
	int64_t t = sec < min ? min : sec > max ? max : sec;

	*ret_lo = (uint32_t)t;
	*ret_extra = (uint32_t)((t - (int32_t)t) >> 32 & 3) | (ns < 1000000000 ? ns : 0) << 2;
}

void ext4_inode_init(union ext4_inode *in, uint32_t mode, const struct ext4_attr *a)
{
	uint32_t lo, extra;

	*in = (union ext4_inode){0};
	in->small.i_mode = (uint16_t)mode;
	in->small.i_links_count = 1;
	ext2fs_set_i_uid_high(in->small, a->uid >> 16);
	in->small.i_uid = (uint16_t)a->uid;
	ext2fs_set_i_gid_high(in->small, a->gid >> 16);
	in->small.i_gid = (uint16_t)a->gid;
	encode_time(a->mtime, a->mtime_ns, &lo, &extra);
	in->small.i_atime = in->small.i_ctime = in->small.i_mtime = in->large.i_crtime = lo;
	in->large.i_atime_extra = in->large.i_ctime_extra = in->large.i_mtime_extra = in->large.i_crtime_extra = extra;
	in->large.i_extra_isize = sizeof(struct ext2_inode_large) - EXT2_GOOD_OLD_INODE_SIZE;
	if (S_ISREG(mode) || S_ISDIR(mode))
		in->small.i_flags = EXT4_EXTENTS_FL;
}

/* After the inode itself: libext2fs reads it back to find the room inside it. */
int ext4_xattrs_write(struct ext4_writer *w, uint32_t ino, const struct ext4_attr *a, struct err *e)
{
	struct ext2_xattr_handle *h = NULL;
	auto_buf shown = {0};
	errcode_t rc;
	size_t bad;

	if (!a->n_xattrs)
		return 0;
	/* libext2fs would cut it to what its length is modulo 256. */
	for (size_t i = 0; i < a->n_xattrs; i++)
		if (strlen(a->xattrs[i].name) > XATTR_NAME_MAX)
			return err_set(e, ERR_PROTO, _("the name of extended attribute '%.40s…' has %zu bytes; %d is the limit"), a->xattrs[i].name,
				       strlen(a->xattrs[i].name), XATTR_NAME_MAX);
	rc = ext2fs_xattrs_open(w->fs, ino, &h);
	for (bad = 0; !rc && bad < a->n_xattrs; bad++) {
		rc = ext2fs_xattr_set(h, a->xattrs[bad].name, a->xattrs[bad].value, a->xattrs[bad].len);
		if (rc)
			break;
	}
	if (!rc)
		rc = ext2fs_xattrs_write(h);
	if (h)
		ext2fs_xattrs_close(&h);
	if (rc == EXT2_ET_EA_NO_SPACE)
		return err_set(e, ERR_PROTO, _("extended attributes larger than ext4 can hold"));
	if (rc == EINVAL && bad < a->n_xattrs) { /* only ACLs are looked into */
		utf8_clean(&shown, a->xattrs[bad].name, strlen(a->xattrs[bad].name), false);
		return err_set(e, ERR_PROTO, _("the value of extended attribute '%s' is no ACL"), buf_cstr(&shown));
	}
	return rc ? ext4_failed(w, rc, _("write extended attributes"), e) : 0;
}

void ext4_xattrs_free(struct ext4_writer *w, union ext4_inode *in)
{
	blk64_t blk = ext2fs_file_acl_block(w->fs, &in->small);

	/* Blocks of attributes are never shared between inodes here. */
	if (blk)
		ext2fs_block_alloc_stats2(w->fs, blk, -1);
}

/* Device numbers: the old 8:8 form where it fits, else the new one in the second word (kernel: new_encode_dev). */
void ext4_inode_set_rdev(union ext4_inode *in, uint32_t major, uint32_t minor)
{
	if (major < 256 && minor < 256)
		in->small.i_block[0] = major << 8 | minor;
	else
		in->small.i_block[1] = (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xfff00) << 12;
}
