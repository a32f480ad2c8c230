/* SPDX-License-Identifier: MIT */
/*
 * banger-keeper: one small process per running VM, conmon's role.
 *
 * A program of its own, as small as it can be: there is one for each machine, and every start waits for it. It leaves the session of whoever started it, spawns the VMM and waits
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

#define KEEPER_PROGRAM "banger-keeper"
#define KEEPER_VERB ALIVE_KEEPER_VERB /* its first argument; its second is the VM's directory */

#define KEEPER_SERIAL_LOG "serial.log" /* older half: serial.log.1 */
#define KEEPER_VMM_LOG "vmm.log"

/* Entry point: argv[0] is KEEPER_VERB. Returns the exit status of the process. */
int keeper_main(int argc, char **argv);

/* A keeper's process that waits for what to launch. It may be of a newer version than a console that has been open for long: launch.json,
 * the descriptors and what is said through the socket (keeper_priv.h) change in ways both understand, or by launch.json's version. */
struct keeper;

/* Start one ahead of time, so that the launch finds it ready: programs take longer to load than most of what a start does. It holds
 * the lock (from alive_take(); stays the caller's), and ends by itself when the caller dies. `exe` NULL: beside
 * this program, or where it is installed; ERR_MISSING. Does not wait for it. */
NODISCARD int keeper_prepare(const char *exe, const char *vm_dir, int lock_fd, struct keeper **ret, struct err *e);
/* One that has launched nothing is killed, and holds the lock no more; NULL is fine. May block for a moment. */
void keeper_free(struct keeper *k);

struct keeper_launch_args {
	struct keeper *ready;		/* from keeper_prepare(), stays the caller's; NULL: one is started now */
	const char *exe;		/* that one's program, as for keeper_prepare() */
	const struct vm_launch *launch; /* checked and saved as launch.json */
	int lock_fd; /* from alive_take(); stays the caller's: close it after the call, in any case */
};

/* Let a keeper start its VMM; returns when the guest's processors run (not when it answers). On failure, also when cancelled
 * or past the deadline, nothing is left running; ERR_MISSING when the VMM is not installed, ERR_TOOL with its last
 * words when it gives up. `ret` is what identity.json holds. */
NODISCARD int keeper_launch(struct op *op, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e);

#endif
