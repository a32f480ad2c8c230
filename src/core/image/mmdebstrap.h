/* SPDX-License-Identifier: MIT */
/*
 * mmdebstrap(1): Debian packages, fetched and signature-checked by apt, become a tar.
 *
 * Two uses. EXTRACT unpacks packages and runs none of their scripts: it works for every user (mode "chrootless", which then
 * runs nothing at all). CONFIGURE makes a working root file system and needs a root of its own: real root uses mode
 * "unshare" (mount and pid namespaces, so nothing stays mounted or running), an ordinary user the same with a range of
 * subordinate ids, else "fakechroot" where that is installed; otherwise ERR_MISSING says which package is wanted.
 */
#ifndef CORE_IMAGE_MMDEBSTRAP_H
#define CORE_IMAGE_MMDEBSTRAP_H

#include "base/err.h"
#include "base/op.h"
#include "core/image/catalog.h"

#include <stdbool.h>

enum mmdebstrap_use { MMDEBSTRAP_EXTRACT, MMDEBSTRAP_CONFIGURE };

struct mmdebstrap_args {
	enum mmdebstrap_use use;
	const char *suite;
	const char *variant;	/* CONFIGURE only: "minbase"… */
	const char *components; /* for `mirror` and for mmdebstrap's own default */
	const char (*packages)[CATALOG_WORD_SIZE];
	size_t n_packages;
	const char *mirror;  /* a URI from the configuration; NULL: the host's apt sources that carry the suite, else
				mmdebstrap's default */
	const char *apt_dir; /* NULL: /etc/apt */
	int out_fd;	     /* the uncompressed tar goes here, from its present position */
};

/* What decides the mode; filled by mmdebstrap_probe(), by hand in tests. */
struct mmdebstrap_host {
	bool root;
	bool can_unshare;    /* as root: may make mount namespaces */
	bool has_newuidmap;  /* newuidmap and newgidmap are installed */
	bool has_subids;     /* our user has ranges in /etc/subuid and /etc/subgid */
	bool has_fakechroot; /* fakechroot and fakeroot are installed */
};

void mmdebstrap_probe(struct mmdebstrap_host *ret);

/* The --mode to use. NULL with ERR_MISSING and a hint naming what to install or to set up. */
NODISCARD const char *mmdebstrap_mode(const struct mmdebstrap_host *h, enum mmdebstrap_use use, struct err *e);

/* Run it. Stages and bytes (packages fetched, then bytes of the tar) go to the op. Cancel ends the whole tree of
 * processes and removes its temporary files. ERR_MISSING when it is not installed; ERR_TOOL carries apt's own complaint,
 * ERR_NET when it was the network. Blocks for seconds to minutes. */
NODISCARD int mmdebstrap_run(struct op *op, const struct mmdebstrap_args *a, struct err *e);

#endif
