/* SPDX-License-Identifier: MIT */
/*
 * What an ELF program needs to start: its interpreter and its libraries, read from the file and nothing else.
 *
 * ldd(1) runs the program's own loader; this looks only. Every offset is checked against the file's size, every count
 * against a limit, so any bytes may be thrown at it. 64-bit little-endian objects alone (what our guests run).
 * Format: System V gABI, chapters "Object Files" and "Dynamic Linking"; elf(5).
 *
 * And of a kernel's module: whether it is whole, and for which kernel it was built.
 */
#ifndef CORE_IMAGE_ELFNEEDS_H
#define CORE_IMAGE_ELFNEEDS_H

#include "base/err.h"

#include <stddef.h>

#define ELFNEEDS_MAX 64	       /* libraries of one object */
#define ELFNEEDS_NAME_SIZE 128 /* a soname, with its NUL */

struct elfneeds {
	char interp[256]; /* PT_INTERP; empty for libraries and static programs */
	char needed[ELFNEEDS_MAX][ELFNEEDS_NAME_SIZE];
	int n_needed;
};

/* Read n bytes of a file; `what` names it in errors. A static object yields nothing. A library whose name holds a slash,
 * as any other oddity, is ERR_PROTO. */
NODISCARD int elfneeds_read(const void *data, size_t n, const char *what, struct elfneeds *ret, struct err *e);

/* The same of an unpacked module of the kernel: every section lies in the file, and `ret` is the release (uname -r) that the vermagic in
 * its .modinfo names. ERR_PROTO when it is no such file, is cut off, or does not say. */
NODISCARD int elfneeds_module(const void *data, size_t n, const char *what, char *ret, size_t size, struct err *e);

#endif
