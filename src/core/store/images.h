/* SPDX-License-Identifier: MIT */
/*
 * Rows of local images and kernels. An image name points at one build (its current one); older builds stay, nameless to
 * the user, while VMs use them.
 */
#ifndef STORE_IMAGES_H
#define STORE_IMAGES_H

#include "core/model/image.h"
#include "core/store/db.h"

/* Insert a build and move the name to it. In a transaction of the caller or its own. */
NODISCARD int images_put(struct store *s, const struct image *im, struct err *e);
/* The current build of a name; ERR_NOT_FOUND when it is not local. `users` is counted. */
NODISCARD int images_get(struct store *s, const char *name, struct image *ret, struct err *e);
/* A build, current or not. */
NODISCARD int images_get_id(struct store *s, const char *id, struct image *ret, struct err *e);
/* Current builds by name; the array is the caller's to free(). */
NODISCARD int images_list(struct store *s, struct image **ret, int *ret_n, struct err *e);
/* Builds that no name points at and no VM uses. */
NODISCARD int images_list_unused(struct store *s, struct image **ret, int *ret_n, struct err *e);
NODISCARD int images_delete(struct store *s, const char *id, struct err *e);

NODISCARD int kernels_put(struct store *s, const struct kernel *k, struct err *e);
NODISCARD int kernels_get(struct store *s, const char *name, struct kernel *ret, struct err *e);
NODISCARD int kernels_list(struct store *s, struct kernel **ret, int *ret_n, struct err *e);
NODISCARD int kernels_delete(struct store *s, const char *name, struct err *e);

/* Names of the VMs using an image build, or a kernel, joined by ", " and cut to size. Returns how many. */
NODISCARD int images_users(struct store *s, const char *image_id, char *buf, size_t size, int *ret_n, struct err *e);
NODISCARD int kernels_users(struct store *s, const char *name, char *buf, size_t size, int *ret_n, struct err *e);

#endif
