/* SPDX-License-Identifier: MIT */
/*
 * What the engine tells. Events carry ids and values, never pointers into live objects; the one exception is
 * EV_CONSOLE_READY, which hands over a finished SSH session (the receiver owns it).
 *
 * subscribe replays the present as ordinary upserts and ends the replay with EV_SYNCED: one path for data, not two.
 * Upserts and stats are coalesced per object while the reader is slow.
 */
#ifndef ENGINE_EVENT_H
#define ENGINE_EVENT_H

#include "base/err.h"
#include "base/op.h"
#include "core/engine/request.h"
#include "core/model/image.h"
#include "core/model/stats.h"
#include "core/model/vm.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum event_kind {
	EV_NONE,
	EV_SYNCED,	  /* the replay is complete: what was not told does not exist */
	EV_FAILED,	  /* the store could not be opened; err says why; nothing else will come */
	EV_VM_UPSERT,	  /* vm */
	EV_VM_GONE,	  /* id */
	EV_IMAGE_UPSERT,  /* image */
	EV_IMAGE_GONE,	  /* image.name */
	EV_KERNEL_UPSERT, /* kernel */
	EV_KERNEL_GONE,	  /* kernel.name */
	EV_JOB,		  /* job: queued, stage, progress, end */
	EV_JOB_PARTS,	  /* parts: how far the parts of a running job are, those that changed */
	EV_VM_STATS,	  /* vm_stats */
	EV_HOST_STATS,	  /* host_stats */
	EV_HOST_INFO,	  /* host: modes, limits, defaults */
	EV_HELPER,	  /* helper */
	EV_CHECK,	  /* check: the doctor's lines, in order */
	EV_DIR,		  /* dir: the answer to a REQ_DIR_LIST, piece by piece, in order */
	EV_PRUNABLE,	  /* prunable: the answer to a REQ_IMAGE_PRUNABLE */
	EV_LOG,		  /* log: a piece of a followed log */
	EV_CONSOLE_READY, /* console */
	EV_KIND_COUNT
};

enum job_state {
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_DONE,
	JOB_FAILED,
	JOB_CANCELED,
	JOB_ENDED, /* another process's: it is over, and how it ended was told there alone */
	JOB_STATE_COUNT
};

const char *job_state_to_string(enum job_state s);

struct job {
	uint64_t id;
	char op_id[ID_SIZE];
	enum request_kind kind;
	enum job_state state;
	char target[OBJ_NAME_SIZE]; /* name of the VM, image or kernel */
	char vm_id[ID_SIZE];	    /* empty when it is about no VM (yet) */
	char stage[64];		    /* "download", "wait for ssh" */
	int step, steps;	    /* 0 when there is no count */
	int64_t done, total;	    /* -1 when unknown */
	int64_t rate;		    /* units a second over the last few; 0: it is stalled, -1: not known, or nothing is to move */
	char waiting_for[96];	    /* queued: "start web1" */
	char timings[192];	    /* ended: "preflight 3ms, disks 9ms, …" */
	int64_t queued_ms, started_ms, ended_ms; /* wall clock */
	pid_t owner;		    /* process that runs it; ours when local */
	bool local;		    /* this engine's own: it can be cancelled here */
	struct err err;		    /* failed, canceled */
};

static inline bool job_is_active(const struct job *j)
{
	return j->state == JOB_QUEUED || j->state == JOB_RUNNING;
}

/* One of the parts a job is done in: a layer of an image. */
struct job_part {
	char name[sizeof(((struct op_part *)0)->name)];
	enum op_part_state state;
	int64_t done, total; /* bytes */
	int64_t kept;	     /* of `done`: there before this job */
	int64_t rate;	     /* as the job's */
};

#define JOB_PARTS_PIECE 16

/* Parts first to first + n - 1 of `count`, in the order in which they are gone through. */
struct job_parts {
	uint64_t job;
	uint32_t count, first;
	uint8_t n;
	struct job_part parts[JOB_PARTS_PIECE];
};

/* How far a running job is: bytes when they are counted, else the stages that are behind it. -1 = unknown. */
int job_permille(const struct job *j);

/* Which modes are on, and why; limits and the defaults of a new VM with where each comes from. */
struct host_info {
	struct host_limits limits;
	struct spec_resolved defaults;
	bool looked;	     /* from here to net_why it is what was found; before, nobody has looked yet */
	char vmm[32];	     /* "qemu 7.2" or empty when there is none */
	char accel[8];	     /* "kvm", "tcg" */
	char accel_why[160]; /* "/dev/kvm opens but cannot run a guest" */
	char net[12];	     /* "private": what a new machine gets when nobody chooses */
	char net_why[256];   /* why no private network can be had here, and what mends it; empty where it can */
	char mode[192];	     /* one sentence: "no root, no KVM → QEMU emulation, user network" */
	char warning[192];   /* what this mode does not protect */
	char state_dir[256];
	char catalog_why[256]; /* what of catalog.d could not be read, and why: nothing can be pulled; empty: all was */
	int lost;	     /* machines whose disks are there and which the store does not know */
	bool read_only;	     /* an older program beside a newer store */
	bool gone;	     /* the store's file was taken away: as with full, until one is there again */
	bool full;	     /* no room for the store: what is shown is as it was, and changing it fails */
};

enum check_verdict { CHECK_PASS, CHECK_WARN, CHECK_FAIL };

struct check_line {
	enum check_verdict verdict;
	char what[64];
	char detail[256];
	char fix[400]; /* the command or the step that mends it; never empty but for PASS */
	char mend[32]; /* what is ours and left over, or missing: REQ_HOST_MEND's ref for it; else empty */
};

/* One line of the doctor's look; the last one has `end` set, and no line. */
struct check_told {
	bool first, end;
	struct check_line line;
};

#define DIR_ENTRY_NAME_SIZE 256
#define DIR_ENTRIES_MAX 10000 /* of one directory; the rest is counted as cut */
#define DIR_PIECE 8

/* What a name in a directory stands for, links followed. */
enum dir_kind { DIR_FOLDER, DIR_FILE, DIR_OTHER, DIR_BROKEN };

struct dir_entry {
	char name[DIR_ENTRY_NAME_SIZE]; /* as it is: any byte but '/' and NUL */
	enum dir_kind kind;	  /* OTHER: a device, a pipe, a socket; BROKEN: a link to nothing */
	bool link;
	uint64_t bytes;
	int64_t changed_ms; /* wall clock */
};

enum dir_part { DIR_HEAD, DIR_ENTRIES, DIR_END };

/* HEAD first, then ENTRIES (directories first, by name), then END. There is no HEAD where even the path came to nothing. */
struct dir_told {
	uint64_t job; /* the question's */
	enum dir_part part;
	bool cut;    /* END: there are more than DIR_ENTRIES_MAX */
	uint8_t n;   /* ENTRIES */
	union {
		struct {
			char path[REQ_PATH_SIZE]; /* of the directory: absolute, tidy */
			char name[DIR_ENTRY_NAME_SIZE]; /* of the file that was asked for, which is among the entries; empty when it was the directory */
		};
		struct dir_entry entries[DIR_PIECE];
		struct err err; /* END: why it cannot be read, when set */
	};
};

/* What emptying the cache of images would remove: so many, and bytes of them on the disk. */
struct image_prunable {
	size_t builds, blobs, parts; /* former images that no machine uses; layers and bundles; downloads that broke off */
	uint64_t build_bytes, blob_bytes, part_bytes;
};

struct prunable_told {
	uint64_t job; /* the question's */
	struct image_prunable found;
	struct err err; /* it cannot be told, when set */
};

/* Whether what takes rights can be done here. */
struct helper_info {
	bool runs;
	bool startable; /* port.start_helper() may do it: there is a sudo or pkexec to ask */
	bool trusted;	/* nobody but root could have changed the program */
	char why[160];	/* how it would be had, or why not: a sentence */
};

struct log_piece {
	char vm_id[ID_SIZE];
	bool restart; /* the log begins anew here: drop what was shown */
	uint16_t len;
	char data[1024]; /* raw bytes from a guest: hostile */
};

struct ssh; /* core/guest/ssh.h */

struct console_ready {
	uint64_t job;
	char vm_id[ID_SIZE];
	struct ssh *session; /* owned by whoever takes the event; a shell channel with a pty is open on it */
};

struct event {
	enum event_kind kind;
	union {
		char id[ID_SIZE];
		struct vm vm;
		struct image image;
		struct kernel kernel;
		struct job job;
		struct job_parts parts;
		struct vm_stats vm_stats;
		struct host_stats host_stats;
		struct host_info host;
		struct helper_info helper;
		struct check_told check;
		struct dir_told dir;
		struct prunable_told prunable;
		struct log_piece log;
		struct console_ready console;
		struct err err;
	};
};

#endif
