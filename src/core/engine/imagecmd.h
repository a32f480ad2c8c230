/* SPDX-License-Identifier: MIT */
/*
 * What an image itself would run, as a command for its machine: entry point and command of its OCI configuration, as its user.
 *
 * A machine is not a container: nobody runs this unasked. Environment and directory of the image hold for every command anyway
 * (guestseed.h).
 */
#ifndef ENGINE_IMAGECMD_H
#define ENGINE_IMAGECMD_H

#include "base/path.h"
#include "core/model/vm.h"
#include "core/oci/config.h"

struct imagecmd {
	struct oci_config config;
	const char **argv; /* NULL-terminated; borrows from config and from the arguments given */
};

/* `args` (NULL: none) take the place of the image's command, as with docker run. `ret` must be zeroed. ERR_STATE when the image names
 * neither entry point nor command and no arguments are given. Blocks on the disk. */
NODISCARD int imagecmd_make(const struct paths *paths, const struct vm *vm, const char *const *args,
			    struct imagecmd *ret, struct err *e);
/* The same, pure; the image's name is for the message. */
NODISCARD int imagecmd_words(const char *image, const char *const *args, struct imagecmd *c, struct err *e);
void imagecmd_done(struct imagecmd *c);

#endif
