/* SPDX-License-Identifier: MIT */
/*
 * A local image and a kernel as plain data, and what the catalogue offers of each.
 */
#ifndef MODEL_IMAGE_H
#define MODEL_IMAGE_H

#include "base/id.h"
#include "core/model/name.h"

#include <stdbool.h>
#include <stdint.h>

#define IMAGE_PATH_SIZE 1024

struct image {
	char name[OBJ_NAME_SIZE];
	char id[ID_SIZE];     /* of this build; empty when only the catalogue has it */
	char about[96];	      /* one line from the catalogue */
	char source[32];      /* "bootstrap", … */
	char reference[OBJ_NAME_SIZE]; /* of a registry's: canonical; else empty */
	char digest[72];	       /* "sha256:…" of what it was made from: a registry's manifest, an archive, a program */
	char rootfs_uuid[UUID_SIZE];
	char init[24];	      /* "systemd", "openrc", "busybox", "other", "none" */
	char path[IMAGE_PATH_SIZE]; /* registered: its file, which stays where it is; empty: it is kept in the state directory */
	uint64_t file_bytes;	    /* of that file when it was registered, */
	int64_t file_mtime_ns;	    /* and when it had been changed last */
	uint64_t size_bytes;  /* nominal size of the file system */
	uint64_t used_bytes;  /* content */
	uint64_t alloc_bytes; /* on this disk */
	int64_t created_ms;
	int users;	      /* VMs using this build */
	bool local;
	bool in_catalog;
};

struct kernel {
	char name[OBJ_NAME_SIZE];
	char id[ID_SIZE];
	char release[96]; /* uname -r */
	char about[96];
	char source[32]; /* "bootstrap", "host", "local" */
	char digest[72]; /* "sha256:…" of the program; "": of one made before that was noted */
	char modules_uuid[UUID_SIZE];
	uint64_t alloc_bytes;
	int64_t created_ms;
	int users;
	bool local;
	bool in_catalog;
};

#endif
