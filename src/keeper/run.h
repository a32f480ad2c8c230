/* SPDX-License-Identifier: MIT */
/*
 * One run of one VM, from the keeper's side: start the VMM, watch it, write down how it ended.
 */
#ifndef KEEPER_RUN_H
#define KEEPER_RUN_H

#include "base/loop.h"
#include "base/spawn.h"
#include "core/vmm/vmm.h"
#include "keeper/network.h"
#include "keeper/ringlog.h"
#include "keeper/serial.h"

struct run {
	struct vm_launch launch;
	const struct vmm_backend *backend;
	struct vm_identity id;
	struct loop *loop;
	struct proc vmm;
	struct vmm_link link; /* must not move */
	uint64_t link_watch;
	int words_fd; /* stderr of the VMM, and stdout where that is not the console */
	uint64_t words_watch;
	char last_line[256];
	struct ringlog serial_log, vmm_log;
	int64_t serial_from; /* where this run begins in the serial log */
	struct serial *serial;
	struct network network;
	bool held; /* by us, for lack of space */
	bool was_paused; /* by a person, at the last look */
	bool noted; /* the identity file says that it is */
};

/* Read the launch of vm_dir and start it: on success the guest runs and identity.json is written. On failure nothing of
 * it is left but the logs. `r` is zeroed by the call; run_done() in any case. */
NODISCARD int run_start(struct op *op, struct run *r, const char *vm_dir, int lock_fd, struct err *e);
/* Whoever asked for it has been told: from now on any process may adopt it. */
void run_reported(struct run *r);
/* Until the VMM has ended; then exit.json is written, identity and sockets are removed. */
NODISCARD int run_watch(struct run *r, struct err *e);
/* End the VMM at once, unrecorded: for a start nobody waits for any more. */
void run_abort(struct run *r);
void run_done(struct run *r);

#endif
