/* SPDX-License-Identifier: MIT */
/*
 * The disks of one VM, by storage mode.
 *
 * A mode is one row of a table (struct vmdisk_mode): what files it makes for a VM, and how they go away. Every mode has
 * the work disk; they differ in how the VM gets a root file system of its own:
 *	overlay	rootfs of the image attached read-only and shared, writes go to a sparse private upper ext4;
 *	copy	a private copy of the rootfs, by reflink where the file system can;
 *	dm-snapshot	a block device of device mapper's: the rootfs, and a sparse file for what differs (dmsnap.h).
 *		Made here is the file alone; the device comes and goes with each run and needs rights this folder does
 *		not assume.
 *
 * The guest finds disks by ext4 UUID. A copied rootfs keeps the image's UUID: the two are never attached to the same VM,
 * changing it would mean rewriting every metadata checksum seed for nothing. The UUIDs of upper and work are chosen at
 * creation and kept by the caller (the store): they are never read back from a disk a guest has written.
 *
 * All sizes are bytes. A disk only grows: the file here, the file system inside by the guest.
 */
#ifndef CORE_DISK_VMDISK_H
#define CORE_DISK_VMDISK_H

#include "base/err.h"
#include "base/id.h"
#include "base/op.h"
#include "base/path.h"
#include "core/disk/dmsnap.h"

#include <stdbool.h>
#include <stdint.h>

/* Free space under which no VM is created or started: metadata of the disks, and room to notice. */
#define VMDISK_RESERVE_BYTES ((uint64_t)128 << 20)

enum vmdisk_role { VMDISK_ROOTFS, VMDISK_UPPER, VMDISK_WORK, VMDISK_ROLE_COUNT };

struct vmdisk_file {
	enum vmdisk_role role;
	char path[PATHS_MAX]; /* what a VMM opens */
	char cow[PATHS_MAX];  /* block: the file that holds what the VM has written, and lives as long as the VM; else empty */
	char uuid[UUID_SIZE];
	uint64_t bytes; /* nominal */
	bool block;	/* path is a block device that is there only while attached */
	bool read_only;
	bool shared; /* the image's file: not the VM's to remove, count or grow */
};

/* What a VM's disks are made from, and, once made, what its record keeps to find them again. */
struct vmdisk_spec {
	const char *vm_id;	 /* dm-snapshot: names its device */
	const char *dir;	 /* the VM's directory, exists; disks are <dir>/{rootfs,upper,work}.ext4, <dir>/cow */
	const char *rootfs;	 /* path of the image's rootfs.ext4 */
	const char *rootfs_uuid; /* of that file */
	uint64_t root_bytes;	 /* overlay: size of upper; others: size of /, at least the image's */
	uint64_t work_bytes;
	const char *upper_uuid; /* overlay */
	const char *work_uuid;
	const char *blanks; /* for ext4_format_copied(); NULL: none are kept */
};

struct vmdisk_set {
	int n;
	struct vmdisk_file files[VMDISK_ROLE_COUNT];
};

struct vmdisk_mode {
	const char *name; /* "overlay", "copy", "dm-snapshot": as in the config and the store */
	/* Host bytes this VM cannot do without at creation, beyond VMDISK_RESERVE_BYTES. */
	uint64_t (*min_bytes)(const struct vmdisk_spec *s);
	/* Make everything or nothing. Cancellable. */
	int (*create)(struct op *op, const struct vmdisk_spec *s, struct err *e);
	/* Remove what create() made; already gone is fine; goes on after an error and joins them. */
	int (*destroy)(struct op *op, const struct vmdisk_spec *s, struct err *e);
	/* The files to attach, in the order rootfs, upper, work. Touches no disk. */
	void (*files)(const struct vmdisk_spec *s, struct vmdisk_set *ret);
};

/* NULL when there is no such mode. */
const struct vmdisk_mode *vmdisk_mode_find(const char *name);
/* The i-th mode, NULL past the last. */
const struct vmdisk_mode *vmdisk_mode_at(int i);

/* Check sizes and space, then create. `s` carries the UUIDs to give (id_uuid). ERR_USAGE for a size that is no multiple
 * of 4096, too small or over 128 GiB; ERR_SPACE, with what is needed and free, before anything is made; ERR_EXISTS.
 * May block. On failure no file of this VM is left. */
NODISCARD int vmdisk_create(struct op *op, const struct vmdisk_mode *m, const struct vmdisk_spec *s, struct err *e);
/* Is there a disk in this directory, of any mode? False also when it cannot be read. */
bool vmdisk_is_any_in(const char *dir);
/* Bytes the disks in this directory really take, of whatever mode. */
uint64_t vmdisk_allocated(const char *dir);
/* How full the file of a dm-snapshot disk is, from its header and its blocks: needs no rights, no process and the device not to be
 * there. What is written is allocated and nothing else is, so that it says what the kernel does. DMSNAP_GONE when there is none,
 * or what is there is no such file. Two system calls on a local file. */
void vmdisk_snap_look(const char *dir, struct dmsnap_status *ret);
NODISCARD int vmdisk_destroy(struct op *op, const struct vmdisk_mode *m, const struct vmdisk_spec *s, struct err *e);

/* Before a start: every file is there (ERR_NOT_FOUND; of a block device its cow file), and the file system of the VM's directory has the reserve free
 * (ERR_SPACE). May block. */
NODISCARD int vmdisk_check(const struct vmdisk_set *set, struct err *e);

/* Grow the disk to `bytes`; of a block device the cow file, so that it has room for them, and the device at its next attach.
 * Smaller is ERR_USAGE, the same is fine; shared disks are ERR_USAGE. A VM that runs must be told by its VMM, and the guest
 * grows the file system. */
NODISCARD int vmdisk_grow(const struct vmdisk_file *f, uint64_t bytes, struct err *e);

/* Blocks really allocated to the VM's own disks (shared ones do not count), in bytes. */
uint64_t vmdisk_used(const struct vmdisk_set *set);

#endif
