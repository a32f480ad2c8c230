/* SPDX-License-Identifier: MIT */
/*
 * What device mapper is told about a copy-on-write disk, and what it says about it: tables, names, sizes and the status line.
 * Pure text and numbers, from Documentation/admin-guide/device-mapper/{linear,zero,snapshot}.rst and the on-disk format of
 * the persistent exception store (drivers/md/dm-snap-persistent.c); dmsnap.c does the doing. Any thread.
 */
#ifndef DISK_DMTABLE_H
#define DISK_DMTABLE_H

#include "base/id.h"
#include "core/disk/dmsnap.h"

#include <sys/types.h>

#define DMTABLE_SECTOR 512
#define DMTABLE_NAME_SIZE 32
#define DMTABLE_TARGETS_MAX 2

/* The two mappings of a VM: what the snapshot starts from when that is more than the image, and the disk itself. */
enum dmtable_part { DMTABLE_DISK, DMTABLE_BASE };

struct dmtable_target {
	uint64_t start, sectors;
	const char *type; /* static */
	char params[64];
};

/* "banger-<vm id>", "banger-<vm id>-base". */
void dmtable_name(const char *vm_id, enum dmtable_part part, char ret[DMTABLE_NAME_SIZE]);
/* "BANGER-<vm id>", "BANGER-<vm id>-base". */
void dmtable_uuid(const char *vm_id, enum dmtable_part part, char ret[DMTABLE_NAME_SIZE]);
/* The id in a mapping's name, of either part. False for what is not exactly such a name. */
bool dmtable_id_of(const char *name, char ret[ID_SIZE]);

/* The image's loop device, and zeroes behind it up to `bytes`. Zeroes, not errors: the kernel copies a whole chunk before it
 * changes a part of one. Returns the number of targets, 1 when nothing is missing. Sizes are multiples of 512. */
int dmtable_base(dev_t loop, uint64_t loop_bytes, uint64_t bytes, struct dmtable_target ret[DMTABLE_TARGETS_MAX]);
/* PO: kept across detaching, and an overflow is reported instead of making the snapshot invalid. */
void dmtable_snapshot(dev_t base, dev_t cow, uint64_t bytes, struct dmtable_target *ret);

/* Size of a cow file that a disk of `bytes` cannot overflow even when every chunk is written: header, one metadata chunk for
 * each 256 data chunks, the data. Sparse, it costs what is written. */
uint64_t dmtable_cow_bytes(uint64_t bytes);

/* "<used>/<total> <metadata>" in sectors, "Overflow", "Invalid". Anything else is ERR_PROTO. */
NODISCARD int dmtable_parse_status(const char *text, struct dmsnap_status *ret, struct err *e);

/* The first bytes of a cow file: one that was never used, one that is in order, or one the kernel has given up because a write
 * to it failed. Anything else, a chunk size that is not ours included, is ERR_CORRUPT. */
#define DMTABLE_HEADER_SIZE 16
enum dmtable_header { DMTABLE_NEW, DMTABLE_VALID, DMTABLE_GIVEN_UP };
NODISCARD int dmtable_parse_header(const unsigned char header[DMTABLE_HEADER_SIZE], enum dmtable_header *ret, struct err *e);
/* The header of a file in order. */
void dmtable_format_header(unsigned char ret[DMTABLE_HEADER_SIZE]);

#endif
