/* SPDX-License-Identifier: MIT */
/*
 * See publishing.h.
 */
#include "core/engine/publishing.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockdir.h"
#include "base/log.h"
#include "core/store/images.h"
#include "core/store/resources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEDGER_NAME_SIZE (OBJ_NAME_SIZE + 16)

/* The ledger's name of a published directory, below the state directory: short whatever that one's path. */
static char *ledger_name(const struct publishing *b, char buf[LEDGER_NAME_SIZE])
{
	snprintf(buf, LEDGER_NAME_SIZE, "%ss/%s", b->kind, b->dir);
	return buf;
}

/* Where what had the name is put aside, beside it: publish_sweep() removes it once nobody holds its lock. */
static char *aside(const char *state, const char *noted, const char *owner, char buf[PATHS_MAX])
{
	return path_join(buf, PATHS_MAX, state, "%.*s/.staging-%s-former", (int)strcspn(noted, "/"), noted, owner);
}

bool publishing_is_half_done(const char *state, const char *noted, const char *owner)
{
	char former[PATHS_MAX];

	return fs_exists(aside(state, noted, owner, former));
}

void publishing_put_back(const char *state, const char *noted, const char *owner)
{
	char path[PATHS_MAX], former[PATHS_MAX];

	path_join(path, sizeof(path), state, "%s", noted);
	if (rename(aside(state, noted, owner, former), path) < 0 && errno != ENOENT)
		log_warn(NULL, "%s: %s", former, strerror(errno));
}

static char *former_of(const struct publishing *b, char buf[PATHS_MAX])
{
	char noted[LEDGER_NAME_SIZE];

	return aside(b->j->eng->paths.state, ledger_name(b, noted), b->p->id, buf);
}

static void put_back(struct publishing *b)
{
	char noted[LEDGER_NAME_SIZE];

	publishing_put_back(b->j->eng->paths.state, ledger_name(b, noted), b->p->id);
	if (b->former_fd > 0)
		fd_close_auto(&b->former_fd);
}

/* Ours is the only job with this key. A directory without a row is what a crash left; one with a row is replaced. */
static int put_aside(struct publishing *b, struct err *e)
{
	char path[PATHS_MAX], former[PATHS_MAX];
	struct err none = {0};

	path_join(path, sizeof(path), b->p->root, "%s", b->dir);
	b->former_fd = lockdir_take(path, &none);
	if (b->former_fd < 0)
		return none.code == ERR_NOT_FOUND ? 0 : err_join(e, &none);
	if (rename(path, former_of(b, former)) == 0)
		return 0;
	err_sys(e, errno, _("put %s aside"), path);
	fd_close_auto(&b->former_fd);
	return -1;
}

/* The ledger row made before the rename names the directory; without its row in the table it would be nobody's. */
static int swap(struct publishing *b, const struct buf *manifest, struct err *e)
{
	if (put_aside(b, e) < 0)
		return -1;
	if (publish_commit(b->p, b->dir, buf_cstr(manifest), manifest->len, e) == 0)
		return 0;
	put_back(b);
	return -1;
}

int publishing_begin(struct publishing *b, const struct buf *manifest, struct err *e)
{
	char noted[LEDGER_NAME_SIZE], key[SCHED_KEY_SIZE];
	struct err again = {0};

	snprintf(key, sizeof(key), "%s:%s", b->kind, b->name);
	if (resources_add(b->j->store, b->p->id, "published", ledger_name(b, noted), key, e) < 0)
		return -1;
	if (swap(b, manifest, e) == 0)
		return 0;
	if (publishing_settle(b, &again) < 0)
		log_err(NULL, &again);
	return -1;
}

int publishing_settle(const struct publishing *b, struct err *e)
{
	char noted[LEDGER_NAME_SIZE];

	return resources_remove(b->j->store, b->p->id, "published", ledger_name(b, noted), e);
}

void publishing_undo(struct publishing *b)
{
	char path[PATHS_MAX];
	struct err e = {0};

	store_rollback(b->j->store);
	path_join(path, sizeof(path), b->p->root, "%s", b->dir);
	if (fs_remove_tree(path, &e) < 0) {
		log_err(NULL, &e);
		return;
	}
	put_back(b);
	if (publishing_settle(b, &e) < 0)
		log_err(NULL, &e);
}

void publishing_done(struct publishing *b)
{
	char former[PATHS_MAX];
	struct err e = {0};

	if (b->former_fd <= 0)
		return;
	if (fs_remove_tree(former_of(b, former), &e) < 0)
		log_err(NULL, &e);
	fd_close_auto(&b->former_fd);
}

int publishing_check_source(const struct engine *eng, const char *path, struct err *e)
{
	auto_free char *source = realpath(path, NULL), *state = realpath(eng->paths.state, NULL);
	size_t n = state ? strlen(state) : 0;

	/* One that is not there is somebody else's to tell. */
	if (!source || !state || strncmp(source, state, n) != 0 || (source[n] && source[n] != '/'))
		return 0;
	err_set(e, ERR_USAGE, _("%s lies in the state directory, where machines write"), path);
	return err_hint(e, _("save a machine as an image: banger-tui vm commit VM IMAGE"));
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
	struct publishing b = {j, p, "image", row->name, p->id, 0};

	if (publishing_begin(&b, &built->manifest, e) < 0)
		return -1;
	if (put_image(&b, row, built, e) < 0) {
		publishing_undo(&b);
		return -1;
	}
	publishing_done(&b);
	image_tidy(j); /* the build that had the name may be nobody's now */
	return 0;
}
