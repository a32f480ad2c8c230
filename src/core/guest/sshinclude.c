/* SPDX-License-Identifier: MIT */
/*
 * A person's ~/.ssh/config: see sshinclude.h.
 *
 * One change is: lock the directory, resolve what the name leads to, read it, look for our group, write the new text beside it,
 * make sure that the file still is the one that was read, rename. The lock is flock(2) on the directory's own descriptor, so
 * that nothing of ours stays in ~/.ssh; where the file system has none, the look before the rename is what is left.
 */
#include "core/guest/sshinclude.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define FILE_MAX (4u << 20)
#define BEGIN "# banger-tui ssh-config: begin"
#define BEGIN_MADE BEGIN " (made this file)"
#define END "# banger-tui ssh-config: end"
#define LOCK_RETRY_MS 10
#define TRIES 10
#define XATTR_MAX 65536

struct change {
	const char *included;
	char dir[PATHS_MAX];  /* ~/.ssh */
	char path[PATHS_MAX]; /* the file itself, links followed */
	struct stat was;
	bool there;
	struct buf old;
	struct buf new;
};

/* Our group in the old text. */
struct group {
	bool found;
	bool made; /* the file was made for it */
	size_t at;
	size_t len;
};

static int by_hand(const struct change *c, struct err *e)
{
	return err_hint(e, _("put this line at its top yourself: Include \"%.190s\""), c->included);
}

/* The length of the line at `at` with its end; *ret_text without. */
static size_t line_at(const struct buf *b, size_t at, size_t *ret_text)
{
	const char *p = b->data + at, *nl = memchr(p, '\n', b->len - at);
	size_t n = nl ? (size_t)(nl - p) + 1 : b->len - at;

	*ret_text = nl ? n - 1 : n;
	if (nl && *ret_text && p[*ret_text - 1] == '\r')
		--*ret_text;
	return n;
}

static bool line_is(const struct buf *b, size_t at, const char *want, size_t *ret_next)
{
	size_t text = 0;

	if (at >= b->len)
		return false;
	*ret_next = at + line_at(b, at, &text);
	return text == strlen(want) && memcmp(b->data + at, want, text) == 0;
}

/* A begin of ours at `at`: the group is whole, another file's (skipped), or changed. */
static int read_group(struct change *c, size_t at, size_t after_begin, struct group *ret, struct err *e)
{
	auto_buf want = {0};
	size_t next = after_begin, text = 0;

	buf_addf(&want, "Include \"%s\"", c->included);
	if (line_is(&c->old, after_begin, want.data, &next) && line_is(&c->old, next, END, &next)) {
		ret->found = true;
		ret->at = at;
		ret->len = next - at;
		return 0;
	}
	if (after_begin < c->old.len) {
		next = after_begin + line_at(&c->old, after_begin, &text);
		if (line_is(&c->old, next, END, &next) && !memmem(c->old.data + after_begin, text, c->included, strlen(c->included)))
			return 0;
	}
	err_set(e, ERR_STATE, _("the lines of banger-tui in '%s' were changed"), c->path);
	return err_hint(e, _("take them out yourself, from '%s' to '%s'"), BEGIN, END);
}

/* The first at `from` or behind it. */
static int find_group(struct change *c, size_t from, struct group *ret, struct err *e)
{
	size_t next, text;

	*ret = (struct group){0};
	for (size_t at = from; at < c->old.len && !ret->found; at += line_at(&c->old, at, &text)) {
		bool made = line_is(&c->old, at, BEGIN_MADE, &next);

		if (!made && !line_is(&c->old, at, BEGIN, &next))
			continue;
		ret->made = made;
		if (read_group(c, at, next, ret, e) < 0)
			return -1;
	}
	return 0;
}

/* Nobody but the person (and root) may be able to put another file in its place, nor be its owner. */
static int check_owner(const struct change *c, const char *path, const struct stat *st, struct err *e)
{
	if (st->st_uid != geteuid()) {
		err_set(e, ERR_PERM, _("'%s' belongs to somebody else (user %u)"), path, (unsigned)st->st_uid);
		return by_hand(c, e);
	}
	if (S_ISDIR(st->st_mode) && (st->st_mode & 022)) {
		err_set(e, ERR_PERM, _("others may write in '%s'"), path);
		return err_hint(e, "chmod go-w '%.200s'", path);
	}
	return 0;
}

static int check_dir_of(const struct change *c, const char *path, struct err *e)
{
	auto_free char *copy = xstrdup(path);
	const char *dir = dirname(copy);
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_sys(e, errno, _("look at '%s'"), dir);
	return check_owner(c, dir, &st, e);
}

/* What ~/.ssh/config is: nothing, a plain file, or a link to one. */
static int resolve(struct change *c, struct err *e)
{
	auto_free char *name = xasprintf("%s/config", c->dir);
	struct stat st;

	str_copy(c->path, sizeof(c->path), name);
	c->there = lstat(name, &st) == 0;
	if (!c->there)
		return errno == ENOENT ? 0 : err_sys(e, errno, _("look at '%s'"), name);
	auto_free char *real = realpath(name, NULL);
	if (!real || strlen(real) >= sizeof(c->path)) {
		err_set(e, ERR_STATE, _("'%s' is a link that leads to no file"), name);
		return err_hint(e, _("remove it, or make the file it leads to"));
	}
	str_copy(c->path, sizeof(c->path), real);
	return 0;
}

static int read_old(struct change *c, struct err *e)
{
	auto_fd fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &c->was) < 0)
		return err_sys(e, errno, _("open '%s'"), c->path);
	if (!S_ISREG(c->was.st_mode))
		return err_set(e, ERR_STATE, _("'%s' is not a file"), c->path);
	return fd_read_all(fd, FILE_MAX, c->path, &c->old, e);
}

static int load(struct change *c, struct err *e)
{
	buf_reset(&c->old);
	buf_reset(&c->new);
	if (resolve(c, e) < 0)
		return -1;
	return c->there ? read_old(c, e) : 0;
}

/* May it be replaced? */
static int check_replaceable(const struct change *c, struct err *e)
{
	if (check_dir_of(c, c->path, e) < 0 || (c->there && check_owner(c, c->path, &c->was, e) < 0))
		return -1;
	if (c->there && c->was.st_nlink > 1) {
		err_set(e, ERR_STATE, _("'%s' has a second name (hard link), which would keep the old text"), c->path);
		return by_hand(c, e);
	}
	return 0;
}

/* Access control lists, labels and a person's own: as far as the file system lets us. */
static void copy_xattrs(const char *from, int to)
{
	auto_free char *names = xmalloc(XATTR_MAX);
	auto_free char *value = xmalloc(XATTR_MAX);
	ssize_t n = listxattr(from, names, XATTR_MAX);

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t len = getxattr(from, names + at, value, XATTR_MAX);

		if (len >= 0)
			(void)!fsetxattr(to, names + at, value, (size_t)len, 0);
	}
}

static int write_new(const struct change *c, const char *tmp, struct err *e)
{
	auto_fd fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, errno, _("create '%s'"), tmp);
	if (fd_write_all(fd, c->new.data, c->new.len, e) < 0)
		return err_wrap(e, "'%s'", tmp);
	if (c->there) {
		copy_xattrs(c->path, fd);
		/* The owner is ours already; the group need not be one we are in. */
		(void)!fchown(fd, (uid_t)-1, c->was.st_gid);
	}
	if (fchmod(fd, c->there ? c->was.st_mode & 07777 : 0600) < 0 || fsync(fd) < 0)
		return err_sys(e, errno, _("finish '%s'"), tmp);
	return 0;
}

/* Is the file still what was read? */
static bool is_unchanged(const struct change *c)
{
	struct stat now;

	if (lstat(c->path, &now) < 0)
		return !c->there && errno == ENOENT;
	return c->there && now.st_ino == c->was.st_ino && now.st_dev == c->was.st_dev && now.st_size == c->was.st_size &&
	       now.st_mtim.tv_sec == c->was.st_mtim.tv_sec && now.st_mtim.tv_nsec == c->was.st_mtim.tv_nsec;
}

/* ERR_BUSY: somebody wrote it meanwhile. */
static int replace(const struct change *c, struct err *e)
{
	char id[ID_SIZE];

	id_new(id);
	auto_free char *tmp = xasprintf("%s.banger.%s", c->path, id);
	if (write_new(c, tmp, e) < 0) {
		unlink(tmp);
		return -1;
	}
	if (!is_unchanged(c)) {
		unlink(tmp);
		return err_set(e, ERR_BUSY, _("'%s' is being changed by somebody else"), c->path);
	}
	if (fs_rename_sync(tmp, c->path, e) < 0) {
		unlink(tmp);
		return -1;
	}
	return 0;
}

static int store_new(const struct change *c, bool remove, struct err *e)
{
	if (check_replaceable(c, e) < 0)
		return -1;
	if (!remove)
		return replace(c, e);
	if (!is_unchanged(c))
		return err_set(e, ERR_BUSY, _("'%s' is being changed by somebody else"), c->path);
	return fs_unlink(c->path, e);
}

/* The file's own kind of line end, by its first line. */
static const char *line_end(const struct buf *b)
{
	const char *nl = b->len ? memchr(b->data, '\n', b->len) : NULL;

	return nl && nl > b->data && nl[-1] == '\r' ? "\r\n" : "\n";
}

static int add(struct change *c, bool *ret_changed, struct err *e)
{
	const char *eol = line_end(&c->old);
	struct group g;

	if (find_group(c, 0, &g, e) < 0)
		return -1;
	*ret_changed = !g.found;
	if (g.found)
		return 0;
	buf_addf(&c->new, "%s%sInclude \"%s\"%s%s%s", c->there ? BEGIN : BEGIN_MADE, eol, c->included, eol, END, eol);
	if (c->old.len)
		buf_add(&c->new, c->old.data, c->old.len);
	return store_new(c, false, e);
}

/* Each of ours: a file that was copied together may have several. */
static int take_out(struct change *c, bool *ret_changed, struct err *e)
{
	struct group g;
	bool made = false;
	size_t at = 0;

	if (find_group(c, 0, &g, e) < 0)
		return -1;
	*ret_changed = g.found;
	if (!g.found)
		return 0;
	while (g.found) {
		buf_add(&c->new, c->old.data + at, g.at - at);
		made |= g.made;
		at = g.at + g.len;
		if (find_group(c, at, &g, e) < 0)
			return -1;
	}
	buf_add(&c->new, c->old.data + at, c->old.len - at);
	return store_new(c, made && c->new.len == 0, e);
}

/* Installers take turns on the directory. *ret_fd is -1 where the file system has no such locks. */
static int lock_dir(struct op *op, const struct change *c, int *ret_fd, struct err *e)
{
	auto_fd fd = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_fd = -1;
	if (fd < 0)
		return err_sys(e, errno, _("open '%s'"), c->dir);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0;
		if (op_sleep(op, LOCK_RETRY_MS, e) < 0)
			return err_wrap(e, _("wait for '%s'"), c->dir);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int change(struct op *op, struct change *c, int (*how)(struct change *c, bool *ret_changed, struct err *e),
		  bool *ret_changed, struct err *e)
{
	auto_fd lock = -1;

	if (lock_dir(op, c, &lock, e) < 0)
		return -1;
	for (int i = 1;; i++) {
		struct err busy = {0};

		if (load(c, e) < 0)
			return -1;
		if (how(c, ret_changed, &busy) == 0)
			return 0;
		if (busy.code != ERR_BUSY || i == TRIES)
			return err_join(e, &busy);
		if (op_sleep(op, LOCK_RETRY_MS, e) < 0)
			return -1;
	}
}

static void change_init(struct change *c, const char *home, const char *included)
{
	*c = (struct change){.included = included};
	path_join(c->dir, sizeof(c->dir), home, ".ssh");
}

static void change_done(struct change *c)
{
	buf_done(&c->old);
	buf_done(&c->new);
}

int sshinclude_add(struct op *op, const char *home, const char *included, bool *ret_changed, struct err *e)
{
	auto_call(change_done) struct change c;

	change_init(&c, home, included);
	*ret_changed = false;
	if (mkdir(c.dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, _("create directory '%s'"), c.dir);
	return change(op, &c, add, ret_changed, e);
}

int sshinclude_remove(struct op *op, const char *home, const char *included, bool *ret_changed, struct err *e)
{
	auto_call(change_done) struct change c;

	change_init(&c, home, included);
	*ret_changed = false;
	if (!fs_exists(c.dir))
		return 0;
	return change(op, &c, take_out, ret_changed, e);
}

int sshinclude_find(const char *home, const char *included, bool *ret, struct err *e)
{
	auto_call(change_done) struct change c;
	struct group g;

	change_init(&c, home, included);
	*ret = false;
	if (load(&c, e) < 0 || find_group(&c, 0, &g, e) < 0)
		return -1;
	*ret = g.found;
	return 0;
}
