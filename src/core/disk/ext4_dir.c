/* SPDX-License-Identifier: MIT */
/*
 * Directories of the ext4 writer: all blocks of one directory, built in memory and written once.
 *
 * A directory that fits one block is written plainly. A larger one gets its hash tree (dx) at once: left linear it would
 * stay so, since the kernel only indexes a directory when its first block overflows, and every look-up in a directory of
 * 100 000 names would scan megabytes. Layout: https://docs.kernel.org/filesystems/ext4/directory.html
 *
 *	block 0		"." and "..", then the root of the index
 *	then		index nodes, only when the leaves are more than the root can list
 *	then		leaves: plain directory blocks, names sorted by hash
 */
#include "core/disk/ext4_priv.h"

#include "base/i18n.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

#define TAIL sizeof(struct ext2_dir_entry_tail)
#define DOTS 24u /* "." and ".." at their smallest */
#define DX_ROOT_LIMIT ((EXT4_BLOCK - DOTS - sizeof(struct ext2_dx_root_info) - sizeof(struct ext2_dx_tail)) / 8)
#define DX_NODE_LIMIT ((EXT4_BLOCK - 8 - sizeof(struct ext2_dx_tail)) / 8)

_Static_assert(DX_ROOT_LIMIT == 507 && DX_NODE_LIMIT == 510, "as the kernel counts them with metadata_csum");

struct dirent_ref {
	const struct ext4_name *name;
	uint32_t hash;
	uint32_t minor;
};

struct leaf {
	size_t first; /* index of its first name */
	size_t n;
	uint32_t hash; /* lowest in it; bit 0: the leaf before ends with the same */
};

struct dir_plan {
	struct dirent_ref *refs;
	size_t n_refs;
	struct leaf *leaves;
	size_t n_leaves;
};

static size_t rec_len(size_t name_len)
{
	return (8 + name_len + 3) & ~(size_t)3;
}

static int file_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return EXT2_FT_REG_FILE;
	case S_IFDIR:
		return EXT2_FT_DIR;
	case S_IFCHR:
		return EXT2_FT_CHRDEV;
	case S_IFBLK:
		return EXT2_FT_BLKDEV;
	case S_IFIFO:
		return EXT2_FT_FIFO;
	case S_IFSOCK:
		return EXT2_FT_SOCK;
	case S_IFLNK:
		return EXT2_FT_SYMLINK;
	default:
		return EXT2_FT_UNKNOWN;
	}
}

/* One entry at `at`; returns where the next goes. */
static size_t put_entry(ext2_filsys fs, char *block, size_t at, uint32_t ino, const char *name, size_t len, int type)
{
	struct ext2_dir_entry *d = (struct ext2_dir_entry *)(block + at);

	assert(ino != 0 && len > 0 && len <= EXT2_NAME_LEN && at % 4 == 0 && at + rec_len(len) <= EXT4_BLOCK - TAIL);
	d->inode = ino;
	ext2fs_set_rec_len(fs, (unsigned int)rec_len(len), d);
	ext2fs_dirent_set_name_len(d, (int)len);
	ext2fs_dirent_set_file_type(d, type);
	memcpy(d->name, name, len);
	return at + rec_len(len);
}

static size_t put_dots(ext2_filsys fs, char *block, const struct ext4_node *n)
{
	size_t at = put_entry(fs, block, 0, n->ino, ".", 1, EXT2_FT_DIR);

	return put_entry(fs, block, at, n->dir->parent->ino, "..", 2, EXT2_FT_DIR);
}

/* Names from `at` on; the last entry reaches to the checksum at the block's end. An empty block is one unused entry. */
static void put_leaf(ext2_filsys fs, char *block, size_t at, const struct dirent_ref *refs, size_t n)
{
	size_t last = at ? 12 : 0;

	for (size_t i = 0; i < n; i++) {
		const struct ext4_name *name = refs[i].name;

		last = at;
		at = put_entry(fs, block, at, name->node->ino, name->text, name->len, file_type(name->node->mode));
	}
	ext2fs_set_rec_len(fs, (unsigned int)(EXT4_BLOCK - TAIL - last), (struct ext2_dir_entry *)(block + last));
	ext2fs_initialize_dirent_tail(fs, (struct ext2_dir_entry_tail *)(block + EXT4_BLOCK - TAIL));
}

static int ref_cmp(const void *pa, const void *pb)
{
	const struct dirent_ref *a = pa;
	const struct dirent_ref *b = pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->minor > b->minor) - (a->minor < b->minor);
}

/* The version to hash with, and the one to note in the index: signedness of char is the superblock's business. */
static int hash_version(ext2_filsys fs)
{
	int v = fs->super->s_def_hash_version;

	return v <= EXT2_HASH_TEA && (fs->super->s_flags & EXT2_FLAGS_UNSIGNED_HASH) ? v + 3 : v;
}

static int hash_names(struct ext4_writer *w, struct dir_plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n_refs; i++) {
		struct dirent_ref *r = &p->refs[i];
		errcode_t rc = ext2fs_dirhash2(hash_version(w->fs), r->name->text, (int)r->name->len, NULL, 0,
					       w->fs->super->s_hash_seed, &r->hash, &r->minor);

		if (rc)
			return ext4_failed(w, rc, _("hash a directory"), e);
	}
	qsort(p->refs, p->n_refs, sizeof(*p->refs), ref_cmp);
	return 0;
}

/* Cut the sorted names into leaves, each nearly full. */
static void cut_leaves(struct dir_plan *p)
{
	size_t room = 0;

	/* Entries are 12 bytes or more, but leaves hold 15 of the longest: bounded by that. */
	p->leaves = xcalloc(p->n_refs / 15 + 2, sizeof(*p->leaves));
	for (size_t i = 0; i < p->n_refs; i++) {
		size_t need = rec_len(p->refs[i].name->len);

		if (need > room) {
			uint32_t hash = p->refs[i].hash;
			bool same = i && p->refs[i - 1].hash == hash;

			p->leaves[p->n_leaves++] = (struct leaf){.first = i, .hash = hash | same};
			room = EXT4_BLOCK - TAIL;
		}
		assert(need <= room && p->n_leaves <= p->n_refs / 15 + 1);
		p->leaves[p->n_leaves - 1].n++;
		room -= need;
	}
}

/* `n` index entries with their count and limit at `at` of a block; the first one's hash gives way to those. */
static void put_index(char *block, size_t at, size_t limit, const struct leaf *leaves, size_t n, size_t step,
		      uint32_t first_block)
{
	struct ext2_dx_entry *x = (struct ext2_dx_entry *)(block + at);
	struct ext2_dx_countlimit *c = (struct ext2_dx_countlimit *)x;

	assert(n > 0 && n <= limit);
	for (size_t i = 0; i < n; i++) {
		x[i].hash = ext2fs_cpu_to_le32(leaves[i * step].hash);
		x[i].block = ext2fs_cpu_to_le32(first_block + (uint32_t)i);
	}
	c->limit = ext2fs_cpu_to_le16((uint16_t)limit);
	c->count = ext2fs_cpu_to_le16((uint16_t)n);
}

static void put_dx_root(ext2_filsys fs, char *block, const struct ext4_node *n, const struct dir_plan *p,
			size_t n_nodes)
{
	struct ext2_dx_root_info *info = (struct ext2_dx_root_info *)(block + DOTS);
	size_t at = DOTS + sizeof(*info);

	put_dots(fs, block, n);
	ext2fs_set_rec_len(fs, EXT4_BLOCK - 12, (struct ext2_dir_entry *)(block + 12));
	info->hash_version = fs->super->s_def_hash_version;
	info->info_length = sizeof(*info);
	info->indirect_levels = n_nodes > 0;
	put_index(block, at, DX_ROOT_LIMIT, p->leaves, n_nodes ? n_nodes : p->n_leaves, n_nodes ? DX_NODE_LIMIT : 1, 1);
}

/* The i-th block of an indexed directory. */
static void build_dx_block(ext2_filsys fs, char *block, const struct ext4_node *n, const struct dir_plan *p,
			   size_t n_nodes, size_t i)
{
	if (i == 0) {
		put_dx_root(fs, block, n, p, n_nodes);
	} else if (i <= n_nodes) {
		size_t first = (i - 1) * DX_NODE_LIMIT;

		assert(first < p->n_leaves);
		/* An unused entry over the whole block: who knows no index sees an empty directory block. */
		ext2fs_set_rec_len(fs, EXT4_BLOCK, (struct ext2_dir_entry *)block);
		put_index(block, 8, DX_NODE_LIMIT, p->leaves + first, MIN(DX_NODE_LIMIT, p->n_leaves - first), 1,
			  (uint32_t)(1 + n_nodes + first));
	} else {
		assert(i - 1 - n_nodes < p->n_leaves);
		const struct leaf *l = &p->leaves[i - 1 - n_nodes];

		put_leaf(fs, block, 0, p->refs + l->first, l->n);
	}
}

static int write_dir_inode(struct ext4_writer *w, const struct ext4_node *n, size_t n_blocks, struct ext4_extents *x,
			   struct err *e)
{
	union ext4_inode in;
	size_t links = 2 + n->dir->n_subdirs;
	errcode_t rc = ext2fs_read_inode_full(w->fs, n->ino, &in.small, sizeof(in));

	if (rc)
		return ext4_failed(w, rc, _("read a directory"), e);
	in.small.i_size = (uint32_t)(n_blocks * EXT4_BLOCK);
	in.small.i_links_count = links < EXT4_LINK_MAX ? (uint16_t)links : 1; /* dir_nlink */
	if (n_blocks > 1)
		in.small.i_flags |= EXT2_INDEX_FL;
	if (ext4_extents_store(w, n->ino, &in, x, e) < 0)
		return -1;
	rc = ext2fs_write_inode_full(w->fs, n->ino, &in.small, sizeof(in));
	return rc ? ext4_failed(w, rc, _("write a directory"), e) : 0;
}

static int write_blocks(struct ext4_writer *w, const struct ext4_node *n, const struct dir_plan *p, size_t n_nodes,
			struct err *e)
{
	size_t n_blocks = p->n_leaves ? 1 + n_nodes + p->n_leaves : 1;
	struct ext4_extents x = {0};
	char block[EXT4_BLOCK] __attribute__((aligned(8)));
	blk64_t first = 0;
	size_t run = 0;

	for (size_t i = 0; i < n_blocks; i++, first++, run--) {
		errcode_t rc;

		if (run == 0) {
			if (ext4_alloc_run(w, n_blocks - i, &first, &run, e) < 0)
				goto fail;
			ext4_extents_add(&x, i, first, run);
		}
		memset(block, 0, sizeof(block));
		if (p->n_leaves)
			build_dx_block(w->fs, block, n, p, n_nodes, i);
		else
			put_leaf(w->fs, block, put_dots(w->fs, block, n), p->refs, p->n_refs);
		rc = ext2fs_write_dir_block4(w->fs, first, block, 0, n->ino);
		if (rc) {
			ext4_failed(w, rc, _("write a directory"), e);
			goto fail;
		}
	}
	return write_dir_inode(w, n, n_blocks, &x, e);
fail:
	free(x.list);
	return -1;
}

static bool fits_one_block(const struct dir_plan *p)
{
	size_t need = DOTS + TAIL;

	for (size_t i = 0; i < p->n_refs && need <= EXT4_BLOCK; i++)
		need += rec_len(p->refs[i].name->len);
	return need <= EXT4_BLOCK;
}

static int store_planned(struct ext4_writer *w, const struct ext4_node *n, struct dir_plan *p, struct err *e)
{
	size_t n_nodes;

	if (fits_one_block(p))
		return write_blocks(w, n, p, 0, e);
	if (hash_names(w, p, e) < 0)
		return -1;
	cut_leaves(p);
	n_nodes = p->n_leaves > DX_ROOT_LIMIT ? (p->n_leaves + DX_NODE_LIMIT - 1) / DX_NODE_LIMIT : 0;
	if (n_nodes > DX_ROOT_LIMIT)
		return err_set(e, ERR_PROTO, _("a directory has too many names (%zu)"), p->n_refs);
	return write_blocks(w, n, p, n_nodes, e);
}

int ext4_dir_store(struct ext4_writer *w, const struct ext4_node *n, struct err *e)
{
	struct dir_plan p = {.n_refs = n->dir->n_names};
	auto_free struct ext4_name **names = ext4_dir_list(n->dir);
	int rc;

	assert(n->dir->parent);
	p.refs = xcalloc(p.n_refs + 1, sizeof(*p.refs));
	for (size_t i = 0; i < p.n_refs; i++)
		p.refs[i].name = names[i];
	rc = store_planned(w, n, &p, e);
	free(p.refs);
	free(p.leaves);
	return rc;
}
