/* SPDX-License-Identifier: MIT */
/*
 * A pipe cannot be read twice (import.h), so the file system is made for the most there can be at once, which costs nothing: it is
 * sparse.
 */
#include "core/image/saved.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/image/import.h"
#include "core/image/oci.h"

#include <stdio.h>
#include <string.h>

#define HEADERS_BYTES ((uint64_t)4 << 30) /* of four million entries; an archive is longer than what is in it */

/* As much again, for what the guest writes meanwhile and for metadata. */
static uint64_t expected_bytes(const struct saved_args *a)
{
	return MAX(a->content_bytes + a->content_bytes / 2, IMPORT_MIN_NOMINAL_BYTES);
}

static uint64_t most_bytes(const struct saved_args *a)
{
	return a->base->size_bytes + a->vm->cfg.overlay_bytes + a->vm->cfg.work_bytes + HEADERS_BYTES;
}

/* A file of ours, and checked when it was written. */
static int copy_config(const struct saved_args *a, const char *staging, struct err *e)
{
	auto_buf text = {0};
	char from[PATHS_MAX], to[PATHS_MAX];
	struct err missing = {0};

	path_join(from, sizeof(from), a->base_dir, "%s", IMAGE_OCI_CONFIG);
	path_join(to, sizeof(to), staging, "%s", IMAGE_OCI_CONFIG);
	if (fs_read_file(from, OCI_TEXT_MAX, &text, &missing) < 0)
		return missing.code == ERR_NOT_FOUND ? 0 : err_join(e, &missing);
	return fs_write_atomic(to, buf_cstr(&text), text.len, 0600, e);
}

static void write_manifest(const struct saved_args *a, struct image_built *b)
{
	struct jw w = jw_init(&b->manifest);

	jw_obj(&w, NULL);
	jw_int(&w, "version", IMAGE_MANIFEST_VERSION);
	jw_str(&w, "kind", "image");
	jw_str(&w, "name", a->name);
	jw_str(&w, "source", IMAGE_SAVED_SOURCE);
	jw_str(&w, "vm", a->vm->name);
	jw_str(&w, "vm_id", a->vm->id);
	jw_str(&w, "base", a->base->name);
	jw_str(&w, "base_id", a->base->id);
	image_built_tell(b, &w);
	buf_addc(&b->manifest, '\n');
}

int saved_build(struct op *op, const struct saved_args *a, const char *staging, struct image_built *ret, struct err *e)
{
	char what[VM_NAME_SIZE + 32];
	struct import_tar_args t = {.fd = a->fd,
				    .what = what,
				    .dst = ret->rootfs,
				    .uuid = ret->rootfs_uuid,
				    .min_bytes = expected_bytes(a),
				    .limits = {.max_bytes = most_bytes(a)}};
	struct import_info info;

	snprintf(what, sizeof(what), _("archive of VM '%s'"), a->vm->name);
	path_join(ret->rootfs, sizeof(ret->rootfs), staging, "%s", IMAGE_ROOTFS);
	id_uuid(ret->rootfs_uuid);
	op_stage(op, N_("write image"));
	if (import_tar(op, &t, &info, e) < 0 || copy_config(a, staging, e) < 0)
		return -1;
	ret->size_bytes = info.nominal_bytes;
	ret->used_bytes = info.bytes;
	ret->alloc_bytes = fs_allocated(ret->rootfs);
	str_copy(ret->init, sizeof(ret->init), import_init_to_string(info.init));
	write_manifest(a, ret);
	return 0;
}
