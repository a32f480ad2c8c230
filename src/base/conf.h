/* SPDX-License-Identifier: MIT */
/*
 * banger.conf, behind one door (libconfuse inside): what the file says, and nothing of what it means.
 *
 * A plain struct in which "unset" is visible: strings are NULL, numbers and switches CONF_UNSET. Sizes, names and modes
 * stay text; whoever knows their rules checks them and says which entry is wrong with conf_wrap(), which knows its line.
 * Only syntax is judged here: an unknown key, a wrong type, a bad bracket or a section that is never closed is an error
 * with file and line.
 *
 *	vm { vcpus = 2  memory = "2G"  network = bridge }
 *	net { address = "172.16.0.1/24" }
 *	paths { state = "/srv/banger" }
 *	file_sync gitconfig { host = "~/.gitconfig"  guest = ".gitconfig"  mode = "0600" }
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define CONF_UNSET INT64_MIN
#define CONF_FILE_SYNC_MAX 64

struct conf_vm {
	char *vcpus;
	char *memory;
	char *overlay;
	char *work_disk;
	char *image;
	char *network;
	char *disk;
	char *vmm;
	char *nat;
	char *egress;
	char *disk_rate;
	char *net_rate;
	char *auto_stop_after;
};

struct conf_net {
	char *address;
};

struct conf_paths {
	char *state;
	char *cache;
	char *qemu;
	char *firecracker;
	char *ssh_key;
};

struct conf_ui {
	char *theme;
	char *escape;
	int64_t mouse; /* 0, 1 or CONF_UNSET */
	int64_t ascii; /* 0, 1 or CONF_UNSET */
};

struct conf_file_sync {
	char *name;
	char *host;
	char *guest;
	char *mode;
};

/* Where an entry was read; the last one counts, as its value does. */
struct conf_line {
	char *key; /* "vm.memory", "file_sync NAME.mode" */
	int line;
};

struct conf {
	char *path; /* the file, for messages; NULL when there was none */
	struct conf_vm vm;
	struct conf_net net;
	struct conf_paths paths;
	struct conf_ui ui;
	struct conf_file_sync *file_sync;
	size_t n_file_sync;
	struct conf_line *lines;
	size_t n_lines;
};

/* Read the file (at most 1 MiB). A missing one is fine: everything stays unset. ERR_USAGE as "FILE:LINE: what is wrong"
 * with the file untouched. libconfuse's scanner is global: one thread at a time. `ret` needs conf_done() also after a
 * failure. May block on the disk. */
NODISCARD int conf_load(const char *path, struct conf *ret, struct err *e);
/* The same from memory; `path` is only named in messages. */
NODISCARD int conf_parse(const char *text, size_t n, const char *path, struct conf *ret, struct err *e);
/* Say whose fault the error is: "FILE:LINE: KEY: " in front of it. `key` is an entry ("vm.memory") or a section ("file_sync
 * NAME": the line of its first entry). Returns -1. */
int conf_wrap(const struct conf *c, const char *key, struct err *e);
/* Everything unset. */
void conf_init(struct conf *c);
void conf_done(struct conf *c);

#endif
