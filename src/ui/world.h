/* SPDX-License-Identifier: MIT */
/*
 * The console's replica of everything the engine has told: the only thing views read beside their own state.
 *
 * world_apply() takes one event and sets change bits; views watch bits and are recalculated before the next frame.
 * Nothing here guesses: a machine is "starting" because a job says so, never because a key was pressed.
 * UI thread only.
 */
#ifndef UI_WORLD_H
#define UI_WORLD_H

#include "base/buf.h"
#include "core/engine/event.h"
#include "ui/hist.h"

#include <stdbool.h>
#include <stddef.h>

#define WORLD_VMS 1u
#define WORLD_STATS 2u
#define WORLD_IMAGES 4u
#define WORLD_KERNELS 8u
#define WORLD_JOBS 16u
#define WORLD_HOST 32u	    /* host_stats */
#define WORLD_HOST_INFO 64u /* host_info */
#define WORLD_LOG 128u
#define WORLD_SYNC 256u /* synced or failed */
#define WORLD_CHECKS 512u
#define WORLD_DIR 1024u
#define WORLD_ALL 0xffffu

#define WORLD_JOBS_KEPT 200	     /* ended jobs */
#define WORLD_CHECKS_MAX 96
#define WORLD_LOG_BYTES (256 * 1024) /* of the one followed log */

struct world_vm {
	struct vm vm;
	bool has_stats, has_disk;
	struct vm_stats stats; /* the newest; meaningful while the VM runs, disk_bytes whenever has_disk */
	struct hist hist;
	uint64_t job; /* id of the unfinished job about it, 0 = none */
};

struct world_log {
	char vm_id[ID_SIZE];
	int escape;	 /* inside which kind of escape sequence the last piece ended */
	struct buf text; /* cleaned: valid UTF-8, no control character but \n */
};

/* What the doctor said. */
struct world_checks {
	struct check_line *lines; /* of the last whole look; of the one under way while there was none */
	size_t n;
	struct check_line *fresh; /* of the look under way; lines == fresh until one is complete */
	size_t n_fresh;
	bool complete; /* lines are of a whole look */
};

/* What is in the directory somebody chooses a file in. */
struct world_dir {
	uint64_t job; /* the question asked last: whatever answers another one is dropped; 0 = none */
	bool reading; /* its answer is not complete; path to n are the last complete answer */
	char path[REQ_PATH_SIZE];
	char name[DIR_ENTRY_NAME_SIZE]; /* of the file in it that was asked for, or empty */
	struct err err;		  /* it cannot be read */
	bool cut;
	struct dir_entry *entries;
	size_t n;
	struct { /* as it comes */
		char path[REQ_PATH_SIZE], name[DIR_ENTRY_NAME_SIZE];
		struct dir_entry *entries;
		size_t n, cap;
	} fresh;
};

/* In world_dir.c. */
void world_dir_in(struct world_dir *d, const struct dir_told *t);
void world_dir_done(struct world_dir *d);

/* How far the parts of a job are. */
struct world_parts {
	uint64_t job;
	size_t n;
	struct job_part *parts;
};

/* In world_parts.c. */
struct world;
/* A piece came in. Of a job that is not under way it is late, and dropped. */
void world_parts_in(struct world *w, const struct job_parts *p);
/* Forget the parts of jobs that are done, or forgotten. */
void world_parts_tidy(struct world *w);
void world_parts_done(struct world *w);

/* Between world.c and world_checks.c. */
void world_check_in(struct world_checks *k, const struct check_told *t);
void world_checks_done(struct world_checks *k);
/* Has something failed, as far as the doctor has looked? */
bool world_checks_fail(const struct world_checks *k);

struct world {
	unsigned changed; /* WORLD_*; whoever recalculates clears it */
	bool synced, failed;
	struct err failure;    /* failed */
	struct world_vm **vms; /* by name once world_sort() ran */
	size_t n_vms, cap_vms;
	uint32_t *index; /* open addressing over vms[]: position + 1, 0 = free */
	size_t index_size;
	bool unsorted;
	struct image *images;
	size_t n_images;
	struct kernel *kernels;
	size_t n_kernels;
	struct job *jobs; /* newest first: by when they were asked for, then by id */
	size_t n_jobs;
	struct world_parts *parts; /* of those jobs that have some, but not of those that are done */
	size_t n_parts;
	bool has_host, has_info, has_helper;
	struct helper_info helper;
	struct world_checks checks;
	struct host_stats host;
	struct host_info info;
	struct world_log log;
	struct world_dir dir;
};

void world_init(struct world *w);
void world_done(struct world *w);
/* Take the event in. EV_CONSOLE_READY and EV_PRUNABLE are not the world's: they are ignored here. */
void world_apply(struct world *w, const struct event *ev);
/* Put vms and jobs in order after changes; cheap when nothing changed. Before every recalc. */
void world_sort(struct world *w);
/* Drop the followed log's text: another VM is watched now. */
void world_watch_log(struct world *w, const char *vm_id);

/* A REQ_DIR_LIST was asked as this job; what an earlier one was answered stays until this one is. 0: nobody looks any more. */
void world_ask_dir(struct world *w, uint64_t job);

/* Borrowed until the next world_apply(); NULL = none. */
struct world_vm *world_vm(const struct world *w, const char *id);
const struct job *world_job(const struct world *w, uint64_t id);
/* How far the parts of a job are, or were when it failed or was cancelled. NULL = it has none. */
const struct world_parts *world_job_parts(const struct world *w, uint64_t id);
const struct image *world_image(const struct world *w, const char *name);
/* The unfinished job about a VM, or NULL. */
const struct job *world_vm_job(const struct world *w, const struct world_vm *vm);
/* What was last asked of a VM, ended or not; REQ_NONE when nothing was seen. */
enum request_kind world_vm_last(const struct world *w, const char *vm_id);
/* The newest unfinished job whose target has this name (an image or kernel being pulled), or NULL. */
const struct job *world_target_job(const struct world *w, enum request_kind kind, const char *target);
/* A job of another process that is at the same, or NULL. */
const struct job *world_running_elsewhere(const struct world *w, enum request_kind kind, const char *target);
size_t world_running(const struct world *w);
/* Will it run on when this program ends now? Not while a job makes it, or takes it down: ours are cancelled and undone. */
bool world_vm_stays(const struct world *w, const struct world_vm *vm);
size_t world_active_jobs(const struct world *w);
/* Those that somebody would miss when this program ended now: ours, but for looks at the host and clearing up, which the next
 * start does again. */
size_t world_jobs_at_stake(const struct world *w);
/* Of those: pulls. */
size_t world_pulls_at_stake(const struct world *w);
/* Of a pull that is cancelled what was fetched is kept, for the next one. */
static inline bool world_is_pull(const struct job *j)
{
	return j->kind == REQ_IMAGE_PULL || j->kind == REQ_KERNEL_PULL;
}

#endif
