/* SPDX-License-Identifier: MIT */
/*
 * The smallest thing QEMU boots: raw 32-bit machine code wrapped as an ELF file with a PVH entry note.
 *
 * For guests of a few bytes that answer one question about the host in milliseconds.
 */
#ifndef VMM_PVH_H
#define VMM_PVH_H

#include "base/buf.h"

#include <stdint.h>

/* Where the code is loaded and entered: 32-bit protected mode, flat segments, no paging. */
#define PVH_LOAD_ADDR 0x100000u

/* Append the ELF file. `code` may be data too; at most 1 MiB. */
void pvh_wrap(const void *code, size_t n, struct buf *out);

#endif
