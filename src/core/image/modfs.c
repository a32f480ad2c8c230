/* SPDX-License-Identifier: MIT */
/*
 * Two walks over the same tree: the first measures, so that the image has room; the second copies, in the order of names,
 * so that the same modules give the same image but for its UUID.
 */
#include "core/image/modfs.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "core/disk/ext4.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 32
#define BLOCK ((uint64_t)4096)
#define PIECE ((size_t)1 << 18)

struct walk {
	struct op *op;
	struct ext4_writer *writer; /* NULL: measure */
	uint64_t bytes;		    /* blocks' worth */
	uint64_t inodes;
	uint64_t done;
};

struct file_source {
	int fd;
	uint64_t off;
	char *piece;
};

static int read_piece(void *arg, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	struct file_source *s = arg;
	ssize_t n;

	do
		n = read(s->fd, s->piece, PIECE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, _("cannot read"));
	*ret_data = s->piece;
	*ret_len = (size_t)n;
	*ret_offset = s->off;
	s->off += (uint64_t)n;
	return n > 0;
}

static int add_file(struct walk *w, const char *path, const char *name, uint64_t size, struct err *e)
{
	const struct ext4_attr attr = {.mode = 0644};
	auto_free char *piece = NULL;
	auto_fd fd = -1;
	struct file_source s;
	struct ext4_source src = {.read = read_piece, .arg = &s, .size = size};

	w->inodes++;
	w->bytes += (size + BLOCK - 1) / BLOCK * BLOCK;
	if (!w->writer)
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, _("cannot open %s"), path);
	piece = xmalloc(PIECE);
	s = (struct file_source){.fd = fd, .piece = piece};
	w->done += size;
	op_progress(w->op, (int64_t)w->done, -1);
	return ext4_writer_file(w->op, w->writer, name, &attr, &src, e);
}

static int add_dir(struct walk *w, const char *path, const char *name, int depth, struct err *e);

static int add_entry(struct walk *w, const char *dir, const char *dir_name, const char *entry, int depth, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, entry);
	auto_free char *name = xasprintf("%s/%s", dir_name, entry);
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(e, errno, _("cannot look at %s"), path);
	if (S_ISDIR(st.st_mode))
		return add_dir(w, path, name, depth + 1, e);
	return S_ISREG(st.st_mode) ? add_file(w, path, name, (uint64_t)st.st_size, e) : 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_entry(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int add_dir(struct walk *w, const char *path, const char *name, int depth, struct err *e)
{
	const struct ext4_attr attr = {.mode = 0755};
	struct dirent **list = NULL;
	int n, rc = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_PROTO, _("%s nests too deeply"), path);
	w->inodes++;
	w->bytes += BLOCK;
	if (w->writer && ext4_writer_dir(w->writer, name, &attr, e) < 0)
		return -1;
	n = scandir(path, &list, is_entry, by_name);
	if (n < 0)
		return err_sys(e, errno, _("cannot read %s"), path);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = op_check(w->op, e);
		if (rc == 0)
			rc = add_entry(w, path, name, list[i]->d_name, depth, e);
		free(list[i]);
	}
	free(list);
	return rc;
}

static int fill(struct op *op, const char *dir, const char *release, const char *dst, struct err *e)
{
	struct walk w = {.op = op, .writer = ext4_writer_open(dst, e)};
	int rc;

	if (!w.writer)
		return -1;
	rc = add_dir(&w, dir, release, 0, e);
	if (rc == 0)
		rc = ext4_writer_commit(op, w.writer, e);
	ext4_writer_free(w.writer);
	return rc;
}

int modfs_build(struct op *op, const char *dir, const char *release, const char *dst, char ret_uuid[UUID_SIZE],
		struct err *e)
{
	struct walk w = {.op = op};
	struct ext4_format_args format = {.path = dst, .uuid = ret_uuid, .label = "modules"};

	if (add_dir(&w, dir, release, 0, e) < 0)
		return -1;
	id_uuid(ret_uuid);
	/* Room for the file system's own tables; what is not used stays a hole. */
	format.size = MAX((w.bytes + w.bytes / 8 + ((uint64_t)32 << 20)) / BLOCK * BLOCK, EXT4_MIN_BYTES);
	format.inodes = w.inodes + w.inodes / 8 + 64;
	if (ext4_format(op, &format, e) < 0)
		return -1;
	if (fill(op, dir, release, dst, e) < 0) {
		(void)unlink(dst);
		return err_wrap(e, _("fill %s"), dst);
	}
	return 0;
}
