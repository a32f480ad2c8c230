/* SPDX-License-Identifier: MIT */
/*
 * A command as one of the image's users: `banger-guest as USER[:GROUP] COMMAND…`, for images whose configuration names one.
 *
 * Whom the words mean is read from the image's own passwd(5) and group(5), as container runtimes do, because the kit is static
 * and has no other way to ask (nsswitch.conf(5) needs the image's C library).
 */
#ifndef BOOTKIT_ASUSER_H
#define BOOTKIT_ASUSER_H

#include "bootkit/util.h"

#include <sys/types.h>

#define ASUSER_GROUPS_MAX 64

struct asuser {
	uid_t uid;
	gid_t gid;
	gid_t groups[ASUSER_GROUPS_MAX]; /* besides gid */
	size_t n_groups;
	char name[64];	/* empty: the number has no account */
	char home[256]; /* "/" then */
};

/*
 * Whom `spec` means: "user", "uid", "user:group" with a name or a number on either side (OCI image-spec 1.1, config.md, "User").
 * `passwd` and `group` are the files' texts. Without a group in it, the account's own group and those it is listed in; a number
 * without an account is in group 0. -1 when a name is in neither file; `ret` is undefined then. Pure.
 */
int asuser_find(const char *spec, const char *passwd, const char *group, struct asuser *ret) NODISCARD;

int asuser_main(int argc, char **argv);

#endif
