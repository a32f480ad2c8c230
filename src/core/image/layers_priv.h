/* SPDX-License-Identifier: MIT */
/*
 * Shared by layers*.c alone: the work in progress, and the journal of a layer, what each of its entries said, for when all
 * layers have been read.
 */
#ifndef CORE_IMAGE_LAYERS_PRIV_H
#define CORE_IMAGE_LAYERS_PRIV_H

#include "base/tar.h"
#include "core/disk/ext4.h"
#include "core/image/layers.h"
#include "core/image/merge.h"

struct layers_item {
	struct merge_entry entry; /* first: merge_node.from leads here */
	struct ext4_attr *attr;	  /* MERGE_DIR, MERGE_SYMLINK, MERGE_NODE; owned, with all it points to */
	uint32_t seq;		  /* number of the entry in the layer */
	uint32_t ino;		  /* MERGE_FILE: where its content is; 0: nowhere */
};

struct layers_journal {
	struct layers_item *items;
	size_t n;
	size_t cap;
	bool incomplete; /* some file's content is needed that is nowhere */
};

/* A new item at the end, zeroed but for seq; borrowed until the next one. */
struct layers_item *layers_journal_add(struct layers_journal *j, uint32_t seq);
void layers_journal_done(struct layers_journal *j);

/* Keep attributes and, for a symbolic link, its text with the item. Takes what it needs from *budget; ERR_PROTO when that is not
 * enough. */
NODISCARD int layers_item_keep(struct layers_item *it, const struct tar_entry *t, uint64_t *budget, struct err *e);

/* After merge_walk(): is the item's content part of the tree, or should it be? */
static inline bool layers_item_used(const struct layers_item *it)
{
	return it->entry.kind == MERGE_FILE && it->entry.first;
}

struct layers_work {
	struct op *op;
	const struct layers_args *args;
	struct ext4_writer *ext4;
	struct overlay *names;
	struct merge *merge;
	struct layers_journal *journals; /* one a layer */
	struct tar_reader *tar;		 /* of the layer being read */
	uint64_t entries;
	uint64_t kept_left;
	uint64_t total; /* compressed bytes, 0 = unknown */
	uint64_t done;	/* of the layers read before */
	uint64_t shown;
	uint32_t n_visited;
};

/* layers_read.c. Read a layer for the first time, into its journal and, unless an upper layer hides it, its files' content into the
 * image; its digest must be the one expected. */
NODISCARD int layers_read(struct layers_work *lw, size_t layer, struct err *e);
/* Once more, for the content of files that are used (layers_item_used) and have none. */
NODISCARD int layers_read_missing(struct layers_work *lw, size_t layer, struct err *e);
/* err_wrap with the layer and its entry, cleaned for display. */
/* So many compressed bytes of all layers have been read. */
void layers_tell(const struct layers_work *lw, uint64_t done);
int layers_wrap(const struct layers_work *lw, size_t layer, const char *name, struct err *e);

#endif
