/* SPDX-License-Identifier: MIT */
/*
 * Rows of machines. All block on the disk for at most the connection's busy time-out.
 */
#ifndef STORE_VMS_H
#define STORE_VMS_H

#include "core/model/vm.h"
#include "core/store/db.h"

/* ERR_EXISTS naming the VM when the name is taken, or the SSH port or address it has. */
NODISCARD int vms_insert(struct store *s, const struct vm *vm, struct err *e);
/* Write every column but id and stop_epoch. ERR_NOT_FOUND when the row is gone. */
NODISCARD int vms_update(struct store *s, const struct vm *vm, struct err *e);
/* ERR_NOT_FOUND when there is none. */
NODISCARD int vms_get(struct store *s, const char *id, struct vm *ret, struct err *e);
/* Already gone is fine. */
NODISCARD int vms_delete(struct store *s, const char *id, struct err *e);
/* All, by name. The array is the caller's to free(). */
NODISCARD int vms_list(struct store *s, struct vm **ret, int *ret_n, struct err *e);
/* A kill is about to come. stop_epoch + 1, from any process at any time: tells a start under way to undo itself. And a live
 * VM's reason becomes VM_REASON_KILLED, by which whoever records its end knows that it was asked for. */
NODISCARD int vms_raise_stop_epoch(struct store *s, const char *id, struct err *e);
/* Is the loopback port kept by any VM? */
NODISCARD int vms_port_taken(struct store *s, uint16_t port, bool *ret, struct err *e);

#endif
