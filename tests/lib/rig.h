/* SPDX-License-Identifier: MIT */
/*
 * A real engine on the fixture's directory, with an image "base" and a kernel "k1" that are local: fabricated rows and
 * files, no network, no VM. And a look at what it left behind.
 */
#ifndef TESTS_LIB_RIG_H
#define TESTS_LIB_RIG_H

#include "tests/lib/storetest.h"

#include "core/engine/engine.h"

struct rig {
	struct paths paths;
	struct conf conf;
	struct engine_port port;
	struct op op; /* bounds every wait */
};

/* Directories, rows and files of image and kernel. No engine yet. Fails the test when it cannot. */
void rig_make(struct rig *r, void **state);
/* Open the engine, and wait until its picture is complete and what it found to do is done. -1 with a message on stderr. */
int rig_open(struct rig *r);
void rig_close(struct rig *r);
/* Submit, wait for the end; the job as it ended is in ret. -1 when it was refused (ret->err says why). */
int rig_run(struct rig *r, const struct request *req, struct job *ret);

/* create, delete, pull: requests on "base", "k1" and small disks. */
struct request rig_create(const char *name);
struct request rig_about(enum request_kind kind, const char *ref);

struct rig_left {
	int vms, resources, images, kernels;  /* rows */
	int vm_dirs, image_dirs, kernel_dirs; /* entries of the directories, staging ones too */
	int jobs;
};

/* What stands in the store and beside it. Opens the store by itself. */
struct rig_left rig_look(struct rig *r);
/* As after rig_make(): one image, one kernel, nothing else. */
void rig_assert_untouched(struct rig *r);

#endif
