/* SPDX-License-Identifier: MIT */
/*
 * file_sync: files and directories of the person's, carried into /root by the seed disk.
 *
 * The host side is trusted (it is the person's own configuration), yet bounded: the seed is rebuilt at every start, so
 * a directory named by mistake must not fill memory and disk. A symbolic link to a file is carried as that file, since
 * its target means nothing in the guest; links to directories, sockets and the like are left out with a warning.
 * Entries of a directory are sorted, so equal content gives an equal seed.
 */
#include "core/guest/seed_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "wire/seed.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 32
#define FILE_MODE 0600

struct walk {
	struct op *op;
	const struct seed_args *a;
	const struct seed_file *f;
	struct tar_writer *w;
	uint64_t total;
};

static bool has_dot_dot(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += n + (path[n] == '/');
	}
	return false;
}

/* The part below the guest's /root, NULL when the path is not beneath it. */
static const char *below_root(const char *guest)
{
	const char *rest = NULL;

	if (strncmp(guest, "~/", 2) == 0)
		rest = guest + 2;
	else if (strncmp(guest, "/root/", 6) == 0)
		rest = guest + 6;
	while (rest && *rest == '/')
		rest++;
	return rest && *rest ? rest : NULL;
}

int seed_file_check(const struct seed_file *f, struct err *e)
{
	if (strncmp(f->host, "~/", 2) != 0 && f->host[0] != '/')
		return err_set(e, ERR_USAGE, _("file_sync '%s': host path '%s' must be absolute or begin with ~/"),
			       f->name, f->host);
	if (!below_root(f->guest))
		return err_set(e, ERR_USAGE, _("file_sync '%s': guest path '%s' must be beneath /root"), f->name,
			       f->guest);
	if (has_dot_dot(f->host) || has_dot_dot(f->guest))
		return err_set(e, ERR_USAGE, _("file_sync '%s': a path must not contain '..'"), f->name);
	if (f->mode > 07777)
		return err_set(e, ERR_USAGE, _("file_sync '%s': mode %o is out of range"), f->name, (unsigned)f->mode);
	return 0;
}

static void warn(const struct walk *k, const char *host, const char *why)
{
	auto_free char *msg = xasprintf(_("file_sync '%s': %s: %s"), k->f->name, host, why);

	if (k->a->on_warning)
		k->a->on_warning(k->a->arg, msg);
}

static int add_file(struct walk *k, const char *host, const char *member, const struct stat *st, mode_t mode,
		    struct err *e)
{
	auto_buf text = {0};
	struct tar_meta meta = {.mode = mode & 07777, .mtime = st->st_mtime};
	struct err why = {0};

	if (k->total + (uint64_t)st->st_size > SEED_FILES_MAX)
		return err_set(e, ERR_USAGE, _("file_sync '%s': more than %llu MiB in all"), k->f->name,
			       SEED_FILES_MAX >> 20);
	if (fs_read_file(host, SEED_FILES_MAX - k->total, &text, &why) < 0) {
		warn(k, host, why.msg);
		return 0;
	}
	k->total += text.len;
	return tar_writer_file(k->w, member, &meta, buf_cstr(&text), text.len, e);
}

static int add_path(struct walk *k, const char *host, const char *member, int depth, struct err *e);

static int add_children(struct walk *k, const char *host, const char *member, int depth, struct err *e)
{
	struct dirent **names = NULL;
	int n = scandir(host, &names, NULL, alphasort);
	int rc = 0;

	if (n < 0)
		warn(k, host, err_strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (rc == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			auto_free char *sub_host = xasprintf("%s/%s", host, name);
			auto_free char *sub_member = xasprintf("%s/%s", member, name);

			rc = add_path(k, sub_host, sub_member, depth + 1, e);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

static int add_dir(struct walk *k, const char *host, const char *member, const struct stat *st, int depth,
		   struct err *e)
{
	const struct tar_meta meta = {.mode = st->st_mode & 07777, .mtime = st->st_mtime};
	struct stat link;

	if (depth && lstat(host, &link) == 0 && S_ISLNK(link.st_mode)) {
		warn(k, host, _("a link to a directory is left out"));
		return 0;
	}
	if (depth == DEPTH_MAX)
		return err_set(e, ERR_USAGE, _("file_sync '%s': directories nested too deep"), k->f->name);
	if (tar_writer_dir(k->w, member, &meta, e) < 0)
		return -1;
	return add_children(k, host, member, depth, e);
}

static int add_path(struct walk *k, const char *host, const char *member, int depth, struct err *e)
{
	struct stat st;

	if (op_check(k->op, e) < 0)
		return -1;
	if (stat(host, &st) < 0) {
		warn(k, host, err_strerror(errno));
		return 0;
	}
	if (S_ISREG(st.st_mode)) {
		mode_t own = k->f->mode ? k->f->mode : FILE_MODE;

		return add_file(k, host, member, &st, depth ? st.st_mode : own, e);
	}
	if (S_ISDIR(st.st_mode))
		return add_dir(k, host, member, &st, depth, e);
	warn(k, host, _("neither a file nor a directory"));
	return 0;
}

int seed_files_add(struct op *op, const struct seed_args *a, struct tar_writer *w, struct err *e)
{
	const char *home = a->home ? a->home : getenv("HOME");
	struct walk k = {.op = op, .a = a, .w = w};

	for (int i = 0; i < a->n_files; i++) {
		const struct seed_file *f = &a->files[i];
		auto_free char *host =
			f->host[0] == '~' ? xasprintf("%s/%s", home ? home : "", f->host + 2) : xstrdup(f->host);
		auto_free char *member = xasprintf(WIRE_SEED_FILES "%s", below_root(f->guest));
		size_t n = strlen(member);

		while (n && member[n - 1] == '/')
			member[--n] = '\0';
		k.f = f;
		if (add_path(&k, host, member, 0, e) < 0)
			return -1;
	}
	return 0;
}
