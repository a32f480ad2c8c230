/* SPDX-License-Identifier: MIT */
/*
 * One verb's use of the engine: open, wait until the picture is complete, submit, follow the job, close.
 *
 * SIGINT, SIGTERM and SIGHUP cancel the client's op: the running job is cancelled, undone and waited for before the verb ends.
 * Belongs to the main thread.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/cli.h"
#include "core/engine/engine.h"

struct client {
	const struct cli_env *env;
	struct op op;
	struct engine_port port;
	bool open;
	bool quiet; /* no progress */
	bool tty;   /* stderr is a terminal: one moving line */
	/* the replica */
	struct vm *vms;
	int nvms;
	struct image *images;
	int nimages;
	struct kernel *kernels;
	int nkernels;
	struct job *jobs; /* the newest word about each job, of ours also when it has ended */
	int njobs;
	struct host_info host;
	bool host_known;
	struct helper_info helper;
	void (*on_vm_stats)(void *arg, const struct vm_stats *st); /* for `vm stats` */
	void (*on_host_stats)(void *arg, const struct host_stats *st);
	void *arg;
};

/* `sample`: figures each second. Returns when the replica is complete. client_close() in any case. */
NODISCARD int client_open(struct client *c, const struct cli_env *env, bool sample, struct err *e);
void client_close(struct client *c);
/* Only the signals of it, for a verb without an engine: c->op must have been begun; client_close() ends both. */
void client_take_signals(struct client *c);
/* The exit code of a verb that a signal ended: 128 and its number, as a shell has it; `otherwise` when none came. */
int client_interrupted(int otherwise);

/* Submit, show stages on stderr, wait for the end. -1 with the job's error. The job as it ended is in ret (may be NULL). */
NODISCARD int client_run(struct client *c, const struct request *r, struct job *ret, struct err *e);
/* Only queue; client_wait() waits. */
NODISCARD int client_submit(struct client *c, const struct request *r, uint64_t *ret_job, struct err *e);
NODISCARD int client_wait(struct client *c, uint64_t job, struct job *ret, struct err *e);
/* A fresh op that no signal cancels any more, the first nor a second: clean-up (`--rm`) is not stopped by the Ctrl-C
 * that caused it, nor by the impatient one after it. */
void client_begin_cleanup(struct client *c);
/* Take events for at most timeout_ms. -1 when cancelled. */
NODISCARD int client_pump(struct client *c, int timeout_ms, struct err *e);

/* The VM meant by a name, id or prefix. Borrowed until the next event. */
NODISCARD const struct vm *client_find_vm(struct client *c, const char *ref, struct err *e);

/* What the VM is being made into right now, by whatever process: "starting"; NULL when nothing is about it. */
const char *client_vm_doing(const struct client *c, const struct vm *vm);

/* "banger-tui: message" and the hint on stderr. */
void client_complain(const struct err *e);

/* The answer to a question that has just been put: on a terminal; without one it must have been given as -y. */
bool client_says_yes(struct client *c);

#endif
