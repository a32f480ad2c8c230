/* SPDX-License-Identifier: MIT */
/*
 * The ext4 writer: adding files to a fresh image without mounting it.
 *
 * Adding writes the file's data and its inode at once and notes the name in memory (ext4_tree.c); commit writes the
 * directories (ext4_dir.c). An inode that loses its last name is given back. Inode numbers are handed out in order, so
 * the inode table fills from the front and its blocks are written once.
 *
 * Any thread, one at a time per writer. libext2fs keeps no state outside the ext2_filsys but its table of messages.
 */
#include "core/disk/ext4_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define TARGET_MAX 4095u
#define NAME_MAX_BYTES 255u
/* One path can imply 2047 directories: without a limit a small archive of such paths makes millions of inodes. */
#define IMPLIED_MAX 100000u

/* The caller knows the path it gave, and how to show it. */
static int refuse(const char *why, struct err *e)
{
	return err_set(e, ERR_PROTO, "%s", why);
}

/* ---- giving back */

/* Give back the inode, its blocks and, for a directory, everything below. Frees the node. */
static int release_node(struct ext4_writer *w, struct ext4_node *n, struct err *e);

static int unlink_name(struct ext4_writer *w, struct ext4_node *dir, struct ext4_name *name, struct err *e)
{
	struct ext4_node *n = ext4_dir_take(dir, name);
	union ext4_inode in;

	if (--n->links == 0)
		return release_node(w, n, e);
	if (ext4_inode_read(w, n->ino, &in, e) < 0)
		return -1;
	in.small.i_links_count = (uint16_t)n->links;
	return ext4_inode_write(w, n->ino, &in, e);
}

static int release_node(struct ext4_writer *w, struct ext4_node *n, struct err *e)
{
	struct ext4_name *name;
	union ext4_inode in;
	errcode_t rc = 0;
	int done = 0;

	assert(n->links == 0 && n != w->root);
	while (done == 0 && n->dir && (name = ext4_dir_any(n->dir)))
		done = unlink_name(w, n, name, e);
	if (done == 0)
		done = ext4_inode_read(w, n->ino, &in, e);
	if (done == 0) {
		ext4_xattrs_free(w, &in);
		if (ext2fs_inode_has_valid_blocks2(w->fs, &in.small))
			rc = ext2fs_punch(w->fs, n->ino, &in.small, NULL, 0, ~0ULL);
		ext2fs_inode_alloc_stats2(w->fs, n->ino, -1, n->dir != NULL);
		in = (union ext4_inode){0};
		done = rc ? ext4_failed(w, rc, _("free blocks"), e) : ext4_inode_write(w, n->ino, &in, e);
	}
	ext4_node_free(n);
	return done;
}

/* ---- names */

static const struct ext4_attr dflt_dir_attr = {.mode = 0755};

static int new_dir(struct ext4_writer *w, struct ext4_node *parent, const char *text, size_t len,
		   const struct ext4_attr *a, struct ext4_node **ret, struct err *e)
{
	union ext4_inode in;
	uint32_t ino;

	if (ext4_inode_alloc(w, true, &ino, e) < 0)
		return -1;
	ext4_inode_init(&in, S_IFDIR | (a->mode & 07777), a);
	if (ext4_inode_write(w, ino, &in, e) < 0 || ext4_xattrs_write(w, ino, a, e) < 0)
		return -1;
	*ret = ext4_dir_node_new(ino, in.small.i_mode);
	ext4_dir_put(parent, text, len, *ret);
	return 0;
}

static bool is_name(const char *text, size_t len)
{
	bool dots = (len == 1 || len == 2) && memcmp(text, "..", len) == 0;

	return len > 0 && len <= NAME_MAX_BYTES && !dots;
}

/* The directory a path's last component goes into, missing ones made on the way, and where that component starts. */
static int find_parent(struct ext4_writer *w, const char *path, struct ext4_node **ret_dir, const char **ret_last,
		       struct err *e)
{
	struct ext4_node *dir = w->root;
	const char *p = path;
	const char *slash;

	for (; (slash = strchr(p, '/')); p = slash + 1) {
		struct ext4_name *name = ext4_dir_get(dir->dir, p, (size_t)(slash - p));

		if (!name) {
			if (!is_name(p, (size_t)(slash - p)))
				return refuse(_("not a valid path"), e);
			if (++w->n_implied > IMPLIED_MAX)
				return refuse(_("too many directories above it are missing"), e);
			if (new_dir(w, dir, p, (size_t)(slash - p), &dflt_dir_attr, &dir, e) < 0)
				return -1;
			continue;
		}
		if (name->node->target)
			return refuse(_("it leads through a symbolic link"), e);
		if (!name->node->dir)
			return refuse(_("its parent is not a directory"), e);
		dir = name->node;
	}
	if (!is_name(p, strlen(p)))
		return refuse(_("not a valid path"), e);
	*ret_dir = dir;
	*ret_last = p;
	return 0;
}

/* A place for a new thing: whatever had the name is gone. */
static int make_place(struct ext4_writer *w, const char *path, struct ext4_node **ret_dir, const char **ret_last,
		      struct err *e)
{
	struct ext4_name *old;

	if (find_parent(w, path, ret_dir, ret_last, e) < 0)
		return -1;
	old = ext4_dir_get((*ret_dir)->dir, *ret_last, strlen(*ret_last));
	return old ? unlink_name(w, *ret_dir, old, e) : 0;
}

/* The last steps of everything but directories: inode, attributes, name. */
static int put_node(struct ext4_writer *w, struct ext4_node *dir, const char *last, uint32_t ino, union ext4_inode *in,
		    const struct ext4_attr *a, struct err *e)
{
	if (ext4_inode_write(w, ino, in, e) < 0 || ext4_xattrs_write(w, ino, a, e) < 0)
		return -1;
	ext4_dir_put(dir, last, strlen(last), ext4_node_new(ino, in->small.i_mode));
	return 0;
}

/* ---- adding */

static int set_dir_attr(struct ext4_writer *w, struct ext4_node *n, const struct ext4_attr *a, struct err *e)
{
	union ext4_inode in;

	if (ext4_inode_read(w, n->ino, &in, e) < 0)
		return -1;
	ext4_xattrs_free(w, &in);
	n->mode = S_IFDIR | (a->mode & 07777);
	ext4_inode_init(&in, n->mode, a);
	return ext4_inode_write(w, n->ino, &in, e) < 0 ? -1 : ext4_xattrs_write(w, n->ino, a, e);
}

int ext4_writer_dir(struct ext4_writer *w, const char *path, const struct ext4_attr *a, struct err *e)
{
	struct ext4_node *dir, *made;
	struct ext4_name *old;
	const char *last;

	if (!*path)
		return set_dir_attr(w, w->root, a, e);
	if (find_parent(w, path, &dir, &last, e) < 0)
		return -1;
	old = ext4_dir_get(dir->dir, last, strlen(last));
	if (old && old->node->dir)
		return set_dir_attr(w, old->node, a, e);
	if (old && unlink_name(w, dir, old, e) < 0)
		return -1;
	return new_dir(w, dir, last, strlen(last), a, &made, e);
}

int ext4_writer_file(struct op *op, struct ext4_writer *w, const char *path, const struct ext4_attr *a,
		     const struct ext4_source *src, struct err *e)
{
	struct ext4_node *dir;
	union ext4_inode in;
	const char *last;
	uint32_t ino;

	if (make_place(w, path, &dir, &last, e) < 0 || ext4_inode_alloc(w, false, &ino, e) < 0)
		return -1;
	ext4_inode_init(&in, S_IFREG | (a->mode & 07777), a);
	if (ext4_store_file(op, w, ino, &in, src, e) < 0)
		return -1;
	return put_node(w, dir, last, ino, &in, a, e);
}

int ext4_writer_unnamed(struct op *op, struct ext4_writer *w, const struct ext4_attr *a, const struct ext4_source *src,
			uint32_t *ret_ino, struct err *e)
{
	union ext4_inode in;
	uint32_t ino;

	if (ext4_inode_alloc(w, false, &ino, e) < 0)
		return -1;
	ext4_inode_init(&in, S_IFREG | (a->mode & 07777), a);
	if (ext4_store_file(op, w, ino, &in, src, e) < 0 || ext4_inode_write(w, ino, &in, e) < 0 ||
	    ext4_xattrs_write(w, ino, a, e) < 0)
		return -1;
	*ret_ino = ino;
	return 0;
}

int ext4_writer_name(struct ext4_writer *w, const char *path, uint32_t ino, struct err *e)
{
	struct ext4_node *dir;
	union ext4_inode in;
	const char *last;

	if (make_place(w, path, &dir, &last, e) < 0 || ext4_inode_read(w, ino, &in, e) < 0)
		return -1;
	assert(S_ISREG(in.small.i_mode));
	ext4_dir_put(dir, last, strlen(last), ext4_node_new(ino, in.small.i_mode));
	return 0;
}

int ext4_writer_drop(struct ext4_writer *w, uint32_t ino, struct err *e)
{
	return release_node(w, ext4_node_new(ino, S_IFREG), e);
}

/* Text shorter than the block map lives in the inode; longer text gets a block. */
static int store_target(struct ext4_writer *w, uint32_t ino, union ext4_inode *in, const char *target, struct err *e)
{
	struct ext4_extents x = {0};
	char block[EXT4_BLOCK] = {0};
	size_t len = strlen(target);
	blk64_t first;
	size_t n;

	assert(len > 0 && len <= TARGET_MAX);
	in->small.i_size = (uint32_t)len;
	if (len < sizeof(in->small.i_block)) {
		memcpy(in->small.i_block, target, len);
		return 0;
	}
	memcpy(block, target, len);
	if (ext4_alloc_run(w, 1, &first, &n, e) < 0 || ext4_pwrite_blocks(w, first, block, 1, e) < 0)
		return -1;
	in->small.i_flags |= EXT4_EXTENTS_FL;
	ext4_extents_add(&x, 0, first, 1);
	return ext4_extents_store(w, ino, in, &x, e);
}

int ext4_writer_symlink(struct ext4_writer *w, const char *path, const char *target, const struct ext4_attr *a,
			struct err *e)
{
	struct ext4_node *dir;
	union ext4_inode in;
	const char *last;
	uint32_t ino;

	if (!*target || strlen(target) > TARGET_MAX)
		return refuse(_("its symbolic link is empty or longer than 4095 bytes"), e);
	if (make_place(w, path, &dir, &last, e) < 0 || ext4_inode_alloc(w, false, &ino, e) < 0)
		return -1;
	ext4_inode_init(&in, S_IFLNK | 0777, a);
	if (store_target(w, ino, &in, target, e) < 0 || put_node(w, dir, last, ino, &in, a, e) < 0)
		return -1;
	ext4_dir_get(dir->dir, last, strlen(last))->node->target = xstrdup(target);
	return 0;
}

/* What a path names, itself: no link is followed, none may be on the way. */
static struct ext4_node *find_plain(struct ext4_writer *w, const char *path)
{
	struct ext4_node *n = w->root;

	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");
		struct ext4_name *name = n->dir ? ext4_dir_get(n->dir, p, len) : NULL;

		if (!name)
			return NULL;
		n = name->node;
		p += len + (p[len] == '/');
	}
	return n;
}

static int not_there(const char *target, struct err *e)
{
	auto_buf shown = {0};

	utf8_clean(&shown, target, strnlen(target, 200), false);
	return err_set(e, ERR_NOT_FOUND, _("it is a hard link to '%s', which is not there"), buf_cstr(&shown));
}

int ext4_writer_link(struct ext4_writer *w, const char *path, const char *target, struct err *e)
{
	struct ext4_node *n = find_plain(w, target);
	struct ext4_node *dir;
	struct ext4_name *old;
	union ext4_inode in;
	const char *last;

	if (!n)
		return not_there(target, e);
	if (n->dir)
		return refuse(_("it is a hard link to a directory"), e);
	if (n->links >= EXT4_LINK_MAX)
		return refuse(_("its file has 65000 names already"), e);
	if (find_parent(w, path, &dir, &last, e) < 0)
		return -1;
	old = ext4_dir_get(dir->dir, last, strlen(last));
	if (old && old->node == n)
		return 0;
	assert(n->links > 0);
	/* A directory in the way may hold the target's last name: the node must outlive it. */
	n->links++;
	if (old && unlink_name(w, dir, old, e) < 0)
		return -1;
	n->links--;
	ext4_dir_put(dir, last, strlen(last), n);
	if (ext4_inode_read(w, n->ino, &in, e) < 0)
		return -1;
	in.small.i_links_count = (uint16_t)n->links;
	return ext4_inode_write(w, n->ino, &in, e);
}

int ext4_writer_node(struct ext4_writer *w, const char *path, const struct ext4_attr *a, struct err *e)
{
	uint32_t type = a->mode & S_IFMT;
	struct ext4_node *dir;
	union ext4_inode in;
	const char *last;
	uint32_t ino;

	if (!S_ISCHR(type) && !S_ISBLK(type) && !S_ISFIFO(type) && !S_ISSOCK(type))
		return refuse(_("neither a device nor a fifo nor a socket"), e);
	if (a->rdev_major > 0xfff || a->rdev_minor > 0xfffff)
		return refuse(_("its device number is out of range"), e);
	if (make_place(w, path, &dir, &last, e) < 0 || ext4_inode_alloc(w, false, &ino, e) < 0)
		return -1;
	ext4_inode_init(&in, type | (a->mode & 07777), a);
	if (S_ISCHR(type) || S_ISBLK(type))
		ext4_inode_set_rdev(&in, a->rdev_major, a->rdev_minor);
	return put_node(w, dir, last, ino, &in, a, e);
}

/* ---- opening and closing */

/* The root and lost+found come from mke2fs; their blocks are given back, commit writes all directories alike. */
static int adopt(struct ext4_writer *w, uint32_t ino, struct ext4_node **ret, struct err *e)
{
	union ext4_inode in;
	errcode_t rc;

	if (ext4_inode_read(w, ino, &in, e) < 0)
		return -1;
	rc = ext2fs_punch(w->fs, ino, &in.small, NULL, 0, ~0ULL);
	if (rc)
		return ext4_failed(w, rc, _("free blocks"), e);
	*ret = ext4_dir_node_new(ino, in.small.i_mode);
	return ext4_inode_write(w, ino, &in, e);
}

static int adopt_dirs(struct ext4_writer *w, struct err *e)
{
	static const char lost_found[] = "lost+found";
	struct ext4_node *lf;
	ext2_ino_t ino;
	errcode_t rc = ext2fs_lookup(w->fs, EXT2_ROOT_INO, lost_found, sizeof(lost_found) - 1, NULL, &ino);

	if (rc)
		return ext4_failed(w, rc, w->path, e);
	if (ino + 1 != w->goal_ino)
		return err_set(e, ERR_STATE, _("%s is not a freshly formatted image"), w->path);
	if (adopt(w, EXT2_ROOT_INO, &w->root, e) < 0)
		return -1;
	w->root->links = 1;
	w->root->dir->parent = w->root;
	if (adopt(w, ino, &lf, e) < 0)
		return -1;
	ext4_dir_put(w->root, lost_found, sizeof(lost_found) - 1, lf);
	return 0;
}

static int open_fs(struct ext4_writer *w, struct err *e)
{
	errcode_t rc;

	w->fd = open(w->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (w->fd < 0)
		return err_sys(e, errno, _("open %s"), w->path);
	rc = ext2fs_open(w->path, EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &w->fs);
	if (!rc)
		rc = ext2fs_read_bitmaps(w->fs);
	if (rc)
		return ext4_failed(w, rc, w->path, e);
	if (w->fs->blocksize != EXT4_BLOCK || EXT2_INODE_SIZE(w->fs->super) != EXT4_INODE)
		return err_set(e, ERR_PROTO, _("%s: not an image of ours"), w->path);
	rc = ext2fs_find_first_zero_inode_bitmap2(w->fs->inode_map, EXT2_FIRST_INODE(w->fs->super),
						  w->fs->super->s_inodes_count, &w->goal_ino);
	if (rc)
		return ext4_failed(w, rc, w->path, e);
	w->goal = w->fs->super->s_first_data_block;
	if (adopt_dirs(w, e) < 0)
		return -1;
	w->free_at_open = ext2fs_free_blocks_count(w->fs->super);
	return 0;
}

struct ext4_writer *ext4_writer_open(const char *path, struct err *e)
{
	struct ext4_writer *w = xcalloc(1, sizeof(*w));

	w->fd = -1;
	w->path = xstrdup(path);
	if (open_fs(w, e) < 0) {
		ext4_writer_free(w);
		return NULL;
	}
	return w;
}

void ext4_writer_free(struct ext4_writer *w)
{
	if (!w)
		return;
	if (w->fs)
		ext2fs_free(w->fs);
	ext4_node_free(w->root);
	fd_close_auto(&w->fd);
	free(w->stage);
	free(w->path);
	free(w);
}

bool ext4_writer_is_full(const struct ext4_writer *w)
{
	return w->full;
}

uint64_t ext4_writer_used(const struct ext4_writer *w)
{
	if (!w->fs)
		return w->used;
	return (w->free_at_open - MIN(w->free_at_open, ext2fs_free_blocks_count(w->fs->super))) * EXT4_BLOCK;
}

/* Depth is bounded by the length of a path. */
static int store_dirs(struct op *op, struct ext4_writer *w, const struct ext4_node *n, struct err *e)
{
	auto_free struct ext4_name **names = ext4_dir_list(n->dir);

	assert(n->dir->n_subdirs <= n->dir->n_names);
	if (op_check(op, e) < 0 || ext4_dir_store(w, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n->dir->n_names; i++)
		if (names[i]->node->dir && store_dirs(op, w, names[i]->node, e) < 0)
			return -1;
	return 0;
}

int ext4_writer_commit(struct op *op, struct ext4_writer *w, struct err *e)
{
	errcode_t rc;

	assert(w->fs && w->root); /* once */
	if (store_dirs(op, w, w->root, e) < 0)
		return -1;
	w->used = ext4_writer_used(w);
	/* Syncs the file, and with it the data written past the library. */
	rc = ext2fs_close2(w->fs, 0);
	if (rc)
		return ext4_failed(w, rc, w->path, e);
	w->fs = NULL;
	return 0;
}
