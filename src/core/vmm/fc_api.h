/* SPDX-License-Identifier: MIT */
/*
 * Firecracker's API as typed calls (its swagger description, version 1.16.1): HTTP over a Unix socket, one connection a
 * call. Firecracker answers one call after the other, and refuses fields it does not know; what is newer than 1.8 is only
 * sent when asked for, so the caller looks at fc_version() first.
 *
 * All may block, each for FC_CALL_MS at most (fc_vm_pause: FC_PAUSE_MS). They fail with ERR_TOOL when Firecracker refuses,
 * with its own words and the name of the call; ERR_NET when nobody answers at `sock`; ERR_PROTO when the answer is none.
 */
#ifndef VMM_FC_API_H
#define VMM_FC_API_H

#include "base/err.h"
#include "base/op.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FC_CALL_MS 5000
/* Firecracker itself waits 30 s for its vCPUs. */
#define FC_PAUSE_MS 35000

struct fc_version {
	int major, minor;
	char text[32]; /* "1.16.1" */
};

/* "1.16.1", "v1.17.0-dev". False when it is no version. */
bool fc_version_parse(const char *s, struct fc_version *ret);
bool fc_version_at_least(const struct fc_version *v, int major, int minor);

enum fc_state { FC_NOT_STARTED, FC_RUNNING, FC_PAUSED };

struct fc_machine {
	int vcpus; /* 1 to FC_VCPUS_MAX */
	int mem_mib;
};

#define FC_VCPUS_MAX 32

struct fc_boot {
	const char *kernel; /* ELF; bzImage from 1.17 on */
	const char *initrd; /* NULL or empty: none */
	const char *args;   /* empty would mean Firecracker's own */
};

struct fc_drive {
	const char *id; /* see fc_id() */
	const char *path;
	bool readonly;
	int64_t rate;	/* bytes a second, read and written together; 0 = as fast as it goes */
	bool writeback; /* tell the guest that flushes are honoured; else its fsync means nothing */
};

struct fc_nic {
	const char *id;
	const char *tap;
	const char *mac;
	int64_t rate; /* bytes a second, in each direction; 0 as above */
};

struct fc_balloon {
	int amount_mib; /* taken from the guest */
	bool deflate_on_oom;
	int stats_interval_s;	  /* 0: no statistics, for ever */
	bool free_page_reporting; /* from 1.14 on */
};

/* Bytes; -1 where the guest's driver says nothing. */
struct fc_balloon_stats {
	int64_t actual_mib;
	int64_t free_memory, available_memory;
};

#define FC_ID_SIZE 64
/* Names of drives and interfaces are letters, digits and underscores: anything else becomes an underscore. Returns buf. */
char *fc_id(char *buf, size_t size, const char *name);

NODISCARD int fc_get_version(struct op *op, const char *sock, struct fc_version *ret, struct err *e);
NODISCARD int fc_get_state(struct op *op, const char *sock, enum fc_state *ret, struct err *e);
NODISCARD int fc_get_machine(struct op *op, const char *sock, struct fc_machine *ret, struct err *e);
NODISCARD int fc_get_balloon_stats(struct op *op, const char *sock, struct fc_balloon_stats *ret, struct err *e);

/* Before the guest runs. */
NODISCARD int fc_put_machine(struct op *op, const char *sock, const struct fc_machine *m, struct err *e);
NODISCARD int fc_put_boot(struct op *op, const char *sock, const struct fc_boot *b, struct err *e);
NODISCARD int fc_put_drive(struct op *op, const char *sock, const struct fc_drive *d, struct err *e);
NODISCARD int fc_put_nic(struct op *op, const char *sock, const struct fc_nic *n, struct err *e);
NODISCARD int fc_put_balloon(struct op *op, const char *sock, const struct fc_balloon *b, struct err *e);
NODISCARD int fc_put_entropy(struct op *op, const char *sock, struct err *e);
/* Once only. `path`: a file or named pipe, of which Firecracker opens both ends. */
NODISCARD int fc_put_logger(struct op *op, const char *sock, const char *path, struct err *e);
NODISCARD int fc_put_metrics(struct op *op, const char *sock, const char *path, struct err *e);
/* Serial output to a file or named pipe instead of stdout; from 1.14 on. */
NODISCARD int fc_put_serial(struct op *op, const char *sock, const char *path, struct err *e);

enum fc_action { FC_INSTANCE_START, FC_FLUSH_METRICS, FC_SEND_CTRL_ALT_DEL };
NODISCARD int fc_put_action(struct op *op, const char *sock, enum fc_action a, struct err *e);

/* While it runs. */
NODISCARD int fc_vm_pause(struct op *op, const char *sock, bool paused, struct err *e);
/* Open the drive's file again: the guest sees its new size. */
NODISCARD int fc_patch_drive(struct op *op, const char *sock, const char *id, const char *path, struct err *e);
/* A new rate, 0 = as fast as it goes. */
NODISCARD int fc_patch_drive_rate(struct op *op, const char *sock, const char *id, int64_t rate, struct err *e);
NODISCARD int fc_patch_nic_rate(struct op *op, const char *sock, const char *id, int64_t rate, struct err *e);
NODISCARD int fc_patch_balloon(struct op *op, const char *sock, int amount_mib, struct err *e);

#endif
