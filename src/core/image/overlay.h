/* SPDX-License-Identifier: MIT */
/*
 * The names decided by the layers above, while a stack of layers (OCI image-spec 1.1, layer.md) is gone through from the top to
 * the bottom. Pure memory.
 *
 * Every path that is met becomes a node once, and the nodes stay until the end: they are what paths are compared and kept by.
 * For each, the overlay knows which layer was the first to decide about it: by something that is no directory (hides the name and
 * all below it), by an entry for a directory (whose attributes hold from there on), by having something below it (an implied
 * directory: nothing but a directory can show through), by a whiteout, by being opaque. What a layer decides counts for the layers
 * below it alone; inside a layer, of entries with one name the last decides.
 *
 * Names are taken as they are: a symbolic link in a lower layer may lead a path of an upper one elsewhere, which shows only
 * when that layer has been read. So what is said here is about names and a very good guess about files; core/image/merge.h has the
 * last word.
 */
#ifndef CORE_IMAGE_OVERLAY_H
#define CORE_IMAGE_OVERLAY_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OVERLAY_MAX_NAMES 4200000u	      /* 4 million entries, and what they imply */
#define OVERLAY_MAX_BYTES ((size_t)256 << 20) /* of the names' text */

#define OVERLAY_WH ".wh." /* before the name that is hidden */
#define OVERLAY_WH_OPAQUE ".wh..wh..opq"

/* A path; compared by address. All but `parent`, `text` and `len` is the overlay's. */
struct overlay_name {
	struct overlay_name *parent; /* NULL: the root */
	const char *text;	     /* the last component */
	void *below;		     /* tsearch(3) tree, ordered by bytes */
	uint32_t other;	  /* first layer that has no directory here, counted from the top; UINT32_MAX: none has */
	uint32_t dir;	  /* … an entry for a directory */
	uint32_t implied; /* … anything below */
	uint32_t whiteout;
	uint32_t opaque;
	uint32_t seen; /* last layer with an entry */
	uint16_t len;
	uint16_t depth; /* components of the path */
	bool wanted;
};

enum overlay_what {
	OVERLAY_DIR,
	OVERLAY_OTHER,
	OVERLAY_WHITEOUT, /* ret->name is what it hides */
	OVERLAY_OPAQUE,	  /* ret->name is the directory */
	OVERLAY_IGNORED,  /* aufs's own files (.wh..wh.*): no name */
};

struct overlay_entry {
	enum overlay_what what;
	struct overlay_name *name;
	bool visible; /* no layer above hides it; a directory: its attributes hold */
	bool wanted;  /* hidden, but a hard link of a layer above leads to it (overlay_want) */
};

struct overlay;

/* Starts at the topmost layer. Limits: 0 is the default. Never NULL. */
struct overlay *overlay_new(size_t max_names, size_t max_bytes);
/* With all names. NULL is fine. */
void overlay_free(struct overlay *o);
/* Go on to the layer below. */
void overlay_next_layer(struct overlay *o);

/* What the next entry of the layer is, and what the layers above make of it. `path` is in the form of tar_entry.name. ERR_PROTO for a
 * whiteout of nothing (".wh.", ".wh..", ".wh...") and beyond the limits; messages do not repeat the path. */
NODISCARD int overlay_add(struct overlay *o, const char *path, bool is_dir, struct overlay_entry *ret, struct err *e);

/* The name of a path that is no entry. ERR_PROTO beyond the limits. */
NODISCARD int overlay_intern(struct overlay *o, const char *path, struct overlay_name **ret, struct err *e);
/* A hard link that will be there leads to `n`. Unless this layer had it already, the next entry of that name comes as `wanted`
 * when it is hidden. */
void overlay_want(struct overlay *o, struct overlay_name *n);

/* The path of a name, "" for the root. */
void overlay_path(const struct overlay_name *n, struct buf *ret);

#endif
