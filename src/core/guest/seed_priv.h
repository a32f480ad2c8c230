/* SPDX-License-Identifier: MIT */
/*
 * Between seed.c (the disk) and seed_files.c (file_sync).
 */
#ifndef CORE_GUEST_SEED_PRIV_H
#define CORE_GUEST_SEED_PRIV_H

#include "base/tar.h"
#include "core/guest/seed.h"

/* Add what the file_sync entries name. Blocks on the disk. */
NODISCARD int seed_files_add(struct op *op, const struct seed_args *a, struct tar_writer *w, struct err *e);

#endif
