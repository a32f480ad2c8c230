/* SPDX-License-Identifier: MIT */
/*
 * tar → ext4, one entry at a time, from the archive's stream into the image's file.
 *
 * The reader (base/tar.c) has already refused names that lead outside; the writer (disk/ext4.c) refuses parents that are
 * symbolic links. What is left here is the size of an image whose content is not known yet, and what the image is.
 */
#include "core/image/import.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/disk/ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define NOMINAL_MAX_BYTES ((uint64_t)192 << 30) /* the disk cap, times 1.5 */
#define NOMINAL_STEP ((uint64_t)1 << 20)
#define COMPRESSION_GUESS 6
#define PROGRESS_BYTES ((uint64_t)4 << 20)

struct import {
	struct op *op;
	const struct import_tar_args *args;
	const char *what;
	int fd;
	off_t start;	/* -1: cannot be read twice */
	uint64_t total; /* bytes of the archive, 0 = unknown */
	uint64_t shown; /* progress reported up to here */
	uint64_t entries;
	struct tar_reader *tar;
	struct ext4_writer *ext4;
	bool full; /* a bigger image would have done */
};

static void show_progress(struct import *im)
{
	uint64_t done = tar_reader_consumed(im->tar);

	if (done - im->shown < PROGRESS_BYTES)
		return;
	im->shown = done;
	op_progress(im->op, (int64_t)done, im->total ? (int64_t)im->total : -1);
}

static int read_piece(void *arg, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	struct import *im = arg;

	show_progress(im);
	return tar_reader_data(im->op, im->tar, ret_data, ret_len, ret_offset, e);
}

static struct ext4_attr attr_of(const struct tar_entry *t, uint32_t type)
{
	return (struct ext4_attr){.mode = t->mode | type,
				  .uid = t->uid,
				  .gid = t->gid,
				  .mtime = t->mtime,
				  .mtime_ns = t->mtime_ns,
				  .rdev_major = t->rdev_major,
				  .rdev_minor = t->rdev_minor,
				  .xattrs = t->xattrs,
				  .n_xattrs = t->n_xattrs};
}

static int add_entry(struct import *im, const struct tar_entry *t, struct err *e)
{
	struct ext4_source src = {.read = read_piece, .arg = im, .size = t->size};
	struct ext4_attr a = attr_of(t, 0);

	switch (t->type) {
	case TAR_FILE:
		return ext4_writer_file(im->op, im->ext4, t->name, &a, &src, e);
	case TAR_DIR:
		return ext4_writer_dir(im->ext4, t->name, &a, e);
	case TAR_SYMLINK:
		return ext4_writer_symlink(im->ext4, t->name, t->target, &a, e);
	case TAR_HARDLINK:
		return ext4_writer_link(im->ext4, t->name, t->target, e);
	case TAR_CHAR:
		a.mode |= S_IFCHR;
		break;
	case TAR_BLOCK:
		a.mode |= S_IFBLK;
		break;
	case TAR_FIFO:
		a.mode |= S_IFIFO;
		break;
	}
	return ext4_writer_node(im->ext4, t->name, &a, e);
}

static int add_all(struct import *im, struct err *e)
{
	struct tar_entry t;
	int rc;

	while ((rc = tar_reader_next(im->op, im->tar, &t, e)) > 0) {
		im->entries++;
		show_progress(im);
		if (add_entry(im, &t, e) < 0) {
			auto_buf shown = {0};

			utf8_clean(&shown, t.name, strnlen(t.name, 200), false);
			return err_wrap(e, _("%s: entry '%s'"), im->what, buf_cstr(&shown));
		}
	}
	if (rc == 0 && im->entries == 0)
		return err_set(e, ERR_PROTO, _("%s: the archive is empty"), im->what);
	return rc;
}

/* What /sbin/init comes to after its links, and what else tells. */
static enum import_init find_init(const struct ext4_writer *w)
{
	static const char *const places[] = {"/sbin/init", "/etc/init", "/bin/init", "/usr/lib/systemd/systemd"};
	struct ext4_found init, box;
	size_t i = 0;

	while (i < ARRAY_LEN(places) && !(ext4_writer_find(w, places[i], &init) && S_ISREG(init.mode)))
		i++;
	if (i == ARRAY_LEN(places))
		return IMPORT_INIT_NONE;
	if (strcmp(init.name, "systemd") == 0)
		return IMPORT_INIT_SYSTEMD;
	if (ext4_writer_find(w, "/sbin/openrc", &box))
		return IMPORT_INIT_OPENRC;
	/* Applets are links of either kind to one file. */
	if (ext4_writer_find(w, "/bin/busybox", &box) && box.ino == init.ino)
		return IMPORT_INIT_BUSYBOX;
	return IMPORT_INIT_OTHER;
}

static int fill(struct import *im, struct import_info *ret, struct err *e)
{
	im->ext4 = ext4_writer_open(im->args->dst, e);
	if (!im->ext4)
		return -1;
	im->tar = tar_reader_new(im->op, im->fd, im->what, &im->args->limits, e);
	if (!im->tar || add_all(im, e) < 0)
		return -1;
	if (im->total)
		op_progress(im->op, (int64_t)im->total, (int64_t)im->total);
	ret->init = find_init(im->ext4);
	if (ext4_writer_commit(im->op, im->ext4, e) < 0)
		return -1;
	ret->bytes = ext4_writer_used(im->ext4);
	ret->entries = im->entries;
	return 0;
}

/* One image of one size. On failure it is gone. */
static int attempt(struct import *im, uint64_t nominal, struct import_info *ret, struct err *e)
{
	struct ext4_format_args f = {
		.path = im->args->dst, .size = nominal, .uuid = im->args->uuid, .label = im->args->label};
	int rc;

	*ret = (struct import_info){.nominal_bytes = nominal};
	im->shown = 0;
	im->full = false;
	im->entries = 0;
	if (ext4_format(im->op, &f, e) < 0)
		return -1;
	rc = fill(im, ret, e);
	im->full = im->ext4 && ext4_writer_is_full(im->ext4);
	tar_reader_free(im->tar);
	ext4_writer_free(im->ext4);
	im->tar = NULL;
	im->ext4 = NULL;
	if (rc < 0) {
		struct err undo = {0};

		if (fs_unlink(im->args->dst, &undo) < 0 && e)
			err_join(e, &undo);
	}
	return rc;
}

static uint64_t nominal_for(const struct import *im, uint64_t content)
{
	uint64_t n = content > NOMINAL_MAX_BYTES / 3 * 2 ? NOMINAL_MAX_BYTES : content + content / 2;

	n = MAX(n, im->args->min_bytes ? im->args->min_bytes : IMPORT_MIN_NOMINAL_BYTES);
	return (n + NOMINAL_STEP - 1) / NOMINAL_STEP * NOMINAL_STEP;
}

/* A tar's own size bounds its content; a compressed one's can only be guessed at. */
static uint64_t estimate(const struct import *im)
{
	char magic[6] = {0};
	bool plain;

	if (!im->total || pread(im->fd, magic, sizeof(magic), im->start) != sizeof(magic))
		return 0;
	plain = memcmp(magic, "\x1f\x8b", 2) != 0 &&
		memcmp(magic,
		       "\xfd"
		       "7zXZ",
		       6) != 0 &&
		memcmp(magic, "\x28\xb5\x2f\xfd", 4) != 0;
	return im->total * (plain ? 1 : COMPRESSION_GUESS);
}

/* The size the archive turned out to need, when another pass can and should make that. 0 = leave it. */
static uint64_t better_nominal(const struct import *im, int rc, const struct import_info *info)
{
	uint64_t want;

	if (im->start < 0 || im->args->nominal_bytes)
		return 0;
	if (rc == 0)
		want = nominal_for(im, info->bytes);
	else
		want = im->full ? MIN(info->nominal_bytes * 2, NOMINAL_MAX_BYTES) : 0;
	return want > info->nominal_bytes ? want : 0;
}

static int run(struct import *im, struct import_info *ret, struct err *e)
{
	uint64_t nominal = im->args->nominal_bytes ? im->args->nominal_bytes : nominal_for(im, estimate(im));

	for (;;) {
		struct err why = {0};
		int rc = attempt(im, nominal, ret, &why);
		uint64_t better = better_nominal(im, rc, ret);

		if (!better) {
			if (rc < 0 && im->full && im->start < 0)
				err_hint(&why,
					 _("Save the archive to a file and import that: its size is then known."));
			if (rc < 0 && e)
				*e = why;
			return rc;
		}
		if (rc == 0 && fs_unlink(im->args->dst, e) < 0)
			return -1;
		if (lseek(im->fd, im->start, SEEK_SET) < 0)
			return err_sys(e, errno, _("rewind %s"), im->what);
		nominal = better;
	}
}

int import_tar(struct op *op, const struct import_tar_args *a, struct import_info *ret, struct err *e)
{
	struct import im = {.op = op, .args = a, .fd = a->fd, .start = -1};
	auto_fd opened = -1;
	struct stat st;

	im.what = a->what ? a->what : a->tar_path ? a->tar_path : _("archive");
	if (a->tar_path) {
		opened = open(a->tar_path, O_RDONLY | O_CLOEXEC);
		if (opened < 0)
			return err_sys(e, errno, _("open %s"), a->tar_path);
		im.fd = opened;
	}
	if (fstat(im.fd, &st) == 0 && S_ISREG(st.st_mode)) {
		im.start = lseek(im.fd, 0, SEEK_CUR);
		im.total = im.start >= 0 && st.st_size > im.start ? (uint64_t)(st.st_size - im.start) : 0;
	}
	return run(&im, ret, e);
}

const char *import_init_to_string(enum import_init init)
{
	switch (init) {
	case IMPORT_INIT_NONE:
		return "none";
	case IMPORT_INIT_SYSTEMD:
		return "systemd";
	case IMPORT_INIT_OPENRC:
		return "openrc";
	case IMPORT_INIT_BUSYBOX:
		return "busybox";
	case IMPORT_INIT_OTHER:
		break;
	}
	return "other";
}
