/* SPDX-License-Identifier: MIT */
/*
 * Bundles: one file (a tar, mostly compressed by zstd) that holds an image or a kernel ready to be used, named by its address, SHA-256 and size.
 *
 *	image	`rootfs.tar` or `rootfs.ext4`, `manifest.json`
 *	kernel	`vmlinuz` or `vmlinux`, `modules.tar`, `manifest.json`
 *
 * Nothing of it is looked into before its digest and size are right: it is a blob of the cache (core/oci/blobs.h) like a layer of a
 * registry, so a fetch that broke off is gone on with. Then it is walked strictly: exactly these members, each once, each a regular
 * file at the top and of bounded size, in any order. Anything else is refused by its name. manifest.json says for whom it was made:
 *
 *	{"version": 1, "kind": "image", "architecture": "amd64", "name": "…", "about": "…", "release": "…"}
 *
 * `version`, `kind` and `architecture` (Debian's name) must be there and right; `name` and `about` are for people; `release` must be
 * there for a kernel (uname -r). Members we do not know are left to whoever made them.
 */
#ifndef CORE_IMAGE_BUNDLE_H
#define CORE_IMAGE_BUNDLE_H

#include "base/digest.h"
#include "base/err.h"
#include "base/op.h"
#include "core/image/image.h"

#include <stdbool.h>
#include <stdint.h>

#define BUNDLE_VERSION 1 /* of manifest.json */
#define BUNDLE_MANIFEST "manifest.json"
#define BUNDLE_MANIFEST_MAX ((size_t)64 * 1024)
#define BUNDLE_SIZE_MAX ((uint64_t)64 << 30) /* of a bundle itself */

enum bundle_kind { BUNDLE_IMAGE, BUNDLE_KERNEL };

/* What is in a bundle besides its manifest. */
enum bundle_part {
	BUNDLE_ROOTFS = 0,  /* of an image */
	BUNDLE_VMLINUZ = 0, /* of a kernel */
	BUNDLE_MODULES = 1, /* of a kernel */
	BUNDLE_PARTS_MAX = 2,
};

/* Where one is to be had, as its entry of the catalogue says; borrowed. */
struct bundle_source {
	const char *url;    /* http://, https://, file:///, or an absolute path */
	const char *sha256; /* digest_is_valid() */
	uint64_t size;	    /* bytes */
};

struct bundle {
	enum bundle_kind kind;
	const char *parts[BUNDLE_PARTS_MAX]; /* the names they came by: "rootfs.tar", … Static; NULL where the kind has none */
	char name[OBJ_NAME_SIZE];	     /* by the manifest, valid as a name; empty: it has none, or none that is valid */
	char about[96];			     /* by the manifest, clean; may be empty */
	char release[96];		     /* of a kernel, one word; else empty */
};

/* Can something be fetched from there? ERR_USAGE saying what is wrong with it. */
NODISCARD int bundle_check_url(const char *url, struct err *e);

/* Fetch it, or find it in the cache: a descriptor for reading at its beginning, the caller's, of content whose size and digest are
 * right. Reports bytes to the op; goes on with what an earlier fetch left; waits for another process that is fetching the same.
 * Blocks; cancellable. ERR_NOT_FOUND: not there; ERR_PROTO: what is there is something else than what was announced (another size,
 * another digest, a web page): nothing of that is kept. */
NODISCARD int bundle_fetch(struct op *op, const struct image_ctx *ctx, const struct bundle_source *src, struct err *e);

struct bundle_unpack_args {
	int fd;		  /* at the bundle's beginning; borrowed */
	const char *what; /* names it in messages */
	enum bundle_kind kind;
	const char *dir; /* where its parts are put, as <dir>/<name they came by>, 0600 and sparse; none may be there */
};

/* Walk the bundle, put its parts (not the manifest) in the directory, and check the manifest. The parts themselves are not looked into.
 * ERR_PROTO naming the member that is missing, there twice, too big, no plain file, or none of a bundle's. On failure the parts written
 * so far are removed. Blocks on the disk; reports bytes of the bundle; cancellable. */
NODISCARD int bundle_unpack(struct op *op, const struct bundle_unpack_args *a, struct bundle *ret, struct err *e);

/* Does the archive begin as a bundle, and not as a root: with plain files at the top, of which the first is a manifest or one is called as
 * a part? Of which kind, and whether it has other members, is for bundle_unpack() to tell. 1, 0, -1 when it cannot be read as an archive. Leaves the
 * descriptor at the archive's beginning, which is where it has to be. */
NODISCARD int bundle_is_one(struct op *op, int fd, const char *what, struct err *e);

/* "image", "kernel". Never NULL. */
const char *bundle_kind_to_string(enum bundle_kind kind);

#endif
