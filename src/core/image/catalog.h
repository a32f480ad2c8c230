/* SPDX-License-Identifier: MIT */
/*
 * What can be pulled by name: the catalogue compiled in, and the files of the configuration's catalog.d on top of it.
 *
 * A file is a JSON object with "images" and/or "kernels", arrays of entries. Validation is strict: an unknown member, a
 * wrong type, a bad name or a name twice in one file is an error that names the file, the entry and the member. A file of
 * catalog.d replaces a built-in entry of the same name; files are read in the order of their names. One that is wrong is
 * left out whole, and said in `broken`: what is local is shown all the same, but nothing is pulled, as it might have been
 * meant otherwise.
 *
 * An image that is asked for by its reference needs no entry; one of kind "oci" gives it a short name. Kind "local" is what a person's
 * file becomes (catalog_file_entry()): no file of the catalogue has it. A kernel of kind "host" is the one this host runs.
 */
#ifndef CORE_IMAGE_CATALOG_H
#define CORE_IMAGE_CATALOG_H

#include "base/digest.h"
#include "base/err.h"
#include "core/model/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CATALOG_ENTRIES_MAX 512	 /* of one catalogue */
#define CATALOG_PACKAGES_MAX 256 /* of one entry */
#define CATALOG_WORD_SIZE 96	 /* a suite, variant, component or package name */
#define CATALOG_URL_SIZE 1024	 /* of a bundle */

enum catalog_kind { CATALOG_BOOTSTRAP, CATALOG_OCI, CATALOG_HOST, CATALOG_BUNDLE, CATALOG_LOCAL };

/* How an entry becomes a root file system. */
enum catalog_builder {
	CATALOG_MMDEBSTRAP, /* suite + packages, configured */
	CATALOG_BUSYBOX,    /* the boot kit's busybox and a few files of ours; no init */
	CATALOG_REGISTRY,   /* the layers of an OCI image */
	CATALOG_UNPACK,	    /* a bundle */
	CATALOG_IMPORT,	    /* what the person has: an archive, a bundle, an ext4 or a directory */
};

struct catalog_entry {
	char name[OBJ_NAME_SIZE];
	char about[96]; /* one line; may be empty */
	enum catalog_kind kind;
	enum catalog_builder builder;	     /* images only */
	uint32_t needs_mib;		     /* room that making it takes on the state directory's disk; 0: unknown */
	char suite[CATALOG_WORD_SIZE];	     /* "bookworm" */
	char variant[CATALOG_WORD_SIZE];     /* of mmdebstrap; "minbase" unless given */
	char components[CATALOG_WORD_SIZE];  /* "main" unless given; separated by commas */
	char (*packages)[CATALOG_WORD_SIZE]; /* owned by the catalogue; "{arch}" already replaced by Debian's name */
	size_t n_packages;
	char reference[OBJ_NAME_SIZE]; /* of kind oci: canonical; else empty */
	char url[CATALOG_URL_SIZE];    /* of kind bundle: where it is, its digest and its bytes; else empty and 0 */
	char sha256[DIGEST_SIZE];
	uint64_t size;
	const char *path;	       /* of kind local: the file or directory, borrowed; else NULL. No file of the catalogue has such an entry */
	bool keep_owners;	       /* of kind local: import_dir.h */
	const char *modules;	       /* of a kernel of kind local: the directory of its modules, borrowed; NULL: it has none */
};

struct catalog {
	struct catalog_entry *images;
	size_t n_images;
	struct catalog_entry *kernels;
	size_t n_kernels;
	struct err broken; /* the first file of catalog.d that was left out, and why; not set: none */
};

#define auto_catalog __attribute__((cleanup(catalog_done))) struct catalog

/* Read the built-in catalogue, then every *.json of `dir` ("<config>/catalog.d"; NULL or missing: none). `ret` must be
 * zeroed; on failure it is left empty. Blocks on the disk. A file that cannot be read (ERR_SYS and the like) or is wrong
 * (ERR_PROTO) is no failure but `ret->broken`. */
NODISCARD int catalog_load(const char *dir, struct catalog *ret, struct err *e);
void catalog_done(struct catalog *c);

/* Add the entries of one file's text; `what` names it in errors. ERR_PROTO for a wrong one; nothing was added then. */
NODISCARD int catalog_add(struct catalog *c, const char *text, size_t len, const char *what, struct err *e);

/* The entry that stands for a reference the catalogue does not know; for a file that becomes the image `name`; and for a kernel's file,
 * and the directory of its modules (NULL: none). */
void catalog_reference_entry(const char *reference, struct catalog_entry *ret);
void catalog_file_entry(const char *name, const char *path, struct catalog_entry *ret);
void catalog_kernel_entry(const char *name, const char *path, const char *modules, struct catalog_entry *ret);

/* Borrowed from the catalogue; NULL = none. */
const struct catalog_entry *catalog_find_image(const struct catalog *c, const char *name);
const struct catalog_entry *catalog_find_kernel(const struct catalog *c, const char *name);

/* "bootstrap". Never NULL. */
const char *catalog_kind_to_string(enum catalog_kind kind);

/* Debian's name of this machine's architecture ("amd64", "arm64"); uname's own where Debian's is not known to us. */
const char *catalog_arch(void);

#endif
