/* SPDX-License-Identifier: MIT */
/*
 * A walk over somebody's modules directory: see modcopy.h. Whatever is no module and none of three lists is passed by, and so are
 * directories that become empty by that.
 */
#include "core/image/modcopy.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32
#define LIST_MAX ((size_t)16 << 20)

/* What a kernel's build writes and depmod reads. */
static const char *const lists[] = {"modules.order", "modules.builtin", "modules.builtin.modinfo"};
static const char *const packed_by[] = {".gz", ".xz", ".zst", ""};

struct walk {
	struct op *op;
	uint64_t bytes;
	size_t modules;
};

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && memcmp(s + len - n, end, n) == 0;
}

/* Length of the name without what its packer appended, 0 when it is no module's. */
static size_t plain_len(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(packed_by); i++)
		if (ends_with(name, len, packed_by[i])) {
			len -= strlen(packed_by[i]);
			break;
		}
	return ends_with(name, len, ".ko") ? len : 0;
}

static int put(const char *path, const struct buf *content, struct err *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, errno, _("cannot create %s"), path);
	if (fd_write_all(fd, content->data, content->len, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

static int copy_list(const char *from, const char *to, struct err *e)
{
	auto_buf text = {0};

	return fs_read_file(from, LIST_MAX, &text, e) < 0 ? -1 : put(to, &text, e);
}

static int count(struct walk *w, uint64_t bytes, const char *path, struct err *e)
{
	w->bytes += bytes;
	op_progress(w->op, (int64_t)w->bytes, -1);
	if (++w->modules > MODCOPY_MODULES_MAX)
		return err_set(e, ERR_PROTO, _("%s: more than %d modules"), path, MODCOPY_MODULES_MAX);
	if (w->bytes <= MODCOPY_TOTAL_MAX)
		return 0;
	err_set(e, ERR_PROTO, _("%s: the modules take more than %d MiB"), path, (int)(MODCOPY_TOTAL_MAX >> 20));
	return err_hint(e, _("leave their debugging information out: make modules_install INSTALL_MOD_STRIP=1"));
}

int modcopy_read(struct op *op, const char *path, struct buf *ret, struct err *e)
{
	auto_buf file = {0};

	if (path[plain_len(path)] == '\0')
		return fs_read_file(path, MODCOPY_MODULE_MAX, ret, e);
	if (fs_read_file(path, MODCOPY_MODULE_MAX, &file, e) < 0)
		return -1;
	return tar_inflate(op, file.data, file.len, MODCOPY_MODULE_MAX, ret, e) < 0 ? err_wrap(e, "%s", path) : 0;
}

/* Without what their packers appended, two files may have one name. */
static int check_twin(const char *from, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(packed_by); i++) {
		auto_free char *other = xasprintf("%.*s%s", (int)plain_len(from), from, packed_by[i]);
		bool is_first = strcmp(from, other) < 0;

		if (strcmp(from, other) == 0 || !fs_exists(other))
			continue;
		err_set(e, ERR_PROTO, _("%s and %s are the same module"), is_first ? from : other,
			is_first ? other : from);
		return err_hint(e, _("leave only one of the two in the directory"));
	}
	return 0;
}

static int copy_module(struct walk *w, const char *from, const char *to, struct err *e)
{
	auto_buf content = {0};

	if (op_check(w->op, e) < 0 || check_twin(from, e) < 0 || modcopy_read(w->op, from, &content, e) < 0 ||
	    count(w, content.len, from, e) < 0)
		return -1;
	return put(to, &content, e);
}

static int copy_dir(struct walk *w, const char *from, const char *to, int depth, struct err *e);

static int copy_entry(struct walk *w, const char *from_dir, const char *to_dir, const struct dirent *de, int depth, struct err *e)
{
	size_t len = plain_len(de->d_name);
	auto_free char *from = xasprintf("%s/%s", from_dir, de->d_name);
	auto_free char *to = xasprintf("%s/%.*s", to_dir, (int)(len ? len : strlen(de->d_name)), de->d_name);
	struct stat st;

	if (lstat(from, &st) < 0)
		return err_sys(e, errno, _("cannot look at %s"), from);
	if (S_ISDIR(st.st_mode)) /* below these two are sources where they are no links */
		return depth == 0 && (strcmp(de->d_name, "build") == 0 || strcmp(de->d_name, "source") == 0)
			       ? 0
			       : copy_dir(w, from, to, depth + 1, e);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (len > 0)
		return copy_module(w, from, to, e);
	for (size_t i = 0; depth == 0 && i < ARRAY_LEN(lists); i++)
		if (strcmp(de->d_name, lists[i]) == 0)
			return copy_list(from, to, e);
	return 0;
}

static int copy_dir(struct walk *w, const char *from, const char *to, int depth, struct err *e)
{
	struct dirent *de;
	int rc = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_PROTO, _("%s nests too deeply"), from);
	if (fs_mkdir_p(to, 0700, e) < 0)
		return -1;
	DIR *d = opendir(from);
	if (!d)
		return err_sys(e, errno, _("cannot read %s"), from);
	while (rc == 0 && (de = readdir(d)))
		if (de->d_name[0] != '.')
			rc = copy_entry(w, from, to, de, depth, e);
	closedir(d);
	if (rc == 0)
		(void)rmdir(to); /* nothing was taken of it */
	return rc;
}

int modcopy(struct op *op, const char *from, const char *to, struct err *e)
{
	struct walk w = {.op = op};

	if (copy_dir(&w, from, to, 0, e) < 0)
		return -1;
	return fs_mkdir_p(to, 0700, e);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool holds_modules(const char *dir)
{
	static const char *const marks[] = {"kernel", "modules.order", "modules.builtin", "modules.dep"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, marks[i]);

		if (fs_exists(path))
			return true;
	}
	return false;
}

static const char *const places[] = {"/lib/modules", "/usr/lib/modules", ""};

/* Names of directories of modules there are, joined by commas. */
static void name_others(const char *dir, struct buf *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		auto_free char *place = xasprintf("%s%s", dir, places[i]);
		DIR *d = opendir(place);
		struct dirent *de;

		while (d && (de = readdir(d)) && ret->len < 200) {
			auto_free char *path = xasprintf("%s/%s", place, de->d_name);

			if (de->d_name[0] != '.' && is_dir(path) && holds_modules(path) && !strstr(buf_cstr(ret), de->d_name))
				buf_addf(ret, "%s%s", ret->len ? ", " : "", de->d_name);
		}
		if (d)
			closedir(d);
	}
}

int modcopy_find(const char *dir, const char *release, char ret[PATHS_MAX], struct err *e)
{
	auto_buf others = {0};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (strlen(dir) + strlen(release) < PATHS_MAX - 64 &&
		    is_dir(path_join(ret, PATHS_MAX, dir, "%s/%s", places[i], release)))
			return 0;
	if (holds_modules(dir)) {
		str_copy(ret, PATHS_MAX, dir);
		return 0;
	}
	if (access(dir, R_OK | X_OK) < 0 || !is_dir(dir))
		return err_sys(e, errno ? errno : ENOTDIR, _("cannot read the modules directory %s"), dir);
	name_others(dir, &others);
	err_set(e, ERR_NOT_FOUND, _("in %s there are no modules of kernel %s"), dir, release);
	if (others.len > 0)
		return err_hint(e, _("there are those of %s: kernel and modules have to be of one build"), buf_cstr(&others));
	return err_hint(e, _("give the directory that holds lib/modules/%s, or that one itself"), release);
}
