/* SPDX-License-Identifier: MIT */
/*
 * One extended attribute, as archives carry it and file systems store it: plain data, everything borrowed.
 */
#ifndef BASE_XATTR_H
#define BASE_XATTR_H

#include <stddef.h>

struct xattr {
	const char *name;  /* with its namespace: "security.capability", "system.posix_acl_access" */
	const void *value; /* the form getxattr(2) hands out */
	size_t len;
};

#endif
