/* SPDX-License-Identifier: MIT */
/*
 * An operation in progress: cancel token + deadline + op id + where its stages go.
 *
 * Everything that may block takes `struct op *` first; a function without one is safe on the UI thread. Cancelling is
 * seen at once by anything that waits in op_poll(): the token is an eventfd that joins every poll set. Deadlines are
 * on CLOCK_MONOTONIC. An op belongs to one worker; only op_cancel() may be called from other threads.
 *
 * Clean-up runs under a fresh op of its own (op_init_cleanup): a cancelled op must never stop a roll-back.
 */
#ifndef BASE_OP_H
#define BASE_OP_H

#include "base/err.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of what is under way: a layer of an image. Its name and where it is; words for people are made of it where it is shown. */
enum op_part_state {
	OP_PART_WAITING,
	OP_PART_CHECKING,  /* what is there of an earlier time is read through */
	OP_PART_MOVING,
	OP_PART_RETRYING,  /* it was cut off and is asked for again soon */
	OP_PART_ELSEWHERE, /* another process moves it */
	OP_PART_THERE,	   /* whole, and of its digest */
	OP_PART_UNPACKING,
	OP_PART_UNPACKED,
	OP_PART_STATE_COUNT
};

struct op_part {
	char name[16];
	enum op_part_state state;
	int64_t done, total; /* bytes (or units) */
	int64_t kept;	     /* of `done`: there before this operation */
};

struct op_stage {
	const char *name; /* stable short name: "download", "wait for ssh" (gettext-ed by the step table) */
	int step;	  /* 1-based step of `steps`, 0 when there is no count */
	int steps;
	int64_t done;  /* bytes (or units) done, -1 when unknown */
	int64_t total; /* -1 when unknown */
	int64_t kept;  /* of `done`: what was there before, of which no rate is made; -1 while nothing can move */
};

struct op {
	char id[13];	      /* 12 hex digits, in every log line of this op */
	int64_t deadline_ms;  /* CLOCK_MONOTONIC milliseconds; INT64_MAX = none */
	_Atomic int canceled; /* set once, never cleared */
	int cancel_fd;	      /* eventfd, readable once cancelled; -1 only in a zeroed op */
	void (*on_stage)(void *arg, const struct op_stage *st); /* may be NULL; called on the op's own thread */
	void *arg;
	struct op_stage stage; /* the last one reported */
	bool (*part)(void *arg, size_t i, struct op_part *ret); /* op_parts() */
	void *part_arg;
};

/* Opens the eventfd; op_done() closes it. timeout_ms < 0 = no deadline. Aborts only when descriptors run out. */
void op_init(struct op *op, int64_t timeout_ms);
/* For roll-back and release: own deadline, nobody can cancel it. Inherits id and stage sink of `from` (may be NULL). */
void op_init_cleanup(struct op *op, const struct op *from, int64_t timeout_ms);
void op_done(struct op *op);

/* From any thread; idempotent; async-signal-safe. */
void op_cancel(struct op *op);

/* 0 while the op may go on, else -1 with ERR_CANCELED or ERR_TIMEOUT. */
NODISCARD int op_check(struct op *op, struct err *e);

/* Milliseconds left, 0 when past, INT_MAX when there is none: fits poll(). */
int op_left_ms(const struct op *op);

/* poll(2) over `fds` plus the cancel token, for at most timeout_ms (-1 = only the deadline). Returns the number of
 * ready entries, 0 when timeout_ms passed, -1 when cancelled or past the deadline (e is set). EINTR is retried. */
NODISCARD int op_poll(struct op *op, struct pollfd *fds, int n, int timeout_ms, struct err *e);

/* Sleep, woken by cancel. 0 after the time, -1 as op_check. */
NODISCARD int op_sleep(struct op *op, int ms, struct err *e);

/* Report where the op is. Step and steps are kept from op_step(). `name` must live as long as the op. */
void op_stage(struct op *op, const char *name);
void op_step(struct op *op, const char *name, int step, int steps);
void op_progress(struct op *op, int64_t done, int64_t total);
/* Which part of `done` the next op_progress() does not owe to this operation (op_stage.kept); until the stage ends. */
void op_kept(struct op *op, int64_t kept);
#define OP_PARTS_MAX 1024

/* Who listens asks with a report how each part is: part 0, 1, … until `part` says false, on the op's own thread. From here on, until
 * NULL is given. No more than OP_PARTS_MAX are asked for. */
void op_parts(struct op *op, bool (*part)(void *arg, size_t i, struct op_part *ret), void *arg);

/* A deadline for a part: the nearer of now + timeout_ms and the present one. Returns the old one for op_restore(). */
int64_t op_limit(struct op *op, int64_t timeout_ms);
void op_restore(struct op *op, int64_t old_deadline_ms);

#endif
