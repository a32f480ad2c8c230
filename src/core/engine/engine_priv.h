/* SPDX-License-Identifier: MIT */
/*
 * What the files of core/engine share: the engine itself, the job context, and the helpers every do_*.c needs.
 *
 * A request becomes a job by its row in the request table (engine.c): which keys, which lane, which run function. The run
 * functions stand one a file in do_*.c; what they have in common stands in vmjob.c.
 */
#ifndef ENGINE_PRIV_H
#define ENGINE_PRIV_H

#include "base/mailbox.h"
#include "core/engine/egressnames.h"
#include "core/engine/engine.h"
#include "core/engine/registry.h"
#include "core/engine/sched.h"
#include "core/engine/settings.h"
#include "core/engine/steps.h"
#include "core/image/image.h"
#include "core/oci/registry.h"
#include "core/store/db.h"

#include <stdatomic.h>

struct helper;
struct netwatch;
struct svc;

struct engine {
	struct paths paths;
	char db_path[PATHS_MAX];
	const struct conf *conf;
	struct settings settings; /* what banger.conf says, checked */
	struct host_limits limits;
	struct catalog catalog;
	struct image_ctx image_ctx;
	struct oci_access oci;
	char docker_config[PATHS_MAX]; /* what oci.docker_config is, or empty */
	struct mailbox *events;
	struct registry *reg;
	struct sched *sched;
	struct helper *helper;
	struct svc *svc;
	struct netwatch *netwatch; /* NULL: a verb, which is gone before there is anything to look after */
	bool sample;
	_Atomic bool told_helper; /* whether it runs, as it was told last */
	_Atomic bool ready; /* the store is open and the first picture is taken */
	_Atomic bool read_only; /* the store is a newer program's */
	_Atomic int lost;	/* VMs with disks and no row in the store */
	_Atomic bool gone;	/* the store's file was taken away while we ran: it is shown as it was */
	_Atomic bool full;	/* no room for the store: it is shown as it was, and opened again when there is some */
};

/* The argument of a job: its request, resolved. */
struct vmjob {
	struct engine *eng;
	struct request req;
	struct vm vm;	       /* as read when the job began */
	struct store *store;   /* the job's own connection */
	struct sched_run *run;
	char timings[192];
	/* of a start */
	char dir[PATHS_MAX];   /* <state>/vms/<id> */
	bool no_init;	       /* without the image's init: only the kit runs */
	int lock_fd;	       /* the running lock until the keeper has it */
	int port_fd;	       /* the reservation of the SSH port until the VMM listens there */
	struct egress reach;   /* what the rules let through: the addresses its names stand for are among the ranges */
	struct egress_pins pins; /* these addresses, for the guest */
};

/* run functions, one a file */
int do_vm_create(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_start(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_stop(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_kill(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_restart(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_pause(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_resume(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_delete(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_commit(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_set(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_vm_reap(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_console_open(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_image_pull(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_image_delete(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_image_import(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_kernel_import(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_image_register(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_image_promote(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_image_prune(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_image_prunable(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_kernel_pull(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_kernel_delete(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_host_probe(void *arg, struct op *op, struct sched_run *r, struct err *e);
/* ref says what of */
#define SWEEP_SCRATCH "scratch"
#define SWEEP_HELD "held"
#define SWEEP_NAMES "names"
int do_host_doctor(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_host_mend(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_dir_list(void *arg, struct op *op, struct sched_run *r, struct err *e);
int do_host_sweep(void *arg, struct op *op, struct sched_run *r, struct err *e);

/* engine.c: queue a request the engine makes itself; the VM is known. Returns the job id. */
uint64_t engine_queue(struct engine *eng, const struct request *req, const struct vm *vm, uint64_t after0, uint64_t after1,
		      bool front);
void engine_post(struct engine *eng, uint64_t key, const struct event *ev);
/* Tell who listens what this host can do, from what is known without trying (host.c). */
void engine_post_host(struct engine *eng);
/* ... and how what takes rights would be done. */
void engine_post_helper(struct engine *eng);
/* Let the doctor look, behind what is queued. */
void engine_queue_doctor(struct engine *eng);

/* A connection for the calling job. */
NODISCARD int engine_store(struct engine *eng, struct store **ret, struct err *e);
static inline void store_close_auto(struct store **s)
{
	store_close(*s);
}
#define auto_store __attribute__((cleanup(store_close_auto))) struct store

/* reconcile.c: queue what the last crash left to do. Called once when the store is open, and when liveness changes. */
NODISCARD int reconcile_all(struct engine *eng, struct store *s, struct err *e);

/* svc.c */
/* Starts the thread; eng->svc is set. */
NODISCARD int svc_start(struct engine *eng, struct err *e);
void svc_stop(struct svc *v);
void svc_watch_log(struct svc *v, const char *vm_id);
void svc_job(struct svc *v, const struct job *j);
void svc_poke(struct svc *v);

#endif
