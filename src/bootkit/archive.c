/* SPDX-License-Identifier: MIT */
/*
 * The walk over a tree (see archive.h), by descriptors from its root on, so that nothing that is mounted over it or renamed
 * above it matters. One descriptor a level is open; the name of where the walk is stands in one buffer.
 */
#include "bootkit/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LINK_BUCKETS 4096
#define XATTR_LIST_MAX 65536
#define XATTR_VALUE_MAX 65536
#define EXTENTS_MAX 8192 /* of one file; what lies behind the last one is taken as content */
#define CHUNK 65536

/* A file with several names, under the first one that was met. */
struct link {
	struct link *next;
	dev_t dev;
	ino_t ino;
	char name[];
};

struct archive {
	struct tarout *out;
	const struct archive_plan *plan;
	struct link *links[LINK_BUCKETS];
	size_t len; /* of name */
	char name[ARCHIVE_NAME_MAX + 1];
	char chunk[CHUNK];
	char xattr_names[XATTR_LIST_MAX];
	char xattr_value[XATTR_VALUE_MAX];
	struct tarout_extent extents[EXTENTS_MAX + 1]; /* of the present file */
};

static int fail(const struct archive *a)
{
	return say_fail("archive /%s", a->name);
}

static bool is_among(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static const struct archive_text *text_for(const struct archive *a)
{
	for (const struct archive_text *t = a->plan->texts; t && t->name; t++)
		if (strcmp(t->name, a->name) == 0)
			return t;
	return NULL;
}

static struct link **link_bucket(struct archive *a, const struct stat *st)
{
	return &a->links[(st->st_ino ^ st->st_dev) % LINK_BUCKETS];
}

static const char *link_find(struct archive *a, const struct stat *st)
{
	for (struct link *l = *link_bucket(a, st); l; l = l->next)
		if (l->ino == st->st_ino && l->dev == st->st_dev)
			return l->name;
	return NULL;
}

static int link_note(struct archive *a, const struct stat *st)
{
	struct link **at = link_bucket(a, st);
	struct link *l = malloc(sizeof(*l) + a->len + 1);

	if (!l)
		return -1;
	*l = (struct link){.next = *at, .dev = st->st_dev, .ino = st->st_ino};
	memcpy(l->name, a->name, a->len + 1);
	*at = l;
	return 0;
}

static void links_free(struct archive *a)
{
	for (size_t i = 0; i < LINK_BUCKETS; i++) {
		while (a->links[i]) {
			struct link *l = a->links[i];

			a->links[i] = l->next;
			free(l);
		}
	}
}

/* Those that mean the same on another file system. What IMA and EVM signed is bound to this inode. */
static bool keeps_xattr(const char *name)
{
	if (strcmp(name, "security.evm") == 0 || strcmp(name, "security.ima") == 0)
		return false;
	return strncmp(name, "user.", 5) == 0 || strncmp(name, "security.", 9) == 0 ||
	       strncmp(name, "trusted.", 8) == 0 || strncmp(name, "system.posix_acl_", 17) == 0;
}

static int add_xattr(struct archive *a, const char *path, const char *name)
{
	ssize_t len;

	if (!keeps_xattr(name))
		return 0;
	len = lgetxattr(path, name, a->xattr_value, sizeof(a->xattr_value));
	if (len < 0)
		return errno == ENODATA || errno == ENOENT ? 0 : fail(a);
	if (tarout_xattr(a->out, name, a->xattr_value, (size_t)len) == 0)
		return 0;
	if (errno != ERANGE)
		return fail(a);
	say("/%s: attribute %.80s is left out: its name has no place in an archive", a->name, name);
	return 0;
}

/* Through /proc, as there is no call that takes a directory and a name and does not follow a link. */
static int add_xattrs(struct archive *a, int dir, const char *name)
{
	char path[320];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	len = llistxattr(path, a->xattr_names, sizeof(a->xattr_names));
	if (len < 0)
		return errno == ENOTSUP || errno == ENOENT ? 0 : fail(a);
	for (const char *at = a->xattr_names; at < a->xattr_names + len; at += strlen(at) + 1)
		if (add_xattr(a, path, at) < 0)
			return -1;
	return 0;
}

static struct tarout_member member_of(const struct archive *a, enum ustar_type type, const struct stat *st)
{
	return (struct tarout_member){.type = type,
				      .name = a->len ? a->name : "./",
				      .mode = st->st_mode,
				      .uid = st->st_uid,
				      .gid = st->st_gid,
				      .mtime = st->st_mtim,
				      .rdev = st->st_rdev,
				      .size = type == USTAR_FILE ? (uint64_t)st->st_size : 0};
}

static int begin(struct archive *a, const struct tarout_member *m)
{
	return tarout_begin(a->out, m) < 0 ? fail(a) : 0;
}

/* Where a file has content. Returns how many extents, 0 when it is to be taken whole. The last one is empty and says where
 * the file ends. */
static size_t find_extents(int fd, uint64_t size, struct tarout_extent list[EXTENTS_MAX + 1])
{
	off_t at = 0, hole;
	size_t n = 0;

	while ((at = lseek(fd, at, SEEK_DATA)) >= 0 && (uint64_t)at < size) {
		hole = n == EXTENTS_MAX - 1 ? (off_t)size : lseek(fd, at, SEEK_HOLE);
		if (hole <= at)
			return 0;
		hole = (uint64_t)hole > size ? (off_t)size : hole;
		list[n++] = (struct tarout_extent){(uint64_t)at, (uint64_t)(hole - at)};
		at = hole;
	}
	if (at < 0 && errno != ENXIO)
		return 0;
	if (n == 1 && list[0].offset == 0 && list[0].len == size)
		return 0;
	list[n++] = (struct tarout_extent){size, 0};
	return n;
}

/* 1 when all of it was there, 0 when the file ended before, -1. */
static int copy_extent(struct archive *a, int fd, uint64_t offset, uint64_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, a->chunk, len < CHUNK ? (size_t)len : CHUNK, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n > 0 && tarout_data(a->out, a->chunk, (size_t)n) < 0))
			return fail(a);
		if (n == 0)
			return 0;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 1;
}

static int copy_content(struct archive *a, int fd, const struct tarout_member *m)
{
	const struct tarout_extent whole = {0, m->size};
	const struct tarout_extent *extents = m->extents ? m->extents : &whole;
	size_t n = m->extents ? m->n_extents : 1;
	int rc = 1;

	for (size_t i = 0; rc == 1 && i < n; i++)
		rc = copy_extent(a, fd, extents[i].offset, extents[i].len);
	if (rc == 0)
		say("/%s became shorter while it was read: filled with zeros", a->name);
	return rc < 0 ? -1 : 0;
}

static int add_text(struct archive *a, struct tarout_member *m, const char *text)
{
	m->size = strlen(text);
	if (begin(a, m) < 0)
		return -1;
	return tarout_data(a->out, text, strlen(text)) < 0 ? fail(a) : 1;
}

/* Since it was looked at: gone, or a link, a socket, a file or something else instead. */
static bool has_changed(int why)
{
	return why == ENOENT || why == ENOTDIR || why == ELOOP || why == ENXIO || why == EINVAL;
}

static int add_file(struct archive *a, int dir, const char *name)
{
	const struct archive_text *text = text_for(a);
	auto_fd fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct tarout_member m;
	struct stat st;

	if (fd < 0 && has_changed(errno))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(a);
	if (!S_ISREG(st.st_mode)) /* something else by now */
		return 0;
	m = member_of(a, USTAR_FILE, &st);
	if (add_xattrs(a, dir, name) < 0)
		return -1;
	if (text)
		return add_text(a, &m, text->text);
	if ((uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size)
		m.n_extents = find_extents(fd, m.size, a->extents);
	m.extents = m.n_extents > 0 ? a->extents : NULL;
	if (begin(a, &m) < 0 || copy_content(a, fd, &m) < 0)
		return -1;
	return 1;
}

static int add_symlink(struct archive *a, int dir, const char *name, const struct stat *st)
{
	struct tarout_member m = member_of(a, USTAR_SYMLINK, st);
	char target[ARCHIVE_NAME_MAX + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0 || (size_t)n == sizeof(target))
		return n < 0 && has_changed(errno) ? 0 : fail(a);
	target[n] = '\0';
	m.target = target;
	return add_xattrs(a, dir, name) < 0 || begin(a, &m) < 0 ? -1 : 1;
}

static int add_node(struct archive *a, int dir, const char *name, const struct stat *st)
{
	enum ustar_type type = S_ISCHR(st->st_mode) ? USTAR_CHAR : S_ISBLK(st->st_mode) ? USTAR_BLOCKDEV : USTAR_FIFO;
	struct tarout_member m = member_of(a, type, st);

	return add_xattrs(a, dir, name) < 0 || begin(a, &m) < 0 ? -1 : 1;
}

static int add_link(struct archive *a, const struct stat *st, const char *first)
{
	struct tarout_member m = member_of(a, USTAR_LINK, st);

	m.target = first;
	return begin(a, &m);
}

/* 1 when it is in the archive now, 0 when it is not there any more, -1. */
static int add_first(struct archive *a, int dir, const char *name, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return add_file(a, dir, name);
	return S_ISLNK(st->st_mode) ? add_symlink(a, dir, name, st) : add_node(a, dir, name, st);
}

/* Anything that is no directory. */
static int add_leaf(struct archive *a, int dir, const char *name, const struct stat *st)
{
	const char *first = st->st_nlink > 1 ? link_find(a, st) : NULL;
	int rc;

	if (S_ISSOCK(st->st_mode))
		return 0;
	if (first)
		return add_link(a, st, first);
	rc = add_first(a, dir, name, st);
	if (rc == 1 && st->st_nlink > 1 && link_note(a, st) < 0)
		return fail(a);
	return rc < 0 ? -1 : 0;
}

static int add_directory(struct archive *a, int fd);

static int add_entry(struct archive *a, int dir, const char *name)
{
	bool is_home = a->plan->home >= 0 && strcmp(a->name, a->plan->home_name) == 0;
	struct stat st;
	int fd;

	if (is_among(a->plan->left_out, a->name))
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(a);
	if (!S_ISDIR(st.st_mode))
		return add_leaf(a, dir, name, &st);
	fd = openat(is_home ? a->plan->home : dir, is_home ? "." : name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return has_changed(errno) ? 0 : fail(a);
	return add_directory(a, fd);
}

/* Add what is in a directory under its name put behind the present one, which is there again afterwards. */
static int add_beneath(struct archive *a, int dir, const char *name)
{
	size_t was = a->len, n = strlen(name), slash = was > 0;
	int rc;

	if (was + slash + n > ARCHIVE_NAME_MAX) {
		say("/%.200s: what lies deeper is left out", a->name);
		return 0;
	}
	if (slash)
		a->name[a->len++] = '/';
	memcpy(a->name + a->len, name, n + 1);
	a->len += n;
	rc = add_entry(a, dir, name);
	a->len = was;
	a->name[was] = '\0';
	return rc;
}

static int add_content(struct archive *a, DIR *dir)
{
	for (;;) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return errno ? fail(a) : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (add_beneath(a, dirfd(dir), entry->d_name) < 0)
			return -1;
	}
}

/* fd is closed here. */
static int add_directory(struct archive *a, int fd)
{
	struct tarout_member m;
	struct stat st;
	DIR *dir = fdopendir(fd);
	int rc = -1;

	if (!dir) {
		close(fd);
		return fail(a);
	}
	if (fstat(fd, &st) < 0) {
		fail(a);
	} else {
		m = member_of(a, USTAR_DIR, &st);
		rc = add_xattrs(a, fd, ".") < 0 ? -1 : begin(a, &m);
	}
	if (rc == 0 && !is_among(a->plan->hollow, a->name))
		rc = add_content(a, dir);
	closedir(dir);
	return rc;
}

int archive_tree(struct tarout *out, const struct archive_plan *plan)
{
	static struct archive archive; /* too big for a stack, and there is one at a time */
	struct archive *a = &archive;
	int fd = openat(plan->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return say_fail("archive the root");
	a->out = out;
	a->plan = plan;
	rc = add_directory(a, fd);
	if (rc == 0 && tarout_finish(out) < 0)
		rc = fail(a);
	links_free(a);
	return rc;
}
