/* SPDX-License-Identifier: MIT */
/*
 * The engine: everything that happens to machines, behind one table of functions.
 *
 * The console and the command line reach it only through `struct engine_port`; tests drive the real console with a fake
 * port and the real engine with no console. No function of the port blocks but start_helper and close: requests are queued,
 * results are events.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/op.h"
#include "base/path.h"
#include "core/engine/event.h"
#include "core/engine/request.h"

struct engine_port {
	void *self;
	/* Validate and queue. The id of the job that ends the request (the last of a chain) comes back through ret_job.
	 * ERR_USAGE, ERR_NOT_FOUND, … when it can be told at once; everything else ends in an EV_JOB. */
	int (*submit)(void *self, const struct request *r, uint64_t *ret_job, struct err *e);
	/* Ask a job to stop; a queued one ends at once. ERR_NOT_FOUND when it has ended, ERR_STATE when not ours. */
	int (*cancel)(void *self, uint64_t job, struct err *e);
	/* Take one event; false when there is none. */
	bool (*next_event)(void *self, struct event *ret);
	/* Readable while there are events. Borrowed. */
	int (*event_fd)(void *self);
	/* Follow the serial log of a VM (NULL or "" = none): its tail, then what comes, as EV_LOG. One at a time. */
	void (*watch_log)(void *self, const char *vm_id);
	/* Start banger-helper where a person is: sudo or pkexec may ask on the terminal, which the caller has left for that and
	 * looks at nothing else meanwhile. The one call that blocks, on the person. ERR_MISSING, ERR_PERM with what is missing. */
	int (*start_helper)(void *self, struct err *e);
	/* Stop: running jobs are cancelled and undone, VMs keep running. May block until roll-backs end. */
	void (*close)(void *self);
};

struct engine_args {
	const struct paths *paths;
	const struct conf *conf; /* banger.conf as parsed; borrowed for the engine's life */
	bool sample;		 /* take figures each second (the console); a CLI verb needs none */
};

/* Starts the threads and returns at once; the store is opened behind. The replay ends with EV_SYNCED, or EV_FAILED
 * comes. ret_port->close() frees everything. */
NODISCARD int engine_open(const struct engine_args *a, struct engine_port *ret_port, struct err *e);

/* Next event, waiting for it. -1 when the op ends. For the command line; the console polls event_fd. */
NODISCARD int engine_wait_event(struct op *op, const struct engine_port *port, struct event *ret, struct err *e);

struct engine_exec {
	const struct vm *vm;
	const char *const *argv; /* NULL: a login shell */
	bool pty;
	const char *term; /* TERM for the pty */
	uint16_t cols, rows;
	int resize_fd;	  /* readable when the window size changed: a struct winsize is read from it; -1 = none */
	int in_fd, out_fd, err_fd;
	bool wait_booted; /* up to 30 s for the image's init to say so */
	bool entrypoint;  /* argv (may be NULL) are the arguments of what the image itself runs, as its user (imagecmd.h) */
};

/* Run a command in a running VM over SSH, copying between the descriptors. The guest's status comes back (128+N when
 * killed by signal N). -1 for failures of our own and lost connections. Blocks. */
NODISCARD int engine_exec(struct op *op, const struct paths *paths, const struct engine_exec *x, int *ret_status,
			  struct err *e);

/* What REQ_IMAGE_PRUNE would remove now. Changes nothing but making the cache's directory. Blocks on the disk. */
NODISCARD int engine_image_prunable(const struct paths *paths, struct image_prunable *ret, struct err *e);

/* The files that describe a local image, as JSON texts: its manifest, and its OCI configuration (empty where its kind has none; both are of a
 * registered one), each appended. Blocks on the disk. */
NODISCARD int engine_image_inspect(const struct paths *paths, const struct image *im, struct buf *ret_manifest, struct buf *ret_config,
				   struct err *e);

/* What its VMM counts, asked of it: disks, balloon, what the guest's balloon driver says of memory. ERR_STATE when it does not run,
 * ERR_NET when the VMM does not answer. Blocks for two seconds at most. */
NODISCARD int engine_vmm_metrics(struct op *op, const struct paths *paths, const struct vm *vm, struct vmm_metrics *ret, struct err *e);

/* The doctor: looks, changes nothing (not even a directory). What only root may see it sees as root alone. Calls `line` for
 * each check. Returns the worst verdict seen. Blocks. */
enum check_verdict doctor_run(struct op *op, const struct paths *paths, const struct conf *conf,
			      void (*line)(void *arg, const struct check_line *l), void *arg);

/* Read a VM's own log file: which = "serial", "vmm". Appends at most `max` last bytes. Blocks. */
NODISCARD int engine_read_log(const struct paths *paths, const struct vm *vm, const char *which, size_t max,
			      struct buf *ret, struct err *e);

/* <config>/ssh_config, by which `ssh NAME.vm` reaches the VMs (core/guest/sshconf.h), and the Include of it in the person's
 * ~/.ssh/config. While the file is there, every job about a VM keeps it true. */
struct ssh_config_result {
	char file[PATHS_MAX];  /* the person's */
	bool changed;	       /* false: it was so already */
	char reads[PATHS_MAX]; /* the file ssh(1) reads, by the passwd entry's home, when that is another one; else empty */
};

/* The text as it would be written now, appended; nothing is changed. Blocks. */
NODISCARD int ssh_config_text(const struct paths *paths, struct buf *ret, struct err *e);
/* Write the file, put the Include in. The file is removed again when that fails and it was not there before. Blocks. */
NODISCARD int ssh_config_install(struct op *op, const struct paths *paths, struct ssh_config_result *ret, struct err *e);
/* Take the Include out, remove the file. Blocks. */
NODISCARD int ssh_config_uninstall(struct op *op, const struct paths *paths, struct ssh_config_result *ret, struct err *e);
/* Is it installed, and whole? ERR_STATE says which half is missing. Looks only. Blocks on the disk. */
NODISCARD int ssh_config_look(const struct paths *paths, bool *ret_installed, struct err *e);

/* Bytes the machine's own disks really take, running or not. A few system calls on local files, as the next. */
uint64_t vm_disk_bytes(const struct paths *paths, const char *vm_id);
/* How full the file of a dm-snapshot disk is, running or not; zeroed for a machine without. */
void vm_snap_fill(const struct paths *paths, const char *vm_id, struct snap_fill *ret);

#endif
