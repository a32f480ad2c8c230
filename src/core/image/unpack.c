/* SPDX-License-Identifier: MIT */
/*
 * Files are written as they come; links are noted and made last, when all they may lead to is there.
 *
 * A link's target is worked out as text ("." and ".." resolved against the link's own directory, an absolute one from the
 * archive's root) and then looked up among the unpacked files. That is exact because the destination holds no symbolic
 * links; a link through a link to a directory is simply not found.
 */
#include "core/image/unpack.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

struct link {
	char *name;
	char *target; /* normalised, relative to the destination */
};

struct unpacker {
	struct op *op;
	struct tar_reader *reader;
	const char *dst;
	uint64_t total;
	struct link *links;
	size_t n_links;
};

static void unpacker_done(struct unpacker *u)
{
	for (size_t i = 0; i < u->n_links; i++) {
		free(u->links[i].name);
		free(u->links[i].target);
	}
	free(u->links);
	tar_reader_free(u->reader);
}

static bool is_wanted(const struct unpack_rule *const *tables, const char *name)
{
	for (; *tables; tables++)
		for (const struct unpack_rule *r = *tables; r->glob; r++)
			if (fnmatch(r->glob, name, r->deep ? 0 : FNM_PATHNAME) == 0)
				return true;
	return false;
}

/* Appends the components of `path` to `out`, resolving "." and "..". False when it would leave the root. */
static bool walk(struct buf *out, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			char *slash;

			if (out->len == 0)
				return false;
			slash = strrchr(out->data, '/');
			out->len = slash ? (size_t)(slash - out->data) : 0;
			out->data[out->len] = '\0';
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			if (out->len > 0)
				buf_addc(out, '/');
			buf_add(out, path, len);
		}
		path += len + (path[len] == '/');
	}
	return true;
}

/* NULL when the link leads out of the archive. Owned by the caller. */
static char *link_target(const struct tar_entry *entry)
{
	auto_buf out = {0};
	const char *slash = strrchr(entry->name, '/');

	if (entry->type == TAR_SYMLINK && entry->target[0] != '/' && slash) {
		auto_free char *dir = xstrndup(entry->name, (size_t)(slash - entry->name));

		if (!walk(&out, dir))
			return NULL;
	}
	return walk(&out, entry->target) ? buf_take(&out) : NULL;
}

static int note_link(struct unpacker *u, const struct tar_entry *entry, struct err *e)
{
	auto_free char *target = link_target(entry);

	if (!target)
		return 0;
	if (u->n_links == UNPACK_LINKS_MAX)
		return err_set(e, ERR_PROTO, _("more than %d links"), UNPACK_LINKS_MAX);
	u->links = xrealloc(u->links, u->n_links + 1, sizeof(*u->links));
	u->links[u->n_links++] = (struct link){.name = xstrdup(entry->name), .target = TAKE_PTR(target)};
	return 0;
}

static int make_parents(char *path, size_t root_len, struct err *e)
{
	char *slash = strrchr(path, '/');
	int rc;

	if (!slash || (size_t)(slash - path) <= root_len)
		return 0;
	*slash = '\0';
	rc = fs_mkdir_p(path, 0700, e);
	*slash = '/';
	return rc;
}

static int copy_data(struct unpacker *u, int fd, struct err *e)
{
	const void *data;
	size_t len;
	uint64_t off;
	int rc;

	while ((rc = tar_reader_data(u->op, u->reader, &data, &len, &off, e)) > 0) {
		if (lseek(fd, (off_t)off, SEEK_SET) < 0)
			return err_sys(e, errno, _("cannot seek"));
		if (fd_write_all(fd, data, len, e) < 0)
			return -1;
	}
	return rc;
}

static int write_file(struct unpacker *u, const struct tar_entry *entry, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", u->dst, entry->name);
	auto_fd fd = -1;

	u->total += entry->size;
	if (entry->size > UNPACK_FILE_MAX || u->total > UNPACK_TOTAL_MAX)
		return err_set(e, ERR_PROTO, _("too large"));
	if (make_parents(path, strlen(u->dst), e) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, entry->mode & 0111 ? 0700 : 0600);
	if (fd < 0)
		return err_sys(e, errno, _("cannot create it"));
	if (copy_data(u, fd, e) < 0)
		return -1;
	return ftruncate(fd, (off_t)entry->size) == 0 ? 0 : err_sys(e, errno, _("cannot set its size"));
}

/* 1 when made, 0 when its target is not there (yet). */
static int make_link(const struct unpacker *u, const struct link *l, struct err *e)
{
	auto_free char *from = xasprintf("%s/%s", u->dst, l->target);
	auto_free char *to = xasprintf("%s/%s", u->dst, l->name);
	struct stat st;

	if (lstat(from, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (make_parents(to, strlen(u->dst), e) < 0)
		return -1;
	if (link(from, to) < 0 && errno != EEXIST)
		return err_sys(e, errno, _("cannot link %s"), l->name);
	return 1;
}

/* Links to links resolve a round later; each round makes at least one, or it is the last. */
static int make_links(struct unpacker *u, struct err *e)
{
	bool progress = true;

	while (progress) {
		progress = false;
		for (size_t i = 0; i < u->n_links; i++) {
			int rc = u->links[i].target[0] ? make_link(u, &u->links[i], e) : 0;

			if (rc < 0)
				return -1;
			if (rc > 0) {
				u->links[i].target[0] = '\0';
				progress = true;
			}
		}
	}
	return 0;
}

static int unpack_entry(struct unpacker *u, const struct tar_entry *entry, struct err *e)
{
	if (entry->type == TAR_FILE)
		return write_file(u, entry, e);
	if (entry->type == TAR_SYMLINK || entry->type == TAR_HARDLINK)
		return note_link(u, entry, e);
	return 0;
}

int unpack_tar(struct op *op, const char *tar_path, const struct unpack_rule *const *tables, const char *dst_dir,
	       struct err *e)
{
	auto_call(unpacker_done) struct unpacker u = {.op = op, .dst = dst_dir};
	auto_fd fd = open(tar_path, O_RDONLY | O_CLOEXEC);
	struct tar_entry entry;
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("cannot open %s"), tar_path);
	if (fs_mkdir_p(dst_dir, 0700, e) < 0)
		return -1;
	u.reader = tar_reader_new(op, fd, tar_path, NULL, e);
	if (!u.reader)
		return -1;
	while ((rc = tar_reader_next(op, u.reader, &entry, e)) > 0) {
		if (is_wanted(tables, entry.name) && unpack_entry(&u, &entry, e) < 0)
			return err_wrap(e, _("unpack %s"), entry.name);
		op_progress(op, (int64_t)tar_reader_consumed(u.reader), st.st_size);
	}
	return rc < 0 ? -1 : make_links(&u, e);
}
