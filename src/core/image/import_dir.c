/* SPDX-License-Identifier: MIT */
/*
 * See import_dir.h. One descriptor for each level that the walk is deep; names below it are looked at relative to it, so that what is
 * renamed meanwhile cannot lead elsewhere.
 *
 * Attributes are read through /proc/self/fd/N/NAME: there is no lgetxattr(2) that takes a directory's descriptor.
 */
#include "core/image/import_dir.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/image/sized.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEPTH_MAX 256 /* each level keeps a descriptor */
#define XATTRS_MAX 64
#define XATTR_BYTES ((size_t)64 * 1024) /* names of one file, and values of one file; ext4 has room for far less */
#define READ_BLOCK ((size_t)256 * 1024)
#define PROGRESS_BYTES ((uint64_t)4 << 20)

/* The first path of a file that has several. */
struct seen {
	dev_t dev;
	ino_t ino;
	char path[];
};

struct attrs {
	struct xattr list[XATTRS_MAX];
	size_t n;
	char *names, *values; /* XATTR_BYTES each */
};

struct walk {
	struct op *op;
	const struct import_dir_args *args;
	struct stat except; /* st_ino 0: none */
	struct ext4_writer *ext4;
	struct buf path; /* of what is looked at, relative to the top */
	struct attrs attrs;
	char *block;
	void *seen; /* tsearch(3) */
	uint64_t entries, sockets, mounts, bytes, shown;
	enum import_init init;
};

static const char *shown_path(const struct walk *w, struct buf *out)
{
	utf8_clean(out, w->args->dir, strlen(w->args->dir), false);
	if (w->path.len) {
		buf_addc(out, '/');
		utf8_clean(out, w->path.data, MIN(w->path.len, (size_t)300), false);
	}
	return buf_cstr(out);
}

static int fail_sys(const struct walk *w, int sys, struct err *e)
{
	auto_buf shown = {0};

	err_sys(e, sys, _("cannot read %s"), shown_path(w, &shown));
	return sys == EACCES || sys == EPERM
		       ? err_hint(e, _("make it readable for you, or import the directory as root"))
		       : -1;
}

static int fail(const struct walk *w, enum err_code code, const char *why, struct err *e)
{
	auto_buf shown = {0};

	return err_set(e, code, "%s: %s", shown_path(w, &shown), why);
}

/* ---- what an inode carries */

static bool is_wanted(const char *name)
{
	return strcmp(name, "security.selinux") != 0;
}

/* Of the path below /proc/self/fd; a file system without attributes has none. */
static int read_xattrs(struct walk *w, const char *path, struct err *e)
{
	struct attrs *a = &w->attrs;
	ssize_t len = llistxattr(path, a->names, XATTR_BYTES);
	size_t used = 0;

	a->n = 0;
	if (len < 0)
		return errno == ENOTSUP ? 0 : fail_sys(w, errno, e);
	for (const char *name = a->names; name < a->names + len; name += strlen(name) + 1) {
		if (!is_wanted(name))
			continue;
		/* Given no room at all the kernel tells the size of a value, and writes nothing. */
		if (a->n == XATTRS_MAX || used == XATTR_BYTES)
			return fail(w, ERR_PROTO, _("it has more attributes than an image can hold"), e);
		ssize_t n = lgetxattr(path, name, a->values + used, XATTR_BYTES - used);
		if (n < 0 && errno == ENODATA)
			continue;
		if (n < 0)
			return errno == ERANGE
				       ? fail(w, ERR_PROTO, _("it has more attributes than an image can hold"), e)
				       : fail_sys(w, errno, e);
		a->list[a->n++] = (struct xattr){name, a->values + used, (size_t)n};
		used += (size_t)n;
	}
	return 0;
}

/* What is looked at: `name` in the directory `dir`; "" is that itself. */
struct place {
	int dir;
	const char *name;
	struct stat st;
};

static int read_attr(struct walk *w, const struct place *p, struct ext4_attr *ret, struct err *e)
{
	auto_free char *path = xasprintf("/proc/self/fd/%d/%s", p->dir, p->name);
	const struct stat *st = &p->st;
	bool keep = w->args->keep_owners || geteuid() == 0;

	if (read_xattrs(w, path, e) < 0)
		return -1;
	*ret = (struct ext4_attr){.mode = st->st_mode,
				  .uid = !keep && st->st_uid == geteuid() ? 0 : st->st_uid,
				  .gid = !keep && st->st_gid == getegid() ? 0 : st->st_gid,
				  .mtime = st->st_mtim.tv_sec,
				  .mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
				  .rdev_major = major(st->st_rdev),
				  .rdev_minor = minor(st->st_rdev),
				  .xattrs = w->attrs.list,
				  .n_xattrs = w->attrs.n};
	return 0;
}

/* ---- files */

struct content {
	struct walk *walk;
	int fd;
	off_t at, size;
	off_t end;   /* of the data that `at` is in; not yet known where it is `at` */
	bool failed; /* here, with an error that names the file; else in the writer */
};

/* 1 with the next run of data, 0 = only a hole is left. */
static int find_data(struct content *c, struct err *e)
{
	off_t data = lseek(c->fd, c->at, SEEK_DATA);

	if (data < 0 && errno == ENXIO)
		return 0;
	if (data < 0 && errno == EINVAL) { /* a file system that knows no holes */
		c->end = c->size;
		return 1;
	}
	c->end = data < 0 ? -1 : lseek(c->fd, data, SEEK_HOLE);
	if (c->end < 0)
		return fail_sys(c->walk, errno, e);
	c->end = MIN(c->end, c->size);
	c->at = data;
	return data < c->size;
}

static void show_progress(struct walk *w)
{
	if (w->bytes - w->shown < PROGRESS_BYTES)
		return;
	w->shown = w->bytes;
	op_progress(w->op, (int64_t)w->bytes, -1);
}

static int next_piece(struct content *c, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	ssize_t n;

	if (c->at >= c->size)
		return 0;
	if (c->at >= c->end) {
		int rc = find_data(c, e);

		if (rc <= 0)
			return rc;
	}
	do {
		n = pread(c->fd, c->walk->block, MIN(READ_BLOCK, (size_t)(c->end - c->at)), c->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_sys(c->walk, errno, e);
	if (n == 0)
		return fail(c->walk, ERR_STATE, _("it became shorter while it was read"), e);
	*ret_data = c->walk->block;
	*ret_len = (size_t)n;
	*ret_offset = (uint64_t)c->at;
	c->at += n;
	c->walk->bytes += (uint64_t)n;
	show_progress(c->walk);
	return 1;
}

static int read_piece(void *arg, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	struct content *c = arg;
	int rc = next_piece(c, ret_data, ret_len, ret_offset, e);

	c->failed = rc < 0;
	return rc;
}

/* What the writer says does not name the file. */
static int name_error(const struct walk *w, struct err *e)
{
	auto_buf shown = {0};

	return err_wrap(e, "%s", shown_path(w, &shown));
}

static int add_file(struct walk *w, const struct place *p, struct err *e)
{
	auto_fd fd = openat(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct content c = {.walk = w, .fd = fd, .size = p->st.st_size};
	struct ext4_source src = {.read = read_piece, .arg = &c, .size = (uint64_t)p->st.st_size};
	struct ext4_attr a;
	struct stat now;

	if (fd < 0 || fstat(fd, &now) < 0)
		return fail_sys(w, errno, e);
	if (now.st_ino != p->st.st_ino || now.st_dev != p->st.st_dev)
		return fail(w, ERR_STATE, _("it was replaced while it was read"), e);
	if (read_attr(w, p, &a, e) < 0)
		return -1;
	if (ext4_writer_file(w->op, w->ext4, buf_cstr(&w->path), &a, &src, e) == 0)
		return 0;
	return c.failed ? -1 : name_error(w, e);
}

static int seen_cmp(const void *pa, const void *pb)
{
	const struct seen *a = pa, *b = pb;

	return a->ino != b->ino ? (a->ino < b->ino ? -1 : 1) : (a->dev > b->dev) - (a->dev < b->dev);
}

/* The path that a file with several names was first met by; NULL: this one, which is remembered. */
static const char *met_before(struct walk *w, const struct stat *st)
{
	struct seen *s, **found;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return NULL;
	s = xcalloc(1, sizeof(*s) + w->path.len + 1);
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	memcpy(s->path, w->path.data, w->path.len);
	found = tsearch(s, &w->seen, seen_cmp);
	assert(found);
	if (*found == s)
		return NULL;
	free(s);
	return (*found)->path;
}

static int add_symlink(struct walk *w, const struct place *p, struct err *e)
{
	char target[TAR_NAME_MAX + 2];
	ssize_t n = readlinkat(p->dir, p->name, target, sizeof(target));
	struct ext4_attr a;

	if (n < 0)
		return fail_sys(w, errno, e);
	if (n == 0 || (size_t)n >= sizeof(target) - 1)
		return fail(w, ERR_PROTO, _("its symbolic link is empty or longer than 4095 bytes"), e);
	target[n] = '\0';
	if (read_attr(w, p, &a, e) < 0)
		return -1;
	return ext4_writer_symlink(w->ext4, buf_cstr(&w->path), target, &a, e) < 0 ? name_error(w, e) : 0;
}

/* Anything but a directory and a socket. */
static int add_other(struct walk *w, const struct place *p, struct err *e)
{
	const char *before = met_before(w, &p->st);
	struct ext4_attr a;

	if (before)
		return ext4_writer_link(w->ext4, buf_cstr(&w->path), before, e) < 0 ? name_error(w, e) : 0;
	if (S_ISREG(p->st.st_mode))
		return add_file(w, p, e);
	if (S_ISLNK(p->st.st_mode))
		return add_symlink(w, p, e);
	if (read_attr(w, p, &a, e) < 0)
		return -1;
	return ext4_writer_node(w->ext4, buf_cstr(&w->path), &a, e) < 0 ? name_error(w, e) : 0;
}

/* ---- directories */

/* A place where something is mounted. A btrfs subvolume has a device number of its own and is none. */
static bool is_mount(int fd, const struct stat *st, dev_t above)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x) == 0 && x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return x.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return st->st_dev != above;
}

static bool is_excepted(const struct walk *w, const struct stat *st)
{
	return w->except.st_ino && st->st_ino == w->except.st_ino && st->st_dev == w->except.st_dev;
}

/* A directory that is walked. */
struct level {
	int fd; /* the stream's, once its entries are read */
	dev_t dev;
	int depth;
};

static void level_close(struct level *l)
{
	fd_close(&l->fd);
}

static int add_entries(struct walk *w, struct level *l, struct err *e);

/* A directory and what is in it; `above` is the device of the one that it is in. */
static int add_dir(struct walk *w, struct level *l, dev_t above, struct err *e)
{
	struct place p = {.dir = l->fd, .name = ""};
	struct ext4_attr a;

	if (fstat(l->fd, &p.st) < 0)
		return fail_sys(w, errno, e);
	if (read_attr(w, &p, &a, e) < 0)
		return -1;
	if (ext4_writer_dir(w->ext4, buf_cstr(&w->path), &a, e) < 0)
		return name_error(w, e);
	if (l->depth > DEPTH_MAX)
		return fail(w, ERR_PROTO, _("it is more than 256 directories deep"), e);
	if (l->depth > 0 && is_mount(l->fd, &p.st, above)) {
		w->mounts++;
		return 0;
	}
	l->dev = p.st.st_dev;
	return is_excepted(w, &p.st) ? 0 : add_entries(w, l, e);
}

static int add_below(struct walk *w, const struct level *l, struct place *p, struct err *e)
{
	auto_call(level_close) struct level below = {.fd = -1, .depth = l->depth + 1};

	if (op_check(w->op, e) < 0)
		return -1;
	if (fstatat(p->dir, p->name, &p->st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(w, errno, e);
	w->entries++;
	if (S_ISSOCK(p->st.st_mode)) {
		w->sockets++;
		return 0;
	}
	if (!S_ISDIR(p->st.st_mode))
		return add_other(w, p, e);
	below.fd = openat(p->dir, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return below.fd < 0 ? fail_sys(w, errno, e) : add_dir(w, &below, l->dev, e);
}

static void dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int add_entries(struct walk *w, struct level *l, struct err *e)
{
	auto_call(dir_close) DIR *d = fdopendir(l->fd);
	size_t len = w->path.len;
	const struct dirent *ent;

	if (!d)
		return fail_sys(w, errno, e);
	l->fd = -1; /* the stream's now */
	while (errno = 0, (ent = readdir(d))) {
		struct place p = {.dir = dirfd(d), .name = ent->d_name};

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		buf_addf(&w->path, "%s%s", len ? "/" : "", ent->d_name);
		if (add_below(w, l, &p, e) < 0)
			return -1;
		w->path.len = len;
		if (w->path.data)
			w->path.data[len] = '\0';
	}
	return errno ? fail_sys(w, errno, e) : 0;
}

static void forget_seen(struct walk *w)
{
	tdestroy(w->seen, free);
	w->seen = NULL;
}

/* One pass over the tree. */
static int fill(void *arg, struct ext4_writer *ext4, struct err *e)
{
	struct walk *w = arg;
	auto_call(level_close) struct level top = {.fd = -1};
	int rc;

	forget_seen(w);
	buf_reset(&w->path);
	w->ext4 = ext4;
	w->entries = w->sockets = w->mounts = w->bytes = w->shown = 0;
	top.fd = open(w->args->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = top.fd < 0 ? fail_sys(w, errno, e) : add_dir(w, &top, 0, e);
	if (rc == 0 && w->entries == 0)
		return err_set(e, ERR_USAGE, _("%s is empty"), w->args->dir);
	if (rc < 0 || import_check_root(ext4, w->args->dir, e) < 0)
		return -1;
	w->init = import_find_init(ext4);
	return 0;
}

static void walk_done(struct walk *w)
{
	forget_seen(w);
	buf_done(&w->path);
	free(w->attrs.names);
	free(w->attrs.values);
	free(w->block);
}

int import_dir(struct op *op, const struct import_dir_args *a, struct import_dir_info *ret, struct err *e)
{
	auto_call(walk_done) struct walk w = {.op = op, .args = a};
	struct sized_args s = {
		.dst = a->dst, .uuid = a->uuid, .min_bytes = IMPORT_MIN_NOMINAL_BYTES, .fill = fill, .arg = &w};
	struct sized_info info;

	w.attrs.names = xmalloc(XATTR_BYTES);
	w.attrs.values = xmalloc(XATTR_BYTES);
	w.block = xmalloc(READ_BLOCK);
	if (!a->except || stat(a->except, &w.except) < 0)
		w.except.st_ino = 0;
	if (sized_build(op, &s, &info, e) < 0)
		return -1;
	*ret = (struct import_dir_info){.image = {.bytes = info.bytes,
						  .entries = w.entries,
						  .nominal_bytes = info.nominal_bytes,
						  .init = w.init},
					.sockets = w.sockets,
					.mounts = w.mounts};
	return 0;
}
