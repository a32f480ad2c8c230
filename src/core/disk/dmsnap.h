/* SPDX-License-Identifier: MIT */
/*
 * Copy-on-write disks by device mapper's snapshot target (libdevmapper): an image's rootfs read-only, a sparse file for what
 * one VM changes, one block device that is both.
 *
 *	0 <sectors> snapshot <loop of rootfs, ro> <loop of cow> PO 8
 *
 * (Documentation/admin-guide/device-mapper/snapshot.rst.) PO: persistent, and an overflow is reported instead of invalidating
 * the snapshot. The origin is longer than its file when the VM's root is to be larger: then a linear table joins a zero target
 * behind it. Names: mapping "banger-<vm id>", uuid "BANGER-<vm id>"; udev is told to leave it alone
 * (DM_UDEV_DISABLE_*_RULES_FLAG), and its node is made by us: <dev_dir>/<vm id>, mode 0600, owner as told. Nothing on the host
 * opens it but the VMM.
 *
 * Needs CAP_SYS_ADMIN and CAP_MKNOD. May block while device mapper suspends; bounded by the op.
 */
#ifndef DISK_DMSNAP_H
#define DISK_DMSNAP_H

#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DMSNAP_DEV_DIR "/dev/banger"
#define DMSNAP_CHUNK_SECTORS 8

struct dmsnap {
	const char *vm_id;
	int rootfs_fd; /* the image's file, open read-only; borrowed */
	int cow_fd;    /* the VM's file, open read-write; borrowed */
	uint64_t bytes; /* size of the disk, multiple of 4096, at least the rootfs's */
	uid_t owner;   /* of the node */
	gid_t group;
};

/* Loops, mapping, node; everything or nothing. ret_node: path of the node. ERR_EXISTS when the mapping is there already. */
NODISCARD int dmsnap_attach(struct op *op, const struct dmsnap *d, char *ret_node, size_t size, struct err *e);
/* Node, mapping, loops, in this order. Retries while something still has it open (a VMM that is ending) until the op ends: then
 * ERR_BUSY. Already gone is fine; goes on after an error and joins them. */
NODISCARD int dmsnap_detach(struct op *op, const char *vm_id, struct err *e);

enum dmsnap_health { DMSNAP_OK, DMSNAP_OVERFLOW, DMSNAP_INVALID, DMSNAP_GONE };
struct dmsnap_status {
	enum dmsnap_health health;
	uint64_t used_bytes, total_bytes, metadata_bytes; /* of the cow file */
};
/* "<used>/<total> <metadata>", "Overflow", "Invalid". Does not block. */
NODISCARD int dmsnap_status(const char *vm_id, struct dmsnap_status *ret, struct err *e);
/* Ids of the VMs that have a mapping of ours. *ret is the caller's (free): *ret_n times ID_SIZE bytes. */
NODISCARD int dmsnap_list(char (**ret)[13], int *ret_n, struct err *e);

#endif
