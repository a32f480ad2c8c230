/* SPDX-License-Identifier: MIT */
/*
 * See blobs.h. The lock is on the file that is going to be renamed: who opened it under its old name and gets the lock only after the
 * renaming holds the finished blob, and must not write into it. So the name is compared once more after locking.
 */
#include "core/oci/blobs.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "base/path.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SUFFIX ".part"
#define PART_NAME_SIZE (DIGEST_SIZE + sizeof(PART_SUFFIX))
#define READ_BLOCK ((size_t)256 * 1024)

int blob_cache_open(const char *cache_dir, struct blob_cache *ret, struct err *e)
{
	char dir[PATHS_MAX];

	path_join(dir, sizeof(dir), cache_dir, "blobs/sha256");
	ret->dir_fd = -1;
	if (fs_mkdir_p(dir, 0700, e) < 0)
		return -1;
	ret->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return ret->dir_fd < 0 ? err_sys(e, errno, _("open %s"), dir) : 0;
}

void blob_cache_close(struct blob_cache *c)
{
	fd_close(&c->dir_fd);
}

/* Read `fd` from its beginning into the digest. */
static int hash_all(struct op *op, int fd, struct digest *d, uint64_t *ret_size, struct err *e)
{
	auto_free char *block = xmalloc(READ_BLOCK);
	uint64_t size = 0;
	ssize_t n;

	while ((n = pread(fd, block, READ_BLOCK, (off_t)size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, _("read a blob of the cache"));
		if (op_check(op, e) < 0)
			return -1;
		digest_add(d, block, (size_t)n);
		size += (uint64_t)n;
	}
	*ret_size = size;
	return 0;
}

static int is_sound(struct op *op, int fd, const char *hex, uint64_t *ret_size, bool *ret, struct err *e)
{
	auto_call(digest_done) struct digest d = {0};
	char found[DIGEST_SIZE];

	digest_init(&d);
	if (hash_all(op, fd, &d, ret_size, e) < 0)
		return -1;
	digest_end(&d, found);
	*ret = strcmp(found, hex) == 0;
	return 0;
}

int blob_open(struct op *op, const struct blob_cache *c, const char *hex, uint64_t size, struct err *e)
{
	auto_fd fd = openat(c->dir_fd, hex, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t found = 0;
	bool sound = false;

	assert(digest_is_valid(hex));
	if (fd < 0)
		return err_sys(e, errno, _("open blob %s"), hex);
	if (is_sound(op, fd, hex, &found, &sound, e) < 0)
		return -1;
	if (sound && found == size)
		return TAKE_FD(fd);
	if (sound) /* whoever announced it is wrong, and not the cache */
		return err_set(e, ERR_PROTO, _("it has %llu bytes, and %llu were announced"), (unsigned long long)found, (unsigned long long)size);
	if (unlinkat(c->dir_fd, hex, 0) < 0 && errno != ENOENT)
		return err_sys(e, errno, _("remove blob %s, which is damaged"), hex);
	return err_set(e, ERR_NOT_FOUND, _("blob %s of the cache was damaged"), hex);
}

static char *part_name(const char *hex, char buf[PART_NAME_SIZE])
{
	snprintf(buf, PART_NAME_SIZE, "%s" PART_SUFFIX, hex);
	return buf;
}

/* Is it still the file of this name? */
static bool has_name(const struct blob_cache *c, int fd, const char *name)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && fstatat(c->dir_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == there.st_ino &&
	       here.st_dev == there.st_dev;
}

int blob_part_begin(struct op *op, const struct blob_cache *c, const char *hex, uint64_t size, struct blob_part *ret, struct err *e)
{
	char name[PART_NAME_SIZE];
	struct stat st;

	assert(digest_is_valid(hex) && ret->fd < 0);
	ret->cache = c;
	ret->size = size;
	ret->have = 0;
	str_copy(ret->hex, sizeof(ret->hex), hex);
	ret->fd = lockfile_take(c->dir_fd, part_name(hex, name), e);
	if (ret->fd < 0)
		return -1;
	if (!has_name(c, ret->fd, name) || fstatat(c->dir_fd, hex, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (has_name(c, ret->fd, name)) /* one that came too late made it anew */
			unlinkat(c->dir_fd, name, 0);
		fd_close(&ret->fd);
		return err_set(e, ERR_EXISTS, _("blob %s has just been fetched"), hex);
	}
	digest_init(&ret->digest);
	if (hash_all(op, ret->fd, &ret->digest, &ret->have, e) == 0) {
		/* More than the whole is of no use. */
		if (ret->have <= size || blob_part_restart(ret, e) == 0)
			return 0;
	}
	blob_part_abandon(ret);
	return -1;
}

int blob_part_restart(struct blob_part *p, struct err *e)
{
	digest_done(&p->digest);
	digest_init(&p->digest);
	p->have = 0;
	return ftruncate(p->fd, 0) < 0 ? err_sys(e, errno, _("empty a blob of the cache")) : 0;
}

int blob_part_drop(struct blob_part *p)
{
	char name[PART_NAME_SIZE];

	if (p->fd >= 0)
		unlinkat(p->cache->dir_fd, part_name(p->hex, name), 0);
	blob_part_abandon(p);
	return -1;
}

int blob_part_add(struct blob_part *p, const void *data, size_t len, struct err *e)
{
	const char *at = data;

	if (len > p->size - p->have) {
		err_set(e, ERR_PROTO, _("it is longer than the %llu bytes that were announced"), (unsigned long long)p->size);
		return blob_part_drop(p);
	}
	digest_add(&p->digest, data, len);
	while (len > 0) {
		ssize_t n = pwrite(p->fd, at, len, (off_t)p->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* Whatever it was, nobody goes on behind it; and a full disk needs the room. */
			err_sys(e, errno, _("write to the cache"));
			return blob_part_drop(p);
		}
		p->have += (uint64_t)n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int blob_part_end(struct blob_part *p, struct err *e)
{
	char name[PART_NAME_SIZE], found[DIGEST_SIZE];
	int fd;

	if (p->have < p->size) {
		err_set(e, ERR_PROTO, _("it ended after %llu of %llu bytes"), (unsigned long long)p->have, (unsigned long long)p->size);
		blob_part_abandon(p);
		return -1;
	}
	digest_end(&p->digest, found);
	if (strcmp(found, p->hex) != 0) {
		err_set(e, ERR_PROTO, _("its content has the digest %s, and not %s"), found, p->hex);
		return blob_part_drop(p);
	}
	/* Its own open description, what it locks and its position are none of a reader's business; and before it has the name by which
	 * others may remove it. */
	fd = openat(p->cache->dir_fd, part_name(p->hex, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || renameat(p->cache->dir_fd, name, p->cache->dir_fd, p->hex) < 0) {
		err_sys(e, errno, _("name blob %s"), p->hex);
		fd_close(&fd);
		return blob_part_drop(p);
	}
	blob_part_abandon(p);
	return fd;
}

uint64_t blob_have(const struct blob_cache *c, const char *hex)
{
	char name[PART_NAME_SIZE];
	struct stat st;

	if (fstatat(c->dir_fd, hex, &st, AT_SYMLINK_NOFOLLOW) < 0 && fstatat(c->dir_fd, part_name(hex, name), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

void blob_part_abandon(struct blob_part *p)
{
	fd_close(&p->fd);
	digest_done(&p->digest);
}

enum blob_name { NOT_A_BLOB, WHOLE_BLOB, PART_OF_BLOB };

static enum blob_name name_kind(const char *name)
{
	char hex[DIGEST_SIZE];

	str_copy(hex, sizeof(hex), name);
	if (!digest_is_valid(hex))
		return NOT_A_BLOB;
	if (name[DIGEST_SIZE - 1] == '\0')
		return WHOLE_BLOB;
	return strcmp(name + DIGEST_SIZE - 1, PART_SUFFIX) == 0 ? PART_OF_BLOB : NOT_A_BLOB;
}

/* A part is removed under its lock alone: who waits for that takes its name anew. 1 when it went or would go, 0 when it is in use. */
static int remove_idle(const struct blob_cache *c, const char *name, enum blob_name kind, bool dry_run, struct err *e)
{
	struct err busy = {0};
	int lock = -1;
	bool held;

	if (kind == PART_OF_BLOB && dry_run)
		return lockfile_is_held(c->dir_fd, name, &held, e) < 0 ? -1 : !held;
	if (dry_run)
		return 1;
	if (kind == PART_OF_BLOB) {
		lock = lockfile_take(c->dir_fd, name, &busy);
		if (lock < 0)
			return busy.code == ERR_BUSY ? 0 : err_join(e, &busy);
		return lockfile_remove(c->dir_fd, name, &lock, e) < 0 ? -1 : 1;
	}
	return unlinkat(c->dir_fd, name, 0) < 0 && errno != ENOENT ? err_sys(e, errno, _("remove blob %s"), name) : 1;
}

static void closedir_auto(DIR **d)
{
	if (*d)
		closedir(*d);
}

int blob_cache_prune(const struct blob_cache *c, bool dry_run, struct blob_pruned *ret, struct err *e)
{
	int fd = openat(c->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(closedir_auto))) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct err failed = {0};
	struct dirent *d;
	struct stat st;

	*ret = (struct blob_pruned){0};
	if (!dir)
		return err_sys(e, errno, _("read the cache of blobs"));
	while ((d = readdir(dir))) {
		enum blob_name kind = name_kind(d->d_name);
		struct err why = {0};
		int rc;

		if (kind == NOT_A_BLOB || fstatat(c->dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		rc = remove_idle(c, d->d_name, kind, dry_run, &why);
		if (rc < 0 && !err_is_set(&failed))
			failed = why;
		if (rc <= 0)
			continue;
		*(kind == PART_OF_BLOB ? &ret->part_bytes : &ret->whole_bytes) += (uint64_t)st.st_blocks * 512;
		++*(kind == PART_OF_BLOB ? &ret->parts : &ret->whole);
	}
	return err_is_set(&failed) ? err_join(e, &failed) : 0;
}
