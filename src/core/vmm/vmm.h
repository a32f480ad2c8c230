/* SPDX-License-Identifier: MIT */
/*
 * What a virtual machine monitor is to this program.
 *
 * A launch (struct vm_launch) is everything a VMM must be told, as plain data: the engine fills it, writes it to
 * <vm dir>/launch.json, and the keeper reads it there, because keeper and engine are different processes. A backend
 * (struct vmm_backend) turns a launch into a command line and speaks to the running VMM afterwards. Control calls take
 * the identity the keeper recorded (alive.h), connect, act and hang up: no connection is kept, so any process of the
 * user may control any VM, one after the other.
 */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/op.h"
#include "base/path.h"
#include "base/spawn.h"
#include "core/model/egress.h"
#include "core/model/name.h"
#include "core/model/stats.h"
#include "core/model/vm.h"
#include "core/vmm/alive.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define VM_DRIVES_MAX 8
#define VM_DRIVE_NAME_SIZE 16
#define VM_FORWARDS_MAX 32
#define VM_CMDLINE_SIZE 2048
#define VM_MAC_SIZE 18
#define VM_ADDR_SIZE 46
#define VM_TAP_SIZE 16 /* IFNAMSIZ */

enum vm_accel { VM_ACCEL_TCG, VM_ACCEL_KVM, VM_ACCEL_COUNT };

/* "tcg", "kvm". */
const char *vm_accel_to_string(enum vm_accel a);
bool vm_accel_from_string(const char *s, enum vm_accel *ret);

/* A raw disk. The guest finds it by UUID or content, so order and name mean nothing to it. */
struct vm_drive {
	char name[VM_DRIVE_NAME_SIZE]; /* [a-z0-9-], starting with a letter, unique in the launch: "rootfs", "seed" */
	char path[PATHS_MAX];
	bool readonly;
	bool block;	/* path is a block device below /dev, not a file */
	bool shared;	/* other VMs have it open too: no image lock; only with readonly */
	bool ephemeral; /* flushes of the guest need not reach the disk */
};

/* A port of the host handed to the guest. */
struct vm_forward {
	bool udp;
	char host_addr[VM_ADDR_SIZE]; /* IPv4 to listen on; empty = 127.0.0.1 */
	uint16_t host_port;
	uint16_t guest_port;
};

struct vm_net {
	enum net_mode mode;
	char mac[VM_MAC_SIZE]; /* "52:54:…" */
	char tap[VM_TAP_SIZE]; /* interface the guest hangs on; not of NET_SLIRP; of NET_PRIVATE in a namespace the keeper makes */
	uint16_t ssh_port;     /* loopback port forwarded to the guest's SSH_GUEST_PORT; 0 = none */
	bool isolated;	       /* the guest reaches nothing; forwards still work */
	struct vm_forward forwards[VM_FORWARDS_MAX];
	int n_forwards;
	struct egress egress;	  /* NET_PRIVATE: what the guest may reach */
	char program[PATHS_MAX]; /* NET_PRIVATE: banger-netns */
};

/* Bytes a second; 0 = as fast as it goes. */
struct vm_rates {
	int64_t disk; /* each drive the guest may write, read and written together */
	int64_t net;  /* each direction; Firecracker alone */
};

struct vm_launch {
	char id[ID_SIZE];
	char name[VM_NAME_SIZE];
	char boot_id[ID_SIZE];
	char vm_dir[PATHS_MAX];	     /* <state>/vms/<id>: lock, logs, identity.json, exit.json */
	char runtime_dir[PATHS_MAX]; /* 0700; see enum vmm_file */
	enum vmm_kind vmm;	     /* never VMM_AUTO */
	char vmm_path[PATHS_MAX];    /* empty: the backend's program on PATH */
	enum vm_accel accel;
	int vcpus;
	int mem_mib;
	char kernel[PATHS_MAX];
	char initrd[PATHS_MAX]; /* may be empty */
	char cmdline[VM_CMDLINE_SIZE];
	struct vm_drive drives[VM_DRIVES_MAX];
	int n_drives;
	struct vm_net net;
	struct vm_rates rates;
	bool run_as; /* drop to uid:gid once everything is open (we are root; see vmm_run_as) */
	uint32_t uid, gid;
	int64_t min_free_mib; /* pause the VM when vm_dir's file system has less; 0 = 128 */
};

#define VM_LAUNCH_FILE "launch.json"

/* Check what a backend relies on: plain ids and names, absolute paths, sizes, counts. ERR_USAGE names the field. */
NODISCARD int vm_launch_check(const struct vm_launch *l, struct err *e);
/* Append as one JSON object. */
void vm_launch_format(const struct vm_launch *l, struct buf *out);
/* Parse and check. ERR_PROTO or ERR_USAGE; `what` names the source. */
NODISCARD int vm_launch_parse(const char *text, size_t n, const char *what, struct vm_launch *ret, struct err *e);
/* <vm_dir>/launch.json, 0600, atomically. May block on the disk. */
NODISCARD int vm_launch_save(const struct vm_launch *l, struct err *e);
NODISCARD int vm_launch_load(const char *vm_dir, struct vm_launch *ret, struct err *e);

/* Whom the VMM should run as when we are root: SUDO_UID/SUDO_GID, else the user "banger"; false when we are not root
 * or there is neither (then it runs as we do, and its identity says so). */
bool vmm_run_as(uint32_t *ret_uid, uint32_t *ret_gid);

/* Numbers of the descriptors the VMM inherits. */
enum vmm_fd {
	VMM_FD_LOCK = 3,    /* vms/<id>/running, locked: proof of life, nothing else; of every VMM */
	VMM_FD_SERIAL = 4,  /* its end of the serial socket pair */
	VMM_FD_MONITOR = 5, /* its end of the keeper's own channel */
	VMM_FD_CONTROL = 6, /* listening Unix socket for everybody else's control */
	VMM_FD_WORDS = 7,   /* the reader's end of its stderr */
	VMM_FD_TAP = 8,	    /* the tap it hangs on, with network headers (IFF_VNET_HDR) */
	VMM_FD_NET = 9,	    /* of a private network: what keeps it up, nothing else (privnet.h, life) */
};

/* How a VMM talks to its keeper; all false: it takes everything as a descriptor (enum vmm_fd).
 *
 * What dies with the keeper must not take the VMM along: where the VMM writes to a pipe or socket without knowing how to
 * live with a broken one, it inherits the reader's end as well, and a full channel is all it ever sees. */
struct vmm_channels {
	/* The serial console is its stdin and stdout; they and stderr do not block. VMM_FD_SERIAL and VMM_FD_WORDS are the
	 * readers' ends. */
	bool stdio_serial;
	bool own_control;  /* it makes its control socket itself, under the keeper's umask 077, at VMM_FILE_CONTROL */
	bool opens_tap;	   /* its tap is no descriptor: it opens it by name */
	bool fifo_monitor; /* it writes to the named pipe VMM_FILE_FIFO; VMM_FD_MONITOR is the reader's end */
};

/* An argument vector being built. Valid when zeroed. */
struct vmm_argv {
	char **v; /* NULL-terminated */
	int n;
};

void vmm_argv_add(struct vmm_argv *a, const char *fmt, ...) PRINTF(2, 3);
void vmm_argv_done(struct vmm_argv *a);

struct vmm_info {
	char path[PATHS_MAX];
	char version[32]; /* "7.2.22" */
};

enum vmm_status { VMM_RUNNING, VMM_PAUSED, VMM_NO_SPACE, VMM_ENDED };

/* The keeper's channel to its VMM, and what was learned over it. */
struct vmm_link {
	int fd;		 /* poll for POLLIN */
	enum vm_end end; /* why it is about to end; VM_END_UNKNOWN until it says so */
	bool stalled;	 /* it stopped the guest because the host's disk is full */
	void *impl;	 /* the backend's */
};

/* A VMM just started, as attach() gets it. */
struct vmm_newborn {
	const struct vm_launch *launch;
	const struct proc *proc;
	const char *control; /* path of its control socket */
	int monitor_fd;	     /* the keeper's end of its own channel, the link's from now on (closed on failure too) */
};

/*
 * One kind of VMM. Control calls (pause … metrics) may block up to the op's deadline, set one of a few seconds of their
 * own inside it, and fail with ERR_NET when the control socket does not answer (vanished runtime directory, hung VMM):
 * then alive_kill() still works.
 */
struct vmm_backend {
	enum vmm_kind kind;
	const char *name;    /* "qemu" */
	const char *program; /* looked up on PATH when no path is configured */
	struct vmm_channels channels;

	/* Find the program (path may be empty) and its version by running it. ERR_MISSING when it is not there. */
	int (*probe)(struct op *op, const char *path, struct vmm_info *ret, struct err *e);
	/* The whole command line from a checked launch. Pure: no I/O, no environment. */
	void (*argv)(const struct vm_launch *l, struct vmm_argv *ret);
	/* Keeper only: open its own channel to the VMM it has just started, and wait until it can be spoken to. */
	int (*attach)(struct op *op, const struct vmm_newborn *n, struct vmm_link *ret, struct err *e);
	/* Tell it what the command line could not, and let the guest run. */
	int (*start)(struct op *op, struct vmm_link *k, const struct vm_launch *l, struct err *e);
	/* Never block: read what the VMM says when k->fd is readable (ERR_NET: it hung up). */
	int (*drain)(struct vmm_link *k, struct err *e);
	/* Stop or continue the guest. Holds up the keeper for two seconds at most. */
	int (*hold)(struct vmm_link *k, bool on, struct err *e);
	void (*detach)(struct vmm_link *k);
	/* What an exit status of this VMM means, as a sentence, and the end it stands for; NULL where it says nothing. May
	 * be NULL itself. */
	const char *(*exit_meaning)(int code, enum vm_end *ret);

	int (*status)(struct op *op, const struct vm_identity *id, enum vmm_status *ret, struct err *e);
	int (*pause)(struct op *op, const struct vm_identity *id, struct err *e);
	int (*resume)(struct op *op, const struct vm_identity *id, struct err *e);
	/* Press the power button. Returns when pressed, not when obeyed. */
	int (*shutdown)(struct op *op, const struct vm_identity *id, struct err *e);
	/* A drive's file has grown: let the guest see `bytes`. Of a drive that may be written and is no block device. */
	int (*grow)(struct op *op, const struct vm_identity *id, const struct vm_drive *d, uint64_t bytes, struct err *e);
	/* Hold drives and network of a running VM to l->rates from now on. */
	int (*limit)(struct op *op, const struct vm_identity *id, const struct vm_launch *l, struct err *e);
	/* End the VMM in an orderly way (disks flushed), whatever the guest says. */
	int (*quit)(struct op *op, const struct vm_identity *id, struct err *e);
	int (*metrics)(struct op *op, const struct vm_identity *id, struct vmm_metrics *ret, struct err *e);
};

/* The backend of that kind; NULL for VMM_AUTO and kinds not built. Static storage. */
const struct vmm_backend *vmm_find(enum vmm_kind kind);
/* As its probe, which runs the program: but what that said once is kept in `cache_dir` until the program's file is another. What
 * it refused is asked anew. */
NODISCARD int vmm_probe(struct op *op, enum vmm_kind kind, const char *path, const char *cache_dir, struct vmm_info *ret,
			struct err *e);
/* For listing: NULL past the end. */
const struct vmm_backend *vmm_at(int i);

/* What a running VM has in the runtime directory, "<id>.<extension>". */
enum vmm_file {
	VMM_FILE_CONTROL, /* .ctl: socket of the VMM */
	VMM_FILE_SERIAL,  /* .sock: socket of the keeper, the serial console */
	VMM_FILE_FIFO,	  /* .fifo: see struct vmm_channels */
	VMM_FILE_NET,	  /* .net: socket of slirp4netns, of a private network */
	VMM_FILE_TOTALS,  /* .totals: counters the keeper adds up, where the VMM cannot be asked for them twice */
	VMM_FILE_COUNT
};

/* The path of one of them. ERR_USAGE when it does not fit a Unix socket address (108 bytes, unix(7)). */
NODISCARD int vmm_file_path(const char *runtime_dir, const char *id, enum vmm_file f, char *ret, size_t size,
			    struct err *e);
/* Remove all of them; what is gone already is fine. */
NODISCARD int vmm_files_remove(const char *runtime_dir, const char *id, struct err *e);

/* Take a VM down below the guest: quit over the control socket, then SIGTERM, then SIGKILL, `grace_ms` between the
 * steps, until the running lock is free. 0 when nothing of it is left, also when there was nothing. Bounded by op. */
NODISCARD int vmm_stop(struct op *op, const char *vm_dir, int grace_ms, struct err *e);

#endif
