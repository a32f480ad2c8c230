/* SPDX-License-Identifier: MIT */
/*
 * register: a row for an ext4 that stays where it is. promote: that file copied in, under the same id, so that machines made from it find
 * what they had, and nothing of them changes.
 *
 * Registering writes one row and makes nothing; so there is nothing to undo.
 */
#include "core/engine/publishing.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "core/image/registered.h"
#include "core/store/images.h"

#include <string.h>

static int add_row(struct vmjob *j, struct err *e)
{
	struct image row = {0};

	if (publishing_check_source(j->eng, j->req.path, e) < 0 || registered_look(j->req.path, &row, e) < 0)
		return -1;
	id_new(row.id);
	row.created_ms = clock_wall_ms();
	str_copy(row.name, sizeof(row.name), j->req.ref);
	str_copy(row.source, sizeof(row.source), catalog_kind_to_string(CATALOG_LOCAL));
	return images_put(j->store, &row, e);
}

int do_image_register(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc;

	j->run = r;
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0 && add_row(j, e) < 0)
		rc = err_wrap(e, _("register image '%s'"), j->req.ref);
	if (rc == 0)
		image_tidy(j); /* the build that had the name may be nobody's now */
	return vmjob_end(j, rc, e);
}

static void write_manifest(const struct image *im, struct buf *out)
{
	struct jw w = jw_init(out);

	jw_obj(&w, NULL);
	jw_int(&w, "version", 1);
	jw_str(&w, "kind", "image");
	jw_str(&w, "name", im->name);
	jw_str(&w, "source", im->source);
	jw_str(&w, "file", im->path);
	jw_str(&w, "rootfs_uuid", im->rootfs_uuid);
	jw_str(&w, "init", im->init);
	jw_int(&w, "size_bytes", (int64_t)im->size_bytes);
	jw_int(&w, "used_bytes", (int64_t)im->used_bytes);
	jw_end(&w);
	buf_addc(out, '\n');
}

/* It must not change while it is copied either. */
static int copy_in(struct op *op, const struct image *im, const struct publish *p, struct image *ret, struct err *e)
{
	char rootfs[PATHS_MAX];

	path_join(rootfs, sizeof(rootfs), p->staging, "%s", IMAGE_ROOTFS);
	op_stage(op, N_("write image"));
	if (registered_check(im, e) < 0 || fs_copy_sparse(op, im->path, rootfs, 0600, e) < 0 ||
	    registered_check(im, e) < 0)
		return -1;
	*ret = *im;
	ret->path[0] = '\0';
	ret->file_bytes = 0;
	ret->file_mtime_ns = 0;
	ret->alloc_bytes = fs_allocated(rootfs);
	return 0;
}

static int put_row(const struct publishing *b, const struct image *row, struct err *e)
{
	auto_txn struct store *txn = b->j->store;

	if (store_begin(txn, e) < 0 || images_put(txn, row, e) < 0 || publishing_settle(b, e) < 0)
		return -1;
	return store_commit(txn, e);
}

static int promote(struct vmjob *j, struct op *op, struct err *e)
{
	auto_publish p = PUBLISH_INIT;
	auto_buf manifest = {0};
	struct publishing b = {j, &p, "image", j->req.ref, p.id, 0};
	struct image im, row;
	char root[PATHS_MAX];

	if (images_get(j->store, j->req.ref, &im, e) < 0)
		return -1;
	if (!im.path[0])
		return err_set(e, ERR_STATE, _("it is kept here already"));
	path_join(root, sizeof(root), j->eng->paths.state, "images");
	if (publish_begin(root, &p, e) < 0 || copy_in(op, &im, &p, &row, e) < 0)
		return -1;
	/* The build's id is that of the row, whatever the staging directory is called. */
	str_copy(p.id, sizeof(p.id), im.id);
	write_manifest(&im, &manifest);
	if (publishing_begin(&b, &manifest, e) < 0)
		return -1;
	if (put_row(&b, &row, e) < 0) {
		publishing_undo(&b);
		return -1;
	}
	publishing_done(&b);
	return 0;
}

int do_image_promote(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc;

	j->run = r;
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0 && promote(j, op, e) < 0)
		rc = err_wrap(e, _("promote image '%s'"), j->req.ref);
	return vmjob_end(j, rc, e);
}
