/* SPDX-License-Identifier: MIT */
/*
 * What the files of the ext4 writer share. Together (ext4*.c) they are the one door to libext2fs.
 *
 * The tree: a node is an inode, a name leads to one, a directory owns the names in it. A node lives as long as names lead
 * to it (`links`); a directory has one name.
 */
#ifndef CORE_DISK_EXT4_PRIV_H
#define CORE_DISK_EXT4_PRIV_H

#include "core/disk/ext4.h"

#include <ext2fs/ext2fs.h>

#define EXT4_BLOCK 4096u
#define EXT4_INODE 256u
#define EXT4_LINK_MAX 65000u /* fs/ext4/ext4.h */

struct ext4_dir {
	struct ext4_node *parent; /* the root is its own */
	void *names;		  /* tsearch(3) tree of struct ext4_name, ordered by bytes */
	size_t n_names;
	size_t n_subdirs;
};

struct ext4_node {
	uint32_t ino;
	uint32_t mode; /* with the type */
	uint32_t links;
	char *target;	      /* symbolic link, else NULL */
	struct ext4_dir *dir; /* directory, else NULL */
};

struct ext4_name {
	struct ext4_node *node;
	const char *text; /* not terminated in a look-up key */
	size_t len;
};

struct ext4_writer {
	char *path;
	int fd; /* file data goes past libext2fs's block cache */
	ext2_filsys fs;
	struct ext4_node *root;
	blk64_t goal; /* where the next free block is looked for */
	ext2_ino_t goal_ino;
	size_t n_implied; /* directories made because something lies below them */
	uint64_t free_at_open;
	uint64_t used; /* bytes, fixed at commit */
	bool full;
	unsigned char *stage; /* file data on its way, STAGE_BLOCKS of it; kept between files */
};

/* An inode of the size ours have, the room for extended attributes included. */
union ext4_inode {
	struct ext2_inode small;
	struct ext2_inode_large large;
	unsigned char raw[EXT4_INODE];
};

struct ext4_extents {
	struct ext2fs_extent *list;
	size_t n;
	size_t cap;
	uint64_t blocks;
};

/* ext4_format.c: as ext4_format(), but of a kind whose UUID can be changed by its superblocks alone: its checksums start from a seed
 * that is written down (metadata_csum_seed, Linux 4.4). */
NODISCARD int ext4_format_blank(struct op *op, const struct ext4_format_args *a, struct err *e);

/* ext4_tree.c: memory alone */
struct ext4_node *ext4_node_new(uint32_t ino, uint32_t mode);
struct ext4_node *ext4_dir_node_new(uint32_t ino, uint32_t mode);
void ext4_node_free(struct ext4_node *n);
struct ext4_name *ext4_dir_get(const struct ext4_dir *d, const char *text, size_t len);
/* Adds a name leading to `n`; there must be none. */
void ext4_dir_put(struct ext4_node *dir, const char *text, size_t len, struct ext4_node *n);
/* Takes `name` out and frees it; the node it led to is returned, and its links are the caller's. */
struct ext4_node *ext4_dir_take(struct ext4_node *dir, struct ext4_name *name);
/* Any name in the directory, NULL when it is empty. */
struct ext4_name *ext4_dir_any(const struct ext4_dir *d);
/* All names in order; the caller frees the array. */
struct ext4_name **ext4_dir_list(const struct ext4_dir *d);

/* ext4_inode.c. err_set from a libext2fs code; notes a full image in `w`, which may be NULL. */
int ext4_failed(struct ext4_writer *w, errcode_t rc, const char *what, struct err *e);
int ext4_inode_alloc(struct ext4_writer *w, bool dir, uint32_t *ret, struct err *e);
int ext4_inode_read(struct ext4_writer *w, uint32_t ino, union ext4_inode *ret, struct err *e);
int ext4_inode_write(struct ext4_writer *w, uint32_t ino, union ext4_inode *in, struct err *e);
/* A fresh inode in memory: type and permissions, owner, times, one link; no size, no blocks. */
void ext4_inode_init(union ext4_inode *in, uint32_t mode, const struct ext4_attr *a);
void ext4_inode_set_rdev(union ext4_inode *in, uint32_t major, uint32_t minor);
/* Add a->xattrs to an inode that has been written and has none. */
int ext4_xattrs_write(struct ext4_writer *w, uint32_t ino, const struct ext4_attr *a, struct err *e);
/* Give back the block of attributes `in` points to, if any. */
void ext4_xattrs_free(struct ext4_writer *w, union ext4_inode *in);

/* ext4_data.c: blocks. `max` blocks or fewer, contiguous, marked used. */
int ext4_alloc_run(struct ext4_writer *w, size_t max, blk64_t *ret_first, size_t *ret_n, struct err *e);
void ext4_extents_add(struct ext4_extents *x, blk64_t logical, blk64_t physical, size_t n);
/* Put the extents into the inode (its tree blocks are allocated), account for them, clear the list. */
int ext4_extents_store(struct ext4_writer *w, uint32_t ino, union ext4_inode *in, struct ext4_extents *x,
		       struct err *e);
int ext4_pwrite_blocks(struct ext4_writer *w, blk64_t first, const void *data, size_t n, struct err *e);
/* Read the source to its end; fills size, blocks and extents of the inode. */
int ext4_store_file(struct op *op, struct ext4_writer *w, uint32_t ino, union ext4_inode *in,
		    const struct ext4_source *src, struct err *e);

/* ext4_dir.c: write the blocks of one directory and its final inode. */
int ext4_dir_store(struct ext4_writer *w, const struct ext4_node *n, struct err *e);

#endif
