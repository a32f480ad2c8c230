/* SPDX-License-Identifier: MIT */
/*
 * Copy-on-write disks by device mapper's snapshot target (libdevmapper): an image's rootfs read-only, a sparse file for what
 * one VM changes, one block device that is both.
 *
 *	0 <sectors> snapshot <loop of rootfs, ro> <loop of cow> PO 8
 *
 * (Documentation/admin-guide/device-mapper/snapshot.rst.) PO: persistent, and an overflow is reported instead of invalidating
 * the snapshot. When the VM's root is larger than the image, the snapshot starts from a mapping of its own instead, the loop
 * with zeroes behind it. Everything is named after the VM and found again by that name alone:
 *
 *	loop devices	banger:<vm id>:base, banger:<vm id>:cow		(lo_file_name)
 *	mappings	banger-<vm id>, banger-<vm id>-base		uuid BANGER-…; only what carries our uuid is touched
 *	node		/dev/banger/<vm id>, 0600, its owner as told	the only one: none in /dev/mapper
 *
 * udev is told to leave the mappings alone (DM_UDEV_DISABLE_*_RULES_FLAG; the loops by data/60-banger.rules), and is not
 * waited for. Nothing on the host opens the disk but the VMM: a guest wrote it.
 *
 * When the cow file takes no more (seen with Linux 6.1, tests/host/test_dm.c):
 *
 *	It is full by its size: DMSNAP_OVERFLOW. Every write fails (EIO), even to chunks it has; reads work. After detaching, a
 *	larger file and attaching, all that was written is there and the disk is as before. With dmtable_cow_bytes() this
 *	cannot happen.
 *
 *	A write to it fails, which is what a full file system of the host is: DMSNAP_INVALID, PO or not. Reads and writes fail,
 *	and the kernel marks the file as given up, so that attaching again alone does not help. But its map of changed chunks
 *	is as the last write that succeeded left it: with `revive` the mark is taken back, and the disk is what a machine finds
 *	after a power failure.
 *
 * Needs CAP_SYS_ADMIN, CAP_MKNOD and CAP_CHOWN. One thread of a process at a time: libdevmapper keeps its state in globals.
 * May block while device mapper suspends.
 */
#ifndef DISK_DMSNAP_H
#define DISK_DMSNAP_H

#include "base/id.h"
#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DMSNAP_DEV_DIR "/dev/banger"
#define DMSNAP_CHUNK_SECTORS 8

struct dmsnap {
	const char *vm_id;
	int rootfs_fd;	/* the image's file, open read-only; borrowed */
	int cow_fd;	/* the VM's file, open read-write; borrowed. All zeroes is a new disk; see dmtable_cow_bytes() */
	uint64_t bytes; /* size of the disk, multiple of 4096, at least the rootfs's */
	uid_t owner;	/* of the node */
	gid_t group;
	bool revive; /* take a cow file back that the kernel has given up; the caller has seen that there is room again */
};

/* Loops, mappings, node; everything or nothing. ret_node: path of the node. ERR_EXISTS when a mapping of this VM is there
 * already, whole or in part: detach first. ERR_STATE for a cow file that was given up, without `revive`; ERR_CORRUPT for a file
 * that is no cow file of ours; ERR_USAGE for an id or size that cannot be; ERR_MISSING when the kernel has no device
 * mapper or no loop devices. */
NODISCARD int dmsnap_attach(struct op *op, const struct dmsnap *d, char *ret_node, size_t size, struct err *e);
/* Node, mappings, loops, in this order. Retries while something still has it open (a VMM that is ending) until the op ends:
 * then ERR_BUSY, told once: what lies below is in use then, too. Already gone is fine; goes on after an error and joins them.
 * Also what clears up after an attach that was killed. */
NODISCARD int dmsnap_detach(struct op *op, const char *vm_id, struct err *e);

enum dmsnap_health { DMSNAP_OK, DMSNAP_OVERFLOW, DMSNAP_INVALID, DMSNAP_GONE };
struct dmsnap_status {
	enum dmsnap_health health;
	uint64_t used_bytes, total_bytes, metadata_bytes; /* of the cow file; 0 unless DMSNAP_OK */
};
/* DMSNAP_GONE when there is no mapping. Does not flush, so does not block. */
NODISCARD int dmsnap_status(const char *vm_id, struct dmsnap_status *ret, struct err *e);
/* Ids of the VMs that have a mapping of ours, whole or in part, each once. *ret is the caller's (free). A kernel
 * without device mapper has none. */
NODISCARD int dmsnap_list(char (**ret)[ID_SIZE], int *ret_n, struct err *e);

#endif
