/* SPDX-License-Identifier: MIT */
/*
 * One builder a kind of entry, picked from a table; what is common to all (UUID, sizes, manifest) is done here.
 */
#include "core/image/image.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shword.h"
#include "core/disk/ext4.h"
#include "core/image/bundle.h"
#include "core/image/fetch.h"
#include "core/image/import.h"
#include "core/image/import_dir.h"
#include "core/image/mmdebstrap.h"
#include "core/image/oci.h"
#include "core/image/tiny.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void image_built_done(struct image_built *b)
{
	buf_done(&b->manifest);
}

int image_check_ext4(const char *path, const char *what, uint64_t *ret_bytes, struct err *e)
{
	auto_free char *word = strcmp(what, path) == 0 ? shword(path) : NULL;
	struct stat st;
	bool clean;

	if (ext4_is_clean(path, &clean, ret_bytes, e) < 0)
		return -1;
	if (!clean) {
		err_set(e, ERR_STATE, _("%s was not left in order: its journal is not empty, or it has errors"), what);
		return word ? err_hint(e, "e2fsck -f %s", word) : -1;
	}
	if (ext4_can_be_root(path, what, word, e) < 0)
		return -1;
	if (stat(path, &st) < 0)
		return err_sys(e, errno, _("open %s"), what);
	if ((uint64_t)st.st_size < *ret_bytes)
		return err_set(e, ERR_PROTO, _("%s is cut off: its file system has %llu bytes, the file %llu"), what,
			       (unsigned long long)*ret_bytes, (unsigned long long)st.st_size);
	return 0;
}

static int build_busybox(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			 const char *staging, struct image_built *b, struct err *e)
{
	struct kit kit;

	if (fetch_kit(op, ctx, entry, staging, &kit, e) < 0)
		return -1;
	op_stage(op, N_("write image"));
	b->size_bytes = IMPORT_MIN_NOMINAL_BYTES;
	str_copy(b->init, sizeof(b->init), import_init_to_string(IMPORT_INIT_NONE));
	for (int i = 0; i < kit.n_parts; i++)
		if (strcmp(kit.parts[i].name, "busybox") == 0)
			str_copy(b->digest, sizeof(b->digest), kit.parts[i].digest);
	return tiny_build(op, &kit, b->rootfs, b->size_bytes, b->rootfs_uuid, &b->used_bytes, e);
}

static int run_mmdebstrap(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			  const char *tar, struct err *e)
{
	auto_fd fd = open(tar, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct mmdebstrap_args a = {
		.use = MMDEBSTRAP_CONFIGURE,
		.suite = entry->suite,
		.variant = entry->variant,
		.components = entry->components,
		.packages = (const char(*)[CATALOG_WORD_SIZE])entry->packages,
		.n_packages = entry->n_packages,
		.mirror = ctx->mirror,
		.out_fd = fd,
	};

	if (fd < 0)
		return err_sys(e, errno, _("cannot create %s"), tar);
	return mmdebstrap_run(op, &a, e);
}

/* `what` names it in messages. */
static int unpack_archive(struct op *op, const char *tar, const char *what, struct image_built *b, struct err *e)
{
	struct import_tar_args a = {.tar_path = tar, .fd = -1, .what = what, .dst = b->rootfs, .uuid = b->rootfs_uuid};
	struct import_info info;

	op_stage(op, N_("write image"));
	id_uuid(b->rootfs_uuid);
	if (import_tar(op, &a, &info, e) < 0)
		return -1;
	b->size_bytes = info.nominal_bytes;
	b->used_bytes = info.bytes;
	str_copy(b->init, sizeof(b->init), import_init_to_string(info.init));
	return 0;
}

static int import_archive(struct op *op, const char *tar, struct image_built *b, struct err *e)
{
	op_stage(op, N_("check archive"));
	return digest_file(op, tar, b->digest, NULL, e) < 0 ? -1 : unpack_archive(op, tar, tar, b, e);
}

static int build_mmdebstrap(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			    const char *staging, struct image_built *b, struct err *e)
{
	char tar[PATHS_MAX];
	int rc;

	path_join(tar, sizeof(tar), staging, "packages.tar");
	rc = run_mmdebstrap(op, ctx, entry, tar, e);
	if (rc == 0)
		rc = import_archive(op, tar, b, e);
	(void)unlink(tar);
	return rc;
}

/* A file system is taken as it is: nothing of it is looked into but its superblock. */
static int adopt_ext4(struct op *op, const char *path, struct image_built *b, struct err *e)
{
	if (image_check_ext4(path, path, &b->size_bytes, e) < 0)
		return -1;
	op_stage(op, N_("check archive"));
	if (digest_file(op, path, b->digest, NULL, e) < 0)
		return -1;
	op_stage(op, N_("write image"));
	return fs_copy_sparse(op, path, b->rootfs, 0600, e);
}

/* What the file system that stands in its place says of itself. */
static int read_ext4(struct image_built *b, struct err *e)
{
	if (ext4_uuid_read(b->rootfs, b->rootfs_uuid, e) < 0 || ext4_used_bytes(b->rootfs, &b->used_bytes, e) < 0)
		return -1;
	str_copy(b->init, sizeof(b->init), import_init_to_string(IMPORT_INIT_OTHER));
	return 0;
}

/* The same, and whether it is one at all; `what` names it in messages. */
static int keep_ext4(const char *what, struct image_built *b, struct err *e)
{
	if (ext4_uuid_read(b->rootfs, b->rootfs_uuid, NULL) < 0)
		return err_set(e, ERR_PROTO, _("%s is not an ext4 file system"), what);
	return image_check_ext4(b->rootfs, what, &b->size_bytes, e) < 0 ? -1 : read_ext4(b, e);
}

/* Its root file system is where the image's belongs already, or is an archive that goes when it has been read. */
static int take_bundle(struct op *op, const struct bundle_unpack_args *a, struct image_built *b, struct err *e)
{
	auto_free char *what = NULL;
	struct bundle bundle;
	char path[PATHS_MAX];
	int rc;

	if (bundle_unpack(op, a, &bundle, e) < 0)
		return -1;
	what = xasprintf(_("%s in %s"), bundle.parts[BUNDLE_ROOTFS], a->what);
	path_join(path, sizeof(path), a->dir, "%s", bundle.parts[BUNDLE_ROOTFS]);
	if (strcmp(path, b->rootfs) == 0)
		return keep_ext4(what, b, e);
	rc = unpack_archive(op, path, what, b, e);
	(void)unlink(path);
	return rc;
}

static int build_bundle(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *staging,
			struct image_built *b, struct err *e)
{
	struct bundle_source src = {entry->url, entry->sha256, entry->size};
	auto_fd fd = bundle_fetch(op, ctx, &src, e);
	struct bundle_unpack_args a = {.fd = fd, .what = entry->url, .kind = BUNDLE_IMAGE, .dir = staging};

	if (fd < 0)
		return -1;
	str_copy(b->digest, sizeof(b->digest), entry->sha256);
	return take_bundle(op, &a, b, e);
}

/* An archive of a root, or a bundle that somebody has as a file. */
static int import_file(struct op *op, const char *path, const char *staging, struct image_built *b, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bundle_unpack_args a = {.fd = fd, .what = path, .kind = BUNDLE_IMAGE, .dir = staging};
	int rc;

	if (fd < 0)
		return err_sys(e, errno, _("open %s"), path);
	rc = bundle_is_one(op, fd, path, e);
	if (rc <= 0)
		return rc < 0 ? -1 : import_archive(op, path, b, e);
	op_stage(op, N_("check archive"));
	return digest_file(op, path, b->digest, NULL, e) < 0 ? -1 : take_bundle(op, &a, b, e);
}

/* What was left out of a directory. */
static void note_left_out(const struct import_dir_info *info, struct image_built *b)
{
	auto_buf note = {0};

	if (info->sockets)
		buf_addf(&note, _("sockets left out: %llu"), (unsigned long long)info->sockets);
	if (info->sockets && info->mounts)
		buf_adds(&note, "; ");
	if (info->mounts)
		buf_addf(&note, _("mounted there and not entered: %llu"), (unsigned long long)info->mounts);
	if (note.len < sizeof(b->note))
		str_copy(b->note, sizeof(b->note), buf_cstr(&note));
}

static int import_tree(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, struct image_built *b, struct err *e)
{
	struct import_dir_args a = {.dir = entry->path,
				    .dst = b->rootfs,
				    .uuid = b->rootfs_uuid,
				    .except = ctx->paths->state,
				    .keep_owners = entry->keep_owners};
	struct import_dir_info info;

	op_stage(op, N_("write image"));
	id_uuid(b->rootfs_uuid);
	if (import_dir(op, &a, &info, e) < 0)
		return -1;
	b->size_bytes = info.image.nominal_bytes;
	b->used_bytes = info.image.bytes;
	str_copy(b->init, sizeof(b->init), import_init_to_string(info.image.init));
	note_left_out(&info, b);
	return 0;
}

/* Owners of an archive or an ext4 are those in it. */
static int check_owners(const struct catalog_entry *entry, struct err *e)
{
	if (!entry->keep_owners)
		return 0;
	err_set(e, ERR_USAGE, _("only a directory's owners can be kept or not, and %s is a file"), entry->path);
	return err_hint(e, _("leave --keep-owners out"));
}

static int build_import(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *staging,
			struct image_built *b, struct err *e)
{
	char uuid[UUID_SIZE];
	struct stat st;

	if (stat(entry->path, &st) < 0)
		return err_sys(e, errno, _("open %s"), entry->path);
	if (S_ISDIR(st.st_mode))
		return import_tree(op, ctx, entry, b, e);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, _("%s is neither a file nor a directory"), entry->path);
	if (check_owners(entry, e) < 0)
		return -1;
	if (ext4_uuid_read(entry->path, uuid, NULL) == 0)
		return adopt_ext4(op, entry->path, b, e) < 0 ? -1 : read_ext4(b, e);
	return import_file(op, entry->path, staging, b, e);
}

static int (*const builders[])(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			       const char *staging, struct image_built *b, struct err *e) = {
	[CATALOG_MMDEBSTRAP] = build_mmdebstrap,
	[CATALOG_BUSYBOX] = build_busybox,
	[CATALOG_REGISTRY] = oci_image_build,
	[CATALOG_UNPACK] = build_bundle,
	[CATALOG_IMPORT] = build_import,
};

void image_built_tell(const struct image_built *b, struct jw *w)
{
	jw_str(w, "rootfs_uuid", b->rootfs_uuid);
	jw_str(w, "init", b->init);
	if (b->digest[0])
		jw_str(w, "source_sha256", b->digest);
	jw_int(w, "size_bytes", (int64_t)b->size_bytes);
	jw_int(w, "used_bytes", (int64_t)b->used_bytes);
	jw_end(w);
}

static void write_manifest(const struct catalog_entry *entry, struct image_built *b)
{
	struct jw w = jw_init(&b->manifest);

	jw_obj(&w, NULL);
	jw_int(&w, "version", IMAGE_MANIFEST_VERSION);
	jw_str(&w, "kind", "image");
	jw_str(&w, "name", entry->name);
	jw_str(&w, "source", catalog_kind_to_string(entry->kind));
	if (entry->kind == CATALOG_OCI)
		jw_str(&w, "reference", entry->reference);
	else if (entry->kind == CATALOG_BUNDLE)
		jw_str(&w, "url", entry->url);
	else if (entry->kind == CATALOG_LOCAL)
		jw_str(&w, "file", entry->path);
	else
		jw_str(&w, "suite", entry->suite);
	image_built_tell(b, &w);
	buf_addc(&b->manifest, '\n');
}

int image_fetch(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *staging,
		struct image_built *ret, struct err *e)
{
	path_join(ret->rootfs, sizeof(ret->rootfs), staging, "%s", IMAGE_ROOTFS);
	if (builders[entry->builder](op, ctx, entry, staging, ret, e) < 0)
		return -1;
	ret->alloc_bytes = fs_allocated(ret->rootfs);
	write_manifest(entry, ret);
	return 0;
}
