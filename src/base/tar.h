/* SPDX-License-Identifier: MIT */
/*
 * tar archives, behind one door (libarchive inside): a streaming reader and a small writer.
 *
 * Whatever an archive says is hostile. The reader never touches the file system: it hands out entries whose names are
 * already validated and brings them into one form, so no caller looks at a raw name again.
 *
 * Names: leading "/" and "./" are dropped (an absolute name in a root file system's archive means the same file as the
 * relative one), empty and "." components too, and a trailing slash. "" is the root itself. A ".." anywhere, a
 * component over 255 bytes or a name over 4095 are refused (ERR_PROTO) with the name cleaned for display. Other bytes
 * are kept exactly, control characters included: they are legal in file names; clean before showing (utf8_clean).
 *
 * Formats read: ustar, pax, GNU (sparse files included), v7; plain or gzip, xz, zstd. An archive that ends without its
 * end marker is taken as truncated, and an empty one for none, unless a digest says whether it is whole.
 */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/op.h"
#include "base/xattr.h"

#include <stdint.h>

enum tar_type { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK, TAR_CHAR, TAR_BLOCK, TAR_FIFO };

#define TAR_NAME_MAX 4095     /* bytes of a name or a link target */
#define TAR_COMPONENT_MAX 255 /* bytes between two slashes */

struct tar_entry {
	enum tar_type type;
	const char *name;   /* see above */
	const char *target; /* symbolic link: its text, untouched; hard link: the name linked to, in the same form as
			       `name`; else NULL */
	uint32_t mode;	    /* permission bits with setuid, setgid, sticky: 07777 */
	uint32_t uid;
	uint32_t gid;
	uint64_t size; /* of the file, holes included; 0 for everything else */
	int64_t mtime; /* seconds */
	uint32_t mtime_ns;
	uint32_t rdev_major; /* TAR_CHAR, TAR_BLOCK */
	uint32_t rdev_minor;
	const struct xattr *xattrs; /* POSIX ACLs included, in the form of getxattr(2) */
	size_t n_xattrs;
};

/* 0 = the default in parentheses. Going over one is ERR_PROTO saying which. */
struct tar_limits {
	uint64_t max_entries; /* (4 million) */
	uint64_t max_bytes;   /* of the decompressed archive (128 GiB) */
	uint32_t max_ratio;   /* decompressed to compressed, looked at from 256 MiB on (250) */
};

struct tar_reader;

/* Read from `fd`, borrowed until tar_reader_free(), from its present position. `what` names the archive in messages
 * (copied). `lim` may be NULL. Reads a first block, so it may block. NULL when it is no such archive. */
NODISCARD struct tar_reader *tar_reader_new(struct op *op, int fd, const char *what, const struct tar_limits *lim,
					    struct err *e);
/* As tar_reader_new(), for who wants to know the SHA-256 of the whole decompressed stream (what OCI calls a diff_id), which is
 * computed while reading; see tar_reader_digest(). It must be asked: nothing else tells whether all has come. */
NODISCARD struct tar_reader *tar_reader_new_digest(struct op *op, int fd, const char *what,
						   const struct tar_limits *lim, struct err *e);
void tar_reader_free(struct tar_reader *r);

/* The next entry: 1, with `ret` borrowed until the next call; 0 at the end; -1. Unread data of the entry before is
 * skipped. Types tar knows but a file system does not (volume labels…) are skipped. May block; cancellable, on pipes too. */
NODISCARD int tar_reader_next(struct op *op, struct tar_reader *r, struct tar_entry *ret, struct err *e);

/* The next piece of the present entry's data: 1, with the piece borrowed until the next call and its offset in the file
 * (ascending; what lies between pieces is a hole); 0 at the end; -1. May block; cancellable. */
NODISCARD int tar_reader_data(struct op *op, struct tar_reader *r, const void **ret_data, size_t *ret_len,
			      uint64_t *ret_offset, struct err *e);

/* Of a reader from tar_reader_new_digest(), once, after tar_reader_next() returned 0: reads what follows the end marker to the
 * stream's end (within the limits) and gives the digest. Several gzip members or zstd frames in a row are one stream, zstd's
 * skippable frames are none of it. What follows a gzip stream and is no member of it is left unread, as gzip(1) does: it has no
 * decompressed form. ERR_PROTO when the stream turns out damaged only there. May block; cancellable. */
NODISCARD int tar_reader_digest(struct op *op, struct tar_reader *r, char ret[DIGEST_SIZE], struct err *e);

/* Bytes taken from the descriptor, for progress. */
uint64_t tar_reader_consumed(const struct tar_reader *r);

/* Unpack one compressed stream that is no archive (gzip, xz, lzma, zstd, lz4, bzip2), appended to `ret`. ERR_PROTO when it
 * is none, is damaged, or unpacks to more than `max` bytes. Cancellable. */
NODISCARD int tar_inflate(struct op *op, const void *data, size_t n, size_t max, struct buf *ret, struct err *e);

/* What the writer notes of an entry besides its name. */
struct tar_meta {
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	int64_t mtime;
};

struct tar_writer;

/* Writes ustar, and pax records only where an entry needs them. The whole is a multiple of 512 bytes and ends with the
 * end marker. The target (`out`, `fd`) is borrowed until tar_writer_free(). Never NULL. */
struct tar_writer *tar_writer_new_buf(struct buf *out);
struct tar_writer *tar_writer_new_fd(int fd);
/* Frees without an end marker unless tar_writer_finish() wrote it. NULL is fine. */
void tar_writer_free(struct tar_writer *w);

/* Add an entry as it is: names are written unchecked, `data` holds `e->size` bytes for TAR_FILE. May block on fd. */
NODISCARD int tar_writer_add(struct tar_writer *w, const struct tar_entry *entry, const void *data, struct err *e);
NODISCARD int tar_writer_dir(struct tar_writer *w, const char *name, const struct tar_meta *m, struct err *e);
NODISCARD int tar_writer_file(struct tar_writer *w, const char *name, const struct tar_meta *m, const void *data,
			      size_t len, struct err *e);
NODISCARD int tar_writer_symlink(struct tar_writer *w, const char *name, const char *target, const struct tar_meta *m,
				 struct err *e);
/* Write the end marker. Nothing can be added after it. */
NODISCARD int tar_writer_finish(struct tar_writer *w, struct err *e);

#endif
