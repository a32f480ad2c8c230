/* SPDX-License-Identifier: MIT */
/*
 * tar writing over libarchive: pax, restricted to plain ustar headers wherever they suffice.
 *
 * For archives of ours: the seed disk, small images, tests. Owners are numbers alone. Names are written byte by byte,
 * whatever the locale: under "C" libarchive gives up translating them to UTF-8 and notes them as binary.
 */
#include "base/tar.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

struct tar_writer {
	struct archive *a;
	struct buf *out; /* or */
	int fd;
	locale_t c_locale;
	bool abandoned; /* what libarchive still writes is dropped */
	struct err write_err;
};

/* Never fails towards libarchive, which leaks its buffer when it is stopped by an error: what went wrong is noted, what
 * comes after it is dropped, and every call looks at the note. */
static la_ssize_t write_block(struct archive *a UNUSED, void *arg, const void *data, size_t n)
{
	struct tar_writer *w = arg;

	if (w->abandoned || err_is_set(&w->write_err))
		return (la_ssize_t)n;
	if (w->out)
		buf_add(w->out, data, n);
	else if (fd_write_all(w->fd, data, n, &w->write_err) < 0)
		w->abandoned = true;
	return (la_ssize_t)n;
}

static struct tar_writer *writer_new(struct buf *out, int fd)
{
	struct tar_writer *w = xcalloc(1, sizeof(*w));

	w->out = out;
	w->fd = fd;
	w->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	w->a = archive_write_new();
	/* These fail only without memory, and the first header would tell. */
	archive_write_set_format_pax_restricted(w->a);
	archive_write_set_bytes_in_last_block(w->a, 512);
	archive_write_open(w->a, w, NULL, write_block, NULL);
	return w;
}

struct tar_writer *tar_writer_new_buf(struct buf *out)
{
	return writer_new(out, -1);
}

struct tar_writer *tar_writer_new_fd(int fd)
{
	return writer_new(NULL, fd);
}

void tar_writer_free(struct tar_writer *w)
{
	if (!w)
		return;
	w->abandoned = true;
	archive_write_free(w->a);
	freelocale(w->c_locale);
	free(w);
}

static int write_failed(struct tar_writer *w, const char *name, struct err *e)
{
	const char *why = archive_error_string(w->a);

	if (err_is_set(&w->write_err)) {
		if (e)
			*e = w->write_err;
		return -1;
	}
	return err_set(e, ERR_PROTO, _("tar entry '%s' cannot be written: %s"), name, why ? why : "?");
}

static unsigned int type_bits(enum tar_type type)
{
	switch (type) {
	case TAR_DIR:
		return AE_IFDIR;
	case TAR_SYMLINK:
		return AE_IFLNK;
	case TAR_CHAR:
		return AE_IFCHR;
	case TAR_BLOCK:
		return AE_IFBLK;
	case TAR_FIFO:
		return AE_IFIFO;
	case TAR_FILE:
	case TAR_HARDLINK:
		break;
	}
	return AE_IFREG;
}

static struct archive_entry *to_archive_entry(const struct tar_entry *t)
{
	struct archive_entry *ae = archive_entry_new();

	archive_entry_set_pathname(ae, t->name);
	archive_entry_set_filetype(ae, type_bits(t->type));
	archive_entry_set_perm(ae, t->mode);
	archive_entry_set_uid(ae, t->uid);
	archive_entry_set_gid(ae, t->gid);
	archive_entry_set_mtime(ae, t->mtime, (long)t->mtime_ns);
	archive_entry_set_size(ae, t->type == TAR_FILE ? (la_int64_t)t->size : 0);
	if (t->type == TAR_SYMLINK)
		archive_entry_set_symlink(ae, t->target);
	if (t->type == TAR_HARDLINK)
		archive_entry_set_hardlink(ae, t->target);
	if (t->type == TAR_CHAR || t->type == TAR_BLOCK) {
		archive_entry_set_rdevmajor(ae, t->rdev_major);
		archive_entry_set_rdevminor(ae, t->rdev_minor);
	}
	for (size_t i = 0; i < t->n_xattrs; i++)
		archive_entry_xattr_add_entry(ae, t->xattrs[i].name, t->xattrs[i].value, t->xattrs[i].len);
	return ae;
}

int tar_writer_add(struct tar_writer *w, const struct tar_entry *entry, const void *data, struct err *e)
{
	locale_t old = uselocale(w->c_locale);
	struct archive_entry *ae = to_archive_entry(entry);
	int rc = archive_write_header(w->a, ae);

	archive_entry_free(ae);
	uselocale(old);
	if (rc < ARCHIVE_WARN || err_is_set(&w->write_err))
		return write_failed(w, entry->name, e);
	if (entry->type == TAR_FILE && entry->size &&
	    archive_write_data(w->a, data, entry->size) != (la_ssize_t)entry->size)
		return write_failed(w, entry->name, e);
	return err_is_set(&w->write_err) ? write_failed(w, entry->name, e) : 0;
}

static struct tar_entry from_meta(enum tar_type type, const char *name, const struct tar_meta *m)
{
	return (struct tar_entry){
		.type = type, .name = name, .mode = m->mode, .uid = m->uid, .gid = m->gid, .mtime = m->mtime};
}

int tar_writer_dir(struct tar_writer *w, const char *name, const struct tar_meta *m, struct err *e)
{
	struct tar_entry t = from_meta(TAR_DIR, name, m);

	return tar_writer_add(w, &t, NULL, e);
}

int tar_writer_file(struct tar_writer *w, const char *name, const struct tar_meta *m, const void *data, size_t len,
		    struct err *e)
{
	struct tar_entry t = from_meta(TAR_FILE, name, m);

	t.size = len;
	return tar_writer_add(w, &t, data, e);
}

int tar_writer_symlink(struct tar_writer *w, const char *name, const char *target, const struct tar_meta *m,
		       struct err *e)
{
	struct tar_entry t = from_meta(TAR_SYMLINK, name, m);

	t.target = target;
	return tar_writer_add(w, &t, NULL, e);
}

int tar_writer_finish(struct tar_writer *w, struct err *e)
{
	int rc = archive_write_close(w->a);

	return rc < ARCHIVE_WARN || err_is_set(&w->write_err) ? write_failed(w, "", e) : 0;
}
