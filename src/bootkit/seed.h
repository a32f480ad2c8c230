/* SPDX-License-Identifier: MIT */
/*
 * Unpacking the seed disk.
 */
#ifndef BOOTKIT_SEED_H
#define BOOTKIT_SEED_H

#include "bootkit/config.h"
#include "bootkit/util.h"

/*
 * Copy the seed's members except files/ into directory (made 0700), each as 0600, named without
 * its prefix. Members larger than WIRE_SEED_MEMBER_MAX and names with further slashes are refused.
 */
int seed_unpack(const char *device, const char *directory) NODISCARD;
/* Read <directory>/config. Says what is wrong with it. */
int seed_config(const char *directory, struct config *ret_config) NODISCARD;
/*
 * Copy files/ beneath home, with modes and times, over what is there; directories that exist keep
 * their content. A member that cannot be written is told and skipped.
 */
int seed_copy_files(const char *device, const char *home) NODISCARD;

/*
 * Make the directory that <directory>/workdir names, with what is missing above it (0755); one that is there stays as it is.
 * 0 also where there is no such member. What cannot be made is told: -1, with ENOTDIR where something else has its name;
 * logins begin in /root then.
 */
int seed_make_workdir(const char *directory);

/*
 * Whether a path may be used beneath a directory: relative, no "..", no empty component, no control
 * character. A slash at the end is fine.
 */
bool seed_path_is_safe(const char *path);

#endif
