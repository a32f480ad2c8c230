/* SPDX-License-Identifier: MIT */
/*
 * The QEMU backend (`-M microvm`), a row of the table in vmm.c.
 */
#ifndef VMM_QEMU_H
#define VMM_QEMU_H

#include "core/vmm/vmm.h"

extern const struct vmm_backend qemu_backend;

/* The program: `path`, or qemu-system-x86_64 when that is NULL or empty. */
const char *qemu_program(const char *path);
/* The node a drive is attached by. Owned by the caller. */
char *qemu_node_name(const struct vm_drive *d);
/* The command line of a launch; see vmm_backend.argv. */
void qemu_argv(const struct vm_launch *l, struct vmm_argv *ret);
/* Machine, accelerator and processor: what has to be the same in a probe of KVM and in a real VM. */
void qemu_argv_machine(enum vm_accel accel, struct vmm_argv *ret);

/* Where balloon0 of the command line is found in QEMU's object tree. */
#define QEMU_BALLOON_PATH "/machine/peripheral/balloon0"

struct qmp;
/* Hold each drive that may be written to l->rates from now on, over an open connection. */
NODISCARD int qemu_throttle(struct op *op, struct qmp *q, const struct vm_launch *l, struct err *e);

/* The keeper's link (qemu_link.c); see struct vmm_backend. */
NODISCARD int qemu_attach(struct op *op, const struct vmm_newborn *n, struct vmm_link *ret, struct err *e);
NODISCARD int qemu_start(struct op *op, struct vmm_link *k, const struct vm_launch *l, struct err *e);
NODISCARD int qemu_drain(struct vmm_link *k, struct err *e);
NODISCARD int qemu_hold(struct vmm_link *k, bool on, struct err *e);
void qemu_detach(struct vmm_link *k);

#endif
