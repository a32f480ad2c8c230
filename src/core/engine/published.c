/* SPDX-License-Identifier: MIT */
/*
 * See published.h. The ledger's row is written before the rename and names the directory; without its row in the table that would be
 * nobody's.
 */
#include "core/engine/published.h"

#include "base/fs.h"
#include "base/log.h"
#include "core/store/resources.h"

#include <stdio.h>

#define LEDGER_NAME_SIZE (OBJ_NAME_SIZE + 16)

static bool is_kernel(const struct vmjob *j)
{
	return j->req.kind == REQ_KERNEL_PULL || j->req.kind == REQ_KERNEL_IMPORT;
}

/* The ledger's name of a published directory, below the state directory: short whatever that one's path. */
static char *ledger_name(const struct vmjob *j, const char *name, char buf[LEDGER_NAME_SIZE])
{
	snprintf(buf, LEDGER_NAME_SIZE, "%s/%s", is_kernel(j) ? "kernels" : "images", name);
	return buf;
}

int published_put(struct vmjob *j, struct publish *p, const char *name, const struct buf *manifest, struct err *e)
{
	char path[PATHS_MAX], noted[LEDGER_NAME_SIZE], key[SCHED_KEY_SIZE];

	path_join(path, sizeof(path), p->root, "%s", name);
	snprintf(key, sizeof(key), "%s:%s", is_kernel(j) ? "kernel" : "image", j->req.ref);
	if (resources_add(j->store, p->id, "published", ledger_name(j, name, noted), key, e) < 0)
		return -1;
	/* Ours is the only job with this key: a directory without a row is what a crash left. */
	if (fs_remove_tree(path, e) < 0)
		return -1;
	return publish_commit(p, name, buf_cstr(manifest), manifest->len, e);
}

int published_settle(struct vmjob *j, const struct publish *p, const char *name, struct err *e)
{
	char noted[LEDGER_NAME_SIZE];

	return resources_remove(j->store, p->id, "published", ledger_name(j, name, noted), e);
}

void published_undo(struct vmjob *j, const struct publish *p, const char *name)
{
	char path[PATHS_MAX];
	struct err e = {0};

	store_rollback(j->store);
	path_join(path, sizeof(path), p->root, "%s", name);
	if (fs_remove_tree(path, &e) < 0 || published_settle(j, p, name, &e) < 0)
		log_err(NULL, &e);
}
