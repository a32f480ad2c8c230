/* SPDX-License-Identifier: MIT */
/*
 * The layers of an OCI image become one ext4 image: no root, nothing extracted on the host, each layer read once, from the topmost
 * down, and each file that survives written once. So the upper layers are unpacked while lower ones are still on their way.
 *
 * While a layer is read, the content of what no upper layer hides (overlay.h) goes into the image, without a name, and a journal keeps
 * what every entry said. When all have been read, the journals are gone through from the bottom up (merge.h), which yields the tree;
 * content that did not make it is given back, names are given. Where the guess was wrong the other way (a hard link survives whose
 * file an upper layer hides; an upper layer's path led elsewhere through a lower one's link), a layer is read once more for
 * what is missing.
 *
 * Equal to unpacking the layers one over the other, as merge.h says it. Entries that cannot be are refused with their name.
 */
#ifndef CORE_IMAGE_LAYERS_H
#define CORE_IMAGE_LAYERS_H

#include "base/err.h"
#include "base/op.h"
#include "base/tar.h"
#include "core/disk/ext4.h"
#include "core/image/import.h"

#include <stddef.h>
#include <stdint.h>

#define LAYERS_MAX 1000u
#define LAYERS_MAX_ENTRIES 4000000u
#define LAYERS_MAX_KEPT ((uint64_t)512 << 20) /* bytes of attributes, extended ones and links' texts kept in memory */

/* One layer: a tar, plain or compressed (base/tar.h), whose own digest somebody has verified. Read from its start, perhaps more than
 * once, so it must be a file. */
struct layer {
	const char *path;    /* NULL: `fd`, borrowed; its position is changed */
	int fd;		     /* not looked at where there is layers_args.ready */
	const char *what;    /* names it in messages */
	const char *diff_id; /* SHA-256 of the decompressed tar, 64 hex digits; what else it unpacks to is ERR_PROTO */
	uint64_t bytes;	     /* compressed; 0: asked of the file, where it is at hand */
};

struct layers_args {
	const struct layer *layers; /* the topmost first */
	size_t n;
	/* Wait until a layer is there: its descriptor, borrowed until the layers are done with. Called whenever one is about to be
	 * read, so more than once for some. NULL: all are there. */
	int (*ready)(void *arg, size_t layer, int *ret_fd, struct err *e);
	/* How many compressed bytes of all layers have been read. NULL: op_progress() is told. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg; /* of both */
	struct tar_limits limits; /* of each layer */
	uint64_t max_entries;	  /* of all layers; 0: LAYERS_MAX_ENTRIES */
	/* layers_build: as in struct import_tar_args */
	const char *dst;
	const char *uuid;
	const char *label;
	uint64_t nominal_bytes;
	uint64_t min_bytes;
};

/* Fill a fresh image; its commit is the caller's. `ret_entries`: of all layers. Reports compressed bytes read of all layers. Cancellable.
 * ERR_PROTO names the layer, and the entry where there is one. After a failure nothing of the image is usable. */
NODISCARD int layers_apply(struct op *op, const struct layers_args *a, struct ext4_writer *w, uint64_t *ret_entries,
			   struct err *e);

/* Make an image of them, of a size that fits (sized.h). On failure `dst` is removed (unless it existed before: ERR_EXISTS), and
 * `ret->bytes` is what it had taken. */
NODISCARD int layers_build(struct op *op, const struct layers_args *a, struct import_info *ret, struct err *e);

#endif
