/* SPDX-License-Identifier: MIT */
/*
 * See publishing.h.
 */
#include "core/engine/publishing.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "core/store/images.h"
#include "core/store/resources.h"

#include <stdio.h>

#define LEDGER_NAME_SIZE (OBJ_NAME_SIZE + 16)

/* The ledger's name of a published directory, below the state directory: short whatever that one's path. */
static char *ledger_name(const struct publishing *b, char buf[LEDGER_NAME_SIZE])
{
	snprintf(buf, LEDGER_NAME_SIZE, "%ss/%s", b->kind, b->dir);
	return buf;
}

/* The ledger row made before the rename names the directory; without its row in the table it would be nobody's. */
int publishing_begin(const struct publishing *b, const struct buf *manifest, struct err *e)
{
	char path[PATHS_MAX], noted[LEDGER_NAME_SIZE], key[SCHED_KEY_SIZE];

	path_join(path, sizeof(path), b->p->root, "%s", b->dir);
	snprintf(key, sizeof(key), "%s:%s", b->kind, b->name);
	if (resources_add(b->j->store, b->p->id, "published", ledger_name(b, noted), key, e) < 0)
		return -1;
	/* Ours is the only job with this key: a directory without a row is what a crash left. */
	if (fs_remove_tree(path, e) < 0)
		return -1;
	return publish_commit(b->p, b->dir, buf_cstr(manifest), manifest->len, e);
}

int publishing_settle(const struct publishing *b, struct err *e)
{
	char noted[LEDGER_NAME_SIZE];

	return resources_remove(b->j->store, b->p->id, "published", ledger_name(b, noted), e);
}

void publishing_undo(const struct publishing *b)
{
	char path[PATHS_MAX];
	struct err e = {0};

	store_rollback(b->j->store);
	path_join(path, sizeof(path), b->p->root, "%s", b->dir);
	if (fs_remove_tree(path, &e) < 0 || publishing_settle(b, &e) < 0)
		log_err(NULL, &e);
}

static int put_image(const struct publishing *b, struct image *row, const struct image_built *built, struct err *e)
{
	auto_txn struct store *txn = b->j->store;

	row->created_ms = clock_wall_ms();
	row->size_bytes = built->size_bytes;
	row->used_bytes = built->used_bytes;
	row->alloc_bytes = built->alloc_bytes;
	str_copy(row->id, sizeof(row->id), b->p->id);
	if (built->digest[0])
		snprintf(row->digest, sizeof(row->digest), "sha256:%s", built->digest);
	str_copy(row->rootfs_uuid, sizeof(row->rootfs_uuid), built->rootfs_uuid);
	str_copy(row->init, sizeof(row->init), built->init);
	if (store_begin(txn, e) < 0 || images_put(txn, row, e) < 0 || publishing_settle(b, e) < 0)
		return -1;
	return store_commit(txn, e);
}

int publishing_image(struct vmjob *j, struct publish *p, struct image *row, const struct image_built *built, struct err *e)
{
	const struct publishing b = {j, p, "image", row->name, p->id};

	if (publishing_begin(&b, &built->manifest, e) < 0 || put_image(&b, row, built, e) < 0) {
		publishing_undo(&b);
		return -1;
	}
	image_tidy(j); /* the build that had the name may be nobody's now */
	return 0;
}
