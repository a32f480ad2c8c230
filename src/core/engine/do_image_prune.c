/* SPDX-License-Identifier: MIT */
/*
 * Room without loss: builds of images that no name points at and no machine uses any more, and the cache of layers, which can be
 * fetched again. A registered image's file is never touched: only its row goes. What is in use is left alone; each build goes as a deleted image does (do_object_delete.c). And what can be told of
 * an image without a job.
 */
#include "core/engine/vmjob.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/image/oci.h"
#include "core/image/publish.h"
#include "core/model/size.h"
#include "core/oci/blobs.h"
#include "core/store/images.h"
#include "core/store/resources.h"

#include <stdio.h>

static const char *build_dir(const struct image *im, char buf[ID_SIZE + 16])
{
	snprintf(buf, ID_SIZE + 16, "images/%s", im->id);
	return buf;
}

/* 1 when it went. The row under the write lock that also sees no machine, then the directory; in between the ledger knows of it. */
static int drop_build(struct vmjob *j, const struct image *im, struct err *e)
{
	auto_txn struct store *txn = j->store;
	char dir[ID_SIZE + 16], key[SCHED_KEY_SIZE], users[8];
	int n_users;

	snprintf(key, sizeof(key), "image:%s", im->name);
	if (store_begin(txn, e) < 0 || images_users(txn, im->id, users, sizeof(users), &n_users, e) < 0)
		return -1;
	if (n_users > 0)
		return 0;
	build_dir(im, dir);
	if (images_delete(txn, im->id, e) < 0 || (!im->path[0] && resources_add(txn, im->id, "published", dir, key, e) < 0) ||
	    store_commit(txn, e) < 0)
		return -1;
	return !im->path[0] && published_remove(j, im->id, dir, e) < 0 ? -1 : 1;
}

int image_drop_unused(struct vmjob *j, uint64_t *ret_bytes, struct err *e)
{
	auto_free struct image *list = NULL;
	int n = 0, dropped = 0;

	*ret_bytes = 0;
	if (images_list_unused(j->store, &list, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		int rc = drop_build(j, &list[i], e);

		if (rc < 0)
			return -1;
		*ret_bytes += rc && !list[i].path[0] ? list[i].alloc_bytes : 0;
		dropped += rc;
	}
	return dropped;
}

void image_tidy(struct vmjob *j)
{
	struct err e = {0};
	uint64_t bytes;

	if (image_drop_unused(j, &bytes, &e) < 0)
		log_err(NULL, &e);
}

int do_image_prune(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	auto_blob_cache cache = {-1};
	struct blob_pruned blobs = {0};
	uint64_t builds = 0;
	char text[SIZE_TEXT];
	int rc;

	j->run = r;
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0 && (image_drop_unused(j, &builds, e) < 0 || blob_cache_open(j->eng->paths.cache, &cache, e) < 0 ||
			blob_cache_prune(&cache, false, &blobs, e) < 0))
		rc = err_wrap(e, _("empty the cache of images"));
	if (rc == 0)
		snprintf(j->timings, sizeof(j->timings), _("%s freed"), size_human(builds + blobs.whole_bytes + blobs.part_bytes, text));
	return vmjob_end(j, rc, e);
}

int engine_image_prunable(const struct paths *paths, struct image_prunable *ret, struct err *e)
{
	auto_blob_cache cache = {-1};
	auto_free struct image *list = NULL;
	struct blob_pruned blobs;
	auto_store *s = NULL;
	char db[PATHS_MAX];
	int n = 0;

	*ret = (struct image_prunable){0};
	path_join(db, sizeof(db), paths->state, "state.db");
	if (store_open(db, STORE_RO, 5000, &s, e) < 0 || images_list_unused(s, &list, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		ret->build_bytes += list[i].path[0] ? 0 : list[i].alloc_bytes;
	ret->builds = (size_t)n;
	if (blob_cache_open(paths->cache, &cache, e) < 0 || blob_cache_prune(&cache, true, &blobs, e) < 0)
		return -1;
	ret->blobs = blobs.whole;
	ret->blob_bytes = blobs.whole_bytes;
	ret->parts = blobs.parts;
	ret->part_bytes = blobs.part_bytes;
	return 0;
}

int do_image_prunable(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	struct event ev = {.kind = EV_PRUNABLE, .prunable = {.job = sched_run_id(r)}};
	int rc = engine_image_prunable(&j->eng->paths, &ev.prunable.found, e);

	if (rc < 0)
		ev.prunable.err = *e;
	engine_post(j->eng, 0, &ev);
	return rc;
}

int engine_image_inspect(const struct paths *paths, const struct image *im, struct buf *ret_manifest, struct buf *ret_config, struct err *e)
{
	char dir[PATHS_MAX], path[PATHS_MAX];
	struct err none = {0};

	if (im->path[0])
		return 0;
	path_join(dir, sizeof(dir), paths->state, "images/%s", im->id);
	path_join(path, sizeof(path), dir, "%s", PUBLISH_MANIFEST);
	if (fs_read_file(path, PUBLISH_MANIFEST_MAX, ret_manifest, e) < 0)
		return -1;
	path_join(path, sizeof(path), dir, "%s", IMAGE_OCI_CONFIG);
	if (fs_read_file(path, OCI_TEXT_MAX, ret_config, &none) == 0 || none.code == ERR_NOT_FOUND)
		return 0;
	return err_join(e, &none);
}
