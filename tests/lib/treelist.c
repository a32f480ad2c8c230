/* SPDX-License-Identifier: MIT */
/*
 * treelist IMAGE|DIRECTORY: everything in a tree, a line for each path, in order, so that two trees are equal when their lists are.
 *
 *	TYPE MODE UID GID MTIME PATH [what is its own: size and SHA-256, target, device] [same as the first path of its inode] [xattrs]
 *
 * An ext4 image is read through libext2fs, which the host's e2fsprogs are made of; a directory through the kernel. Ours to leave out:
 * lost+found of an image.
 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct entry {
	char *path;
	uint64_t ino;
	uint32_t mode, uid, gid;
	int64_t mtime;
	struct buf own, xattrs;
};

static struct entry *entries;
static size_t n_entries;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "treelist: %s: %s\n", what, why);
	exit(1);
}

static struct entry *new_entry(const char *path)
{
	if ((n_entries & (n_entries + 1)) == 0)
		entries = xrealloc(entries, (n_entries + 1) * 2, sizeof(*entries));
	entries[n_entries] = (struct entry){.path = xstrdup(path)};
	return &entries[n_entries++];
}

static void add_text(struct buf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c == '\\' || c == 0x7f)
			buf_addf(b, "\\%03o", c);
		else
			buf_addc(b, (char)c);
	}
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names, whatever the order they are kept in. */
static void put_xattrs(struct buf *out, char **list, size_t n)
{
	qsort(list, n, sizeof(*list), text_cmp);
	for (size_t i = 0; i < n; i++) {
		buf_addf(out, " %s", list[i]);
		free(list[i]);
	}
}

/* Entries of an access list that name nobody say so with an id, which the kernel has as ACL_UNDEFINED_ID and libext2fs as 0
 * (linux/posix_acl_xattr.h: a version of 4 bytes, entries of tag, permissions and id). */
static void undefine_ids(unsigned char *acl, size_t len)
{
	enum { HEAD = 4, ENTRY = 8, ID = 4, ACL_USER = 2, ACL_GROUP = 8 };

	for (size_t at = HEAD; at + ENTRY <= len; at += ENTRY)
		if (acl[at] != ACL_USER && acl[at] != ACL_GROUP)
			memset(acl + at + ID, 0xff, ENTRY - ID);
}

static char *show_xattr(const char *name, const void *value, size_t len)
{
	auto_free char *hex = xmalloc(2 * len + 1);
	auto_free unsigned char *copy = xmalloc(len + 1);

	memcpy(copy, value, len);
	if (strncmp(name, "system.posix_acl_", 17) == 0)
		undefine_ids(copy, len);
	return xasprintf("%s=%s", name, digest_hex(copy, len, hex));
}

/* ---- a directory */

static void hash_fd(int fd, const char *path, struct buf *own)
{
	struct digest d = {0};
	char hex[DIGEST_SIZE], block[65536];
	uint64_t size = 0;
	ssize_t n;

	digest_init(&d);
	while ((n = read(fd, block, sizeof(block))) > 0) {
		digest_add(&d, block, (size_t)n);
		size += (uint64_t)n;
	}
	if (n < 0)
		die(path, strerror(errno));
	digest_end(&d, hex);
	digest_done(&d);
	buf_addf(own, " %llu %s", (unsigned long long)size, hex);
}

static void dir_xattrs(const char *full, struct buf *out)
{
	char names[4096], *list[64];
	ssize_t len = llistxattr(full, names, sizeof(names));
	size_t n = 0;

	for (char *name = names; len > 0 && name < names + len && n < 64; name += strlen(name) + 1) {
		char value[65536];
		ssize_t k = lgetxattr(full, name, value, sizeof(value));

		if (k >= 0 && strcmp(name, "security.selinux") != 0)
			list[n++] = show_xattr(name, value, (size_t)k);
	}
	put_xattrs(out, list, n);
}

static void dir_entry(const char *full, const char *path, const struct stat *st)
{
	struct entry *e = new_entry(path);
	char target[4097];

	e->ino = st->st_ino;
	e->mode = st->st_mode;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->mtime = st->st_mtime;
	if (S_ISREG(st->st_mode)) {
		int fd = open(full, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			die(full, strerror(errno));
		hash_fd(fd, full, &e->own);
		close(fd);
	} else if (S_ISLNK(st->st_mode)) {
		ssize_t n = readlink(full, target, sizeof(target));

		buf_adds(&e->own, " -> ");
		add_text(&e->own, target, n > 0 ? (size_t)n : 0);
	} else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		buf_addf(&e->own, " %u,%u", major(st->st_rdev), minor(st->st_rdev));
	}
	dir_xattrs(full, &e->xattrs);
}

static void dir_walk(const char *full, const char *path)
{
	struct stat st;
	DIR *d;
	struct dirent *de;

	if (lstat(full, &st) < 0)
		die(full, strerror(errno));
	dir_entry(full, path, &st);
	if (!S_ISDIR(st.st_mode))
		return;
	d = opendir(full);
	if (!d)
		die(full, strerror(errno));
	while ((de = readdir(d))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		auto_free char *below_full = xasprintf("%s/%s", full, de->d_name);
		auto_free char *below = xasprintf("%s%s%s", path, strcmp(path, "/") == 0 ? "" : "/", de->d_name);

		dir_walk(below_full, below);
	}
	closedir(d);
}

/* ---- an image */

static ext2_filsys fs;

static void must(errcode_t rc, const char *what)
{
	if (rc)
		die(what, error_message(rc));
}

static void image_content(ext2_ino_t ino, const char *path, struct buf *own)
{
	struct digest d = {0};
	char hex[DIGEST_SIZE], *block = xmalloc(1 << 20);
	ext2_file_t f;
	uint64_t size = 0;
	unsigned int got;

	digest_init(&d);
	must(ext2fs_file_open(fs, ino, 0, &f), path);
	do {
		must(ext2fs_file_read(f, block, 1 << 20, &got), path);
		digest_add(&d, block, got);
		size += got;
	} while (got > 0);
	ext2fs_file_close(f);
	digest_end(&d, hex);
	digest_done(&d);
	free(block);
	buf_addf(own, " %llu %s", (unsigned long long)size, hex);
}

static void image_target(ext2_ino_t ino, const struct ext2_inode *in, const char *path, struct buf *own)
{
	auto_free char *text = xmalloc(in->i_size + 1);
	ext2_file_t f;
	unsigned int got = in->i_size;

	if (in->i_size < sizeof(in->i_block)) {
		memcpy(text, in->i_block, in->i_size);
	} else {
		must(ext2fs_file_open(fs, ino, 0, &f), path);
		must(ext2fs_file_read(f, text, in->i_size, &got), path);
		ext2fs_file_close(f);
	}
	buf_adds(own, " -> ");
	add_text(own, text, got);
}

static char *xattr_list[256];
static size_t n_xattrs;

/* As the kernel would give it: an access list has another form on the disk, which this alone turns back (ext2fs_xattrs_iterate does
 * not). */
static int take_xattr(char *name, char *value, size_t len, void *arg)
{
	void *given = NULL;
	size_t given_len;

	(void)value;
	(void)len;
	must(ext2fs_xattr_get(arg, name, &given, &given_len), name);
	if (n_xattrs < 256)
		xattr_list[n_xattrs++] = show_xattr(name, given, given_len);
	ext2fs_free_mem(&given);
	return 0;
}

static void image_xattrs(ext2_ino_t ino, const char *path, struct buf *out)
{
	struct ext2_xattr_handle *h;

	n_xattrs = 0;
	must(ext2fs_xattrs_open(fs, ino, &h), path);
	must(ext2fs_xattrs_read(h), path);
	must(ext2fs_xattrs_iterate(h, take_xattr, h), path);
	ext2fs_xattrs_close(&h);
	put_xattrs(out, xattr_list, n_xattrs);
}

static void image_device(const struct ext2_inode *in, struct buf *own)
{
	uint32_t dev = in->i_block[0] ? in->i_block[0] : in->i_block[1];

	if (in->i_block[0])
		buf_addf(own, " %u,%u", (dev >> 8) & 0xff, dev & 0xff);
	else
		buf_addf(own, " %u,%u", (dev & 0xfff00) >> 8, (dev & 0xff) | ((dev >> 12) & 0xfff00));
}

static void image_walk(ext2_ino_t ino, const char *path);

struct below {
	const char *path;
	ext2_ino_t *inos;
	char **names;
	size_t n;
};

static int take_name(struct ext2_dir_entry *de, int offset, int blocksize, char *buf, void *arg)
{
	struct below *b = arg;
	int len = ext2fs_dirent_name_len(de);

	(void)offset;
	(void)blocksize;
	(void)buf;
	if ((len == 1 && de->name[0] == '.') || (len == 2 && memcmp(de->name, "..", 2) == 0))
		return 0;
	if (strcmp(b->path, "/") == 0 && len == 10 && memcmp(de->name, "lost+found", 10) == 0)
		return 0;
	if ((b->n & (b->n + 1)) == 0) {
		b->inos = xrealloc(b->inos, (b->n + 1) * 2, sizeof(*b->inos));
		b->names = xrealloc(b->names, (b->n + 1) * 2, sizeof(*b->names));
	}
	b->inos[b->n] = de->inode;
	b->names[b->n++] = xstrndup(de->name, (size_t)len);
	return 0;
}

static void image_walk(ext2_ino_t ino, const char *path)
{
	struct entry *e = new_entry(path);
	struct ext2_inode in;
	struct below b = {.path = path};

	must(ext2fs_read_inode(fs, ino, &in), path);
	e->ino = ino;
	e->mode = in.i_mode;
	e->uid = inode_uid(in);
	e->gid = inode_gid(in);
	e->mtime = (int32_t)in.i_mtime;
	if (LINUX_S_ISREG(in.i_mode))
		image_content(ino, path, &e->own);
	else if (LINUX_S_ISLNK(in.i_mode))
		image_target(ino, &in, path, &e->own);
	else if (LINUX_S_ISCHR(in.i_mode) || LINUX_S_ISBLK(in.i_mode))
		image_device(&in, &e->own);
	image_xattrs(ino, path, &e->xattrs);
	if (!LINUX_S_ISDIR(in.i_mode))
		return;
	must(ext2fs_dir_iterate(fs, ino, 0, NULL, take_name, &b), path);
	for (size_t i = 0; i < b.n; i++) {
		auto_free char *below = xasprintf("%s%s%s", path, strcmp(path, "/") == 0 ? "" : "/", b.names[i]);

		image_walk(b.inos[i], below);
		free(b.names[i]);
	}
	free(b.names);
	free(b.inos);
}

/* ---- both */

static int entry_cmp(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int by_ino(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return x->ino != y->ino ? (x->ino < y->ino ? -1 : 1) : strcmp(x->path, y->path);
}

/* The first path of each inode that has several. */
static void name_links(void)
{
	struct entry **sorted = xcalloc(n_entries + 1, sizeof(*sorted)), *first = NULL;

	for (size_t i = 0; i < n_entries; i++)
		sorted[i] = &entries[i];
	qsort(sorted, n_entries, sizeof(*sorted), by_ino);
	for (size_t i = 0; i < n_entries; i++) {
		if (first && first->ino == sorted[i]->ino && !S_ISDIR(first->mode)) {
			buf_adds(&sorted[i]->own, " = ");
			add_text(&sorted[i]->own, first->path, strlen(first->path));
		} else {
			first = sorted[i];
		}
	}
	free(sorted);
}

static void print_all(void)
{
	qsort(entries, n_entries, sizeof(*entries), entry_cmp);
	name_links();
	for (size_t i = 0; i < n_entries; i++) {
		const struct entry *e = &entries[i];
		auto_buf path = {0};
		static const char types[] = "?pc?d?b?-?l?s???";

		add_text(&path, e->path, strlen(e->path));
		printf("%c %04o %u %u %lld %s%s%s\n", types[(e->mode >> 12) & 15], e->mode & 07777, e->uid, e->gid, (long long)e->mtime,
		       buf_cstr(&path), buf_cstr(&e->own), buf_cstr(&e->xattrs));
	}
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc != 2 || stat(argv[1], &st) < 0)
		die("usage", "treelist IMAGE|DIRECTORY");
	if (S_ISDIR(st.st_mode)) {
		dir_walk(argv[1], "/");
	} else {
		must(ext2fs_open(argv[1], EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs), argv[1]);
		image_walk(EXT2_ROOT_INO, "/");
		ext2fs_close(fs);
	}
	print_all();
	return 0;
}
