/* SPDX-License-Identifier: MIT */
/*
 * What a stack of layers comes to: the tree one gets by unpacking them one over the other, from the bottom to the top (OCI image-spec
 * 1.1, layer.md). Pure memory; it knows where content comes from and nothing of the content.
 *
 * Layers are read from the top (core/image/layers.h), which tells most of what will be there; this is the order in which they mean
 * something, and so the last word:
 *   - inside a layer entries are taken as they come, and the last of a name wins; directories over directories keep what is in them;
 *   - a whiteout removes what lower layers have left under a name, whatever of its own layer came before it, and a directory that its
 *     own layer only implied loses the attributes it had from below;
 *   - a path goes through symbolic links, inside the image: absolute ones from its root; whatever is missing on the way is made a
 *     directory 0755 root:root. One that leads above the root or in circles, or to what is no directory, is refused. What lies in the
 *     way as a plain file of a lower layer makes room;
 *   - a hard link is one more name for what its target names at that moment.
 */
#ifndef CORE_IMAGE_MERGE_H
#define CORE_IMAGE_MERGE_H

#include "base/buf.h"
#include "base/err.h"
#include "core/image/overlay.h"

#include <stdbool.h>
#include <stdint.h>

enum merge_kind {
	MERGE_FILE,
	MERGE_DIR,
	MERGE_SYMLINK,
	MERGE_NODE, /* device, fifo, socket */
	MERGE_HARDLINK,
	MERGE_WHITEOUT,
	MERGE_OPAQUE,
};

struct merge_node;

/* One entry of a layer, the caller's, who keeps more about it behind. Lives until merge_free(). */
struct merge_entry {
	const struct overlay_name *name; /* a whiteout: what it hides */
	union {
		const struct overlay_name *target; /* MERGE_HARDLINK */
		const char *text;		   /* MERGE_SYMLINK: where it leads */
	};
	const struct merge_node
		*first; /* merge_walk: the first name that leads here; NULL before, and where none does */
	enum merge_kind kind;
};

/* A name of the merged tree. */
struct merge_node {
	struct merge_node *parent; /* the root is its own */
	const char *text;	   /* last component, `len` bytes, not terminated */
	struct merge_entry *from;  /* its content and attributes; NULL: a directory nobody gave any */
	void *names;		   /* directory: tsearch(3) tree of what is in it */
	size_t n_names;
	uint32_t touched; /* the last layer that made it or went through it, counted from the bottom */
	uint32_t attrs;	  /* the layer `from` is of */
	uint32_t cleared; /* the layer whose whiteouts found here whatever they could */
	uint16_t len;
	uint16_t depth;
	bool is_dir;
};

struct merge;

/* An empty tree. Never NULL. */
struct merge *merge_new(void);
void merge_free(struct merge *m); /* NULL is fine */

/* What is added from here on belongs to the next layer up. */
void merge_next_layer(struct merge *m);
/* The next entry of the layer. ERR_PROTO as said above; messages do not repeat the path. */
NODISCARD int merge_add(struct merge *m, struct merge_entry *entry, struct err *e);

/* Every node: the root, then its names in the order of their bytes, each before what is below it. Stops when `visit` fails. */
NODISCARD int merge_walk(struct merge *m, int (*visit)(void *arg, struct merge_node *n, struct err *e), void *arg,
			 struct err *e);
/* The path of a node, "" for the root. */
void merge_path(const struct merge_node *n, struct buf *ret);

#endif
