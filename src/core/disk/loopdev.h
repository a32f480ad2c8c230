/* SPDX-License-Identifier: MIT */
/*
 * Loop devices through ioctl(2) (loop(4)), no losetup. Needs CAP_SYS_ADMIN.
 *
 * Devices detach themselves when their last user closes them (LO_FLAGS_AUTOCLEAR), are never scanned for partitions, and are
 * recognised by the name they were given (lo_file_name), never by a stored number: a number is anybody's a moment later. Names
 * are ours to choose and only root can set them, so "banger:…" means us.
 */
#ifndef DISK_LOOPDEV_H
#define DISK_LOOPDEV_H

#include "base/op.h"

#include <stdbool.h>

#define LOOPDEV_PATH_SIZE 24 /* "/dev/loop" and a number */
#define LOOPDEV_NAME_SIZE 64 /* LO_NAME_SIZE of linux/loop.h */

struct loopdev_args {
	int fd;	    /* the backing file; stays the caller's; open read-write unless read_only */
	const char *name; /* shorter than LOOPDEV_NAME_SIZE: "banger:<vm id>:cow" */
	bool read_only;
	/* Past the host's page cache where the file system can. For a private file: it is cached above already. A file many
	 * devices share is better read through the one cache of the host. */
	bool direct;
};

/* Attach to a free device. *ret_fd, the caller's, keeps the device alive until something else has it open: close it then.
 * Retries while others race for free devices, until the op ends. ERR_MISSING without /dev/loop-control. */
NODISCARD int loopdev_attach(struct op *op, const struct loopdev_args *a, char ret_path[LOOPDEV_PATH_SIZE], int *ret_fd,
			     struct err *e);
/* Does the device have that name now? Asked after closing it: is it still to go, because somebody looks at it? */
bool loopdev_is(const char *path, const char *name);
/* Detach every loop device whose name is exactly `name`. None is fine. ERR_BUSY when one is in use and was only marked to go
 * with its last user; goes on after an error and joins them. Does not wait. */
NODISCARD int loopdev_detach(const char *name, struct err *e);
/* The devices whose name begins with `prefix`; for doctor and reconcile. */
NODISCARD int loopdev_each(const char *prefix, void (*fn)(void *arg, const char *path, const char *name), void *arg,
			   struct err *e);

#endif
