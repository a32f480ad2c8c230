/* SPDX-License-Identifier: MIT */
/*
 * Log ring of two files. Turning is a rename, so a reader that follows the file keeps its descriptor on the older half
 * and sees by the inode that there is a new one. A guest may write as fast as it likes: the disk holds 2 * max.
 */
#include "keeper/ringlog.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int ringlog_open(struct ringlog *r, const char *dir, const char *name, int64_t max, struct err *e)
{
	struct stat st;

	*r = (struct ringlog){.max = max};
	path_join(r->path, sizeof(r->path), dir, "%s", name);
	r->fd = open_log(r->path);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return err_sys(e, errno, _("open log '%s'"), r->path);
	r->size = st.st_size;
	return 0;
}

void ringlog_close(struct ringlog *r)
{
	fd_close(&r->fd);
}

static void turn(struct ringlog *r)
{
	auto_free char *older = xasprintf("%s.1", r->path);

	/* When the rename fails the log must still not grow: start over in the same file. */
	if (rename(r->path, older) < 0 && ftruncate(r->fd, 0) == 0) {
		r->size = 0;
		return;
	}
	fd_close(&r->fd);
	r->fd = open_log(r->path);
	r->size = 0;
}

void ringlog_write(struct ringlog *r, const void *data, size_t n)
{
	const char *at = data;

	assert(r->max > 0);
	while (n > 0) {
		if (r->size >= r->max)
			turn(r);
		assert(r->size >= 0 && r->size < r->max);
		size_t part = MIN(n, (size_t)(r->max - r->size));
		if (r->fd >= 0)
			(void)!fd_write_all(r->fd, at, part, NULL);
		r->size += (int64_t)part;
		at += part;
		n -= part;
	}
}
