/* SPDX-License-Identifier: MIT */
/*
 * What a kernel must have for a machine to boot on it and be logged in to, and which of that one lacks.
 *
 * Pure. Three texts tell what a kernel has: modules.dep (its modules), modules.builtin (drivers in the kernel itself) and, where
 * the kernel carries it, its .config, which also tells of what is no driver and could never be a module.
 */
#ifndef CORE_IMAGE_KERNELNEEDS_H
#define CORE_IMAGE_KERNELNEEDS_H

#include "base/buf.h"
#include "base/err.h"

/* "" for what there is not. */
struct kernelneeds {
	const char *dep;     /* modules.dep */
	const char *builtin; /* modules.builtin */
	const char *config;  /* .config */
	const char *named;   /* NULL; or, where nothing else is known, the drivers the kernel names (vmlinux.h): those that can be told
				so have to be among them, the others are taken for built in */
};

/* ERR_PROTO naming everything that is missing. `no_modules`: nobody gave any, which is the next step then. Where neither modules.builtin nor .config is there, nothing can be told of what
 * is built in: a driver that is no module counts as missing then. */
NODISCARD int kernelneeds_check(const struct kernelneeds *k, bool no_modules, struct err *e);

/* Does the .config say CONFIG_<symbol>=y? */
bool kernelneeds_configured(const char *config, const char *symbol);

#endif
