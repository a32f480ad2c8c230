/* SPDX-License-Identifier: MIT */
/*
 * An independent eye on ext4 images: e2fsck and debugfs of the host.
 */
#ifndef TESTS_LIB_EXT4CHECK_H
#define TESTS_LIB_EXT4CHECK_H

#include "base/buf.h"

/* e2fsck -fn has nothing to say about the image; fails the test with its words when it has. */
void ext4check_clean(const char *image);
/* What debugfs prints for one request ("stat /bin/su"). Freed by the caller. */
char *ext4check_debugfs(const char *image, const char *request);
/* Fails the test unless debugfs's answer to `request` contains every string up to NULL. */
void ext4check_has(const char *image, const char *request, ...) __attribute__((sentinel));

#endif
