/* SPDX-License-Identifier: MIT */
/*
 * list a directory, for whoever chooses a file: names, what they stand for, sizes and times, in order, as events.
 *
 * Nothing that is listed is opened, and no automount is set off: a pipe, a device or a server that hangs behind a name costs
 * nothing but its line. What is read is bounded by DIR_ENTRIES_MAX before it is ordered; of a larger directory any part is shown
 * and said to be one.
 */
#include "core/engine/vmjob.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct listing {
	struct dir_entry *entries;
	size_t n, cap;
	bool cut;
};

static void listing_done(struct listing *l)
{
	free(l->entries);
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* "~" is the person's home; what else is relative begins where the program was started. Should that be gone, or out of our root,
 * home will do. */
static int whole_path(const char *asked, char ret[PATHS_MAX], struct err *e)
{
	bool at_home = asked[0] == '~' && (asked[1] == '/' || !asked[1]);
	char base[PATHS_MAX] = "";

	if (asked[0] != '/' && (at_home || !getcwd(base, sizeof(base)) || base[0] != '/') && paths_home(base, e) < 0)
		return -1;
	if (strlen(base) + 1 + strlen(asked) >= PATHS_MAX)
		return err_set(e, ERR_USAGE, _("the path is too long"));
	path_join(ret, PATHS_MAX, base, "%s", asked + at_home);
	path_tidy(ret);
	return strlen(ret) < REQ_PATH_SIZE ? 0 : err_set(e, ERR_USAGE, _("the path is too long"));
}

/* Open the directory; of a file, the one it is in, and its name. */
static int open_dir(char path[PATHS_MAX], char ret_name[DIR_ENTRY_NAME_SIZE], DIR **ret, struct err *e)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;
	auto_fd fd = open(path, flags);
	char *slash = strrchr(path, '/');
	struct stat st;

	if (fd < 0 && errno == ENOTDIR && stat(path, &st) == 0) {
		str_copy(ret_name, DIR_ENTRY_NAME_SIZE, slash + 1);
		slash[slash == path] = '\0';
		fd = open(path, flags);
	}
	if (fd < 0)
		return err_sys(e, errno, _("%.300s cannot be read"), path);
	*ret = fdopendir(fd);
	if (!*ret)
		return err_sys(e, errno, _("%.300s cannot be read"), path);
	(void)TAKE_FD(fd);
	return 0;
}

static enum dir_kind kind_of(uint32_t mode)
{
	return S_ISDIR(mode) ? DIR_FOLDER : S_ISREG(mode) ? DIR_FILE : DIR_OTHER;
}

/* Who cannot be asked is shown by what the directory itself says of it. */
static void look_at(int dirfd, const char *name, bool is_dir, struct dir_entry *ret)
{
	static const int flags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	static const unsigned want = STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_MTIME;
	struct statx st = {0};

	*ret = (struct dir_entry){.kind = is_dir ? DIR_FOLDER : DIR_OTHER};
	str_copy(ret->name, sizeof(ret->name), name);
	if (statx(dirfd, name, flags | AT_SYMLINK_NOFOLLOW, want, &st) < 0)
		return;
	ret->link = S_ISLNK(st.stx_mode);
	ret->kind = kind_of(st.stx_mode);
	if (ret->link && statx(dirfd, name, flags, want, &st) < 0)
		ret->kind = DIR_BROKEN;
	else if (ret->link)
		ret->kind = kind_of(st.stx_mode);
	ret->bytes = ret->kind == DIR_FILE ? st.stx_size : 0;
	ret->changed_ms = st.stx_mtime.tv_sec * 1000LL;
}

static int read_all(struct op *op, DIR *dir, struct listing *l, struct err *e)
{
	struct dirent *d;

	while ((errno = 0, d = readdir(dir))) {
		if (op_check(op, e) < 0)
			return -1;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (l->n == DIR_ENTRIES_MAX) {
			l->cut = true;
			return 0;
		}
		if (l->n == l->cap) {
			l->cap = l->cap * 2 + 64;
			l->entries = xrealloc(l->entries, l->cap, sizeof(*l->entries));
		}
		look_at(dirfd(dir), d->d_name, d->d_type == DT_DIR, &l->entries[l->n++]);
	}
	return errno ? err_sys(e, errno, _("the directory cannot be read to its end")) : 0;
}

/* The one that was asked for is there, whatever was cut off. */
static void keep_asked(DIR *dir, const char *name, struct listing *l)
{
	if (!l->cut || !*name)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->entries[i].name, name) == 0)
			return;
	look_at(dirfd(dir), name, false, &l->entries[l->n - 1]);
}

static int in_order(const void *a, const void *b)
{
	const struct dir_entry *x = a, *y = b;
	int c = (x->kind != DIR_FOLDER) - (y->kind != DIR_FOLDER);

	c = c ?: strcasecmp(x->name, y->name);
	return c ?: strcmp(x->name, y->name);
}

static void tell_entries(struct engine *eng, uint64_t job, const struct listing *l)
{
	for (size_t at = 0; at < l->n; at += DIR_PIECE) {
		struct event ev = {.kind = EV_DIR, .dir = {.job = job, .part = DIR_ENTRIES}};

		ev.dir.n = (uint8_t)MIN((size_t)DIR_PIECE, l->n - at);
		memcpy(ev.dir.entries, l->entries + at, ev.dir.n * sizeof(*l->entries));
		engine_post(eng, 0, &ev);
	}
}

static int list(struct vmjob *j, struct op *op, struct listing *l, struct err *e)
{
	struct event head = {.kind = EV_DIR, .dir = {.job = sched_run_id(j->run), .part = DIR_HEAD}};
	auto_call(dir_close) DIR *dir = NULL;
	char path[PATHS_MAX];

	int rc;

	if (whole_path(j->req.path, path, e) < 0)
		return -1;
	rc = open_dir(path, head.dir.name, &dir, e);
	str_copy(head.dir.path, sizeof(head.dir.path), path);
	engine_post(j->eng, 0, &head);
	if (rc < 0 || read_all(op, dir, l, e) < 0)
		return -1;
	keep_asked(dir, head.dir.name, l);
	if (l->n > 0)
		qsort(l->entries, l->n, sizeof(*l->entries), in_order);
	tell_entries(j->eng, head.dir.job, l);
	return 0;
}

int do_dir_list(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	auto_call(listing_done) struct listing l = {0};
	struct event end = {.kind = EV_DIR, .dir = {.job = sched_run_id(r), .part = DIR_END}};
	int rc;

	j->run = r;
	rc = list(j, op, &l, e);
	if (rc < 0 && e->code == ERR_CANCELED)
		return -1; /* who asked has asked for something else */
	end.dir.cut = l.cut;
	if (rc < 0)
		end.dir.err = *e;
	engine_post(j->eng, 0, &end);
	return rc;
}
