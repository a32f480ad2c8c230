/* SPDX-License-Identifier: MIT */
/*
 * ext4 images made without root: formatted by mke2fs, filled in process by libext2fs.
 *
 * Images are sparse files, 4096-byte blocks, 256-byte inodes, with a feature set fixed here and not by the host's
 * mke2fs.conf, so that any guest kernel of the last ten years mounts them. Inode tables count as zeroed already (holes
 * are): the guest's lazy initialisation has nothing to write.
 *
 * The writer keeps the whole tree (names and inode numbers) in memory and writes every directory once, at commit: linking
 * name by name is quadratic. File data goes straight to the image in large runs. Until ext4_writer_commit() returned 0 the
 * image is not usable; whoever made the file removes it.
 *
 * Never used on an image a guest has written. Not thread-safe per writer; different writers are independent.
 * On-disk format: https://docs.kernel.org/filesystems/ext4/
 */
#ifndef CORE_DISK_EXT4_H
#define CORE_DISK_EXT4_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/op.h"
#include "base/xattr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define EXT4_MIN_BYTES ((uint64_t)16 << 20)	 /* below, mke2fs leaves no room for a journal */
#define EXT4_MAX_FILE_BYTES ((uint64_t)16 << 40) /* 2^32 blocks of 4096 bytes */

struct ext4_format_args {
	const char *path;  /* must not exist; created 0600 */
	uint64_t size;	   /* bytes, a multiple of 4096, at least EXT4_MIN_BYTES */
	const char *uuid;  /* NULL: a random one */
	const char *label; /* at most 16 bytes; NULL: none */
	uint64_t inodes;   /* 0: one for 16 KiB */
};

/* Create and format a sparse image holding an empty lost+found; root directory 0755 root:root. Milliseconds; needs
 * mke2fs (ERR_MISSING with a hint). On failure no file is left. */
NODISCARD int ext4_format(struct op *op, const struct ext4_format_args *a, struct err *e);

/* The same, faster: `dir` (made when it is missing) keeps a formatted blank of each size that was asked for, and the image is a copy of
 * it with a UUID, a label and a hash seed of its own. What is wrong with a blank or with `dir` costs the time of ext4_format() and is
 * no error. With a->inodes, or with dir NULL, it is ext4_format(). The guest's kernel must be Linux 4.4 (January 2016) or newer. */
NODISCARD int ext4_format_copied(struct op *op, const struct ext4_format_args *a, const char *dir, struct err *e);

struct ext4_writer;

/* What an inode carries. Times of access and change are set to `mtime` too. */
struct ext4_attr {
	uint32_t mode; /* permission bits, 07777; for ext4_writer_node() with the type (S_IFCHR…) */
	uint32_t uid;
	uint32_t gid;
	int64_t mtime; /* seconds; clamped to what ext4 holds (1901 to 2446) */
	uint32_t mtime_ns;
	uint32_t rdev_major; /* S_IFCHR, S_IFBLK */
	uint32_t rdev_minor;
	const struct xattr *xattrs; /* borrowed */
	size_t n_xattrs;
};

/* Where a file's content comes from. */
struct ext4_source {
	/* The next piece: 1 with the bytes (borrowed until the next call) and their offset, ascending; 0 at the end;
	 * -1. Gaps of 1 MiB and more become holes, and so does every aligned 64 KiB of nothing but
	 * zeroes. */
	int (*read)(void *arg, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e);
	void *arg;
	uint64_t size; /* of the file; pieces beyond it are ERR_PROTO */
};

/* Open a fresh image (ext4_format) for filling. NULL on failure. Free with ext4_writer_free(). */
NODISCARD struct ext4_writer *ext4_writer_open(const char *path, struct err *e);
/* Abandon (or, after commit, free). NULL is fine. */
void ext4_writer_free(struct ext4_writer *w);

/*
 * Adding. Paths are relative to the image's root, without leading slash, empty, "." or ".." components ("" is the root,
 * for ext4_writer_dir() alone). Missing parents are made 0755 root:root, 100 000 of them at most. What was there under
 * the name is replaced, with all that is below it, but a directory added over a directory takes the new attributes and
 * keeps its content.
 * ERR_PROTO when a parent is a symbolic link or no directory; ERR_SPACE when the image is full. Messages do not repeat
 * the path. After a failure other than ERR_PROTO and ERR_NOT_FOUND the writer is only good for ext4_writer_free().
 */
NODISCARD int ext4_writer_dir(struct ext4_writer *w, const char *path, const struct ext4_attr *a, struct err *e);
/* Reads the source to its end; cancellable through `op`. */
NODISCARD int ext4_writer_file(struct op *op, struct ext4_writer *w, const char *path, const struct ext4_attr *a,
			       const struct ext4_source *src, struct err *e);
/*
 * The same in two steps, for who knows the name only later: the content first, of which no name tells yet, and then its name
 * (further ones by ext4_writer_link()), or that it is not needed after all. Each `ino` comes to one of these two, once, before
 * the commit.
 */
NODISCARD int ext4_writer_unnamed(struct op *op, struct ext4_writer *w, const struct ext4_attr *a,
				  const struct ext4_source *src, uint32_t *ret_ino, struct err *e);
NODISCARD int ext4_writer_name(struct ext4_writer *w, const char *path, uint32_t ino, struct err *e);
NODISCARD int ext4_writer_drop(struct ext4_writer *w, uint32_t ino, struct err *e);
/* `target` is any text of 1 to 4095 bytes; where it leads is the guest's business. */
NODISCARD int ext4_writer_symlink(struct ext4_writer *w, const char *path, const char *target,
				  const struct ext4_attr *a, struct err *e);
/* One more name for what `target` names now. ERR_NOT_FOUND, or ERR_PROTO for a directory. */
NODISCARD int ext4_writer_link(struct ext4_writer *w, const char *path, const char *target, struct err *e);
/* Device, fifo or socket, by the type in a->mode. */
NODISCARD int ext4_writer_node(struct ext4_writer *w, const char *path, const struct ext4_attr *a, struct err *e);

/* What a path leads to, symbolic links followed inside the image (absolute ones from its root). */
struct ext4_found {
	uint32_t mode; /* with the type */
	uint32_t ino;
	char name[256]; /* last component after following: /sbin/init may end at "systemd" */
};

/* False when it leads nowhere, or through more than 40 links. Reads memory alone. */
bool ext4_writer_find(const struct ext4_writer *w, const char *path, struct ext4_found *ret);

/* True after an ERR_SPACE that a bigger image would have avoided (the host's disk was not what ran full). */
bool ext4_writer_is_full(const struct ext4_writer *w);

/* Bytes of file data and metadata in use so far, without the empty file system's own. */
uint64_t ext4_writer_used(const struct ext4_writer *w);

/* Write all directories, link counts and bitmaps, sync the file. e2fsck -fn finds nothing to say about the result. */
NODISCARD int ext4_writer_commit(struct op *op, struct ext4_writer *w, struct err *e);

/* From the superblock of an image of ours (block and inode counts are as of its last commit). ERR_PROTO when it is no
 * ext4. These read 1 KiB and interpret nothing else. */
NODISCARD int ext4_uuid_read(const char *path, char ret[UUID_SIZE], struct err *e);
NODISCARD int ext4_used_bytes(const char *path, uint64_t *ret, struct err *e);

/* Of any ext4: was it left in order (unmounted, its journal empty, no error noted)? What mounts it read-only cannot mend it. `ret_bytes`:
 * how large it says it is. ERR_PROTO when it is none. */
NODISCARD int ext4_is_clean(const char *path, bool *ret, uint64_t *ret_bytes, struct err *e);

/* Could a machine have it as its root, in any disk mode? Not what the kernels of ours cannot mount, or no overlay can be laid over. `what`
 * names it in messages, `mend` (may be NULL) is what it is called on a command line that would help. ERR_STATE naming the feature. */
NODISCARD int ext4_can_be_root(const char *path, const char *what, const char *mend, struct err *e);

/* Content of one file of an image of ours (`name` relative to its root, links followed), at most `max` bytes. */
NODISCARD int ext4_read_file(const char *path, const char *name, size_t max, struct buf *ret, struct err *e);

#endif
