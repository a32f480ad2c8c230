/* SPDX-License-Identifier: MIT */
/*
 * See bundle.h. Both kinds are rows of one table; what a part must look like inside is the business of who builds an image or a kernel
 * of it.
 *
 * Parts are written with holes for their zeros, so that a file system comes out as sparse as it went in; what is measured against the
 * bundle's size is what was really written.
 */
#include "core/image/bundle.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/tar.h"
#include "base/utf8.h"
#include "core/image/download.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB ((uint64_t)1 << 30)
#define MIB ((uint64_t)1 << 20)
#define ENTRIES_MAX 16 /* that are looked at: a bundle has three */
#define RATIO_MAX 250  /* written to read, looked at from RATIO_FROM on */
#define RATIO_FROM (256 * MIB)
#define HOLE_BLOCK 4096
#define PROGRESS_BYTES (4 * MIB)

struct part_rule {
	const char *names[2]; /* either; the second may be NULL */
	uint64_t max_bytes;
};

static const struct {
	const char *name;
	struct part_rule parts[BUNDLE_PARTS_MAX];
	size_t n_parts;
	uint64_t max_bytes; /* of the archive inside */
} kinds[] = {
	[BUNDLE_IMAGE] = {"image", {{{"rootfs.tar", "rootfs.ext4"}, 128 * GIB}}, 1, 129 * GIB},
	[BUNDLE_KERNEL] = {"kernel",
			   {{{"vmlinuz", "vmlinux"}, 512 * MIB}, {{"modules.tar", NULL}, 8 * GIB}},
			   2,
			   9 * GIB},
};

const char *bundle_kind_to_string(enum bundle_kind kind)
{
	return kinds[kind].name;
}

/* ---- fetching */

int bundle_check_url(const char *url, struct err *e)
{
	return download_check_url(url, e);
}

int bundle_fetch(struct op *op, const struct image_ctx *ctx, const struct bundle_source *src, struct err *e)
{
	auto_blob_cache cache = {-1};
	struct download_args a = {
		.cache = &cache, .access = ctx->oci, .url = src->url, .sha256 = src->sha256, .size = src->size};
	uint64_t avail, total;

	if (blob_cache_open(ctx->paths->cache, &cache, e) < 0 || fs_space(ctx->paths->cache, &avail, &total, e) < 0)
		return -1;
	if (avail < src->size - MIN(src->size, blob_have(&cache, src->sha256))) {
		err_set(e, ERR_SPACE, _("no room in %s for a bundle of %llu bytes"), ctx->paths->cache,
			(unsigned long long)src->size);
		return err_hint(e, _("`banger-tui image prune` empties the cache"));
	}
	op_stage(op, N_("download"));
	return download(op, &a, e);
}

/* ---- walking */

struct walk {
	struct op *op;
	const struct bundle_unpack_args *args;
	struct bundle *bundle;
	struct tar_reader *tar;
	struct buf manifest;
	bool has_manifest;
	uint64_t written; /* holes left out */
	uint64_t total;	  /* bytes of the bundle; 0: unknown */
	uint64_t shown;
};

static int refuse(const struct walk *w, const char *name, const char *why, struct err *e)
{
	auto_buf shown = {0};

	utf8_clean(&shown, *name ? name : "/", strnlen(name, 200) + !*name, false);
	return err_set(e, ERR_PROTO, _("%s: '%s' refused: %s"), w->args->what, buf_cstr(&shown), why);
}

/* Which part of its kind has this name, and the name as ours; -1: none. */
static int find_part(enum bundle_kind kind, const char *name, const char **ret_name)
{
	for (size_t i = 0; i < kinds[kind].n_parts; i++) {
		for (size_t k = 0; k < ARRAY_LEN(kinds[kind].parts[i].names); k++) {
			*ret_name = kinds[kind].parts[i].names[k];
			if (*ret_name && strcmp(*ret_name, name) == 0)
				return (int)i;
		}
	}
	return -1;
}

/* Of either kind. */
static bool is_part(const char *name)
{
	const char *which;

	return find_part(BUNDLE_IMAGE, name, &which) >= 0 || find_part(BUNDLE_KERNEL, name, &which) >= 0;
}

static bool is_zero(const char *data, size_t len)
{
	return data[0] == '\0' && memcmp(data, data + 1, len - 1) == 0;
}

/* Bytes of a part, and where they belong in it. */
struct piece {
	const char *data;
	size_t len;
	uint64_t offset;
};

static int write_piece(struct walk *w, int fd, struct piece p, struct err *e)
{
	w->written += p.len;
	while (p.len > 0) {
		ssize_t n = pwrite(fd, p.data, p.len, (off_t)p.offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, _("unpack %s"), w->args->what);
		p = (struct piece){p.data + n, p.len - (size_t)n, p.offset + (uint64_t)n};
	}
	return 0;
}

static struct piece slice(const struct piece *p, size_t from, size_t to)
{
	return (struct piece){p->data + from, to - from, p->offset + from};
}

/* Whole blocks of zeros are left as holes; runs of others are written at once. */
static int write_sparse(struct walk *w, int fd, const struct piece *p, struct err *e)
{
	size_t from = 0, at = 0;

	while (at < p->len) {
		size_t n = MIN(p->len - at, HOLE_BLOCK - (size_t)((p->offset + at) % HOLE_BLOCK));

		if (is_zero(p->data + at, n)) {
			if (write_piece(w, fd, slice(p, from, at), e) < 0)
				return -1;
			from = at + n;
		}
		at += n;
	}
	return write_piece(w, fd, slice(p, from, at), e);
}

static void show_progress(struct walk *w)
{
	uint64_t done = tar_reader_consumed(w->tar);

	if (done - w->shown < PROGRESS_BYTES)
		return;
	w->shown = done;
	op_progress(w->op, (int64_t)done, w->total ? (int64_t)w->total : -1);
}

static int copy_part(struct walk *w, const struct tar_entry *t, int fd, struct err *e)
{
	struct piece p;
	const void *data;
	int rc;

	while ((rc = tar_reader_data(w->op, w->tar, &data, &p.len, &p.offset, e)) > 0) {
		p.data = data;
		if (p.offset > t->size || p.len > t->size - p.offset)
			return refuse(w, t->name, _("it has more bytes than it says"), e);
		if (write_sparse(w, fd, &p, e) < 0)
			return -1;
		if (w->written > RATIO_FROM && w->written / RATIO_MAX > tar_reader_consumed(w->tar))
			return err_set(e, ERR_PROTO, _("%s: unpacks to more than %d times its size"), w->args->what,
				       RATIO_MAX);
		show_progress(w);
	}
	if (rc == 0 && ftruncate(fd, (off_t)t->size) < 0)
		return err_sys(e, errno, _("unpack %s"), w->args->what);
	return rc;
}

static int take_part(struct walk *w, const struct tar_entry *t, int i, const char *name, struct err *e)
{
	char path[PATHS_MAX];
	auto_fd fd = -1;

	if (w->bundle->parts[i])
		return refuse(w, t->name,
			      strcmp(w->bundle->parts[i], name) == 0 ? _("it is there twice")
								     : _("there is one of these already"),
			      e);
	if (t->size > kinds[w->args->kind].parts[i].max_bytes)
		return refuse(w, t->name, _("it is too big"), e);
	fd = open(path_join(path, sizeof(path), w->args->dir, "%s", name),
		  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, errno, _("cannot create %s"), path);
	w->bundle->parts[i] = name;
	return copy_part(w, t, fd, e);
}

static int take_manifest(struct walk *w, const struct tar_entry *t, struct err *e)
{
	const void *data;
	uint64_t offset;
	size_t len;
	int rc;

	if (w->has_manifest)
		return refuse(w, t->name, _("it is there twice"), e);
	if (t->size > BUNDLE_MANIFEST_MAX)
		return refuse(w, t->name, _("it is too big"), e);
	w->has_manifest = true;
	while ((rc = tar_reader_data(w->op, w->tar, &data, &len, &offset, e)) > 0) {
		if (offset != w->manifest.len || len > BUNDLE_MANIFEST_MAX - w->manifest.len)
			return refuse(w, t->name, _("it has holes, or more bytes than it says"), e);
		buf_add(&w->manifest, data, len);
	}
	return rc;
}

static int take_entry(struct walk *w, const struct tar_entry *t, struct err *e)
{
	const char *name;
	int i = find_part(w->args->kind, t->name, &name);
	bool is_manifest = strcmp(t->name, BUNDLE_MANIFEST) == 0;

	if (i < 0 && is_part(t->name))
		return refuse(w, t->name,
			      w->args->kind == BUNDLE_IMAGE ? _("it is a kernel's, and this is to be an image")
							    : _("it is an image's, and this is to be a kernel"),
			      e);
	if (i < 0 && !is_manifest)
		return refuse(w, t->name, _("a bundle of this kind has no such member"), e);
	if (t->type != TAR_FILE)
		return refuse(w, t->name, _("it is no plain file"), e);
	return is_manifest ? take_manifest(w, t, e) : take_part(w, t, i, name, e);
}

static int walk_all(struct walk *w, struct err *e)
{
	const struct bundle_unpack_args *a = w->args;
	struct tar_limits lim = {
		.max_entries = ENTRIES_MAX, .max_bytes = kinds[a->kind].max_bytes, .max_ratio = UINT32_MAX};
	struct tar_entry t;
	int rc = -1;

	w->tar = tar_reader_new(w->op, a->fd, a->what, &lim, e);
	while (w->tar && (rc = tar_reader_next(w->op, w->tar, &t, e)) > 0)
		if (take_entry(w, &t, e) < 0)
			return -1;
	return rc;
}

/* ---- the manifest */

static void json_free_auto(struct json **root)
{
	json_free(*root);
}

/* One word that may be shown and be part of a path: the release of a kernel. */
static bool is_word(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-");

	return n > 0 && s[n] == '\0' && s[0] != '.' && s[0] != '-';
}

static int complain(const struct walk *w, const char *member, const char *why, struct err *e)
{
	return err_set(e, ERR_PROTO, _("%s: manifest.json: \"%s\" %s"), w->args->what, member, why);
}

static int check_made_for(const struct walk *w, const struct json *root, struct err *e)
{
	const char *kind = json_str(root, "kind"), *arch = json_str(root, "architecture");

	if (json_int(root, "version", -1) != BUNDLE_VERSION)
		return complain(w, "version", _("must be 1: this program knows no other"), e);
	if (!kind || strcmp(kind, kinds[w->args->kind].name) != 0)
		return complain(w, "kind",
				w->args->kind == BUNDLE_IMAGE ? _("must be \"image\"") : _("must be \"kernel\""), e);
	if (!arch || !is_word(arch))
		return complain(w, "architecture", _("must name what it runs on, as \"amd64\""), e);
	if (strcmp(arch, catalog_arch()) != 0)
		return err_set(e, ERR_NOT_FOUND, _("%s is for %.32s, and this machine is %s"), w->args->what, arch,
			       catalog_arch());
	return 0;
}

static int read_manifest(const struct walk *w, struct bundle *ret, struct err *e)
{
	auto_free char *what = xasprintf("%s: %s", w->args->what, BUNDLE_MANIFEST);
	auto_call(json_free_auto) struct json *root = json_parse(buf_cstr(&w->manifest), w->manifest.len, what, e);
	const char *name, *about, *release;
	auto_buf clean = {0};

	if (!root)
		return -1;
	if (!json_is_object(root))
		return err_set(e, ERR_PROTO, _("%s: must hold an object"), what);
	if (check_made_for(w, root, e) < 0)
		return -1;
	name = json_str(root, "name");
	if (name && strlen(name) < sizeof(ret->name) && name_check_object(kinds[ret->kind].name, name, NULL) == 0)
		str_copy(ret->name, sizeof(ret->name), name);
	about = json_str(root, "about");
	utf8_clean(&clean, about ? about : "", about ? strlen(about) : 0, false);
	if (clean.len < sizeof(ret->about))
		str_copy(ret->about, sizeof(ret->about), buf_cstr(&clean));
	release = json_str(root, "release");
	if (ret->kind != BUNDLE_KERNEL)
		return 0;
	if (!release || !is_word(release) || strlen(release) >= sizeof(ret->release))
		return complain(w, "release", _("must be the kernel's, as `uname -r` tells it"), e);
	str_copy(ret->release, sizeof(ret->release), release);
	return 0;
}

static int check_whole(const struct walk *w, struct err *e)
{
	for (size_t i = 0; i < kinds[w->args->kind].n_parts; i++) {
		const struct part_rule *r = &kinds[w->args->kind].parts[i];

		if (w->bundle->parts[i])
			continue;
		return r->names[1] ? err_set(e, ERR_PROTO, _("%s: the bundle has no %s and no %s"), w->args->what,
					     r->names[0], r->names[1])
				   : err_set(e, ERR_PROTO, _("%s: the bundle has no %s"), w->args->what, r->names[0]);
	}
	return w->has_manifest ? 0
			       : err_set(e, ERR_PROTO, _("%s: the bundle has no %s"), w->args->what, BUNDLE_MANIFEST);
}

static void remove_parts(const struct walk *w)
{
	char path[PATHS_MAX];

	for (size_t i = 0; i < BUNDLE_PARTS_MAX; i++)
		if (w->bundle->parts[i])
			(void)!fs_unlink(path_join(path, sizeof(path), w->args->dir, "%s", w->bundle->parts[i]), NULL);
}

int bundle_unpack(struct op *op, const struct bundle_unpack_args *a, struct bundle *ret, struct err *e)
{
	struct walk w = {.op = op, .args = a, .bundle = ret};
	struct stat st;
	int rc;

	*ret = (struct bundle){.kind = a->kind};
	if (fstat(a->fd, &st) == 0 && S_ISREG(st.st_mode))
		w.total = (uint64_t)st.st_size;
	op_stage(op, N_("unpack bundle"));
	rc = walk_all(&w, e);
	tar_reader_free(w.tar);
	if (rc == 0 && (check_whole(&w, e) < 0 || read_manifest(&w, ret, e) < 0))
		rc = -1;
	buf_done(&w.manifest);
	if (rc < 0)
		remove_parts(&w);
	return rc;
}

int bundle_is_one(struct op *op, int fd, const char *what, struct err *e)
{
	struct tar_reader *tar = tar_reader_new(op, fd, what, NULL, e);
	int rc = tar ? 1 : -1, is = 0, files = 0;
	struct tar_entry t;

	while (rc > 0 && !is && files < ENTRIES_MAX) {
		rc = tar_reader_next(op, tar, &t, e);
		if (rc > 0 && t.type == TAR_DIR && t.name[0] == '\0' && files == 0)
			continue; /* of a bundle it is refused by name */
		if (rc > 0 && (t.type != TAR_FILE || strchr(t.name, '/')))
			break;
		is = rc > 0 && (is_part(t.name) || (files == 0 && strcmp(t.name, BUNDLE_MANIFEST) == 0));
		files++;
	}
	tar_reader_free(tar);
	if (rc >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, _("rewind %s"), what);
	return rc < 0 ? -1 : is;
}
