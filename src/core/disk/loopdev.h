/* SPDX-License-Identifier: MIT */
/*
 * Loop devices through ioctl(2) (loop(4)), no losetup. Needs CAP_SYS_ADMIN.
 *
 * Devices detach themselves when their last user closes them (LO_FLAGS_AUTOCLEAR), are never scanned for partitions, and are
 * recognised by the device and inode of their backing file, never by a stored number.
 */
#ifndef DISK_LOOPDEV_H
#define DISK_LOOPDEV_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOOPDEV_PATH_SIZE 24 /* "/dev/loop" and a number */

/* Attach the file behind `fd` (stays the caller's; open read-write unless read_only) to a free device, with direct I/O where
 * the file system can. *ret_fd keeps the device alive until something else has it open: close it then. `name` is what
 * lo_file_name shows (64 bytes), "banger:<vm id>:cow". Retries while others race for free devices. Does not block on the disk
 * beyond opening. ERR_MISSING without /dev/loop-control. */
NODISCARD int loopdev_attach(int fd, bool read_only, const char *name, char ret_path[LOOPDEV_PATH_SIZE], int *ret_fd,
			     struct err *e);
/* Detach every loop device whose lo_file_name is exactly `name`. None is fine. ERR_BUSY when one is in use and was only marked
 * to go with its last user. */
NODISCARD int loopdev_detach(const char *name, struct err *e);
/* Names of the devices whose lo_file_name begins with `prefix`; for doctor and reconcile. */
NODISCARD int loopdev_each(const char *prefix, void (*fn)(void *arg, const char *path, const char *name), void *arg, struct err *e);

#endif
