/* SPDX-License-Identifier: MIT */
/*
 * What can be asked of the engine. A request is plain data, copied by value; a row here, a do_*.c beside it.
 */
#ifndef ENGINE_REQUEST_H
#define ENGINE_REQUEST_H

#include "core/model/spec.h"

#include <stdint.h>

enum request_kind {
	REQ_NONE,
	REQ_VM_CREATE,	/* name (empty = generated), spec, REQ_F_START */
	REQ_VM_START,	/* ref */
	REQ_VM_STOP,	/* ref */
	REQ_VM_KILL,	/* ref */
	REQ_VM_RESTART, /* ref */
	REQ_VM_PAUSE,	/* ref */
	REQ_VM_RESUME,	/* ref */
	REQ_VM_DELETE,	/* ref, REQ_F_FORCE */
	REQ_VM_SET,	/* ref, spec */
	REQ_VM_COMMIT,	/* ref, image = name of the new one, REQ_F_NO_HOME */
	REQ_IMAGE_PULL, /* ref = name or reference, REQ_F_MISSING */
	REQ_IMAGE_IMPORT, /* ref = name of the image, path, REQ_F_OWNERS */
	REQ_IMAGE_REGISTER, /* ref = name of the image, path: an ext4 that stays where it is */
	REQ_IMAGE_PROMOTE,  /* ref: a registered image is copied in */
	REQ_IMAGE_DELETE,
	REQ_IMAGE_PRUNE, /* ref = REQ_REF_CACHE: builds nobody uses, and the cache of layers */
	REQ_IMAGE_PRUNABLE, /* ref = REQ_REF_CACHE: what that would remove; the answer is an EV_PRUNABLE with the job's id, and of the job itself
			       nothing is told */
	REQ_KERNEL_PULL,
	REQ_KERNEL_IMPORT, /* ref = name of the kernel, path, modules (may be empty) */
	REQ_KERNEL_DELETE,
	REQ_CONSOLE_OPEN, /* ref, cols, rows: ends in EV_CONSOLE_READY */
	REQ_HOST_PROBE,	  /* try what this host can do (KVM); the answer is an EV_HOST_INFO */
	REQ_VM_REAP,	  /* ref; internal: the VMM was seen gone, release and mark stopped */
	REQ_HOST_SWEEP,	  /* internal: what killed processes left outside of the state directory, and what should run and was killed */
	REQ_HOST_DOCTOR,  /* ref = REQ_REF_HOST: look at the host; the lines are EV_CHECKs */
	REQ_HOST_MEND,	  /* ref = check_line.mend: remove what is ours and left over, or make rules that are missing again; the
			     doctor looks again */
	REQ_DIR_LIST,	  /* path = absolute, "~", "~/…", or relative to where the program was started ("": that itself): what is in that
			     directory, or in the one of that file; the answer is EV_DIRs with the job's id, and of the job itself nothing is told */
	REQ_KIND_COUNT
};

#define REQ_PATH_SIZE 1024
#define REQ_REF_HOST "host"
#define REQ_REF_CACHE "cache"
#define MEND_RULES "rules" /* the ref of REQ_HOST_MEND for what is missing */

enum request_flag {
	REQ_F_START = 1 << 0,	/* create: start afterwards */
	REQ_F_FORCE = 1 << 1,	/* delete: also what cannot be stopped cleanly; says what it could not release */
	REQ_F_MISSING = 1 << 3, /* pull: one that is here is not looked for anew */
	REQ_F_NO_HOME = 1 << 4, /* commit: the image's /root, not the machine's */
	REQ_F_OWNERS = 1 << 5,	/* import of a directory: keep the caller's uid and gid (core/image/import_dir.h) */
	REQ_F_NO_WAIT = 1 << 2, /* start: done when the VMM runs, not when SSH answers */
};

struct request {
	enum request_kind kind;
	unsigned flags;
	char ref[OBJ_NAME_SIZE]; /* VM reference (name, id, id prefix), image or kernel name */
	char name[VM_NAME_SIZE]; /* create only */
	struct vm_spec spec;	 /* create, set */
	uint16_t cols, rows;	 /* console */
	char image[OBJ_NAME_SIZE]; /* commit: of the image to be made, whose key the job takes, too */
	char path[REQ_PATH_SIZE]; /* import, register: absolute; the bytes as the file system has them */
	char modules[REQ_PATH_SIZE]; /* kernel import: a directory, absolute; empty: none */
};

/* Stable word: "start", "pull image". For people: translated by the caller. */
const char *request_kind_to_string(enum request_kind k);
/* The word a VM's state gives way to while such a job is about it: "starting" (N_(), a stable word untranslated). NULL for
 * jobs that leave a VM what it is. */
const char *request_kind_doing(enum request_kind k);

#endif
