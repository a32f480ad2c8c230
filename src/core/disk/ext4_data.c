/* SPDX-License-Identifier: MIT */
/*
 * File data and block allocation of the ext4 writer.
 *
 * Free blocks are taken from the bitmap in runs, from a goal that only moves forward: one file after the other lies
 * contiguous, and allocating is one look-up for up to 1 MiB instead of one a block. Data is staged and written with
 * pwrite(2): libext2fs's channel would flush its cache of inode tables at every large write.
 */
#include "core/disk/ext4_priv.h"

#include "base/i18n.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STAGE_BLOCKS 256u
#define STAGE_BYTES (STAGE_BLOCKS * EXT4_BLOCK)
#define GRANULE_BLOCKS 16u	 /* zeroes become a hole by this much */
#define EXTENT_MAX_BLOCKS 32768u /* EXT_INIT_MAX_LEN */

_Static_assert(STAGE_BLOCKS % GRANULE_BLOCKS == 0, "a full window is whole granules");
_Static_assert(STAGE_BLOCKS <= EXTENT_MAX_BLOCKS, "what is written at once fits an extent");

int ext4_alloc_run(struct ext4_writer *w, size_t max, blk64_t *ret_first, size_t *ret_n, struct err *e)
{
	blk64_t last = ext2fs_blocks_count(w->fs->super) - 1;
	blk64_t first, end;
	errcode_t rc;

	assert(max > 0);
	rc = w->goal > last ? ENOENT : ext2fs_find_first_zero_block_bitmap2(w->fs->block_map, w->goal, last, &first);
	if (rc == ENOENT)
		rc = ext2fs_find_first_zero_block_bitmap2(w->fs->block_map, w->fs->super->s_first_data_block, last,
							  &first);
	if (rc == ENOENT)
		rc = EXT2_ET_BLOCK_ALLOC_FAIL;
	if (rc)
		return ext4_failed(w, rc, _("allocate blocks"), e);
	/* No more than one extent can say: the run of a huge directory may be longer. */
	last = MIN(last, first + MIN(max, (size_t)EXTENT_MAX_BLOCKS) - 1);
	rc = ext2fs_find_first_set_block_bitmap2(w->fs->block_map, first, last, &end);
	if (rc == ENOENT)
		end = last + 1;
	else if (rc)
		return ext4_failed(w, rc, _("allocate blocks"), e);
	assert(first <= last && end > first && end - first <= max);
	*ret_first = first;
	*ret_n = (size_t)(end - first);
	ext2fs_block_alloc_stats_range(w->fs, first, (blk_t)*ret_n, +1);
	w->goal = end;
	return 0;
}

void ext4_extents_add(struct ext4_extents *x, blk64_t logical, blk64_t physical, size_t n)
{
	struct ext2fs_extent *l = x->n ? &x->list[x->n - 1] : NULL;

	assert(n > 0 && n <= EXTENT_MAX_BLOCKS);
	assert(!l || logical >= l->e_lblk + l->e_len); /* in the file's order, nothing twice */
	x->blocks += n;
	if (l && l->e_lblk + l->e_len == logical && l->e_pblk + l->e_len == physical &&
	    l->e_len + n <= EXTENT_MAX_BLOCKS) {
		l->e_len += (uint32_t)n;
		return;
	}
	if (x->n == x->cap) {
		x->cap = x->cap ? x->cap * 2 : 8;
		x->list = xrealloc(x->list, x->cap, sizeof(*x->list));
	}
	assert(x->list);
	x->list[x->n++] = (struct ext2fs_extent){.e_lblk = logical, .e_pblk = physical, .e_len = (uint32_t)n};
}

int ext4_extents_store(struct ext4_writer *w, uint32_t ino, union ext4_inode *in, struct ext4_extents *x, struct err *e)
{
	ext2_extent_handle_t h = NULL;
	errcode_t rc;

	rc = ext2fs_extent_open2(w->fs, ino, &in->small, &h);
	for (size_t i = 0; !rc && i < x->n; i++) {
		rc = ext2fs_extent_insert(h, i ? EXT2_EXTENT_INSERT_AFTER : 0, &x->list[i]);
		if (!rc)
			rc = ext2fs_extent_fix_parents(h);
	}
	ext2fs_extent_free(h);
	if (!rc)
		rc = ext2fs_iblk_add_blocks(w->fs, &in->small, x->blocks);
	free(x->list);
	*x = (struct ext4_extents){0};
	return rc ? ext4_failed(w, rc, _("write extents"), e) : 0;
}

int ext4_pwrite_blocks(struct ext4_writer *w, blk64_t first, const void *data, size_t n, struct err *e)
{
	const char *p = data;
	size_t left = n * EXT4_BLOCK;
	off_t at = (off_t)(first * EXT4_BLOCK);

	while (left) {
		ssize_t k = pwrite(w->fd, p, left, at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_sys(e, errno, _("write %s"), w->path);
		p += k;
		at += k;
		left -= (size_t)k;
	}
	return 0;
}

/* A window of the file on its way out: `fill` bytes from block `base` on. */
struct stage {
	struct ext4_writer *w;
	blk64_t base;
	size_t fill;
	struct ext4_extents x;
};

static bool is_zero(const unsigned char *p, size_t n)
{
	assert(n > 0);
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static int write_run(struct stage *s, size_t at, size_t n, struct err *e)
{
	while (n) {
		blk64_t first;
		size_t got;

		if (ext4_alloc_run(s->w, n, &first, &got, e) < 0 ||
		    ext4_pwrite_blocks(s->w, first, s->w->stage + at * EXT4_BLOCK, got, e) < 0)
			return -1;
		ext4_extents_add(&s->x, s->base + at, first, got);
		at += got;
		n -= got;
	}
	return 0;
}

/* Write out the window, whole granules of zeroes left as holes, and move it behind itself. */
static int flush(struct stage *s, struct err *e)
{
	size_t blocks = (s->fill + EXT4_BLOCK - 1) / EXT4_BLOCK;
	size_t run = 0; /* start of what is to be written */

	assert(s->fill <= STAGE_BYTES && s->base % GRANULE_BLOCKS == 0);
	memset(s->w->stage + s->fill, 0, blocks * EXT4_BLOCK - s->fill);
	for (size_t at = 0; at + GRANULE_BLOCKS <= blocks; at += GRANULE_BLOCKS) {
		if (!is_zero(s->w->stage + at * EXT4_BLOCK, GRANULE_BLOCKS * EXT4_BLOCK))
			continue;
		if (write_run(s, run, at - run, e) < 0)
			return -1;
		run = at + GRANULE_BLOCKS;
	}
	if (run < blocks && write_run(s, run, blocks - run, e) < 0)
		return -1;
	s->base += blocks;
	s->fill = 0;
	return 0;
}

/* Bring the window to byte `offset` of the file: a short gap is zeroes, a long one moves the window. */
static int seek_to(struct stage *s, uint64_t offset, struct err *e)
{
	uint64_t start = s->base * EXT4_BLOCK;
	uint64_t pos = start + s->fill;
	size_t fill;

	if (offset < pos)
		return err_set(e, ERR_PROTO, _("file data comes out of order"));
	if (offset - start < STAGE_BYTES) {
		memset(s->w->stage + s->fill, 0, (size_t)(offset - pos));
		s->fill = (size_t)(offset - start);
		return 0;
	}
	if (flush(s, e) < 0)
		return -1;
	/* Windows start at multiples of a granule so that holes fall the same way whatever the pieces were. */
	s->base = offset / EXT4_BLOCK / GRANULE_BLOCKS * GRANULE_BLOCKS;
	fill = (size_t)(offset - s->base * EXT4_BLOCK);
	assert(fill < GRANULE_BLOCKS * EXT4_BLOCK);
	memset(s->w->stage, 0, fill);
	s->fill = fill;
	return 0;
}

static int put(struct stage *s, const unsigned char *data, size_t len, struct err *e)
{
	while (len) {
		size_t n = MIN(len, STAGE_BYTES - s->fill);

		assert(n > 0 && s->fill + n <= STAGE_BYTES);
		memcpy(s->w->stage + s->fill, data, n);
		s->fill += n;
		data += n;
		len -= n;
		if (s->fill == STAGE_BYTES && flush(s, e) < 0)
			return -1;
	}
	return 0;
}

static int pump(struct op *op, struct stage *s, const struct ext4_source *src, struct err *e)
{
	const void *data;
	size_t len;
	uint64_t offset;
	int rc;

	while ((rc = src->read(src->arg, &data, &len, &offset, e)) > 0) {
		if (offset > src->size || len > src->size - offset)
			return err_set(e, ERR_PROTO, _("file data goes beyond the file's size"));
		if (len == 0)
			continue;
		if (op_check(op, e) < 0 || seek_to(s, offset, e) < 0 || put(s, data, len, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : flush(s, e);
}

int ext4_store_file(struct op *op, struct ext4_writer *w, uint32_t ino, union ext4_inode *in,
		    const struct ext4_source *src, struct err *e)
{
	struct stage s = {.w = w};
	errcode_t rc;

	if (src->size >= EXT4_MAX_FILE_BYTES)
		return err_set(e, ERR_PROTO, _("a file of %llu bytes is too large for ext4"),
			       (unsigned long long)src->size);
	if (!w->stage)
		w->stage = xmalloc(STAGE_BYTES);
	if (pump(op, &s, src, e) < 0) {
		free(s.x.list);
		return -1;
	}
	rc = ext2fs_inode_size_set(w->fs, &in->small, (ext2_off64_t)src->size);
	if (rc) {
		free(s.x.list);
		return ext4_failed(w, rc, _("set file size"), e);
	}
	/* Without any extent too: an inode of extents needs their header. */
	return ext4_extents_store(w, ino, in, &s.x, e);
}
