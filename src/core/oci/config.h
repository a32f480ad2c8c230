/* SPDX-License-Identifier: MIT */
/*
 * The configuration of an image: what its layers must hold, and how its program is run.
 *
 * OCI image-spec 1.1, config.md, which Docker's is, too. Of it are kept: architecture and os, the digests of the unpacked layers, and
 * environment, directory, user, entry point and command. The last five are also kept in our store, in a JSON of our own
 * (oci_config_write), because the image's configuration is not kept there.
 *
 * Failures are ERR_PROTO and name the text by its `what`. Texts are limited to OCI_TEXT_MAX. Pure; any thread.
 */
#ifndef CORE_OCI_CONFIG_H
#define CORE_OCI_CONFIG_H

#include "base/digest.h"
#include "base/err.h"
#include "core/oci/doc.h"

#include <stddef.h>

#define OCI_WORDS_MAX 4096 /* of one list */
/* Of one list together: a kernel takes no more in one string, and written with every byte escaped all lists stay below OCI_TEXT_MAX. */
#define OCI_WORDS_BYTES ((size_t)128 << 10)
#define OCI_PATH_MAX 4095    /* bytes of the directory */
#define OCI_USER_MAX 255     /* bytes of the user */
#define OCI_PLATFORM_SIZE 32 /* an architecture or an os */

/* Ends in NULL where there is a word; NULL where there is none. */
struct oci_words {
	char **word;
	size_t n;
};

/* Valid when zeroed; everything in it is owned. */
struct oci_config {
	char architecture[OCI_PLATFORM_SIZE]; /* "amd64" */
	char os[OCI_PLATFORM_SIZE];	      /* "linux" */
	char (*diff_ids)[DIGEST_SIZE];	      /* 64 hex digits each, lowest layer first */
	size_t n_diff_ids;
	struct oci_words env;	     /* "NAME=value" in the image's order, a name twice as it came */
	char *workdir;		     /* absolute and tidy (path_tidy); NULL: none is said */
	char *user;		     /* "user", "uid", "user:group", …; NULL: none is said */
	struct oci_words entrypoint; /* both together are the command line */
	struct oci_words cmd;
	char created[40]; /* as RFC 3339 writes it; "" where it does not */
};

#define auto_oci_config __attribute__((cleanup(oci_config_done))) struct oci_config

/* An image's configuration. That it has a diff_id for each layer, and is for this machine, is for the caller to check. Entries of the
 * environment without '=' or without a name are dropped, as runtimes do; a name with a control character is refused, and so are a
 * directory that is not absolute and control characters in directory and user. Values and arguments may hold anything but NUL. `ret`
 * is emptied first, and on failure. */
NODISCARD int oci_config_parse(const struct oci_text *t, struct oci_config *ret, struct err *e);
void oci_config_done(struct oci_config *c);

/* Append, as compact JSON, environment, directory, user, entry point and command; nothing else. */
void oci_config_write(const struct oci_config *c, struct buf *out);
/* Read that back; the other members stay empty. It is as strict as oci_config_parse(), but it is our file: ERR_CORRUPT. */
NODISCARD int oci_config_read_own(const struct oci_text *t, struct oci_config *ret, struct err *e);

#endif
