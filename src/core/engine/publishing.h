/* SPDX-License-Identifier: MIT */
/*
 * What was built in a staging directory becomes an image or a kernel of the store: the directory under its name, then the row.
 *
 * In between the ledger knows of the directory, so that a crash leaves nothing nobody knows. The job holds the key of the name.
 */
#ifndef ENGINE_PUBLISHING_H
#define ENGINE_PUBLISHING_H

#include "core/engine/vmjob.h"
#include "core/image/publish.h"
#include "core/model/image.h"

struct publishing {
	struct vmjob *j;
	struct publish *p;
	const char *kind; /* "image", "kernel" */
	const char *name; /* what people call it, of the key */
	const char *dir;  /* of the published directory: a name in p->root */
	int former_fd;	  /* > 0: the lock of what had the name, which is put aside */
};

/* Note it in the ledger, then publish the directory. What had the name is put aside until publishing_settle(), and back by
 * publishing_undo(): a kernel that is made anew is used by its name. After a failure nothing has happened. */
NODISCARD int publishing_begin(struct publishing *b, const struct buf *manifest, struct err *e);
/* The row stands: take it out of the ledger, in the row's transaction. */
NODISCARD int publishing_settle(const struct publishing *b, struct err *e);
/* After publishing_begin(), there will be no row: roll the transaction back, remove the directory. Should that fail, the ledger's row
 * stays and the next start sees to it. */
void publishing_undo(struct publishing *b);

/* The row is committed: what was put aside goes. */
void publishing_done(struct publishing *b);
/* For who finds the ledger's row `noted` ("kernels/debian") of an `owner` that has died: did it die between putting aside what had the
 * name and its own row? And that one under its name again; nothing there is fine. */
bool publishing_is_half_done(const char *state, const char *noted, const char *owner);
void publishing_put_back(const char *state, const char *noted, const char *owner);

/* What an image is made of, or registered as, must not lie in the state directory: there are disks that guests write, and
 * images of ours. ERR_USAGE. Blocks on the disk. */
NODISCARD int publishing_check_source(const struct engine *eng, const char *path, struct err *e);

/* All of it for an image: `row` has name, about, source and reference, and is filled from what was built. A build that had the name
 * and is nobody's any more goes. */
NODISCARD int publishing_image(struct vmjob *j, struct publish *p, struct image *row, const struct image_built *built, struct err *e);

#endif
