/* SPDX-License-Identifier: MIT */
/*
 * Is that VM alive, who is it, and how did it end?
 *
 * Alive means one thing: the lock on <vm dir>/running is held. Keeper and VMM both inherited the descriptor, so the
 * kernel keeps the answer true however they die. identity.json only says how to talk to it; a pid in it is believed
 * only together with its start time. exit.json is the keeper's last word about a run.
 */
#ifndef VMM_ALIVE_H
#define VMM_ALIVE_H

#include "base/err.h"
#include "base/id.h"
#include "base/op.h"
#include "base/path.h"
#include "core/model/vm.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ALIVE_LOCK_FILE "running"
#define ALIVE_IDENTITY_FILE "identity.json"
#define ALIVE_EXIT_FILE "exit.json"
#define ALIVE_PAUSED_FILE "paused" /* a person wants it to stand still: its keeper does not let it go on */

/* An argument every VMM is started with (QEMU: -name): tells ours from strangers when only /proc is left to ask. */
#define ALIVE_NAME_FMT "banger-%s"
/* Likewise, the verb every keeper is started with. */
#define ALIVE_KEEPER_VERB "__keeper"

/* Take the lock for a start: ERR_BUSY when the VM lives. Creates the file, 0600. The descriptor goes to
 * keeper_launch(); closing the last copy ends "alive". */
NODISCARD int alive_take(const char *vm_dir, int *ret_fd, struct err *e);
/* A missing directory or file: not alive. Takes nothing, does not block. */
NODISCARD int alive_check(const char *vm_dir, bool *ret, struct err *e);
/* Until the lock is free: ERR_TIMEOUT or ERR_CANCELED when the op ends first. */
NODISCARD int alive_wait_gone(struct op *op, const char *vm_dir, struct err *e);
/* Signal the VMM through its identity; where there is none (it was starting), signal the keeper and VMM found holding
 * the lock's file. Never signals the caller or another console. A VM already gone is fine. */
NODISCARD int alive_signal(const char *vm_dir, int signo, struct err *e);
/* SIGKILL and wait: works with no control socket, no keeper, no identity, and in the middle of a start. */
NODISCARD int alive_kill(struct op *op, const char *vm_dir, struct err *e);

/* Undo a start while the caller still holds the lock itself, so that alive_kill() would wait for ever: SIGKILL every
 * keeper and VMM holding it until there is none. One that was ending by itself has the lock for a moment more: who needs it
 * free waits (alive_wait_gone()). */
NODISCARD int alive_abort(struct op *op, const char *vm_dir, struct err *e);

struct vm_identity {
	char id[ID_SIZE];
	char boot_id[ID_SIZE];
	enum vmm_kind vmm;
	char accel[8];
	pid_t vmm_pid;
	uint64_t vmm_start; /* ticks since boot, proc_start_time() */
	pid_t keeper_pid;
	uint64_t keeper_start;
	uint16_t ssh_port;
	char control[108]; /* Unix socket of the VMM; may have vanished */
	char serial[108];  /* Unix socket of the keeper: raw bytes both ways, the last 16 KiB first */
	bool as_root;	   /* the VMM runs as root: there was nobody else to run it as */
	bool reporting;	   /* its keeper has not told of it yet, and takes it down when nobody listens any more */
	bool no_space;	   /* paused by the keeper: the file system is about to fill */
};

/* ERR_NOT_FOUND when there is none, ERR_CORRUPT when it cannot be understood. */
NODISCARD int identity_load(const char *vm_dir, struct vm_identity *ret, struct err *e);
NODISCARD int identity_save(const char *vm_dir, const struct vm_identity *id, struct err *e);
bool identity_vmm_is_alive(const struct vm_identity *id);
bool identity_keeper_is_alive(const struct vm_identity *id);

enum vm_end {
	VM_END_UNKNOWN,	 /* nobody saw it: the keeper was gone */
	VM_END_POWEROFF, /* the guest powered itself off */
	VM_END_RESET,	 /* the guest restarted itself, which ends a VM */
	VM_END_REQUEST,	 /* quit or SIGTERM from the host */
	VM_END_KILLED,	 /* by another signal */
	VM_END_FAILED,	 /* the VMM gave up */
	VM_END_COUNT
};

struct vm_exit {
	char boot_id[ID_SIZE];
	enum vm_end end;
	int code;	    /* exit status, 0 when killed */
	int signo;	    /* 0 when it exited */
	char sentence[256]; /* for a person: "the guest powered itself off" */
	int64_t time_ms;    /* wall clock */
};

/* ERR_NOT_FOUND when the last run left none (keeper killed, or the host went down). */
NODISCARD int exit_load(const char *vm_dir, struct vm_exit *ret, struct err *e);
NODISCARD int exit_save(const char *vm_dir, const struct vm_exit *x, struct err *e);

/* After the lock is free: remove what a run leaves (identity.json, what is in the runtime directory). exit.json, launch.json and logs stay.
 * Refuses with ERR_STATE while the VM lives. Idempotent. */
NODISCARD int alive_release(const char *vm_dir, const char *runtime_dir, const char *id, struct err *e);

#endif
