/* SPDX-License-Identifier: MIT */
/*
 * Private copies of disk images (part of fs.h): shared blocks where the file system can, else data without holes.
 *
 * Not synced to the disk: a copy of gigabytes must not wait for the platter, and whoever records the copy as finished
 * decides when it has to survive a power cut.
 */
#include "base/fs.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define COPY_CHUNK ((off_t)8 * 1024 * 1024) /* between two looks at the op */
#define COPY_BLOCK ((size_t)256 * 1024)

struct copy {
	int from;
	int to;
	off_t size;
	bool plain; /* copy_file_range(2) does not work between these two */
	char *block;
};

static void copy_done(struct copy *c)
{
	fd_close(&c->from);
	fd_close(&c->to);
	free(c->block);
}

static int copy_plain(struct copy *c, off_t at, off_t end, struct err *e)
{
	if (!c->block)
		c->block = xmalloc(COPY_BLOCK);
	while (at < end) {
		ssize_t n = pread(c->from, c->block, MIN(COPY_BLOCK, (size_t)(end - at)), at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, _("read"));
		if (n == 0)
			return err_set(e, ERR_STATE, _("the file became shorter while it was copied"));
		for (ssize_t off = 0; off < n;) {
			ssize_t w = pwrite(c->to, c->block + off, (size_t)(n - off), at + off);
			if (w < 0 && errno != EINTR)
				return err_sys(e, errno, _("write"));
			off += MAX(w, (ssize_t)0);
		}
		at += n;
	}
	return 0;
}

static int copy_chunk(struct copy *c, off_t at, off_t end, struct err *e)
{
	while (!c->plain && at < end) {
		loff_t in = at;
		loff_t out = at;
		ssize_t n = copy_file_range(c->from, &in, c->to, &out, (size_t)(end - at), 0);
		if (n > 0)
			at += n;
		else if (n == 0 || errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
			c->plain = true; /* 0 also comes from file systems that know no better; pread decides */
		else if (errno != EINTR)
			return err_sys(e, errno, _("copy"));
	}
	return copy_plain(c, at, end, e);
}

static int copy_data(struct op *op, struct copy *c, struct err *e)
{
	off_t at = 0;

	while (at < c->size) {
		off_t data = lseek(c->from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break; /* only a hole is left */
		if (data < 0)
			return err_sys(e, errno, _("look for data"));
		off_t end = lseek(c->from, data, SEEK_HOLE);
		if (end < 0)
			return err_sys(e, errno, _("look for a hole"));
		end = MIN(end, c->size);
		for (at = data; at < end;) {
			off_t to = MIN(at + COPY_CHUNK, end);
			if (op_check(op, e) < 0 || copy_chunk(c, at, to, e) < 0)
				return -1;
			at = to;
			op_progress(op, at, c->size);
		}
	}
	op_progress(op, c->size, c->size);
	return 0;
}

static int copy_fill(struct op *op, struct copy *c, mode_t mode, struct err *e)
{
	if (fchmod(c->to, mode) < 0)
		return err_sys(e, errno, _("set the mode"));
	if (ioctl(c->to, FICLONE, c->from) == 0) {
		op_progress(op, c->size, c->size);
		return 0;
	}
	if (ftruncate(c->to, c->size) < 0)
		return err_sys(e, errno, _("make it %lld bytes large"), (long long)c->size);
	return copy_data(op, c, e);
}

int fs_copy_sparse(struct op *op, const char *from, const char *to, mode_t mode, struct err *e)
{
	auto_call(copy_done) struct copy c = {.from = -1, .to = -1};
	struct stat st;

	if (op_check(op, e) < 0)
		return -1;
	c.from = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (c.from < 0 || fstat(c.from, &st) < 0)
		return err_sys(e, errno, _("open '%s'"), from);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, _("'%s' is not a regular file"), from);
	c.size = st.st_size;
	c.to = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c.to < 0)
		return err_sys(e, errno, _("create '%s'"), to);
	if (copy_fill(op, &c, mode, e) < 0) {
		unlink(to);
		return err_wrap(e, _("copy '%s' to '%s'"), from, to);
	}
	return 0;
}
