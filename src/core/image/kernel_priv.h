/* SPDX-License-Identifier: MIT */
/*
 * Shared by kernel.c (published kernels) and kernel_fetch.c, kernel_import.c, kernel_host.c, kernel_bundle.c (kernels in the making),
 * nobody else.
 */
#ifndef CORE_IMAGE_KERNEL_PRIV_H
#define CORE_IMAGE_KERNEL_PRIV_H

#include "core/image/kernel.h"
#include "core/image/kit.h"
#include "core/image/modorder.h"

#define KERNEL_VERSION 1 /* of the manifest */

/* The path of the initramfs in `dir` for the banger-guest of `ctx` and this kit, built if it is not there. */
NODISCARD int kernel_ensure_initramfs(struct op *op, const struct image_ctx *ctx, const char *dir, const char *release,
				      const struct kit *kit, const struct modorder *modules, char ret[PATHS_MAX],
				      struct err *e);

/* A kernel in the making. Each kind of source lays out <staging>/vmlinuz and <tree>/lib/modules/<release>, and says what it knows. */
struct kernel_site {
	const struct image_ctx *ctx;
	const struct catalog_entry *entry;
	const char *staging;
	char tree[PATHS_MAX];	/* <staging>/tree; removed in the end */
	struct kernel_built *built; /* release and digest are the source's to fill */
	struct buf config;	/* its .config, if it is known; owned */
	struct buf drivers;	/* as in struct vmlinux_info; owned */
	bool no_modules;	/* nobody gave any: the drivers have to be built in */
	bool unnamed;		/* no name says that the modules are of this release: they have to */
	bool has_kit;		/* the tree has the boot kit's packages, too */
};

/* Where this host keeps a kernel that is installed on it. */
struct kernel_host {
	char vmlinuz[PATHS_MAX];
	char modules[PATHS_MAX];
};

/* Find kernel `release` below `root` ("" but for tests). ERR_NOT_FOUND and ERR_PERM naming the file and what helps. */
NODISCARD int kernel_host_find(const char *root, const char *release, struct kernel_host *ret, struct err *e);

/* A kernel's file and the directory its modules are found in; borrowed. */
struct kernel_source {
	const char *path;
	const char *what;    /* names the file in messages */
	const char *modules; /* NULL: none */
};

NODISCARD int kernel_lay(struct op *op, struct kernel_site *s, const struct kernel_source *src, struct err *e);
/* entry->path and entry->modules; what this host runs; entry->url. */
NODISCARD int kernel_lay_import(struct op *op, struct kernel_site *s, struct err *e);
NODISCARD int kernel_lay_host(struct op *op, struct kernel_site *s, struct err *e);
NODISCARD int kernel_lay_bundle(struct op *op, struct kernel_site *s, struct err *e);
/* entry->path, where that is a bundle; else nothing was done. */
NODISCARD int kernel_lay_bundle_file(struct op *op, struct kernel_site *s, bool *ret_is_one, struct err *e);

#endif
