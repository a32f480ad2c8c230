/* SPDX-License-Identifier: MIT */
/*
 * What jobs about one VM have in common: its directory, its row, its locks, its session.
 */
#ifndef ENGINE_VMJOB_H
#define ENGINE_VMJOB_H

#include "core/disk/vmdisk.h"
#include "core/engine/engine_priv.h"
#include "core/guest/ssh.h"

/* Open the job's connection and re-read its VM: the first act of every job (what the request assumed may be over).
 * ERR_NOT_FOUND when it was deleted meanwhile. */
NODISCARD int vmjob_begin(struct vmjob *j, struct sched_run *r, struct err *e);
/* Close the connection, publish what changed, and give the timings to Activity. Always called. Returns rc. */
int vmjob_end(struct vmjob *j, int rc, struct err *e);
/* Scheduler's free_arg. */
void vmjob_free(void *j);

char *vm_dir(const struct engine *eng, const char *id, char buf[PATHS_MAX]);
/* Is the running lock held? */
NODISCARD int vm_alive(const struct engine *eng, const char *id, bool *ret, struct err *e);
/* Move the VM along its state table, in memory only. Asserts that the move is legal. */
NODISCARD int vm_move(struct vm *vm, enum vm_event ev, const char *reason, struct err *e);
/* The row was written, and committed, as `written`: take it over and tell the registry. */
void vm_publish(struct vmjob *j, const struct vm *written);
/* Both, with the write in between; `reason` may be NULL (cleared). Asserts that the move is legal. */
NODISCARD int vm_transition(struct vmjob *j, enum vm_event ev, const char *reason, struct err *e);
/* Everything a stopped VM must not keep: runtime files, ledger rows, its disk, its place in a network. Idempotent; goes on after errors and
 * joins them. What takes rights that are not to be had now is no error: a machine that has ended has ended. It is logged, and
 * waits in the ledger (held_check_none()). */
NODISCARD int vm_release(struct op *op, struct vmjob *j, struct err *e);
/* Is the image that the VM is made from there, and what it was when the VM was made? A registered one may have been changed by its owner. */
NODISCARD int vm_check_image(struct vmjob *j, struct err *e);
/* The VM's disks as core/disk knows them; `rootfs` and the spec borrow from j and the buffer. */
NODISCARD int vm_disks(struct vmjob *j, char rootfs[PATHS_MAX], struct vmdisk_spec *ret, const struct vmdisk_mode **ret_mode,
		       struct err *e);
/* The person's login key: the configured one, else the state directory's, made when missing. The caller wipes it. */
NODISCARD int vm_user_key(const struct paths *paths, struct keys_pair *ret, struct err *e);
/* The ssh_config for other programs, when one is kept, says what the store says. What goes wrong is logged. Blocks. */
void vm_refresh_ssh_config(const struct paths *paths, struct store *s);
/* How to log in: address (borrowed from `vm`), port, pinned host key, our key. */
NODISCARD int vm_ssh_args(const struct paths *paths, const struct vm *vm, struct ssh_args *ret, struct err *e);
/* Log in once, without waiting for a guest that boots. Blocks; bounded by op. The caller closes *ret (ssh_free()). */
NODISCARD int vm_log_in(struct op *op, const struct vmjob *j, struct ssh **ret, struct err *e);
/* What the drive with that disk is called in a launch. */
const char *vm_drive_name(enum vmdisk_role role);
/* Kill the VMM by its identity, at once, and wait until its lock is free. Already gone is fine. */
NODISCARD int vm_kill_vmm(struct op *op, const struct engine *eng, const char *id, struct err *e);
/* Wait until the running lock is free. */
NODISCARD int vm_wait_gone(struct op *op, const struct engine *eng, const char *id, int timeout_ms, struct err *e);

/* do_vm_start.c, do_vm_stop.c: the bodies, for restart and delete. */
NODISCARD int vm_start(struct vmjob *j, struct op *op, struct err *e);
NODISCARD int vm_stop(struct vmjob *j, struct op *op, struct err *e);
/* Remove what was published in `dir`, below the state directory, and the ledger's row that says so. */
NODISCARD int published_remove(struct vmjob *j, const char *id, const char *dir, struct err *e);
/* Remove builds of images that no name points at and no machine uses: how many, and what they took. */
NODISCARD int image_drop_unused(struct vmjob *j, uint64_t *ret_bytes, struct err *e);
/* The same beside something else, which is done whatever becomes of this: what fails is logged, and left for `image prune`. */
void image_tidy(struct vmjob *j);
/* Does a person want it to stand still? */
bool vm_is_paused(const struct vmjob *j);
/* Let a paused one go on and set its clock; one that runs is left alone. ERR_STATE when it does not run, or is held. */
NODISCARD int vm_resume(struct vmjob *j, struct op *op, struct err *e);

#endif
