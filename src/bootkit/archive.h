/* SPDX-License-Identifier: MIT */
/*
 * A directory tree as a pax archive: owners, modes, times, hard links, devices, extended attributes, holes.
 *
 * The tree may change meanwhile: what goes away before it is reached is not in the archive, what shrinks is filled with
 * zeros, what grows is cut. Sockets are left out, as they are nothing without who made them. What cannot be read is a
 * failure: an image without one of its files is worse than none.
 */
#ifndef BOOTKIT_ARCHIVE_H
#define BOOTKIT_ARCHIVE_H

#include "bootkit/tarout.h"
#include "bootkit/util.h"

#define ARCHIVE_NAME_MAX 4095 /* longest name; what lies deeper is left out, and said so */

/* Content that stands in for that of a plain file. */
struct archive_text {
	const char *name;
	const char *text;
};

/* All names are relative to the root, without a slash in front or behind. Everything is borrowed. */
struct archive_plan {
	int root;			 /* the directory */
	int home;			 /* a directory that stands in for the one named home_name; -1: none */
	const char *home_name;		 /* may be NULL */
	const char *const *hollow;	 /* directories whose content is left out; NULL at the end */
	const char *const *left_out;	 /* what is left out itself; NULL at the end */
	const struct archive_text *texts; /* name NULL at the end */
};

/* Write the archive, end marker included. Says why when it fails. One at a time. */
int archive_tree(struct tarout *out, const struct archive_plan *plan) NODISCARD;

/* banger-guest archive [--no-home]: the machine's root on standard output (doc/guest.md). Returns the exit status. */
int archive_main(int argc, char **argv);

#endif
