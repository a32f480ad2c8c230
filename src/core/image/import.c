/* SPDX-License-Identifier: MIT */
/*
 * tar → ext4, one entry at a time, from the archive's stream into the image's file.
 *
 * The reader (base/tar.c) has already refused names that lead outside; the writer (disk/ext4.c) refuses parents that are
 * symbolic links; how big the image must be is sized.c's business. What is left here is what the image is.
 */
#include "core/image/import.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/image/sized.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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
	enum import_init init;
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

struct ext4_attr import_attr(const struct tar_entry *t)
{
	uint32_t type = t->type == TAR_CHAR    ? S_IFCHR
			: t->type == TAR_BLOCK ? S_IFBLK
			: t->type == TAR_FIFO  ? S_IFIFO
					       : 0;

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
	struct ext4_attr a = import_attr(t);

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
	case TAR_BLOCK:
	case TAR_FIFO:
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
enum import_init import_find_init(const struct ext4_writer *w)
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

static bool is_file(const struct ext4_writer *w, const char *path)
{
	struct ext4_found found;

	return ext4_writer_find(w, path, &found) && S_ISREG(found.mode);
}

int import_check_root(const struct ext4_writer *w, const char *what, struct err *e)
{
	if (!is_file(w, "/oci-layout") && !(is_file(w, "/manifest.json") && is_file(w, "/repositories")))
		return 0;
	err_set(e, ERR_PROTO, _("%s is no root file system, but an image as `docker save` and skopeo write it"), what);
	return err_hint(e, _("pull it from a registry, or import its files: docker export $(docker create IMAGE) >rootfs.tar"));
}

/* One pass over the archive. */
static int fill(void *arg, struct ext4_writer *w, struct err *e)
{
	struct import *im = arg;
	int rc;

	im->ext4 = w;
	im->shown = 0;
	im->entries = 0;
	if (im->start >= 0 && lseek(im->fd, im->start, SEEK_SET) < 0)
		return err_sys(e, errno, _("rewind %s"), im->what);
	im->tar = tar_reader_new(im->op, im->fd, im->what, &im->args->limits, e);
	rc = im->tar ? add_all(im, e) : -1;
	tar_reader_free(im->tar);
	im->tar = NULL;
	if (rc < 0 || import_check_root(w, im->what, e) < 0)
		return -1;
	if (im->total)
		op_progress(im->op, (int64_t)im->total, (int64_t)im->total);
	im->init = import_find_init(w);
	return 0;
}

static int run(struct import *im, struct import_info *ret, struct err *e)
{
	const struct import_tar_args *a = im->args;
	struct sized_args s = {.dst = a->dst,
			       .uuid = a->uuid,
			       .label = a->label,
			       .nominal_bytes = a->nominal_bytes,
			       .min_bytes = a->min_bytes ? a->min_bytes : IMPORT_MIN_NOMINAL_BYTES,
			       .estimate = im->total ? sized_guess(im->fd, im->start, im->total) : 0,
			       .once = im->start < 0,
			       .fill = fill,
			       .arg = im};
	struct sized_info info;

	if (sized_build(im->op, &s, &info, e) < 0) {
		if (info.full && s.once)
			err_hint(e, _("Save the archive to a file and import that: its size is then known."));
		return -1;
	}
	*ret = (struct import_info){
		.bytes = info.bytes, .entries = im->entries, .nominal_bytes = info.nominal_bytes, .init = im->init};
	return 0;
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
