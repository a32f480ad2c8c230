/* SPDX-License-Identifier: MIT */
/*
 * Shared by manifest.c and index.c.
 */
#ifndef CORE_OCI_MANIFEST_PRIV_H
#define CORE_OCI_MANIFEST_PRIV_H

#include "core/oci/manifest.h"

/* A document of schema 2 that is of the wanted kind. `ret` is to be freed in any case. */
NODISCARD int manifest_open(const struct oci_text *t, enum oci_media want, struct doc *ret, struct err *e);

/* One descriptor; `part` names it in the document ("layer 3"). Its size and kind are for the caller to judge. */
NODISCARD int descriptor_read(const struct json *obj, const char *what, const char *part, struct oci_descriptor *ret,
			      struct err *e);

#endif
