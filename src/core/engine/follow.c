/* SPDX-License-Identifier: MIT */
/*
 * Following a log file: see follow.h. Belongs to one thread.
 *
 * The file is opened anew when its inode changes, so a rotation by the keeper is followed; what stood between our last
 * reading and the rotation is still in the old descriptor and is read first.
 */
#include "core/engine/follow.h"

#include "base/fd.h"
#include "base/id.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sys/stat.h>

struct follow {
	char id[ID_SIZE];
	char *path;
	int fd;
	struct stat st; /* of the open file */
	off_t offset;
	bool begun; /* the first piece was handed over */
};

struct follow *follow_new(const char *id, const char *dir, const char *file)
{
	struct follow *f = xcalloc(1, sizeof(*f));

	str_copy(f->id, sizeof(f->id), id);
	f->path = xasprintf("%s/%s", dir, file);
	f->fd = -1;
	return f;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	fd_close_auto(&f->fd);
	free(f->path);
	free(f);
}

static bool open_file(struct follow *f)
{
	off_t tail;

	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &f->st) < 0)
		return false;
	tail = f->begun ? 0 : f->st.st_size - (off_t)FOLLOW_TAIL_BYTES;
	f->offset = tail > 0 ? tail : 0;
	return true;
}

static bool was_replaced(const struct follow *f)
{
	struct stat now;

	if (stat(f->path, &now) < 0)
		return false;
	return now.st_ino != f->st.st_ino || now.st_dev != f->st.st_dev || now.st_size < f->offset;
}

void follow_read(struct follow *f, void (*data)(void *arg, const char *id, bool restart, const char *bytes, size_t n),
		 void *arg)
{
	auto_free char *bytes = NULL;
	ssize_t n = 0;

	if (f->fd >= 0 || open_file(f)) {
		bytes = xmalloc(FOLLOW_TAIL_BYTES);
		n = pread(f->fd, bytes, FOLLOW_TAIL_BYTES, f->offset);
	}
	if (n > 0)
		f->offset += n;
	if (n > 0 || !f->begun)
		data(arg, f->id, !f->begun, bytes ? bytes : "", n > 0 ? (size_t)n : 0);
	f->begun = true;
	if (n <= 0 && f->fd >= 0 && was_replaced(f))
		fd_close(&f->fd);
}
