/* SPDX-License-Identifier: MIT */
/*
 * Which kernel modules the boot kit loads, and in which order.
 *
 * Pure: reads the texts depmod(8) wrote (modules.dep, and modules.builtin of the kernel's build; modules.dep(5)). A
 * module comes after everything it depends on, each once; drivers built into this kernel, or absent from it, are left out.
 */
#ifndef CORE_IMAGE_MODORDER_H
#define CORE_IMAGE_MODORDER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct modorder {
	char **paths; /* relative to the modules directory, as in modules.dep: "kernel/drivers/…/virtio.ko.xz" */
	size_t n;
};

#define auto_modorder __attribute__((cleanup(modorder_done))) struct modorder

/* What the kit wants, by module name; NULL at the end. */
extern const char *const modorder_kit[];

/* Resolve `wanted` (NULL-terminated; "-" and "_" are the same). ERR_PROTO for a line that is no such line, a path that
 * leaves the directory or a dependency that modules.dep does not list; dependency rings end, they do not loop. `ret` must
 * be zeroed. */
NODISCARD int modorder_resolve(const char *dep_text, const char *builtin_text, const char *const *wanted,
			       struct modorder *ret, struct err *e);
void modorder_done(struct modorder *m);

/* Does a line of modules.dep, or of modules.builtin, begin with the path of the module `name`? */
bool modorder_lists(const char *text, const char *name);

#endif
