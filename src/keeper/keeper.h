/* SPDX-License-Identifier: MIT */
/*
 * The keeper: one small process per running VM, conmon's role.
 *
 * Hidden verb of the same binary (KEEPER_VERB). It leaves the session of whoever started it, spawns the VMM and waits
 * for it, owns the serial console (<runtime>/<id>.sock, serial.log and serial.log.1 of 8 MiB each in the VM's
 * directory), keeps what the VMM says (vmm.log), records how it ended (exit.json), and pauses the VM while the host's
 * file system is about to fill. It ends with its VM. If it is killed the VM lives on, without serial console.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include "base/err.h"
#include "base/op.h"
#include "core/vmm/alive.h"
#include "core/vmm/vmm.h"

#define KEEPER_VERB ALIVE_KEEPER_VERB

#define KEEPER_SERIAL_LOG "serial.log" /* older half: serial.log.1 */
#define KEEPER_VMM_LOG "vmm.log"

/* Entry point: argv[0] is KEEPER_VERB. Returns the exit status of the process. */
int keeper_main(int argc, char **argv);

struct keeper_launch_args {
	const char *exe;		/* NULL: this program (/proc/self/exe) */
	const struct vm_launch *launch; /* checked and saved as launch.json */
	int lock_fd; /* from alive_take(); stays the caller's: close it after the call, in any case */
};

/* Start keeper and VMM; returns when the guest's processors run (not when it answers). On failure, also when cancelled
 * or past the deadline, nothing is left running; ERR_MISSING when the VMM is not installed, ERR_TOOL with its last
 * words when it gives up. `ret` is what identity.json holds. */
NODISCARD int keeper_launch(struct op *op, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e);

#endif
