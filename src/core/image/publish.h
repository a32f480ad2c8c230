/* SPDX-License-Identifier: MIT */
/*
 * All or nothing: how an image or a kernel comes into the store directory.
 *
 * publish_begin() makes <root>/.staging-<id>, locked while its maker lives. Whatever is put there becomes visible by
 * publish_commit() alone: files synced, manifest.json written last, one rename. A crash leaves nothing but a staging
 * directory without an owner, which publish_sweep() of any process removes.
 *
 *	auto_publish p = PUBLISH_INIT;
 *	publish_begin(root, &p, e); … fill p.staging …; publish_commit(&p, name, text, len, e);
 */
#ifndef CORE_IMAGE_PUBLISH_H
#define CORE_IMAGE_PUBLISH_H

#include "base/err.h"
#include "base/id.h"
#include "base/path.h"

#define PUBLISH_MANIFEST "manifest.json"
#define PUBLISH_MANIFEST_MAX ((size_t)1 << 20)

/* The steps of a commit, each durable before the next. */
enum publish_step {
	PUBLISH_SYNC_FILES,
	PUBLISH_MANIFEST_WRITE,
	PUBLISH_SYNC_STAGING,
	PUBLISH_RENAME,
	PUBLISH_SYNC_ROOT,
	PUBLISH_DONE,
};

struct publish {
	char id[ID_SIZE];		    /* of this build, random */
	char root[PATHS_MAX];		    /* <state>/images or <state>/kernels */
	char staging[PATHS_MAX];	    /* <root>/.staging-<id>; empty when there is none */
	int lock_fd;			    /* held while the staging directory is in use; -1 = none */
	void (*at)(enum publish_step next); /* called before each step; NULL outside of tests */
};

#define PUBLISH_INIT                                                                                                   \
	{                                                                                                              \
		.lock_fd = -1                                                                                          \
	}
#define auto_publish __attribute__((cleanup(publish_abort))) struct publish

/* Make `root` if missing, and a staging directory in it, 0700. */
NODISCARD int publish_begin(const char *root, struct publish *p, struct err *e);

/* Publish as <root>/<name>. ERR_EXISTS when the name is taken: staging stays as it was. The lock is released on
 * success. Blocks until everything is on the disk. */
NODISCARD int publish_commit(struct publish *p, const char *name, const void *manifest, size_t len, struct err *e);

/* Remove what was staged, if anything still is. Safe at any time, also after a commit. */
void publish_abort(struct publish *p);

/* Remove the staging directories of `root` whose makers are gone. Goes on past those it cannot remove and reports them
 * at the end. A missing root is fine. */
NODISCARD int publish_sweep(const char *root, int *ret_removed, struct err *e);

#endif
